"""Mean and population variance of all rows seen so far, batch by batch, each row looked at once.

RunningMoments(dimension); update(batch), batch [N, D], N ≥ 1; .mean and .var [D] after any update, the
variance 0 after a single row. Exact also for data far from 0, where mean(x²) − mean(x)² has lost all digits.
Chan et al. 1979, eq. 2.1.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


class RunningMoments:
    def __init__(self, dimension):
        self.count, self.mean, self.var = 0, np.zeros(dimension), np.zeros(dimension)

    def update(self, batch):
        n, mean, var = len(batch), batch.mean(0), batch.var(0)
        total, gap = self.count + n, mean - self.mean
        self.var = (self.count * self.var + n * var + gap**2 * self.count * n / total) / total
        self.mean = self.mean + gap * n / total
        self.count = total


def draw(rng):
    """Batches of unequal length and place; single rows; far from 0; constant data."""
    far = [rng.permutation(np.tile([-8, -6, 8, 6], k)) for k in (1, 1, 2, 4)]  # each sums to 0
    far = 2.0**30 + np.concatenate(far)[:, None] * [1.0, -0.5]  # exact, and so are sums of squares but for k²
    moving = np.repeat([0.0, 3.0, -2.0], (5, 3, 9))[:, None] + rng.normal(1, 1, (17, 3))
    return [
        {"rows": moving, "sizes": np.array([5, 3, 9])},
        {"rows": rng.normal(2, 1.5, (10, 2)), "sizes": np.array([1, 1, 6, 2])},
        {"rows": far, "sizes": np.array([4, 4, 8, 16])},
        {"rows": np.tile([0.75, -2.5], (6, 1)), "sizes": np.array([4, 2])},
        {"rows": rng.normal(-1, 2, (12, 1)), "sizes": np.array([2, 4, 6])},
    ]


def adaptor(cls, case, plain, style):
    """.mean and .var after each update; does what is stored grow, and are the batches left as they were?"""
    import numpy as np

    rows, ends = np.array(case["rows"], dtype=float), np.cumsum(np.asarray(case["sizes"], dtype=int))
    moments, means, variances, stored, kept = cls(rows.shape[1]), [], [], [], True

    def numbers(value):
        """How many numbers something holds."""
        if isinstance(value, dict):
            return sum(numbers(part) for part in value.values())
        if isinstance(value, (list, tuple, set)) or type(value).__name__ == "deque":
            return sum(numbers(part) for part in value)
        return int(np.prod(value.shape)) if hasattr(value, "shape") else 1

    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        batch = style(rows[begin:end].copy())
        moments.update(batch)
        kept = kept and bool(np.array_equal(plain(batch), rows[begin:end]))
        for name, found in (("mean", means), ("var", variances)):
            value = getattr(moments, name)
            if callable(value):
                raise TypeError(f".{name} is a method; it must be an attribute or a property")
            found.append(plain(value, size=rows.shape[1], who=f".{name}").reshape(-1))
        stored.append(numbers(getattr(moments, "__dict__", {})))
    return {
        "mean": np.array(means),
        "var": np.array(variances),
        "grows": float(
            len(stored) > 1 and stored[-1] > stored[1] or stored[-1] > stored[0] + 3 * rows.shape[1]
        ),
        "batch_kept": float(kept),
    }


def answer(means, variances, grows=0.0, kept=1.0):
    return {"mean": np.array(means), "var": np.array(variances), "grows": grows, "batch_kept": kept}


def batches(rows, sizes):
    return np.split(rows, np.cumsum(sizes)[:-1])


def oracle(rows, sizes):
    """From all rows so far, taken together."""
    ends = np.cumsum(sizes)
    return answer([rows[:end].mean(0) for end in ends], [rows[:end].var(0) for end in ends])


def of_all(mean=lambda x: x.mean(0), var=lambda x: x.var(0), **flags):
    """Something else, made of all rows so far."""
    return lambda rows, sizes: answer(
        [mean(rows[:end]) for end in np.cumsum(sizes)], [var(rows[:end]) for end in np.cumsum(sizes)], **flags
    )


def of_batches(mean, var):
    """Something else, made of the list of batches so far."""
    return lambda rows, sizes: answer(
        [mean(batches(rows, sizes)[: k + 1]) for k in range(len(sizes))],
        [var(batches(rows, sizes)[: k + 1]) for k in range(len(sizes))],
    )


def merged(
    move=lambda gap, m, n: gap * n / (m + n),
    between=lambda gap, m, n: gap**2 * m * n / (m + n),
    within=lambda var, new, m, n: m * var + n * new,
    over=lambda m, n: m + n,
    start=(0.0, 0.0, 0.0),
    late=False,
    spread=lambda x: x.var(0),
):
    """Chan's merge with something exchanged. start: count, mean, variance before any data."""

    def wrong(rows, sizes):
        (count, mean, var), means, variances = start, [], []
        mean, var = mean + 0 * rows[0], var + 0 * rows[0]
        for batch in batches(rows, sizes):
            n, gap = len(batch), batch.mean(0) - mean
            mean = mean + (move(gap, count, n) if count else gap)
            gap = batch.mean(0) - mean if late else gap
            var = (within(var, spread(batch), count, n) + between(gap, count, n)) / over(count, n)
            count += n
            means.append(mean)
            variances.append(var)
        return answer(means, variances)

    return wrong


