"""Intervals against scipy and closed forms; coverage and power against the numbers the field published."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rlcourse import statistics as rl


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
@settings(deadline=None, max_examples=50)
def test_mean_interval_is_scipys_t_interval(runs):
    found = rl.mean_interval(runs)
    error = stats.sem(runs)
    if error > 1e-9:
        low, high = stats.t.interval(0.95, len(runs) - 1, loc=np.mean(runs), scale=error)
        assert (found.low, found.high) == (
            pytest.approx(low, rel=1e-6, abs=1e-6),
            pytest.approx(high, rel=1e-6, abs=1e-6),
        )
    assert found.low <= found.estimate <= found.high


def test_a_curve_gets_one_interval_per_evaluation():
    runs = np.random.default_rng(0).normal(size=(5, 7))
    curve = rl.interval(runs)
    assert curve.low.shape == (7,)
    for e in range(7):
        assert curve.low[e] == pytest.approx(rl.interval(runs[:, e]).low)


@pytest.mark.parametrize("bounds", [(None, None), (None, 0), (-1050, None), (-1050, 0)])
def test_an_interval_keeps_to_any_bounds_where_numpy_refuses_to_clip_at_none_twice(monkeypatch, bounds):
    """Both drawn curves and the titles of live runs ask this of it; NumPy 2.0 is Colab's."""
    clip = np.clip

    def as_numpy_2_0_does(values, low, high):
        if low is None and high is None:
            raise ValueError("One of max or min must be given")
        return clip(values, low, high)

    monkeypatch.setattr(np, "clip", as_numpy_2_0_does)
    free = rl.interval(np.array([[-900.0, -5.0], [-1000.0, -300.0], [-1100.0, -2.0]]))
    kept = free.within(*bounds)
    assert free.low[0] < -1050 and free.high[1] > 0
    assert kept.low[0] == (free.low[0] if bounds[0] is None else -1050)
    assert kept.high[1] == (free.high[1] if bounds[1] is None else 0)
    assert np.array_equal(kept.estimate, free.estimate) and kept.high[0] == free.high[0]
    assert np.isnan(rl.mean_interval([3.0]).within(*bounds).low)


def test_iqm_drops_the_lowest_and_the_highest_quarter():
    assert rl.iqm([-1000, 1, 2, 3, 4, 5, 6, 1000]) == pytest.approx((2 + 3 + 4 + 5) / 4)
    runs = np.random.default_rng(1).normal(size=12)
    assert rl.iqm(runs) == pytest.approx(np.sort(runs)[3:9].mean())


def test_bootstrap_interval_agrees_with_scipys_percentile_bootstrap():
    runs = np.random.default_rng(2).normal(size=20)
    mine = rl.bootstrap_interval(runs, resamples=20_000)
    theirs = stats.bootstrap(
        (runs,), np.mean, method="percentile", n_resamples=20_000, rng=3
    ).confidence_interval
    assert mine.low == pytest.approx(theirs.low, abs=0.02)
    assert mine.high == pytest.approx(theirs.high, abs=0.02)


def test_stratified_bootstrap_never_mixes_tasks():
    scores = np.array([[0.0, 0.0, 0.0], [100.0, 100.0, 100.0]])  # no spread within a task
    found = rl.bootstrap_interval(scores, np.mean, tasks=True)
    assert (found.low, found.estimate, found.high) == (50.0, 50.0, 50.0)
    assert "2 tasks × 3 seeds" in found.method
    mixed = rl.bootstrap_interval(scores.ravel(), np.mean)
    assert mixed.low < 50.0 < mixed.high


def test_the_rule_is_a_t_interval_below_ten_runs_and_an_iqm_from_ten_on():
    runs = np.random.default_rng(4).normal(size=10)
    assert rl.interval(runs[:9]).method == "mean, 95 % t-interval, n = 9"
    assert rl.interval(runs).method == "IQM, 95 % bootstrap interval, n = 10"
    assert "90 %" in rl.interval(runs, confidence=0.9).method


def test_one_run_has_no_interval_and_says_so():
    for found in (rl.interval([3.0]), rl.mean_interval([3.0]), rl.iqm_interval([3.0])):
        assert (found.estimate, found.n) == (3.0, 1)
        assert np.isnan(found.low)
        assert np.isnan(found.high)
        assert str(found) == "3 (one run: no interval)"


def test_runs_that_are_not_finite_are_named_by_their_seeds():
    runs = np.ones((5, 4))
    runs[1, 2], runs[4, 0] = np.nan, np.inf
    with pytest.raises(ValueError, match="seed index 1, 4"):
        rl.interval(runs)
    with pytest.raises(ValueError, match="at least one seed"):
        rl.interval([])
    with pytest.raises(ValueError, match="between 0 and 1"):
        rl.interval([1.0, 2.0], confidence=95)


def test_probability_of_improvement_is_mann_whitneys_u():
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 6, 9).astype(float), rng.integers(0, 6, 7).astype(float)  # with ties
    found = rl.improvement_probability(x, y)
    assert found.estimate == pytest.approx(stats.mannwhitneyu(x, y).statistic / 63)
    assert found.low <= found.estimate <= found.high
    assert rl.improvement_probability(y, x).estimate == pytest.approx(1 - found.estimate)


