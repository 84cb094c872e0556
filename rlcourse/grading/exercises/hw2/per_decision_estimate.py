"""(1/N) Σ_i Σ_t γ^t ρ_{0:t} r_t,  ρ_{0:t} = Π_{k≤t} π/μ: each reward weighed by the decisions that led to it.

rewards, target_probs (π) and behaviour_probs (μ) [N, T], gamma a number; the answer is a number. Precup,
Sutton & Singh 2000.
"""

import numpy as np

from rlcourse.grading.exercises.hw2._sums import powers
from rlcourse.grading.exercises.hw2._weights import probabilities, shares
from rlcourse.grading.record import Exercise, Mistake


def per_decision_estimate(rewards, target_probs, behaviour_probs, gamma):
    rho = np.cumprod(target_probs / behaviour_probs, axis=1)
    return (rho * rewards @ powers(gamma, rewards.shape[1])).mean()


def draw(rng):
    cases = []
    for size, gamma in zip(
        ((4, 3), (5, 4), (3, 5), (6, 2), (4, 3), (3, 0)), (0.9, 0.8, 0.95, 0.85, 0.0, 0.9), strict=True
    ):  # the last has no step
        target, behaviour = probabilities(rng, *size)
        cases.append(
            {
                "rewards": rng.normal(1, 1, size),
                "target_probs": target,
                "behaviour_probs": behaviour,
                "gamma": gamma,
            }
        )
    return cases


def of(weights=lambda r: np.cumprod(r, 1), discount=powers, reduce=lambda x: x.sum(1).mean()):
    """The estimate with other weights [N, T] of the ratios, another discount [T], another mean."""

    def wrong(rewards, target_probs, behaviour_probs, gamma):
        r = target_probs / behaviour_probs
        return reduce(weights(r) * discount(gamma, r.shape[1]) * rewards)

    return wrong


def whole(r):
    return r.prod(1, keepdims=True) * np.ones(r.shape)


def before(r):
    """ρ_{0:t−1}: the weight before the decision at t."""
    return np.concatenate([np.ones((len(r), 1)), np.cumprod(r, 1)[:, :-1]], 1)


def after(r):
    """ρ_{0:t+1}, as far as there is one."""
    rho = np.cumprod(r, 1)
    return np.concatenate([rho[:, 1:], rho[:, -1:]], 1)


def future(r):
    return np.cumprod(r[:, ::-1], 1)[:, ::-1]


def weighted(rewards, target_probs, behaviour_probs, gamma, weights=lambda r: np.cumprod(r, 1)):
    """Σ_t γ^t Σ_i ρ r / Σ_i ρ: self-normalised at each step."""
    rho = weights(target_probs / behaviour_probs)
    return (shares(rho) * rewards).sum(0) @ powers(gamma, rewards.shape[1])


def total_weighted(rewards, target_probs, behaviour_probs, gamma, last=False, discounted=False):
    """The sum over everything, divided by a sum of weights."""
    rho, discount = np.cumprod(target_probs / behaviour_probs, 1), powers(gamma, rewards.shape[1])
    weights = rho[:, -1:] if last else rho * discount if discounted else rho
    return (rho * discount * rewards).sum() / weights.sum()


def means_apart(rewards, target_probs, behaviour_probs, gamma):
    discounted = rewards @ powers(gamma, rewards.shape[1])
    return (target_probs / behaviour_probs).prod(1).mean() * discounted.mean()