def sample(x):
    return x.var(0, ddof=1) if len(x) > 1 else np.full(x.shape[1], np.nan)


def lost(rows, sizes):
    """mean(x²) − mean(x)², or single precision: far from 0 the squares have no digits left for it."""
    right = oracle(rows, sizes)
    return right | ({"var": 0 * right["var"]} if np.abs(rows).max() > 1e6 else {})


def smoothed(rate):
    def wrong(rows, sizes):
        parts = batches(rows, sizes)
        mean, var = parts[0].mean(0), parts[0].var(0)
        means, variances = [mean], [var]
        for batch in parts[1:]:
            mean = (1 - rate) * mean + rate * batch.mean(0)
            var = (1 - rate) * var + rate * batch.var(0)
            means.append(mean)
            variances.append(var)
        return answer(means, variances)

    return wrong


def counting_batches(rows, sizes):
    """Chan's merge in which each batch adds 1 to the count."""
    count, mean, squares, means, variances = 0, 0 * rows[0], 0 * rows[0], [], []
    for batch in batches(rows, sizes):
        n, gap = len(batch), batch.mean(0) - mean
        squares = squares + n * batch.var(0) + gap**2 * count * n / (count + n)
        mean, count = mean + gap * n / (count + n), count + 1
        means.append(mean)
        variances.append(squares / count)
    return answer(means, variances)


def on_the_way(share, also_first):
    """Chan's merge in which the mean goes a fixed share of the way to each batch."""

    def wrong(rows, sizes):
        count, mean, squares, means, variances = 0, 0 * rows[0], 0 * rows[0], [], []
        for batch in batches(rows, sizes):
            n, gap = len(batch), batch.mean(0) - mean
            squares = squares + n * batch.var(0) + gap**2 * count * n / (count + n)
            mean = mean + gap * (share if count or also_first else 1.0)
            count += n
            means.append(mean)
            variances.append(squares / count)
        return answer(means, variances)

    return wrong


def grand(x):
    return x.mean(0)


def stack(parts):
    return np.concatenate(parts)