def test_the_interval_of_the_probability_of_improvement_is_scipys_percentile_bootstrap():
    rng = np.random.default_rng(7)
    x, y = rng.normal(0.5, 1.0, 20), rng.normal(size=15)

    def share(x, y, axis):
        return (np.expand_dims(x, -1) > np.expand_dims(y, -2)).mean((-1, -2))

    for confidence in (0.95, 0.8):
        peer = stats.bootstrap(
            (x, y), share, method="percentile", confidence_level=confidence, n_resamples=5000, rng=rng
        )
        found = rl.improvement_probability(x, y, confidence=confidence)
        assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval), abs=0.02)


def test_probability_of_improvement_averages_over_tasks():
    x = np.array([[1.0, 2.0], [1.0, 1.0]])
    y = np.array([[0.0, 0.5], [1.0, 1.0]])
    assert rl.improvement_probability(x, y).estimate == 0.75
    with pytest.raises(ValueError, match="same tasks"):
        rl.improvement_probability(x, y[0])


def normal(rng, shape):
    return rng.normal(size=shape)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_a_t_interval_of_normal_runs_covers_as_it_claims(n):
    assert rl.coverage(rl.mean_interval, normal, 0.0, n, trials=4000) == pytest.approx(0.95, abs=0.012)


def test_a_t_interval_of_five_skewed_runs_covers_88_percent_and_not_95():
    """scipy's t-test on other draws is the oracle: the interval holds the mean where p ≥ 0.05."""
    found = rl.coverage(rl.mean_interval, lambda rng, shape: rng.exponential(size=shape), 1.0, 5, trials=8000)
    runs = np.random.default_rng(1).exponential(size=(5, 20_000))
    assert found == pytest.approx(np.mean(stats.ttest_1samp(runs, 1.0).pvalue >= 0.05), abs=0.012)
    assert found == pytest.approx(0.88, abs=0.015)


@pytest.mark.parametrize("n, covered", [(3, 0.73), (5, 0.85), (10, 0.90)])
def test_a_bootstrap_of_few_runs_covers_less_than_it_claims(n, covered):
    found = rl.coverage(lambda runs: rl.bootstrap_interval(runs, resamples=400), normal, 0.0, n, trials=1500)
    assert found == pytest.approx(covered, abs=0.035)


@pytest.mark.parametrize("difference, seeds", [(3.0, 4), (2.0, 6), (1.0, 17), (0.5, 64)])
def test_seeds_needed_for_80_percent_power(difference, seeds):
    assert rl.seeds_needed(difference) == seeds
    assert rl.power(difference, seeds) >= 0.8 > rl.power(difference, seeds - 1)


def test_power_is_the_mean_over_the_spread_that_is_found_and_never_no_number():
    def by_integration(d, n):  # E_V[Φ(m − c√(V/f)) + Φ(−m − c√(V/f))],  V ~ χ²_f,  m = d√(n/2)
        f, m = 2 * n - 2, d * np.sqrt(n / 2)
        v = stats.chi2.ppf((np.arange(20_000) + 0.5) / 20_000, f)  # midpoints of equal shares
        edge = stats.t.ppf(0.975, f) * np.sqrt(v / f)
        return np.mean(stats.norm.cdf(m - edge) + stats.norm.cdf(-m - edge))

    for d in (0.1, 0.5, 1.0, 1.4, 2.0, 4.0):
        for n in (2, 5, 20, 66, 76, 80):
            assert rl.power(d, n) == pytest.approx(by_integration(d, n), abs=1e-4), (d, n)


def test_power_is_the_share_of_t_tests_that_find_the_difference():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(5, 20_000)), rng.normal(1.5, 1.0, size=(5, 20_000))
    found = np.mean(stats.ttest_ind(x, y).pvalue < 0.05)
    assert rl.power(1.5, 5) == pytest.approx(found, abs=0.01)
    assert rl.power(-1.5, 5) == pytest.approx(rl.power(1.5, 5))
    for n, confidence in ((2, 0.95), (7, 0.9)):  # where nothing is true, the test errs as often as it says
        assert rl.power(0.0, n, confidence) == pytest.approx(1 - confidence)
        few, many = rng.normal(size=(n, 40_000)), rng.normal(2.0, 1.0, size=(n, 40_000))
        found = np.mean(stats.ttest_ind(few, many).pvalue < 1 - confidence)
        assert rl.power(2.0, n, confidence) == pytest.approx(found, abs=0.01)
    with pytest.raises(ValueError, match="no n"):
        rl.seeds_needed(0.0)
    with pytest.raises(ValueError, match="n ≥ 2"):
        rl.power(1.0, 1)


def test_the_intervals_of_disjoint_sets_are_those_of_their_seeds_alone():
    runs = np.random.default_rng(0).normal(size=(30, 2))
    sets = rl.intervals_of_sets(runs)
    assert [found.n for found in sets] == [10, 10, 10]
    for found, part in zip(sets, (runs[:10], runs[10:20], runs[20:]), strict=True):
        np.testing.assert_array_equal(found.low, rl.interval(part).low)
    with pytest.raises(ValueError, match="31 runs cannot be parted into 3 equal sets"):
        rl.intervals_of_sets(np.zeros(31))
