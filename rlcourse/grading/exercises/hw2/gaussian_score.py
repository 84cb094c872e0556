"""∂ log N/∂μ = (a − μ)/σ²,  ∂ log N/∂ log σ = (a − μ)²/σ² − 1: the scores of a diagonal Gaussian policy.

action, mean and log_std [D], σ = exp(log_std); the answer is the pair, each [D].
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def gaussian_score(action, mean, log_std):
    z = (action - mean) * np.exp(-log_std)
    return z * np.exp(-log_std), z**2 - 1


def draw(rng):
    return [
        {
            "action": rng.normal(0, 1.5, n),
            "mean": rng.normal(0, 1, n),
            "log_std": rng.permutation(np.linspace(low, high, n) + rng.uniform(-0.1, 0.1, n)),
        }
        for n, low, high in ((3, -0.8, 0.6), (2, 0.4, 0.9), (4, -1.0, 0.8), (1, -0.7, 0.0), (3, -0.9, -0.4))
    ]


def of(by_mean=None, by_log_std=None):
    """The pair, with another part, made of a − μ and σ."""

    def wrong(action, mean, log_std):
        x, std = action - mean, np.exp(log_std)
        right = {"mean": x / std**2, "log_std": (x / std) ** 2 - 1}
        exchanged = {"mean": by_mean, "log_std": by_log_std}
        return right | {name: part(x, std) for name, part in exchanged.items() if part}

    return wrong


def whole(change):
    """The pair, both parts changed alike: change(part, x, σ)."""

    def wrong(action, mean, log_std):
        x, std = action - mean, np.exp(log_std)
        return {"mean": change(x / std**2, x, std), "log_std": change((x / std) ** 2 - 1, x, std)}

    return wrong


def with_std(std_of):
    """Both parts right for another σ."""

    def wrong(action, mean, log_std):
        x, std = action - mean, std_of(log_std)
        return {"mean": x / std**2, "log_std": (x / std) ** 2 - 1}

    return wrong


def of_log_std(by_mean, by_log_std):
    """The pair, made of a − μ and log σ itself."""
    return lambda action, mean, log_std: {
        "mean": by_mean(action - mean, log_std),
        "log_std": by_log_std(action - mean, log_std),
    }


def density(x, std):
    return np.exp(-((x / std) ** 2) / 2) / (std * np.sqrt(2 * np.pi))


def log_density(x, std):
    return np.log(density(x, std))


SIGMA_ONCE = "a − μ is divided by σ once. log N holds −(a − μ)²/2σ²: its derivative by μ has σ²."
LOG_VARIANCE = "exp(log_std) is taken for the variance. It is σ: the variance is exp(2 log_std)."

MISTAKES = (
    Mistake("sigma_once", SIGMA_ONCE, of(lambda x, s: x / s)),
    Mistake("no_sigma", "a − μ is not divided by σ²: a narrow policy must have a steep score.",
        of(lambda x, s: x), of(lambda x, s: x, lambda x, s: x**2 - 1)),
    Mistake("wrt_std",
        "This is the derivative by σ. By log σ it is σ times that, as dσ/d log σ = σ.",
        of(None, lambda x, s: ((x / s) ** 2 - 1) / s)),
    Mistake("wrt_variance", "This is the derivative by σ². The parameter is log σ.",
        of(None, lambda x, s: ((x / s) ** 2 - 1) / (2 * s**2))),
    Mistake("wrt_log_variance",
        "A factor ½ too many: this is the derivative by log σ². The parameter is log σ.",
        of(None, lambda x, s: ((x / s) ** 2 - 1) / 2)),
    Mistake("normaliser_forgotten",
        "The normaliser −log σ has a derivative, too: −1. Without it the score has no mean of 0.",
        of(None, lambda x, s: (x / s) ** 2), of(None, lambda x, s: x**2 / s**3),
        of(lambda x, s: x / s, lambda x, s: (x / s) ** 2)),
    Mistake("log_variance", LOG_VARIANCE, with_std(lambda l: np.exp(l / 2)),
        of(lambda x, s: x / s, lambda x, s: x**2 / s - 1), of(None, lambda x, s: x**2 / s - 1)),
    Mistake("exp_forgotten", "log_std is used as σ itself. σ = exp(log_std).", with_std(lambda l: l),
        of_log_std(lambda x, l: x / l, lambda x, l: x**2 / l - 1)),
    Mistake("other_base", "σ is e to the power of log_std: a natural logarithm.",
        with_std(lambda l: 2.0**l), with_std(lambda l: 10.0**l)),
    Mistake("exp_sign", "σ is exp(+log_std). Its inverse stands where it belongs.",
        with_std(lambda l: np.exp(-l)), of(lambda x, s: x * s**2), of(lambda x, s: x * s),
        of(None, lambda x, s: (x * s) ** 2 - 1)),
    Mistake("normaliser_wrong", "log N holds −log σ: its derivative by log σ is −1, whatever σ is.",
        of(None, lambda x, s: (x / s) ** 2 - s), of(None, lambda x, s: (x / s) ** 2 - s**2),
        of(None, lambda x, s: (x / s) ** 2 - 0.5)),
    Mistake("sign",
        "Both signs are turned round: this is the gradient of −log N, a loss. The score is that of log N.",
        whole(lambda part, x, s: -part)),
    Mistake("sign_of_mean", "The score by μ points away from the action. Moving μ towards it raises log N.",
        of(lambda x, s: -x / s**2), of(lambda x, s: -x / s)),
    Mistake("sign_of_log_std",
        "The sign by log σ is turned round: an action far from μ asks for a larger σ.",
        of(None, lambda x, s: 1 - (x / s) ** 2)),
    Mistake("plus_one", "1 is added. The normaliser of N is −log σ: its derivative is −1.",
        of(None, lambda x, s: (x / s) ** 2 + 1)),
    Mistake("not_squared", "(a − μ)/σ is not squared in the score by log σ.",
        of(None, lambda x, s: x / s - 1), of(None, lambda x, s: np.abs(x / s) - 1),
        of(None, lambda x, s: x**2 / s - 1 / s), of(None, lambda x, s: x / s**2 - 1),
        of(None, lambda x, s: x / s), of(None, lambda x, s: x / s**2)),
    Mistake("third_power", "σ stands in a wrong power: 1/σ² by the mean, and (a − μ)²/σ² − 1 by log σ.",
        of(lambda x, s: x / s**3), of(None, lambda x, s: x**2 / s**3 - 1),
        of(None, lambda x, s: x**2 / s**2 - 1 / s)),
    Mistake("half", "A factor ½ too many: the 2 of the square cancels the ½ of the exponent.",
        of(lambda x, s: x / (2 * s**2)), of(lambda x, s: x / (2 * s**2), lambda x, s: ((x / s) ** 2) / 2 - 1),
        of(None, lambda x, s: ((x / s) ** 2) / 2 - 1)),
    Mistake("factor_two", "The factor 2 of the square is still there: the exponent has ½.",
        of(lambda x, s: 2 * x / s**2), of(None, lambda x, s: 2 * (x / s) ** 2 - 1),
        of(lambda x, s: 2 * x / s**2, lambda x, s: 2 * (x / s) ** 2 - 1)),
    Mistake("parts_swapped", "The parts have changed places: first the score by the mean, then by log σ.",
        lambda action, mean, log_std: dict(zip(("log_std", "mean"), gaussian_score(action, mean, log_std),
                                               strict=True))),
    Mistake("summed_over_dimensions",
        "The dimensions are summed. Each mean and each log σ has a score of its own.",
        whole(lambda part, x, s: part.sum()), of(None, lambda x, s: ((x / s) ** 2 - 1).sum())),
    Mistake("averaged_over_dimensions", "The dimensions are averaged. Each has a score of its own.",
        whole(lambda part, x, s: part.mean())),
    Mistake("probability_for_log", "This is ∇N. The score is ∇log N = ∇N/N.",
        whole(lambda part, x, s: density(x, s) * part),
        whole(lambda part, x, s: density(x, s).prod() * part)),
    Mistake("log_probability", "A log-probability comes back. Its derivatives are asked.",
        whole(lambda part, x, s: -((x / s) ** 2) / 2 - np.log(s)),
        whole(lambda part, x, s: log_density(x, s)), of(None, lambda x, s: log_density(x, s)),
        whole(lambda part, x, s: log_density(x, s).sum()),
        of(None, lambda x, s: (x / s) ** 2 - np.log(s))),
)  # fmt: skip

VIVA = (
    "What is the mean of each part under the policy, and where do you see it in your formula?",
    "An action three σ away: which way do mean and σ move if it was good, and if it was bad?",
    "σ shrinks during training. What happens to the size of the score, and what does a step size make of it?",
)

EXERCISE = Exercise(
    gaussian_score,
    draw,
    points=3,
    minutes=15,
    stars=1,
    mistakes=MISTAKES,
    parts=("mean", "log_std"),
    pure=True,
    viva=VIVA,
)
