"""L = −mean(log π · Â) + c_v mean((V − y)²) − c_e mean(H): what A2C minimises, one number.

log_prob, advantage (Â), value (V), target (y) and entropy (H) [N], the weights numbers. Â and y are data.
Where the answer is a tensor with its graph, its gradients by log_prob, value and entropy are judged, too.
Mnih et al. 2016.
"""

import numpy as np

from rlcourse.grading.exercises.hw2._sums import standardised
from rlcourse.grading.record import Exercise, Mistake


def a2c_loss(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    actor = -(log_prob * advantage).mean()
    critic = ((value - target) ** 2).mean()
    return actor + value_weight * critic - entropy_weight * entropy.mean()


def draw(rng):
    return [
        {
            "log_prob": -rng.uniform(0.2, 2.5, n),
            "advantage": rng.normal(0.4, 1.2, n),
            "value": rng.normal(0, 1, n),
            "target": rng.normal(0.8, 1, n),
            "entropy": rng.uniform(0.5, 1.5, n),
            "value_weight": rng.uniform(0.3, 0.8),
            "entropy_weight": rng.uniform(0.1, 0.25),
        }
        for n in (5, 4, 7, 3, 6)
    ]


GRADIENTS = ("log_prob", "value", "entropy")


def of(actor=lambda lp, A, c: -np.mean(lp * A),
       critic=lambda V, y: np.mean((V - y) ** 2),
       bonus=lambda H, lp: np.mean(H),
       total=lambda actor, critic, entropy, cv, ce: actor + cv * critic - ce * entropy):  # fmt: skip
    """The value with one part exchanged; gradients are left open (NaN)."""

    def wrong(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
        parts = (
            actor(log_prob, advantage, {"value": value, "target": target}),
            critic(value, target),
            bonus(entropy, log_prob),
        )
        left_open = {f"{name}_gradient": np.full(len(log_prob), np.nan) for name in GRADIENTS}
        return {"value": total(*parts, value_weight, entropy_weight)} | left_open

    return wrong


def cut(*names):
    """The value right, but no gradient reaches these inputs."""

    def wrong(**case):
        n = len(case["log_prob"])
        right = {
            "value": a2c_loss(**case),
            "log_prob_gradient": -case["advantage"] / n,
            "value_gradient": 2 * case["value_weight"] * (case["value"] - case["target"]) / n,
            "entropy_gradient": np.full(n, -case["entropy_weight"] / n),
        }
        return right | {f"{name}_gradient": np.zeros(n) for name in names}

    return wrong


MISTAKES = (
    Mistake("actor_sign",
        "The policy's part has the wrong sign: descending it makes good actions less likely. −mean(log π · "
        "Â).",
        of(total=lambda a, c, h, cv, ce: -a + cv * c - ce * h)),
    Mistake("entropy_sign",
        "The entropy is added: descending punishes it, and the policy collapses. Subtract c_e mean(H).",
        of(total=lambda a, c, h, cv, ce: a + cv * c + ce * h)),
    Mistake("critic_sign", "The critic's part is subtracted: descending drives V away from its target.",
        of(total=lambda a, c, h, cv, ce: a - cv * c - ce * h)),
    Mistake("maximises", "This is to be maximised. An optimiser descends: turn every sign round.",
        of(total=lambda a, c, h, cv, ce: -(a + cv * c - ce * h))),
    Mistake("actor_sign", "The signs of the policy's part and of the entropy are wrong: both are maximised.",
        of(total=lambda a, c, h, cv, ce: -a + cv * c + ce * h)),
    Mistake("half", "A factor ½ too many: the critic's part is c_v times the mean of the squares.",
        of(critic=lambda V, y: np.mean((V - y) ** 2) / 2),
        of(critic=lambda V, y: np.mean((V - y) ** 2) / 2, total=lambda a, c, h, cv, ce: a + c - ce * h),
        of(total=lambda a, c, h, cv, ce: (a + cv * c - ce * h) / 2)),
    Mistake("sum_for_mean", "The batch is summed. Take means: no step may grow with N.",
        of(lambda lp, A, c: -np.sum(lp * A), lambda V, y: np.sum((V - y) ** 2), lambda H, lp: np.sum(H)),
        of(lambda lp, A, c: -np.sum(lp * A)), of(critic=lambda V, y: np.sum((V - y) ** 2)),
        of(bonus=lambda H, lp: np.sum(H))),
    Mistake("value_weight_missing", "c_v is missing, or everything is multiplied by it.",
        of(total=lambda a, c, h, cv, ce: a + c - ce * h),
        of(total=lambda a, c, h, cv, ce: cv * (a + c) - ce * h)),
    Mistake("entropy_weight_missing", "c_e is missing.", of(total=lambda a, c, h, cv, ce: a + cv * c - h)),
    Mistake("value_weight_missing", "Both weights are missing.", of(total=lambda a, c, h, cv, ce: a + c - h)),
    Mistake("weights_swapped", "The weights have changed places.",
        of(total=lambda a, c, h, cv, ce: a + ce * c - cv * h)),
    Mistake("no_entropy",
        "The entropy is missing: −c_e mean(H).",
        of(total=lambda a, c, h, cv, ce: a + cv * c)),
    Mistake("no_critic", "The critic's part is missing: c_v mean((V − y)²).",
        of(total=lambda a, c, h, cv, ce: a - ce * h)),
    Mistake("one_part_only", "Only one part of three is left.",
        of(total=lambda a, c, h, cv, ce: a), of(total=lambda a, c, h, cv, ce: cv * c),
        of(total=lambda a, c, h, cv, ce: c),
        of(total=lambda a, c, h, cv, ce: -ce * h)),
    Mistake("variance", "The critic's part is a variance: a constant error would cost nothing.",
        of(critic=lambda V, y: np.var(V - y))),
    Mistake("weight_squared",
        "A weight enters squared.",
        of(total=lambda a, c, h, cv, ce: a + cv**2 * c - ce * h),
        of(total=lambda a, c, h, cv, ce: a + cv * c - ce**2 * h)),
    Mistake("weights_sum_to_one",
        "The policy's part is multiplied by what the weights leave of 1. It counts in full.",
        of(total=lambda a, c, h, cv, ce: (1 - cv) * a + cv * c - ce * h),
        of(total=lambda a, c, h, cv, ce: (1 - cv - ce) * a + cv * c - ce * h)),
    Mistake("no_actor", "The policy's part is missing: −mean(log π · Â).",
        of(total=lambda a, c, h, cv, ce: cv * c - ce * h)),
    Mistake("not_squared", "The critic's error is not squared.",
        of(critic=lambda V, y: np.mean(V - y)), of(critic=lambda V, y: np.mean(y - V)),
        of(critic=lambda V, y: np.mean(np.abs(V - y)))),
    Mistake("root", "The root of the critic's part is taken. The mean of the squares is asked.",
        of(critic=lambda V, y: np.sqrt(np.mean((V - y) ** 2)))),
    Mistake("averaged_too_early", "The critic's errors are averaged before the square, so that they cancel.",
        of(critic=lambda V, y: np.mean(V - y) ** 2)),
    Mistake("huber", "The critic's part is a Huber loss. The plain square is asked.",
        of(critic=lambda V, y: np.mean(np.where(np.abs(V - y) < 1, (V - y) ** 2 / 2, np.abs(V - y) - 0.5)))),
    Mistake("probability_for_log", "The policy's part has π. The score function needs log π.",
        of(lambda lp, A, c: -np.mean(np.exp(lp) * A))),
    Mistake("log_twice", "The logarithm is taken again: log_prob is log π already.",
        of(lambda lp, A, c: -np.mean(np.log(-lp) * A))),
    Mistake("product_of_means", "log π and Â are averaged apart. Their products are averaged.",
        of(lambda lp, A, c: -np.mean(lp) * np.mean(A))),
    Mistake("advantage_standardised",
        "The advantages are shifted or scaled. Many trainers do it; this loss takes them as they are.",
        of(lambda lp, A, c: -np.mean(lp * standardised(A))),
        of(lambda lp, A, c: -np.mean(lp * (A - A.mean()))),
        of(lambda lp, A, c: -np.mean(lp * (A - A.mean()) / A.std(ddof=1)))),
    Mistake("target_for_advantage",
        "log π is weighed by something else than the given advantage, such as y or y − V.",
        of(lambda lp, A, c: -np.mean(lp * c["target"])),
        of(lambda lp, A, c: -np.mean(lp * (c["target"] - c["value"]))),
        of(lambda lp, A, c: -np.mean(lp * (c["value"] - c["target"]))),
        of(lambda lp, A, c: -np.mean(lp * (A - c["value"])))),
    Mistake("plus_for_minus", "The target is added to the value. The error is their difference.",
        of(critic=lambda V, y: np.mean((V + y) ** 2))),
    Mistake("advantage_ignored", "log π is not weighed. Each action counts by its advantage.",
        of(lambda lp, A, c: -np.mean(lp))),
    Mistake("critic_of_advantage", "The critic regresses to something else than the given target.",
        lambda advantage, target, **case: of()(advantage=advantage, target=advantage, **case),
        lambda advantage, target, **case: of(critic=lambda V, y: np.mean(advantage**2))(
            advantage=advantage, target=target, **case)),
    Mistake("entropy_of_samples",
        "The entropy is estimated by −log π of the actions taken. It is given, and has a gradient of its "
        "own.",
        of(bonus=lambda H, lp: -np.mean(lp)), of(bonus=lambda H, lp: -np.mean(np.exp(lp) * lp)),
        of(bonus=lambda H, lp: np.mean(lp))),
    Mistake("entropy_in_advantage", "The entropy is added to the advantage. It is a part of its own.",
        lambda advantage, entropy, entropy_weight, **case: of(total=lambda a, c, h, cv, ce: a + cv * c)(
            advantage=advantage + entropy_weight * entropy, entropy=entropy, entropy_weight=entropy_weight,
            **case)),
    Mistake("first_only", "Only the first transition counts. Average over all of them.",
        of(lambda lp, A, c: -lp[0] * A[0], lambda V, y: (V[0] - y[0]) ** 2, lambda H, lp: H[0])),
    Mistake("not_reduced", "One number a transition is left. Take means: one number.",
        of(lambda lp, A, c: -lp * A, lambda V, y: (V - y) ** 2, lambda H, lp: H),
        of(lambda lp, A, c: -lp * A), of(critic=lambda V, y: (V - y) ** 2), of(bonus=lambda H, lp: H)),
    Mistake("broadcast", "A column met a row: a part is a mean over N × N pairs. Give both the same shape.",
        of(lambda lp, A, c: -np.mean(np.outer(lp, A)), lambda V, y: np.mean(np.subtract.outer(V, y) ** 2)),
        of(critic=lambda V, y: np.mean(np.subtract.outer(V, y) ** 2))),
    Mistake("advantage_clipped",
        "Negative advantages are cut off. What was worse than expected must become less likely.",
        of(lambda lp, A, c: -np.mean(lp * np.maximum(A, 0))), of(lambda lp, A, c: -np.mean(lp * np.abs(A))),
        of(lambda lp, A, c: -np.mean(lp * np.sign(A)))),
    Mistake("ratio_for_log",
        "The policy's part is that of PPO at ratio 1, the mean advantage: log π is missing.",
        of(lambda lp, A, c: -np.mean(A))),
    Mistake("sum_for_product", "log π and Â are added. Their product is averaged.",
        of(lambda lp, A, c: -np.mean(lp + A))),
    Mistake("no_gradient_to_policy", "The value is right, but no gradient reaches log π: is it detached?",
        cut("log_prob"), cut("log_prob", "entropy"), cut("log_prob", "value")),
    Mistake("no_gradient_to_critic",
        "The value is right, but no gradient reaches V. The target is data; the value is what learns.",
        cut("value"), cut("value", "entropy")),
    Mistake("no_gradient_to_entropy",
        "The value is right, but no gradient reaches the entropy: is it detached?",
        cut("entropy")),
)  # fmt: skip

VIVA = (
    "Which of the five arrays may carry a gradient, and what goes wrong if Â does?",
    "The policy is nearly deterministic. Which part of your loss notices, and what does it do?",
    "Policy and critic share no weights. What does c_v change then?",
)

EXERCISE = Exercise(
    a2c_loss,
    draw,
    points=3,
    minutes=10,
    stars=1,
    mistakes=MISTAKES,
    pure=True,
    gradient=GRADIENTS,
    viva=VIVA,
)
