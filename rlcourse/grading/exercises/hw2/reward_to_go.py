"""G_t = Σ_{k≥t} γ^{k−t} r_k up to the end of the episode: G_t = r_t + γ (1 − done_t) G_{t+1}.

reward and done [T], gamma a number; the answer is [T]. The step with done belongs to its episode, the one
after it begins another; without done the sum runs to the end of the data. Sutton & Barto 2018, eq. 3.9.
"""

import numpy as np

from rlcourse.grading.exercises.hw2._sums import clock, later, powers, so_far, standardised, to_go
from rlcourse.grading.record import Exercise, Mistake


def reward_to_go(reward, done, gamma):
    return to_go(reward, gamma, done)


def draw(rng):
    """Episodes that end inside and at the end, one after another, at once, never; γ = 0 and T = 0 once."""
    ends = ([3], [2, 6], [1, 2, 7], [], [4, 8], [2], [])
    lengths = (7, 9, 8, 5, 9, 6, 0)
    discounts = (*rng.uniform(0.8, 0.97, 5).tolist(), 0.0, 0.9)
    cases = []
    for n, places, gamma in zip(lengths, ends, discounts, strict=True):
        done = np.zeros(n, dtype=bool)
        done[places] = True
        cases.append({"reward": rng.normal(0.5, 1, n), "done": done, "gamma": gamma})
    return cases


def whole_return(reward, done, gamma):
    """Each step gets the return of its whole episode, from the episode's start."""
    returns, age = to_go(reward, gamma, done), clock(done)
    return returns[np.arange(len(reward)) - age]


def centred(returns, done):
    return returns - returns.mean()


def anew_before(reward, done, gamma):
    """The cut stands one step early: the step with done is the first of the next episode."""
    return to_go(reward, gamma, np.append(done[1:], False))


def anew_after(reward, done, gamma):
    """The cut stands one step late."""
    return to_go(reward, gamma, np.append(False, done[:-1]))


def first_only(reward, done, gamma):
    """Nothing after the first episode."""
    ended = np.cumsum(np.append(False, done[:-1])) > 0
    return np.where(ended, 0.0, to_go(reward, gamma, done))


def divided(reward, done, gamma, anew=True):
    """Σ γ^k r_k over γ^t: 0/0 where γ = 0."""
    weights = float(gamma) ** (clock(done) if anew else np.arange(len(reward)))
    return to_go(weights * reward, 1.0, done if anew else None) / weights


CROSSES = (
    "The sum runs on across the ends of episodes. After a step with done nothing follows: "
    "G_t = r_t + γ(1 − done_t) G_{t+1}."
)