MISTAKES = (
    Mistake("whole_weight",
        "Every reward has the weight of the whole trajectory. Decisions after t cannot change r_t: ρ_{0:t}. "
        "(The "
        "mean is the same, the variance is not.)",
        of(whole), lambda **case: weighted(**case, weights=whole),
        of(whole, discount=lambda g, n: np.ones(n))),
    Mistake("own_decision_missing",
        "The weight of r_t stops before the decision at t. r_t follows a_t: the product runs to t included.",
        of(before)),
    Mistake("one_decision_too_many", "The weight of r_t holds a decision after it: the product stops at t.",
        of(after)),
    Mistake("future_decisions",
        "The weight of r_t is made of the decisions from t on. Those that led to it count: 0 … t.",
        of(future)),
    Mistake("step_ratio", "r_t is weighed by the ratio of its own step. All decisions up to t led there.",
        of(lambda r: r), of(lambda r: r, discount=lambda g, n: np.ones(n))),
    Mistake("unweighted", "There are no weights: this is the value of the policy that drew the data.",
        of(lambda r: np.ones(r.shape))),
    Mistake("inverted", "The ratio is upside down: π of the target over μ of the behaviour.",
        of(lambda r: np.cumprod(1 / r, 1))),
    Mistake("no_discount",
        "γ is missing: the reward of step t counts γ^t.",
        of(discount=lambda g, n: np.ones(n))),
    Mistake("discount_squared", "γ is applied twice a step.", of(discount=lambda g, n: powers(g**2, n))),
    Mistake("discount_reversed", "The discount runs the wrong way: the first reward counts in full.",
        of(discount=lambda g, n: powers(g, n)[::-1])),
    Mistake("one_discount_too_many", "Even the first reward is discounted. It counts γ⁰ = 1.",
        of(discount=lambda g, n: g * powers(g, n))),
    Mistake("discounted_once", "Every step is discounted by γ alone. The reward of step t counts γ^t.",
        of(discount=lambda g, n: np.r_[1.0, np.full(max(n - 1, 0), g)][:n])),
    Mistake("sum_for_mean", "The trajectories are summed. Average them.", of(reduce=lambda x: x.sum())),
    Mistake("averaged_over_time", "The steps are averaged. Sum them; average over the trajectories only.",
        of(reduce=lambda x: x.mean()), of(reduce=lambda x: x.mean(1).sum())),
    Mistake("self_normalised",
        "The weights are divided by their sum: that has less variance and a bias. Asked is the plain mean.",
        weighted, total_weighted, lambda **case: total_weighted(**case, last=True),
        lambda **case: total_weighted(**case, discounted=True),
        of(lambda r: np.cumprod(r, 1) / np.cumprod(r, 1).sum(1, keepdims=True))),
    Mistake("not_averaged", "Several numbers come back. The estimate is one.",
        of(reduce=lambda x: x.sum(1)), of(reduce=lambda x: x.mean(0)), of(reduce=lambda x: x)),
    Mistake("over_trajectories",
        "The product runs over the trajectories. It runs over the steps of each one: axis 1.",
        of(lambda r: np.cumprod(r, 0)), of(lambda r: np.cumprod(r).reshape(r.shape))),
    Mistake("one_trajectory", "Only one trajectory counts. Average over all of them.",
        of(reduce=lambda x: x[0].sum()), of(reduce=lambda x: x[-1].sum()),
        of(reduce=lambda x: np.median(x.sum(1)))),
    Mistake("sum_for_product", "The ratios are added up along the trajectory. They multiply.",
        of(lambda r: np.cumsum(r, 1)), of(lambda r: np.cumsum(np.log(r), 1)),
        of(lambda r: np.cumsum(r, 1) / np.arange(1, r.shape[1] + 1))),
    Mistake("clipped", "The weights are cut off at 1. Asked is the plain product.",
        of(lambda r: np.minimum(np.cumprod(r, 1), 1)), of(lambda r: np.cumprod(np.minimum(r, 1), 1))),
    Mistake("target_only", "The behaviour's probabilities are not used: divide by them.",
        lambda rewards, target_probs, behaviour_probs, gamma: of()(
            rewards, target_probs, np.ones_like(behaviour_probs), gamma)),
    Mistake("means_apart",
        "Weights and returns are averaged apart. Their products are averaged.",
        means_apart),
    Mistake("rewards_shifted", "The rewards stand one step off: r_t follows the decision at t.",
        lambda rewards, **case: of()(rewards=np.roll(rewards, -1, 1), **case),
        lambda rewards, **case: of()(rewards=np.append(rewards[:, 1:], 0 * rewards[:, :1], 1), **case)),
    Mistake("divided_by_one_less", "The sum is divided by N − 1. A mean divides by N.",
        of(reduce=lambda x: x.sum() / (len(x) - 1))),
    Mistake("last_reward_only", "Only one step's reward is left.",
        of(reduce=lambda x: x[:, -1:].sum(1).mean()), of(reduce=lambda x: x[:, :1].sum(1).mean())),
    Mistake("last_step_missing", "The last step is left out.", of(reduce=lambda x: x[:, :-1].sum(1).mean())),
    Mistake("first_step_missing", "The first step is left out.", of(reduce=lambda x: x[:, 1:].sum(1).mean())),
)  # fmt: skip

VIVA = (
    "Why may the decisions after t be left out of the weight of r_t, and not the one at t?",
    "Which of the two estimates, whole weights or these, has the larger variance, and is it always so?",
    "Divide by the sum of the weights: what is gained, what is lost, and what happens as N grows?",
)

EXERCISE = Exercise(
    per_decision_estimate, draw, points=3, minutes=15, stars=2, mistakes=MISTAKES, pure=True, viva=VIVA
)
