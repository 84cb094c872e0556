"""1/T Σₜ (qₜ − Gₜ), Gₜ = rₜ + γGₜ₊₁: how much a critic promised more than came.

q and rewards [T] of one episode that ended by termination, gamma a number; the answer is a number, positive
for a critic that is too optimistic.
"""

import numpy as np

from rlcourse.equations import returns
from rlcourse.grading.record import Exercise, Mistake


def critic_bias(q, rewards, gamma):
    return np.mean(q - returns_to_go(rewards, gamma))


def returns_to_go(rewards, gamma):
    """Gₜ = rₜ + γGₜ₊₁."""
    return returns.discounted_returns(rewards, np.zeros(len(rewards)), gamma)


def draw(rng):
    return [
        {"q": rng.normal(-8 if n == 8 else 1, 2, n), "rewards": rng.normal(0.5, 1, n), "gamma": gamma}
        for n, gamma in zip((5, 3, 8, 6, 4), rng.uniform(0.6, 0.9, 5).tolist(), strict=True)
    ]


def of_gaps(statistic):
    """Another statistic of the gaps qₜ − Gₜ than their mean."""
    return lambda q, rewards, gamma: statistic(q - returns_to_go(rewards, gamma))


def gap_to(other):
    """The mean gap to something else than the discounted return."""
    return lambda q, rewards, gamma: np.mean(q - other(rewards, gamma))


def powers(rewards, gamma):
    return gamma ** np.arange(len(rewards))


def td_errors(q, rewards, gamma):
    """qₜ − rₜ − γqₜ₊₁."""
    return q - rewards - gamma * np.append(q[1:], 0.0)


def bootstrapped(q, rewards, gamma):
    """The mean gap to Gₜ + γ^(T−t) q_T, as if the episode went on."""
    return np.mean(q - returns_to_go(rewards, gamma) - q[-1] * gamma ** np.arange(len(q), 0, -1))


MISTAKES = (
    Mistake("no_discount", "The returns are not discounted: Q estimates Σₖ γᵏ rₜ₊ₖ.",
        gap_to(lambda r, g: returns_to_go(r, 1.0))),
    Mistake("sign", "The sign is turned round: an overestimate must come out positive, q − G.",
        of_gaps(lambda gap: -np.mean(gap))),
    Mistake("discounted_from_start",
        "The rewards are discounted from the start of the episode. For step t the clock starts at t: γᵏ "
        "rₜ₊ₖ.",
        gap_to(lambda r, g: np.cumsum((powers(r, g) * r)[::-1])[::-1])),
    Mistake("first_step_only", "Only the first step is compared. The mean runs over all steps.",
        of_gaps(lambda gap: gap[0])),
    Mistake("total_return",
        "Every step is compared with the return of the whole episode. Step t has its own: only rewards from "
        "t on.",
        gap_to(lambda r, g: returns_to_go(r, g)[0])),
    Mistake("total_return",
        "Every step is compared with the undiscounted sum of the episode. Step t has its own discounted "
        "return.",
        gap_to(lambda r, g: r.sum())),
    Mistake("absolute",
        "The absolute gap is an error, not a bias: over- and underestimates must be allowed to cancel.",
        of_gaps(lambda gap: np.mean(np.abs(gap)))),
    Mistake("absolute", "The sign of the bias is lost: is it positive (too high) or negative?",
        of_gaps(lambda gap: abs(np.mean(gap)))),
    Mistake("squared", "The squared gap is an error, not a bias: keep the sign.",
        of_gaps(lambda gap: np.mean(gap**2)), of_gaps(lambda gap: np.sqrt(np.mean(gap**2)))),
    Mistake("sum_for_mean", "The gaps are summed. Their mean is asked.", of_gaps(np.sum)),
    Mistake("reward_for_return",
        "q is compared with the immediate reward. It estimates the whole discounted return from t.",
        gap_to(lambda r, g: r)),
    Mistake("td_error",
        "This bootstraps from the critic itself, so it cannot see the critic's bias. Use the returns that "
        "were received.",
        lambda **case: np.mean(td_errors(**case)), lambda **case: np.mean(td_errors(**case)[:-1])),
    Mistake("td_error",
        "This is the TD error: it bootstraps from the critic itself. Use the returns that were received, and "
        "q − G.",
        lambda **case: -np.mean(td_errors(**case))),
    Mistake("misses_own_reward", "The return from t leaves out r_t: Gₜ = rₜ + γGₜ₊₁.",
        gap_to(lambda r, g: np.append(returns_to_go(r, g)[1:], 0.0))),
    Mistake("misses_own_reward", "The return from t leaves out r_t, or discounts it: Gₜ = rₜ + γGₜ₊₁.",
        gap_to(lambda r, g: g * np.append(returns_to_go(r, g)[1:], 0.0))),
    Mistake("one_discount_too_many",
        "Even r_t is discounted: Gₜ = rₜ + γrₜ₊₁ + …, the first reward counts in full.",
        gap_to(lambda r, g: g * returns_to_go(r, g))),
    Mistake("forward",
        "The recursion runs forwards in time, so past rewards enter. Run it from the end: Gₜ = rₜ + γGₜ₊₁.",
        gap_to(lambda r, g: returns_to_go(r[::-1], g)[::-1])),
    Mistake("discount_weights",
        "Each gap is weighted by γᵗ. All steps of the episode count alike in this mean.",
        lambda q, rewards, gamma: np.mean(powers(q, gamma) * (q - returns_to_go(rewards, gamma)))),
    Mistake("forward", "The rewards are added up from the start. The return from t adds those that follow.",
        gap_to(lambda r, g: np.cumsum(powers(r, g) * r))),
    Mistake("last_step_only", "Only the last step is compared. The mean runs over all steps.",
        of_gaps(lambda gap: gap[-1])),
    Mistake("first_step_missing", "The first step is left out of the mean.",
        of_gaps(lambda gap: np.mean(gap[1:]))),
    Mistake("last_step_missing", "The last step is left out of the mean. Its return is its own reward.",
        of_gaps(lambda gap: np.mean(gap[:-1]))),
    Mistake("relative", "The gap is divided by the return. The plain difference is asked.",
        lambda q, rewards, gamma: np.mean(q / returns_to_go(rewards, gamma) - 1)),
    Mistake("not_averaged", "One gap per step is left. Take their mean.", of_gaps(lambda gap: gap)),
    Mistake("bootstraps_at_the_end",
        "The last return bootstraps from the critic. The episode ended by termination: nothing follows.",
        bootstrapped),
    Mistake("median_for_mean", "This is the median. The mean is asked.", of_gaps(np.median)),
    Mistake("normalised", "The returns are multiplied by 1 − γ. Q is not normalised here.",
        gap_to(lambda r, g: (1 - g) * returns_to_go(r, g))),
)  # fmt: skip

VIVA = (
    "Rewards 1, 1, 1 and γ = 0.5: what are the three returns?",
    "Why is the mean gap a bias, and the mean square of the gap not?",
    "The episode was cut off by time. What must change in your code?",
)

EXERCISE = Exercise(critic_bias, draw, points=4, minutes=10, stars=2, mistakes=MISTAKES, viva=VIVA)
