"""What n seeds can show: intervals, IQM, probability of improvement, coverage, power.

One rule for the whole course (`interval`): fewer than ten runs get a mean with a t-interval, because
percentile bootstraps of few runs are far too narrow; ten or more pooled runs get an interquartile mean with a
bootstrap interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

ENOUGH_RUNS = 10  # from here on the percentile bootstrap of the IQM is close to its nominal coverage


@dataclass(frozen=True)
class Interval:
    """estimate ∈ [low, high]: an estimate with its confidence interval, and in words what it is.

    Floats, or arrays of one shape when the runs were curves. `low` and `high` are NaN where no interval
    exists (one run).
    """

    estimate: np.ndarray | float
    low: np.ndarray | float
    high: np.ndarray | float
    n: int
    method: str

    def __str__(self) -> str:
        if np.ndim(self.estimate):
            return f"{np.shape(self.estimate)} estimates ({self.method})"
        if np.isnan(self.low):
            return f"{self.estimate:.4g} ({self.method})"
        return f"{self.estimate:.4g} [{self.low:.4g}, {self.high:.4g}] ({self.method})"

    def within(self, lowest: float | None, highest: float | None) -> Interval:
        """The same estimate with both ends in [lowest, highest]; None where there is no such bound."""
        # −∞ and ∞, since NumPy 2.0, which Colab has, refuses to clip at None twice
        lowest = -np.inf if lowest is None else lowest
        highest = np.inf if highest is None else highest
        return replace(self, low=np.clip(self.low, lowest, highest), high=np.clip(self.high, lowest, highest))


def mean_interval(runs: np.ndarray, confidence: float = 0.95) -> Interval:
    """x̄ ± t_{n−1, (1+c)/2} s/√n,  s² = Σ(x − x̄)²/(n − 1).

    runs [n, ...] with the seeds first; the interval has shape [...]. One run has a mean and no interval. It
    holds the mean of normal runs in a share c of experiments; of skewed runs, as returns often are, in fewer:
    of five exponential runs in 88 % in place of 95 % (a test). Raises ValueError for NaN or infinite runs
    (naming the seeds) and for a confidence outside (0, 1).
    """
    runs, n = _checked(runs, confidence)
    mean = runs.mean(axis=0)
    if n == 1:
        nothing = np.full_like(mean, np.nan)[()]
        return Interval(mean[()], nothing, nothing, 1, "one run: no interval")
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * runs.std(axis=0, ddof=1) / np.sqrt(n)
    return Interval(
        mean[()], (mean - half)[()], (mean + half)[()], n, f"mean, {_percent(confidence)} t-interval, n = {n}"
    )


def iqm(runs: np.ndarray, axis: int = 0) -> np.ndarray | float:
    """IQM(x) = mean of the sorted runs without the lowest ⌊n/4⌋ and the highest ⌊n/4⌋.

    Less noisy than the median, less led by one lucky seed than the mean (Agarwal et al. 2021).
    """
    return stats.trim_mean(runs, 0.25, axis=axis)


def bootstrap_interval(
    runs: np.ndarray,
    statistic: Callable[..., np.ndarray] = np.mean,
    confidence: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | int = 0,
    tasks: bool = False,
    name: str = "statistic",
) -> Interval:
    """[F⁻¹((1−c)/2), F⁻¹((1+c)/2)],  F the distribution of statistic(x*), x* drawn with replacement from x.

    runs [n, ...], or [tasks, n, ...] with tasks=True: then each task is resampled within itself (stratified)
    and the statistic sees all tasks·n runs pooled. statistic(runs, axis=…) reduces one axis. Too narrow for
    few runs: see `coverage`. Raises ValueError as `mean_interval` does.
    """
    array, n = _checked(runs, confidence, tasks)
    strata = array if tasks else array[None]  # [tasks, n, ...]
    pooled = strata.reshape(-1, *strata.shape[2:])
    estimate = np.asarray(statistic(pooled, axis=0), dtype=float)
    if len(pooled) == 1:
        nothing = np.full_like(estimate, np.nan)[()]
        return Interval(estimate[()], nothing, nothing, 1, "one run: no interval")
    rng = np.random.default_rng(rng)
    drawn = rng.integers(n, size=(resamples, len(strata), n))
    draws = strata[np.arange(len(strata))[None, :, None], drawn]  # [resamples, tasks, n, ...]
    values = statistic(draws.reshape(resamples, -1, *strata.shape[2:]), axis=1)
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    count = f"n = {n}" if not tasks else f"{len(strata)} tasks × {n} seeds"
    method = f"{name}, {_percent(confidence)} bootstrap interval, {count}"
    return Interval(estimate[()], low[()], high[()], len(pooled), method)


def iqm_interval(
    runs: np.ndarray,
    confidence: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | int = 0,
    tasks: bool = False,
) -> Interval:
    """IQM(x) with the percentile bootstrap interval, stratified over tasks when runs are [tasks, n, ...]."""
    return bootstrap_interval(runs, iqm, confidence, resamples, rng, tasks, name="IQM")


def interval(runs: np.ndarray, confidence: float = 0.95, rng: np.random.Generator | int = 0) -> Interval:
    """The course's rule: n < 10 → mean with its t-interval; n ≥ 10 → IQM with its bootstrap interval.

    runs [n] or [n, ...], seeds first. One run: its value, no interval, and `method` says so.
    """
    runs, n = _checked(runs, confidence)
    return mean_interval(runs, confidence) if n < ENOUGH_RUNS else iqm_interval(runs, confidence, rng=rng)


def intervals_of_sets(runs: np.ndarray, sets: int = 3) -> list[Interval]:
    """The course's interval of each of `sets` disjoint sets of seeds: what holds in all of them is claimed.

    runs [n] or [n, ...], seeds first, parted in order. Raises ValueError where n is no multiple of sets.
    """
    runs, n = _checked(runs, 0.95)
    if n % sets:
        raise ValueError(f"{n} runs cannot be parted into {sets} equal sets")
    return [interval(part) for part in np.split(runs, sets)]


def improvement_probability(
    x: np.ndarray,
    y: np.ndarray,
    confidence: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | int = 0,
) -> Interval:
    """P(X > Y) + ½ P(X = Y) = U/(n m), averaged over tasks; U is the Mann–Whitney statistic.

    x [n] and y [m], or [tasks, n] and [tasks, m] (resampled within each task). The interval is a percentile
    bootstrap over the runs of both. Raises ValueError for NaN runs or different numbers of tasks.
    """
    x, n = _checked(x, confidence, tasks=np.ndim(x) == 2)
    y, m = _checked(y, confidence, tasks=np.ndim(y) == 2)
    if x.ndim != y.ndim or (x.ndim == 2 and len(x) != len(y)):
        raise ValueError(
            f"x and y need the same tasks: shapes {x.shape} and {y.shape}; "
            "give [n] and [m] or [tasks, n] and [tasks, m]"
        )
    x, y = np.atleast_2d(x), np.atleast_2d(y)
    wins = np.sign(x[:, :, None] - y[:, None, :]) / 2 + 0.5  # [tasks, n, m]: 1 won, ½ tied, 0 lost
    method = f"P(better), {_percent(confidence)} bootstrap interval, n = {n} against {m}"
    if n == 1 and m == 1:
        return Interval(float(wins.mean()), np.nan, np.nan, 1, "one run each: no interval")
    rng = np.random.default_rng(rng)
    values = np.zeros(resamples)
    for task in wins:
        rows = rng.integers(n, size=(resamples, n, 1))
        columns = rng.integers(m, size=(resamples, 1, m))
        values += task[rows, columns].mean(axis=(1, 2)) / len(wins)
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(wins.mean()), float(low), float(high), min(n, m), method)


def coverage(
    method: Callable[[np.ndarray], Interval],
    sample: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray],
    truth: float,
    n: int,
    trials: int = 2000,
    rng: np.random.Generator | int = 0,
) -> float:
    """P(low ≤ truth ≤ high), estimated over `trials` experiments of n runs each.

    method is an interval of this module, sample(rng, shape) draws runs, truth is what the interval should
    hold (the mean, or the IQM, of the sampled distribution). A 95 % interval should return 0.95.
    """
    rng = np.random.default_rng(rng)
    held = 0
    for start in range(0, trials, 250):  # in blocks: a bootstrap of all trials at once would fill the memory
        found = method(sample(rng, (n, min(250, trials - start))))
        held += int(np.sum((found.low <= truth) & (truth <= found.high)))
    return held / trials


def power(difference: float, n: int, confidence: float = 0.95) -> float:
    """P(|T| > t_{2n−2, (1+c)/2}),  T ~ noncentral t, 2n − 2 degrees of freedom, centre difference·√(n/2).

    The chance that a two-sample t-test with n seeds per arm finds a true difference, given in standard
    deviations. Raises ValueError for n < 2.
    """
    if n < 2:
        raise ValueError(f"power needs n ≥ 2 seeds per arm, got {n}: one run has no spread")
    critical = stats.t.ppf((1 + confidence) / 2, 2 * n - 2)
    centre = abs(difference) * np.sqrt(n / 2)
    found = stats.nct.sf(critical, 2 * n - 2, centre)
    wrong_sign = stats.nct.cdf(-critical, 2 * n - 2, centre)  # ≤ Φ(−centre), and NaN where that is too small
    return float(found + np.nan_to_num(wrong_sign))


def seeds_needed(
    difference: float, target: float = 0.8, confidence: float = 0.95, limit: int = 10_000
) -> int:
    """min{n : power(difference, n) ≥ target}: seeds per arm for a difference in standard deviations.

    Raises ValueError when `limit` seeds are not enough (a difference of 0 is never found).
    """
    low, high = 1, 2  # power grows with n: keep power(low) < target ≤ power(high)
    while power(difference, high, confidence) < target:
        low, high = high, 2 * high
        if high > limit:
            raise ValueError(f"no n ≤ {limit} finds a difference of {difference} sd with power {target}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(difference, middle, confidence) >= target else (middle, high)
    return high


def _checked(runs: np.ndarray, confidence: float, tasks: bool = False) -> tuple[np.ndarray, int]:
    """runs as floats with their n, or one clear line about what is wrong and where."""
    runs = np.asarray(runs, dtype=float)
    axis = 1 if tasks else 0
    if runs.ndim <= axis or runs.shape[axis] == 0:
        wanted = "[tasks, seeds, ...]" if tasks else "[seeds, ...]"
        raise ValueError(f"runs of shape {runs.shape}: need {wanted} with at least one seed")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence}: give a number between 0 and 1, such as 0.95")
    bad = ~np.isfinite(runs)
    if bad.any():
        others = tuple(a for a in range(runs.ndim) if a != axis)
        seeds = ", ".join(str(s) for s in np.flatnonzero(bad.any(axis=others)))
        raise ValueError(
            f"NaN or infinite values in the runs at seed index {seeds}: "
            "look at those runs, or leave them out and say so"
        )
    return runs, runs.shape[axis]


def _percent(confidence: float) -> str:
    return f"{100 * confidence:g} %"
