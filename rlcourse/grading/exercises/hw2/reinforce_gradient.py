"""ĝ = Σ_t ∇log π(a_t|s_t) Σ_{k≥t} γ^{k−t} r_k: REINFORCE's estimate from one trajectory.

scores [T, P] (∇log π at each step), rewards [T], gamma a number; the answer is [P]. Williams 1992; Sutton &
Barto 2018, chapter 13, whose γ^t is left out here, as practice does.
"""

import numpy as np

from rlcourse.grading.exercises.hw2._sums import later, powers, so_far, standardised, to_go
from rlcourse.grading.record import Exercise, Mistake


def reinforce_gradient(scores, rewards, gamma):
    return to_go(rewards, gamma) @ scores


def draw(rng):
    sizes = ((5, 3), (4, 2), (7, 4), (3, 5), (6, 1), (5, 2))
    discounts = (*rng.uniform(0.8, 0.97, 5).tolist(), 0.0)
    return [
        {"scores": rng.normal(0, 1, size), "rewards": rng.normal(0.5, 1, size[0]), "gamma": gamma}
        for size, gamma in zip(sizes, discounts, strict=True)
    ]


def weighing(weights):
    """Scores weighed by something else than the return to go: weights(rewards, γ) [T]."""
    return lambda scores, rewards, gamma: weights(rewards, gamma) @ scores


def of(wrong):
    """Something else made of scores and returns."""
    return lambda scores, rewards, gamma: wrong(scores, to_go(rewards, gamma))


def divided(rewards, gamma):
    weights = powers(gamma, len(rewards))
    return to_go(weights * rewards) / weights


