"""L = −[ mean L^CLIP − c₁ mean (V − y)² + c₂ mean H ], one number to minimise; L^CLIP as in
`clipped_objective`.

ratio, advantage (Â), value (V), target (y) and entropy (H) [N]; clip (ε), value_weight (c₁) and
entropy_weight (c₂) numbers. Â and y are data. Where the answer is a tensor with its graph, its gradients by
ratio, value and entropy are judged, too. Schulman et al. 2017, eq. 9.
"""

import numpy as np

from rlcourse.equations import objectives
from rlcourse.grading.exercises.hw5._open import left_open, ratios
from rlcourse.grading.record import Exercise, Mistake


def ppo_loss(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = objectives.clipped_objective(ratio, advantage, clip).mean()
    critic = ((value - target) ** 2).mean()
    return -(gain - value_weight * critic + entropy_weight * entropy.mean())


def draw(rng):
    cases = []
    for n, clip in ((1, 0.2), (2, 0.1), (1, 0.3), (2, 0.2)):
        ratio, advantage = ratios(rng, n, clip)
        cases.append(
            {
                "ratio": ratio,
                "advantage": advantage + 0.25 * np.sign(advantage.mean()),
                "value": rng.normal(0, 1, 6 * n),
                "target": rng.normal(0.8, 1, 6 * n),
                "entropy": rng.uniform(0.5, 1.5, 6 * n),
                "clip": clip,
                "value_weight": rng.uniform(0.3, 0.8),
                "entropy_weight": rng.uniform(0.1, 0.25),
            }
        )
    return cases


def of(gain=lambda r, A, e: np.minimum(r * A, np.clip(r, 1 - e, 1 + e) * A),
       critic=lambda V, y: (V - y) ** 2,
       total=lambda g, c, h, c1, c2: -(g - c1 * c + c2 * h),
       reduce=(np.mean, np.mean, np.mean)):  # fmt: skip
    """The value with one part exchanged; gradients are left open."""

    def wrong(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
        parts = (gain(ratio, advantage, clip), critic(value, target), entropy)
        means = [f(part) for f, part in zip(reduce, parts, strict=True)]
        loss = total(*means, value_weight, entropy_weight)
        return left_open(loss, ratio=ratio, value=value, entropy=entropy)

    return wrong


def clipped(r, e):
    return np.clip(r, 1 - e, 1 + e)


def minimum_of_means(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = min(np.mean(ratio * advantage), np.mean(clipped(ratio, clip) * advantage))
    return -(gain - value_weight * np.mean((value - target) ** 2) + entropy_weight * entropy.mean())


def cut(*names, surrogate=False):
    """The value right, but no gradient reaches these inputs, or the ratio's ignores the clip."""

    def wrong(**case):
        r, A, e = case["ratio"], case["advantage"], case["clip"]
        n, flat = len(r), np.clip(r, 1 - e, 1 + e) * A < r * A
        slopes = {
            "ratio_gradient": -np.where(flat & (not surrogate), 0, A) / n,
            "value_gradient": 2 * case["value_weight"] * (case["value"] - case["target"]) / n,
            "entropy_gradient": np.full(n, -case["entropy_weight"] / n),
        }
        return {"value": ppo_loss(**case)} | slopes | {f"{name}_gradient": np.zeros(n) for name in names}

    return wrong


def pairs(V, y):
    return np.subtract.outer(V, y) ** 2


MISTAKES = (
    Mistake("maximises", "This is to be maximised. An optimiser descends: turn the whole round.",
        of(total=lambda g, c, h, c1, c2: g - c1 * c + c2 * h)),
    Mistake("policy_sign", "The clipped objective has the wrong sign: descending would make it smaller.",
        of(total=lambda g, c, h, c1, c2: g + c1 * c - c2 * h)),
    Mistake("critic_sign", "The critic's part has the wrong sign: descending drives V away from its target.",
        of(total=lambda g, c, h, c1, c2: -g - c1 * c - c2 * h)),
    Mistake("entropy_sign", "The entropy has the wrong sign: descending makes the policy collapse.",
        of(total=lambda g, c, h, c1, c2: -g + c1 * c + c2 * h)),
    Mistake("policy_sign", "Only the critic's part has the right sign.",
        of(total=lambda g, c, h, c1, c2: g + c1 * c + c2 * h)),
    Mistake("no_minimum", "The clipped term stands alone: the minimum with r Â is missing.",
        of(lambda r, A, e: clipped(r, e) * A)),
    Mistake("no_clip", "Nothing is clipped.", of(lambda r, A, e: r * A)),
    Mistake("maximum", "The maximum of the two terms is taken. It is the minimum, inside the minus.",
        of(lambda r, A, e: np.maximum(r * A, clipped(r, e) * A))),
    Mistake("minimum_of_ratios", "The minimum is of the ratios. It is of the products with Â.",
        of(lambda r, A, e: np.minimum(r, clipped(r, e)) * A)),
    Mistake("half", "A factor ½ too many: the critic's part is c₁ times the mean of the squares.",
        of(critic=lambda V, y: (V - y) ** 2 / 2),
        of(critic=lambda V, y: (V - y) ** 2 / 2, total=lambda g, c, h, c1, c2: -(g - c + c2 * h))),
    Mistake("sum_for_mean", "The batch is summed. Take means: no step may grow with N.",
        of(reduce=(np.sum, np.sum, np.sum)), of(reduce=(np.sum, np.mean, np.mean)),
        of(reduce=(np.mean, np.sum, np.mean)), of(reduce=(np.mean, np.mean, np.sum))),
    Mistake("value_weight_missing", "c₁ is missing.",
        of(total=lambda g, c, h, c1, c2: -(g - c + c2 * h))),
    Mistake("entropy_weight_missing", "c₂ is missing.", of(total=lambda g, c, h, c1, c2: -(g - c1 * c + h))),
    Mistake("value_weight_missing", "Both weights are missing.",
        of(total=lambda g, c, h, c1, c2: -(g - c + h))),
    Mistake("weights_swapped", "The weights have changed places.",
        of(total=lambda g, c, h, c1, c2: -(g - c2 * c + c1 * h))),
    Mistake("no_entropy", "The entropy is missing.", of(total=lambda g, c, h, c1, c2: -(g - c1 * c))),
    Mistake("no_critic", "The critic's part is missing.", of(total=lambda g, c, h, c1, c2: -(g + c2 * h))),
    Mistake("no_policy", "The clipped objective is missing.",
        of(total=lambda g, c, h, c1, c2: c1 * c - c2 * h)),
    Mistake("one_part_only", "Only one part of three is left.", of(total=lambda g, c, h, c1, c2: -g),
        of(total=lambda g, c, h, c1, c2: c1 * c), of(total=lambda g, c, h, c1, c2: -c2 * h)),
    Mistake("not_squared", "The critic's error is not squared.", of(critic=lambda V, y: np.abs(V - y)),
        of(critic=lambda V, y: V - y), of(critic=lambda V, y: y - V)),
    Mistake("averaged_too_early", "The critic's errors are averaged before the square, so that they cancel.",
        of(critic=lambda V, y: np.mean(V - y) ** 2)),
    Mistake("root", "The root of the critic's part is taken. The mean of the squares is asked.",
        of(critic=lambda V, y: np.sqrt(np.mean((V - y) ** 2)))),
    Mistake("variance", "The critic's part is a variance: a constant error would cost nothing.",
        of(critic=lambda V, y: np.var(V - y))),
    Mistake("plus_for_minus", "The target is added to the value. The error is their difference.",
        of(critic=lambda V, y: (V + y) ** 2)),
    Mistake("advantage_normalised",
        "The advantages are normalised. That is another step; here they are data.",
        of(lambda r, A, e: np.minimum(r * (z := (A - A.mean()) / A.std()), clipped(r, e) * z)),
        of(lambda r, A, e: np.minimum(r * (z := A - A.mean()), clipped(r, e) * z)),
        of(lambda r, A, e: np.minimum(r * (z := (A - A.mean()) / A.std(ddof=1)), clipped(r, e) * z))),
    Mistake("centred_at_zero", "The ratio is clipped around 0. It lies around 1.",
        of(lambda r, A, e: np.minimum(r * A, np.clip(r, -e, e) * A))),
    Mistake("one_subtracted", "The mean advantage is subtracted, by r − 1.",
        of(lambda r, A, e: np.minimum(r * A, clipped(r, e) * A) - A)),
    Mistake("value_clipped", "V is clipped to within ε of its target, or the ratio's clip is used on it.",
        of(critic=lambda V, y: np.clip(V - y, -0.2, 0.2) ** 2),
        of(critic=lambda V, y: np.minimum((V - y) ** 2, 1))),
    Mistake("huber", "The critic's part is a Huber loss. The plain square is asked.",
        of(critic=lambda V, y: np.where(np.abs(V - y) < 1, (V - y) ** 2 / 2, np.abs(V - y) - 0.5))),
    Mistake("not_reduced", "One number a sample is left. Take means: one number.",
        of(reduce=(lambda x: x, lambda x: x, lambda x: x)), of(reduce=(lambda x: x, np.mean, np.mean)),
        of(reduce=(np.mean, lambda x: x, np.mean)), of(reduce=(np.mean, np.mean, lambda x: x))),
    Mistake("broadcast", "A column met a row: a part is a mean over N × N pairs. Give both the same shape.",
        of(critic=pairs), of(lambda r, A, e: np.minimum(np.outer(r, A), np.outer(clipped(r, e), A)))),
    Mistake("no_gradient_to_policy", "The value is right, but no gradient reaches the ratio: is it detached?",
        cut("ratio"), cut("ratio", "entropy")),
    Mistake("no_gradient_to_critic", "The value is right, but no gradient reaches V. The target is data.",
        cut("value"), cut("value", "entropy")),
    Mistake("no_gradient_to_entropy", "The value is right, but no gradient reaches the entropy.",
        cut("entropy")),
    Mistake("gradient_of_surrogate", "The value is right, but the ratio's gradient ignores the clip.",
        cut(surrogate=True)),
    Mistake("no_minimum",
        "The minimum is taken of the two means. Each sample has its own: mean of the minima.",
        lambda **case: of()(**case) | {"value": minimum_of_means(**case)}),
    Mistake("variance",
        "The critic's part is a variance, with N − 1. A constant error counts, too: the mean of the "
        "squares.",
        of(critic=lambda V, y: (V - y).var(ddof=1))),
    Mistake("advantage_sign_lost", "Â has lost its sign, or its size.",
        of(gain=lambda r, A, e: np.minimum(r * np.abs(A), clipped(r, e) * np.abs(A))),
        of(gain=lambda r, A, e: np.minimum(r * np.sign(A), clipped(r, e) * np.sign(A)))),
)  # fmt: skip

VIVA = (
    "Which of the three parts is still there when every sample is clipped, and what does Adam do then?",
    "Policy and critic share no weights. Which of c₁ and c₂ matters then, and to what?",
    "Rewards become ten times as large. Which part outweighs which, and what do programs do about it?",
)

EXERCISE = Exercise(
    ppo_loss,
    draw,
    points=3,
    minutes=10,
    stars=1,
    mistakes=MISTAKES,
    pure=True,
    gradient=("ratio", "value", "entropy"),
    viva=VIVA,
)