MISTAKES = (
    Mistake("crosses_episodes", CROSSES, lambda reward, done, gamma: to_go(reward, gamma)),
    Mistake("last_reward_lost",
        "The reward of the step with done is lost, or all that comes with it. It belongs to its episode: "
        "mask "
        "only what follows.",
        lambda reward, done, gamma: to_go((1 - done) * reward, gamma, done),
        lambda reward, done, gamma: (1 - done) * to_go(reward, gamma, done)),
    Mistake("whole_return",
        "Each step has the return of its whole episode. Rewards before t cannot depend on the action at t: "
        "sum from t on.",
        whole_return,
        lambda reward, done, gamma: np.full(len(reward), to_go(reward, gamma)[:1].sum()),
        lambda reward, done, gamma: whole_return(reward, done, 1.0),
        lambda reward, done, gamma: np.full(len(reward), reward.sum())),
    Mistake("no_discount", "γ is missing: a reward k − t steps ahead counts γ^{k−t}.",
        lambda reward, done, gamma: to_go(reward, 1.0, done)),
    Mistake("no_discount", "γ and the ends of episodes are missing.",
        lambda reward, done, gamma: to_go(reward, 1.0)),
    Mistake("discounted_from_start",
        "The discount counts from the start of the episode. For step t the clock starts at t: γ^{k−t}.",
        lambda reward, done, gamma: to_go(powers_anew(done, gamma) * reward, 1.0, done),
        lambda reward, done, gamma: to_go(powers(gamma, len(reward)) * reward, 1.0, done),
        lambda reward, done, gamma: to_go(powers(gamma, len(reward)) * reward, 1.0)),
    Mistake("forward",
        "The recursion runs forwards in time, so past rewards enter. Run it from the last step to the first.",
        lambda reward, done, gamma: so_far(reward, gamma, done),
        lambda reward, done, gamma: so_far(reward, gamma),
        lambda reward, done, gamma: so_far(reward, 1.0, done),
        lambda reward, done, gamma: so_far(reward),
        lambda reward, done, gamma: so_far(powers(gamma, len(reward)) * reward),
        lambda reward, done, gamma: so_far(powers_anew(done, gamma) * reward, 1.0, done),
        lambda reward, done, gamma: to_go(reward[::-1], gamma, done[::-1])[::-1],
        lambda reward, done, gamma: so_far(reward, gamma, np.append(done[1:], False))),
    Mistake("not_turned_back", "The steps come out in reverse order: turn the list round once more.",
        lambda reward, done, gamma: to_go(reward, gamma, done)[::-1]),
    Mistake("own_reward_missing", "The sum from t leaves r_t out. It begins with k = t.",
        lambda reward, done, gamma: to_go(reward, gamma, done) - reward,
        lambda reward, done, gamma: (1 - done) * later(to_go(reward, gamma, done)),
        lambda reward, done, gamma: later(to_go(reward, gamma, done))),
    Mistake("one_discount_too_many", "Even r_t is discounted. The first reward counts in full: γ⁰ = 1.",
        lambda reward, done, gamma: gamma * to_go(reward, gamma, done),
        lambda reward, done, gamma: gamma * to_go(reward, gamma)),
    Mistake("cut_one_step_early",
        "The step with done is counted to the next episode. It is the last of its own, and its reward "
        "reaches back.",
        anew_before),
    Mistake("cut_one_step_late",
        "The cut stands one step late: the first step of an episode is not in the last one.",
        anew_after),
    Mistake("mask_inverted", "The mask is turned round: keep what follows where done is 0.",
        lambda reward, done, gamma: to_go(reward, gamma, ~done)),
    Mistake("first_episode_only", "Steps after the first done have no return. Each episode has its own.",
        first_only),
    Mistake("first_step_missing", "The first step has no return: check the range of the loop.",
        lambda reward, done, gamma: np.append(0.0, to_go(reward, gamma, done)[1:])),
    Mistake("averaged", "The sum is divided by the number of its steps. The plain sum is asked.",
        lambda reward, done, gamma: to_go(reward, gamma, done) / to_go(np.ones(len(reward)), 1.0, done),
        lambda reward, done, gamma: to_go(reward, gamma, done) / np.arange(len(reward), 0, -1),
        lambda reward, done, gamma: to_go(reward, gamma, done) / len(reward)),
    Mistake("discounted_from_end",
        "The discount counts from the end. The first reward of each sum counts in full.",
        lambda reward, done, gamma: to_go(powers(gamma, len(reward))[::-1] * reward, 1.0, done),
        lambda reward, done, gamma: to_go(powers(gamma, len(reward))[::-1] * reward)),
    Mistake("last_step_missing", "The last step of the data has no return. Its return is its own reward.",
        lambda reward, done, gamma: np.append(to_go(reward[:-1], gamma, done[:-1]), 0.0),
        lambda reward, done, gamma: np.append(to_go(reward[:-1], gamma), 0.0)),
    Mistake("standardised",
        "The returns are shifted or scaled. That is a baseline, or a step size: here the returns as they "
        "are.",
        lambda reward, done, gamma: standardised(to_go(reward, gamma, done)),
        lambda reward, done, gamma: centred(to_go(reward, gamma, done), done)),
    Mistake("reward_itself", "This is the reward of the step alone. Add the discounted rewards after it.",
        lambda reward, done, gamma: reward),
    Mistake("two_steps_only", "Only the next reward is added. The sum goes on to the end of the episode.",
        lambda reward, done, gamma: reward + gamma * (1 - done) * later(reward),
        lambda reward, done, gamma: reward + gamma * later(reward)),
    Mistake("discount_squared", "γ is applied twice a step.",
        lambda reward, done, gamma: to_go(reward, gamma**2, done)),
    Mistake("one_minus_gamma", "The returns are multiplied by 1 − γ, or averaged. The plain sum is asked.",
        lambda reward, done, gamma: (1 - gamma) * to_go(reward, gamma, done)),
    Mistake("sum_not_returned", "One number for all steps comes back. Each step has its own return, [T].",
        lambda reward, done, gamma: to_go(reward, gamma, done).sum(),
        lambda reward, done, gamma: to_go(reward, gamma, done)[:1].sum(),
        lambda reward, done, gamma: to_go(reward, gamma)[:1].sum()),
    Mistake("one_cut_only",
        "Only one done cuts the sum, the first or the last. Every one does.",
        lambda reward, done, gamma: to_go(reward, gamma, done & (np.cumsum(done) == 1)),
        lambda reward, done, gamma: to_go(reward, gamma, done & (np.cumsum(done[::-1])[::-1] == 1))),
    Mistake("never_begins_again",
        "After the first done nothing is added up any more. Another episode begins.",
        lambda reward, done, gamma: to_go(reward, gamma, np.cumsum(done) > 0)),
    Mistake("divided_by_discount",
        "The sum is divided by γ^t, which is 0/0 for γ = 0. Run the recursion instead: nothing is divided.",
        divided, lambda reward, done, gamma: divided(reward, done, gamma, anew=False)),
)  # fmt: skip


def powers_anew(done, gamma):
    """γ^(steps since the episode began)."""
    return float(gamma) ** clock(done)


VIVA = (
    "Rewards 1, 1, 1 with done at the second, γ = 0.5: give the three numbers.",
    "The data stop in the middle of an episode. What does your last number leave out, and how would you "
    "mend it?",
    "Which of your lines makes the work linear in T? What would it be without it?",
)

EXERCISE = Exercise(
    reward_to_go, draw, points=4, minutes=15, stars=1, mistakes=MISTAKES, pure=True, viva=VIVA
)