MISTAKES = (
    Mistake("whole_return",
        "Each score is weighed by the return of the whole trajectory. Rewards before t are no merit of the "
        "action at t: sum from k = t.",
        weighing(lambda r, g: np.full(len(r), to_go(r, g)[0])),
        weighing(lambda r, g: np.full(len(r), r.sum()))),
    Mistake("discount_kept",
        "The factor γ^t is there as well. In this estimate the clock of each step starts at t: γ^{k−t}.",
        weighing(lambda r, g: powers(g, len(r)) * to_go(r, g)),
        weighing(lambda r, g: powers(g, len(r)) * to_go(r)),
        weighing(lambda r, g: powers(g, len(r)) * to_go(r, g)[0]),
        weighing(lambda r, g: powers(g, len(r)) * r),
        weighing(lambda r, g: g * powers(g, len(r)) * to_go(r, g))),
    Mistake("no_discount", "γ is missing: a reward k − t steps ahead counts γ^{k−t}.",
        weighing(lambda r, g: to_go(r))),
    Mistake("own_reward_missing",
        "The inner sum leaves r_t out. r_t depends on a_t: the first reward that the action earns is its "
        "own.",
        weighing(lambda r, g: later(to_go(r, g))), weighing(lambda r, g: g * later(to_go(r, g)))),
    Mistake("past_rewards",
        "Each score is weighed by rewards of the past. An action can only change what comes after it: k ≥ t.",
        weighing(lambda r, g: so_far(r, g)), weighing(lambda r, g: so_far(r)),
        weighing(lambda r, g: so_far(powers(g, len(r)) * r)),
        weighing(lambda r, g: so_far(r, g) - r), weighing(lambda r, g: to_go(r[::-1], g))),
    Mistake("one_step_only",
        "Each score is weighed by the reward of its own step alone. Later rewards count, too.",
        weighing(lambda r, g: r)),
    Mistake("mean_for_sum", "The steps are averaged. The gradient of a trajectory is their sum.",
        of(lambda scores, returns: returns @ scores / len(scores))),
    Mistake("mean_for_sum", "The steps are averaged, and each has the return of the whole trajectory.",
        lambda scores, rewards, gamma: to_go(rewards, gamma)[0] * scores.mean(0),
        lambda scores, rewards, gamma: rewards.sum() * scores.mean(0)),
    Mistake("sign",
        "This points downhill: it is the gradient of a loss. Asked is the gradient of the return.",
        of(lambda scores, returns: -returns @ scores)),
    Mistake("one_discount_too_many", "Even r_t is discounted. The first reward counts in full: γ⁰ = 1.",
        weighing(lambda r, g: g * to_go(r, g))),
    Mistake("baseline_subtracted",
        "The returns are centred, or scaled. A baseline comes later: here the returns as they are.",
        weighing(lambda r, g: to_go(r, g) - to_go(r, g).mean()),
        weighing(lambda r, g: to_go(r, g) - to_go(r, g)[0]), weighing(lambda r, g: to_go(r, g) - r.mean()),
        weighing(lambda r, g: to_go(r - r.mean(), g)),
        weighing(lambda r, g: standardised(to_go(r, g)))),
    Mistake("product_of_sums",
        "Scores and returns are summed before they meet. Each score has the return from its own step on.",
        of(lambda scores, returns: scores.sum(0) * returns.sum()),
        of(lambda scores, returns: scores.sum(0) * returns.mean()),
        of(lambda scores, returns: scores.mean(0) * returns.mean())),
    Mistake("not_summed", "One row a step is left. Sum over the steps: [P].",
        of(lambda scores, returns: scores * returns[:, None])),
    Mistake("summed_over_parameters", "The parameters are summed as well. Each has its own entry: [P].",
        of(lambda scores, returns: (returns @ scores).sum()),
        of(lambda scores, returns: returns * scores.sum(1))),
    Mistake("scores_summed_along",
        "The scores are summed along time as well. Each return meets the score of its own step.",
        of(lambda scores, returns: returns @ to_go(scores)),
        of(lambda scores, returns: returns @ so_far(scores))),
    Mistake("turned_round", "The returns stand in reverse order: turn the list round once more.",
        of(lambda scores, returns: returns[::-1] @ scores)),
    Mistake("first_step_only", "Only the first step counts. Sum over all of them.",
        of(lambda scores, returns: returns[0] * scores[0])),
    Mistake("last_step_missing", "The last step is left out. Its return is its own reward.",
        of(lambda scores, returns: returns[:-1] @ scores[:-1])),
    Mistake("first_step_missing", "The first step is left out.",
        of(lambda scores, returns: returns[1:] @ scores[1:])),
    Mistake("discount_squared", "γ is applied twice a step.", weighing(lambda r, g: to_go(r, g**2))),
    Mistake("last_reward_only", "Only the last reward counts. All from step t on do.",
        weighing(lambda r, g: np.full(len(r), r[-1])),
        weighing(lambda r, g: np.full(len(r), g ** (len(r) - 1) * r[-1]))),
    Mistake("one_step_off", "Each score meets the return of another step. Both belong to step t.",
        weighing(lambda r, g: np.append(to_go(r, g)[0], to_go(r, g)[:-1])),
        weighing(lambda r, g: np.roll(to_go(r, g), 1)), weighing(lambda r, g: np.roll(to_go(r, g), -1))),
    Mistake("size_only",
        "The size of each return is used without its sign, or the result is scaled to length 1.",
        weighing(lambda r, g: np.abs(to_go(r, g))),
        of(lambda scores, returns: returns @ scores / np.linalg.norm(returns @ scores))),
    Mistake("return_squared", "The returns are squared. They enter once.",
        of(lambda scores, returns: returns**2 @ scores)),
    Mistake("divided_by_discount",
        "The sum is divided by γ^t, which is 0/0 for γ = 0. Run the recursion G_t = r_t + γG_{t+1} instead.",
        weighing(divided)),
)  # fmt: skip

VIVA = (
    "All rewards grow by 10. What changes in your sum on average, and what in its variance?",
    "With the factor γ^t: of which objective is it then the gradient, and why does practice drop it?",
    "Why may r_t not be left out, although the rewards before it may?",
)

EXERCISE = Exercise(
    reinforce_gradient, draw, points=4, minutes=15, stars=2, mistakes=MISTAKES, pure=True, viva=VIVA
)
