"""Which fault has a run of TD(0)? Told from the values of its five states, and from what they should become.

curves [4, 5, T]: four runs, V of the five states after each stretch of episodes; truth [5] the right values.
The answer is [4], a number of FAULTS for each run. Each student has a world of their own.

The world: a random walk over five states in a row, from the middle, right with probability p; a step costs a
little, and the end on the right pays. γ = 0.9. The oracle runs all faults in the student's world anew, and
finds each curve among them.
"""

import functools

import numpy as np

from rlcourse.grading.exercises._faults import nearest, two_worlds
from rlcourse.grading.record import Exercise
from rlcourse.grading.rules.faults import mistakes, seen

GAMMA, STATES, RUNS = 0.9, 5, 4
EPISODES, EVERY, RATE = 480, 6, 0.06
FAULTS = ("healthy", "step_too_large", "no_discount", "bootstraps_past_the_end", "step_too_small",
          "last_step_lost")  # fmt: skip  # as homework 1 lists them


def td_faults(curves, truth):
    """By where the values end, how they get there, and how still they are then."""
    found = []
    for run in np.asarray(curves):
        end, span = run[:, -25:].mean(1), np.ptp(truth)
        if run[:, -25:].std(1).mean() > 0.09 * span:
            found.append(1)
        elif end.max() < 0:
            found.append(5)
        elif end.max() > 1.257 * np.max(truth):
            found.append(3)
        elif (end - truth)[:3].mean() > 0.12 * span:
            found.append(2)
        else:
            found.append(4 if end.max() < 0.89 * np.max(truth) else 0)
    return np.array(found, dtype=float)


def draw(rng):
    """Two worlds, four runs each, so that every fault comes."""
    for faults in two_worlds(rng, len(FAULTS), RUNS):
        world = (
            round(rng.uniform(0.5, 0.52), 3),
            round(rng.uniform(1.5, 3.0), 3),
            round(rng.uniform(0.02, 0.04), 3),
        )
        yield {
            "curves": every_run(world)[rng.permutation(faults)],
            "truth": truth(*world),
            "world": np.array(world),
        }


def truth(p, pay, cost):
    """V = (I − γP)⁻¹ r."""
    P = p * np.eye(STATES, k=1) + (1 - p) * np.eye(STATES, k=-1)
    r = np.full(STATES, -cost)
    r[-1] += p * pay
    return np.linalg.solve(np.eye(STATES) - GAMMA * P, r)


@functools.lru_cache(maxsize=64)
def every_run(world):
    """[faults, 5, T] in the world with these numbers."""
    return np.array([run(*world, fault) for fault in FAULTS])


def run(p, pay, cost, fault):
    """TD(0) along episodes from the middle."""
    rng, V, rows = np.random.default_rng(0), np.zeros(STATES), []
    rate = RATE * {"step_too_large": 12.0, "step_too_small": 1 / 12}.get(fault, 1.0)
    gamma = 1.0 if fault == "no_discount" else GAMMA
    for episode in range(EPISODES + 1):
        if episode % EVERY == 0:
            rows.append(V.copy())
        s = STATES // 2
        while 0 <= s < STATES:
            after = s + (1 if rng.random() < p else -1)
            over = not 0 <= after < STATES
            reward = -cost + (pay if after == STATES else 0.0)
            ahead = (V[STATES // 2] if fault == "bootstraps_past_the_end" else 0.0) if over else V[after]
            if not (over and fault == "last_step_lost"):
                V[s] += rate * (reward + gamma * ahead - V[s])
            s = after
    return np.array(rows).T


def labels(curves, truth, world):
    """Each run's place among those of its world."""
    return nearest(curves, every_run(tuple(np.asarray(world).tolist())))


SHOWS = (  # what a run of each fault shows
    "a sound run settles at the dashed lines, and moves little about them",
    "a step size that is too large reaches the right height at once, and never comes to rest there",
    "without γ the values rise towards the pay in nearly equal steps: the far ones are much too high, the "
    "best a "
    "little",
    "bootstrapping past the end, from the next episode's first state, lifts all values, even the best one "
    "by a "
    "quarter and more, and the state next to the worthless end most of all",
    "a step size that is too small has smooth curves that are still on their way",
    "where an episode's last step is lost no value ever hears of the pay: only costs are left, all below 0",
)

VIVA = (
    "Take your run 0: which one of its five lines convinced you, and at which episode?",
    "Which two faults lift values, and where do they differ?",
    "The step size is too large. What would you see if the curves were means over a hundred runs?",
)

EXERCISE = Exercise(
    td_faults,
    draw,
    points=6,
    minutes=25,
    stars=2,
    mistakes=mistakes(FAULTS, SHOWS, labels),
    oracle=labels,
    seen=seen,
    personal=True,
    viva=VIVA,
)
