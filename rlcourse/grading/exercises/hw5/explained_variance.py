"""1 − Var(y − V) / Var(y): 1 for a perfect critic, 0 for one no better than a constant; NaN where Var(y) = 0.

value (V) and target (y) [N]; the answer is one number, which may be negative.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def explained_variance(value, target):
    spread = np.var(target)
    return 1 - np.var(target - value) / spread if spread > 0 else np.nan


def draw(rng):
    """A good critic, a poor one, one worse than none, one off by a constant, one that is perfect; equal y."""

    def case(n, fit, noise, shift=0.0):
        y = rng.normal(1.5, 1.0, n)
        return {"value": fit * y + shift + noise * rng.normal(0, 1, n), "target": y}

    return [
        case(8, 0.8, 0.2, 0.5),
        case(6, 0.3, 0.3, -0.4),
        case(7, -0.7, 0.5),
        case(5, 1.0, 0.0, 2.0),
        case(4, 1.0, 0.0),
        {"value": rng.normal(0, 1, 4), "target": np.full(4, 0.75)},  # exact
    ]


def of(wrong):
    """Something else, with NaN for equal targets."""
    return lambda value, target: wrong(value, target) if np.var(target) > 0 else np.nan


def undefined(number):
    """Another answer to equal targets."""
    return lambda value, target: explained_variance(value, target) if np.var(target) > 0 else number(
        value, target)  # fmt: skip


MISTAKES = (
    Mistake("one_missing", "This is the share that is not explained. Subtract it from 1.",
        of(lambda V, y: np.var(y - V) / np.var(y)),
        lambda value, target: np.var(target - value) / np.var(target)),
    Mistake("mean_square",
        "The mean squared error stands where Var(y − V) belongs. A constant error is not counted here.",
        of(lambda V, y: 1 - np.mean((y - V) ** 2) / np.var(y)),
        lambda value, target: 1 - np.mean((target - value) ** 2) / np.var(target)),
    Mistake("not_centred", "Neither is centred: these are mean squares, not variances.",
        of(lambda V, y: 1 - np.mean((y - V) ** 2) / np.mean(y**2)),
        lambda value, target: 1 - np.mean((target - value) ** 2) / np.mean(target**2),
        of(lambda V, y: 1 - np.var(y - V) / np.mean(y**2)),
        lambda value, target: 1 - np.var(target - value) / np.mean(target**2)),
    Mistake("variance_of_value_below", "Divided by Var(V). What is to be explained is y.",
        of(lambda V, y: 1 - np.var(y - V) / np.var(V)),
        lambda value, target: 1 - np.var(target - value) / np.var(value)),
    Mistake("inverted", "The fraction is upside down.", of(lambda V, y: 1 - np.var(y) / np.var(y - V))),
    Mistake("variance_of_value_above", "Var(V)/Var(y) takes the place of it: a noisy critic would do well.",
        of(lambda V, y: np.var(V) / np.var(y)), of(lambda V, y: 1 - np.var(V) / np.var(y))),
    Mistake("deviations_for_variances", "Standard deviations are compared. Variances are asked.",
        of(lambda V, y: 1 - np.std(y - V) / np.std(y))),
    Mistake("sum_for_difference", "The variance of y + V stands above. The error is y − V.",
        of(lambda V, y: 1 - np.var(y + V) / np.var(y))),
    Mistake("correlation", "This is a correlation, or its square: it does not see a wrong scale.",
        of(lambda V, y: np.corrcoef(V, y)[0, 1]), of(lambda V, y: np.corrcoef(V, y)[0, 1] ** 2)),
    Mistake("covariance", "This is the covariance over Var(y): the slope of V.",
        of(lambda V, y: np.mean((V - V.mean()) * (y - y.mean())) / np.var(y))),
    Mistake("clipped", "Negative values are cut off. A critic may be worse than a constant: let it show.",
        of(lambda V, y: max(0.0, explained_variance(V, y))),
        of(lambda V, y: np.clip(explained_variance(V, y), -1, 1)),
        of(lambda V, y: abs(explained_variance(V, y)))),
    Mistake("defined_for_equal_targets",
        "Where all targets are equal nothing is to be explained, and a number there would deceive: NaN.",
        undefined(lambda V, y: 0.0), undefined(lambda V, y: 1.0), undefined(lambda V, y: -np.inf),
        undefined(lambda V, y: np.inf),
        lambda value, target: 1 - np.var(target - value) / (np.var(target) + 1e-8),
        undefined(lambda V, y: 1 - np.var(y - V) / 1e-12), undefined(lambda V, y: 1 - np.var(y - V) / 1e-10)),
    Mistake("sample_and_population", "One variance has N − 1, the other N. Both must be of one kind.",
        of(lambda V, y: 1 - np.var(y - V) / np.var(y, ddof=1)),
        of(lambda V, y: 1 - np.var(y - V, ddof=1) / np.var(y))),
    Mistake("absolute_error", "Absolute errors are averaged. Variances are asked.",
        of(lambda V, y: 1 - np.mean(np.abs(y - V)) / np.mean(np.abs(y - y.mean())))),
    Mistake("variance_alone", "This is the variance of the errors. Compare it with that of y.",
        lambda value, target: np.var(target - value),
        lambda value, target: np.var(target) - np.var(target - value)),
    Mistake("sign",
        "The sign is wrong: 1 is a perfect critic.", of(lambda V, y: np.var(y - V) / np.var(y) - 1)),
    Mistake("mean_square_alone", "This is the mean squared error. It has the units of a return squared.",
        lambda value, target: np.mean((target - value) ** 2)),
    Mistake("sum_and_mean",
        "A sum stands above and a mean below, or the other way round. Both must be of one kind.",
        of(lambda V, y: 1 - ((y - V) ** 2).sum() / np.var(y)),
        of(lambda V, y: 1 - ((y - V - (y - V).mean()) ** 2).sum() / np.var(y)),
        of(lambda V, y: 1 - np.var(y - V) / ((y - y.mean()) ** 2).sum())),
    Mistake("slope", "This is the slope of a line through the points. It does not see the scatter.",
        of(lambda V, y: np.polyfit(V, y, 1)[0])),
)  # fmt: skip

VIVA = (
    "V is wrong by 5 everywhere. What is the explained variance, and does the policy gradient mind?",
    "It is −0.3. What is better than this critic, and how is it computed?",
    "The targets are bootstrapped from V itself. What can make the number rise although V is poor?",
)

EXERCISE = Exercise(
    explained_variance,
    draw,
    points=2,
    minutes=5,
    stars=1,
    mistakes=MISTAKES,
    nan=True,
    pure=True,
    viva=VIVA,
)