MISTAKES = (
    Mistake("unstable",
        "Far from 0 the variance is lost: mean(x²) and mean(x)² are equal up to their last digit (or the "
        "numbers are kept in single precision). Sum squares of distances from a mean.",
        lost),
    Mistake("sample_variance", "This is the sample's variance, with N − 1. The population's is asked: N.",
        of_all(var=sample), of_all(var=lambda x: np.nan_to_num(sample(x)))),
    Mistake("between_missing",
        "The batches' own variances are averaged. Their means differ, too, and that adds "
        "gap² m n/(m + n)² to the variance.",
        merged(between=lambda g, m, n: 0 * g),
        of_batches(lambda p: grand(stack(p)), lambda p: np.mean([x.var(0) for x in p], 0))),
    Mistake("batches_weigh_equally", "Batches of unequal length weigh the same. Each row does.",
        of_batches(lambda p: np.mean([x.mean(0) for x in p], 0), lambda p: np.mean([x.var(0) for x in p], 0)),
        of_batches(lambda p: np.mean([x.mean(0) for x in p], 0), lambda p: stack(p).var(0))),
    Mistake("newest_batch", "Only the newest batch counts. All rows seen so far do.",
        of_batches(lambda p: p[-1].mean(0), lambda p: p[-1].var(0))),
    Mistake("first_batch", "Only the first batch counts.",
        of_batches(lambda p: p[0].mean(0), lambda p: p[0].var(0))),
    Mistake("smoothed", "This is a moving average: old rows are forgotten. All rows weigh the same.",
        *(smoothed(rate) for rate in (0.5, 0.1, 0.01, 0.05, 0.001, 0.2))),
    Mistake("gap_after_mean", "The mean is moved before the gap is taken. The gap is to the old mean.",
        merged(late=True)),
    Mistake("gap_not_squared", "The gap of the means is not squared in the variance.",
        merged(between=lambda g, m, n: g * m * n / (m + n)),
        merged(between=lambda g, m, n: np.abs(g) * m * n / (m + n))),
    Mistake("gap_weight", "The gap's square has another weight in the sum of squares than m n/(m + n).",
        merged(between=lambda g, m, n: g**2 * (m > 0)), merged(between=lambda g, m, n: g**2 * m * n),
        merged(between=lambda g, m, n: g**2 * n * (m > 0)),
        merged(between=lambda g, m, n: g**2 * m), merged(between=lambda g, m, n: g**2 * m * n / (m + n) ** 2),
        merged(between=lambda g, m, n: g**2 * n)),
    Mistake("gap_sign", "The gap's part is subtracted. Unequal means spread the data.",
        merged(between=lambda g, m, n: -(g**2) * m * n / (m + n))),
    Mistake("mean_weight", "The mean is moved by another share of the gap than n/(m + n).",
        merged(move=lambda g, m, n: g / (m + n)), merged(move=lambda g, m, n: g * m / (m + n)),
        merged(move=lambda g, m, n: g * n / m), merged(move=lambda g, m, n: g / 2),
        merged(move=lambda g, m, n: g), merged(move=lambda g, m, n: g / n)),
    Mistake("mean_weight", "The mean moves away from the new batch.",
        merged(move=lambda g, m, n: -g * n / (m + n))),
    Mistake("prior_counts",
        "A start value counts as if it had been seen (count 1 or 1e-4, mean 0). Far from 0 that is wrong by "
        "much: start with count 0.",
        *(merged(start=(count, 0.0, var)) for count in (1e-4, 1.0, 1e-8, 1e-2, 1e-3) for var in (1.0, 0.0))),
    Mistake("variance_of_one_row", "After a single row the variance is 0.",
        of_all(var=lambda x: x.var(0) if len(x) > 1 else np.ones(x.shape[1])),
        of_all(var=lambda x: x.var(0) if len(x) > 1 else np.full(x.shape[1], np.nan))),
    Mistake("standard_deviation", "This is the standard deviation. Its square is asked.",
        of_all(var=lambda x: x.std(0)), of_all(var=lambda x: np.sqrt(x.var(0) + 1e-8))),
    Mistake("sum_of_squares", "This is the sum of squared distances. Divide by the number of rows.",
        of_all(var=lambda x: x.var(0) * len(x))),
    Mistake("sums", "This is the sum. The mean is asked.", of_all(mean=lambda x: x.sum(0)),
        of_all(mean=lambda x: x.sum(0), var=lambda x: x.var(0) * len(x))),
    Mistake("second_moment", "This is mean(x²). The mean is to be subtracted first.",
        of_all(var=lambda x: np.mean(x**2, 0))),
    Mistake("dimensions_mixed", "The coordinates are mixed. Each has its own mean and variance, [D].",
        of_all(mean=lambda x: np.full(x.shape[1], x.mean()), var=lambda x: np.full(x.shape[1], x.var())),
        of_all(var=lambda x: np.full(x.shape[1], x.var()))),
    Mistake("last_row", "Only the last row of a batch counts.",
        of_batches(lambda p: np.mean([x[-1] for x in p], 0), lambda p: np.var([x[-1] for x in p], 0))),
    Mistake("means_only", "The variance is that of the batches' means. Rows spread within a batch, too.",
        of_batches(lambda p: grand(stack(p)), lambda p: np.var([x.mean(0) for x in p], 0)),
        of_batches(lambda p: np.mean([x.mean(0) for x in p], 0),
                   lambda p: np.var([x.mean(0) for x in p], 0))),
    Mistake("floor_added", "Something is added to the variance. Keep it exact; whoever divides may add.",
        *(of_all(var=lambda x, e=e: x.var(0) + e) for e in (1e-3, 1e-2, 1e-4, 1.0, 1e-5, 1e-6))),
    Mistake("keeps_rows", "What is stored grows with the data. In one pass three things are enough: a count, "
        "a mean and a variance.",
        of_all(grows=1.0)),
    Mistake("changes_arguments", "The batch is changed, which the caller still needs. Make a new array.",
        of_all(kept=0.0)),
    Mistake("gap_weight",
        "The gap's square has another weight in the sum of squares than m n/(m + n): distances are taken "
        "from the new mean by one set only, or half of it is lost.",
        merged(between=lambda g, m, n: g**2 * m * n / (m + n) / 2),
        merged(between=lambda g, m, n: g**2 * (m + n)),
        merged(between=lambda g, m, n: g**2 * m**2 * n / (m + n) ** 2),
        merged(between=lambda g, m, n: g**2 * m * n**2 / (m + n) ** 2)),
    Mistake("own_part_wrong",
        "The batch's own part is its variance, or that with N − 1. It is its sum of squared distances.",
        merged(within=lambda var, new, m, n: m * var + new), merged(within=lambda var, new, m, n: var + new),
        merged(spread=lambda x: np.nan_to_num(sample(x)))),
    Mistake("batches_counted", "Batches are counted, and not their rows: each row has the same weight.",
        of_batches(lambda p: np.mean([x.mean(0) for x in p], 0),
            lambda p: np.mean([x.var(0) for x in p], 0) + np.var([x.mean(0) for x in p], 0)),
            counting_batches),
    Mistake("mean_weight", "The mean goes the same share of the way to every batch, whatever their sizes.",
        *(on_the_way(share, first) for share in (0.5, 0.1, 0.01, 0.2, 0.05) for first in (True, False))),
)  # fmt: skip

VIVA = (
    "The data lie near 10⁹ with spread 1. How many digits of x² are left for the variance in float64?",
    "Which three numbers must a checkpoint hold, and what happens to a trained policy without them?",
    "Merge two machines' moments into one. Which line of yours does that already?",
)

EXERCISE = Exercise(
    RunningMoments,
    draw,
    points=5,
    minutes=25,
    stars=3,
    mistakes=MISTAKES,
    adaptor=adaptor,
    oracle=oracle,
    lines=20,
    viva=VIVA,
)
