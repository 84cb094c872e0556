"""(Â − mean Â) / (sd + 1e-8), with the population's standard deviation: √(mean (Â − mean Â)²).

advantage [N]; the answer is [N], without a unit, and 0 where all advantages are equal.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def normalise(advantage):
    return (advantage - advantage.mean()) / (advantage.std() + 1e-8)


def draw(rng):
    """Ordinary batches, small advantages, and equal ones, exact in float32, too."""
    return [
        *({"advantage": rng.normal(1.0, 2.0, n)} for n in (6, 4, 9)),
        {"advantage": 5e-4 * rng.normal(1, 1, 5)},
        {"advantage": np.full(8, 0.375)},
        {"advantage": np.full(1, -1.5)},
    ]


def centred(divisor):
    """(Â − mean) over something made of it."""
    return lambda advantage: (advantage - advantage.mean()) / divisor(advantage - advantage.mean())


MISTAKES = (
    Mistake("sample_deviation",
        "This is the sample's standard deviation, with N − 1. The population's is asked: N. torch.std has "
        "N − 1 unless correction=0.",
        centred(lambda d: np.sqrt(d @ d / (len(d) - 1) if len(d) > 1 else np.nan) + 1e-8),
        centred(lambda d: np.sqrt(d @ d / max(len(d) - 1, 1)) + 1e-8),
        centred(lambda d: np.sqrt(d @ d / (len(d) - 1) if d.any() else np.nan))),
    Mistake("no_epsilon", "Equal advantages give 0/0. Add 1e-8 to the standard deviation.",
        centred(lambda d: d.std())),
    Mistake("epsilon_inside",
        "1e-8 stands under the root. It is added to the standard deviation: small advantages are shrunk "
        "otherwise.",
        centred(lambda d: np.sqrt(d.var() + 1e-8))),
    Mistake("epsilon_wrong", "Something larger than 1e-8 is added: small advantages are shrunk by it.",
        *(centred(lambda d, e=e: d.std() + e) for e in (1e-5, 1e-6, 1e-4, 1e-3, 1e-2, 1.0)),
        centred(lambda d: np.maximum(d.std(), 1e-3)), centred(lambda d: np.sqrt(d.var() + 1e-5)),
        centred(lambda d: np.sqrt(d.var() + 1e-6))),
    Mistake("not_centred", "The mean is not subtracted: it would push all actions of a batch one way.",
        lambda advantage: advantage / (advantage.std() + 1e-8)),
    Mistake("root_mean_square", "Divided by the root mean square of what is not centred.",
        lambda advantage: advantage / (np.sqrt(np.mean(advantage**2)) + 1e-8),
        lambda advantage: (advantage - advantage.mean()) / (np.sqrt(np.mean(advantage**2)) + 1e-8)),
    Mistake("not_scaled", "Only the mean is subtracted. Divide by the standard deviation.",
        lambda advantage: advantage - advantage.mean()),
    Mistake("variance_for_deviation", "Divided by the variance. Its root is the standard deviation.",
        centred(lambda d: d.var() + 1e-8)),
    Mistake("multiplied", "Multiplied by the standard deviation. Divide by it.",
        lambda advantage: (advantage - advantage.mean()) * (advantage.std() + 1e-8)),
    Mistake("length_for_deviation", "Divided by the length of the vector. √N is missing.",
        centred(lambda d: np.sqrt(d @ d) + 1e-8)),
    Mistake("absolute_deviation", "Divided by the mean absolute deviation. The standard deviation is asked.",
        centred(lambda d: np.mean(np.abs(d)) + 1e-8)),
    Mistake("range", "Scaled by the range, or the largest. Divide by the standard deviation.",
        lambda advantage: (advantage - advantage.min()) / (np.ptp(advantage) + 1e-8),
        centred(lambda d: np.abs(d).max() + 1e-8), centred(lambda d: np.ptp(d) + 1e-8),
        lambda advantage: advantage / (np.abs(advantage).max() + 1e-8)),
    Mistake("divided_by_number", "Divided by N. Divide by the standard deviation.",
        centred(lambda d: len(d))),
    Mistake("median", "The median is subtracted. Subtract the mean.",
        lambda advantage: (advantage - np.median(advantage)) / (advantage.std() + 1e-8)),
    Mistake("sign", "The sign is wrong: what is better than the mean is positive.",
        lambda advantage: -normalise(advantage)),
    Mistake("precedence", "Only the mean is divided: parentheses round Â − mean are missing.",
        lambda advantage: advantage - advantage.mean() / (advantage.std() + 1e-8)),
    Mistake("softmaxed", "This is a softmax. Mean 0 and standard deviation 1 are asked.",
        lambda advantage: np.exp(advantage - advantage.max()) / np.exp(advantage - advantage.max()).sum()),
    Mistake("sums_to_one", "Divided by the sum. Mean 0 and standard deviation 1 are asked.",
        lambda advantage: advantage / advantage.sum()),
    Mistake("not_changed", "The advantages come back as they were.", lambda advantage: advantage),
    Mistake("signs_only", "Only signs are left. Their sizes count.",
        lambda advantage: np.sign(advantage - advantage.mean())),
    Mistake("clipped", "Large ones are clipped. Nothing is clipped here.",
        lambda advantage: np.clip(normalise(advantage), -1, 1)),
    Mistake("length_one",
        "Divided by the length of the vector. The standard deviation is a root mean square: √N less.",
        lambda advantage: advantage / (np.linalg.norm(advantage) + 1e-8),
        lambda advantage: advantage / np.maximum(np.abs(advantage).sum(), 1e-8)),
    Mistake("mean_added", "The mean is added, or comes back at the end. It is subtracted, once.",
        lambda advantage: (advantage + advantage.mean()) / (advantage.std() + 1e-8),
        lambda advantage: normalise(advantage) + advantage.mean()),
    Mistake("squashed", "The advantages are squashed or ranked. They are shifted and divided, no more.",
        lambda advantage: np.tanh(advantage), lambda advantage: np.tanh(normalise(advantage)),
        lambda advantage: advantage.argsort().argsort() - (len(advantage) - 1) / 2,
        lambda advantage: 1.0 * advantage.argsort().argsort(), lambda advantage: np.sign(advantage)),
)  # fmt: skip

VIVA = (
    "All advantages of a batch are positive. How many actions become less likely after normalising?",
    "Per minibatch or per batch: what is different, and for which size does it matter?",
    "The policy is optimal and Â is nothing but noise. What does normalising do to the step?",
)

EXERCISE = Exercise(normalise, draw, points=1, minutes=5, stars=1, mistakes=MISTAKES, pure=True, viva=VIVA)
