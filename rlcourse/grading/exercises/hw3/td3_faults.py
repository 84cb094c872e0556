"""Which fault has a run? Told from its curves alone: the return, the critic's value, the TD error.

curves [4, 3, T]: four runs; true discounted return from the start, Q(s₀, μ(s₀)) of the critic, root mean
square TD error. The answer is [4], a number of FAULTS for each run. Each student has goals of their own, and
so curves of their own.

The world: five states in a row, at each the reward 1 − (a − goal)², then the end; γ = 0.9. The oracle runs
all faults in the student's world anew, and finds each curve among them.
"""

import functools

import numpy as np

from rlcourse.grading.exercises._faults import nearest, two_worlds
from rlcourse.grading.record import Exercise
from rlcourse.grading.rules.faults import mistakes, seen

GAMMA, UPDATES, EVERY, RUNS = 0.9, 240, 6, 4
FAULTS = ("healthy", "terminal", "descent", "frozen", "replayed", "undiscounted")  # as homework 3 lists them


def td3_faults(curves):
    """By what each fault does to return and value."""
    found = []
    for value, critic, _ in curves:
        last, ratio = value[-1], critic[-1] / value[-1]
        if last < value[0] - 0.05:
            found.append(2)
        elif np.ptp(value) < 1e-9:
            found.append(4)
        else:
            found.append(1 if ratio > 1.5 else 5 if ratio > 1.1 else 3 if ratio < 0.6 else 0)
    return np.array(found, dtype=float)


def draw(rng):
    """Two worlds, four runs each, so that every fault comes."""
    for faults in two_worlds(rng, len(FAULTS), RUNS):
        goals = rng.uniform(0.3, 0.8, 5) * rng.choice([-1, 1], 5)
        runs = every_run(tuple(goals.tolist()))
        yield {"curves": runs[rng.permutation(faults)], "goals": goals}


@functools.lru_cache(maxsize=64)
def every_run(goals):
    """[faults, 3, T] in the world with these goals."""
    return np.array([run(np.array(goals), fault) for fault in FAULTS])


def run(goals, fault):
    """A critic exact for this world, and an actor; one update after another, on actions drawn at random."""
    rng, states = np.random.default_rng(0), len(goals)
    theta, w = np.zeros((states, 3)), np.zeros(states)  # Q(s, a) = θₛ·(1, a, a²), μ(s) = tanh wₛ
    slow_theta, slow_w, rows = theta.copy(), w.copy(), []
    discount = 1.0 if fault == "undiscounted" else GAMMA
    after = np.minimum(np.arange(states) + 1, states - 1)
    goes_on = np.arange(states) < states - 1
    goes_on = np.ones(states) if fault == "terminal" else goes_on.astype(float)
    for update in range(UPDATES + 1):
        a = rng.uniform(-1, 1, (states, 16))
        reward = 1 - (a - goals[:, None]) ** 2
        target = reward + (discount * goes_on * value(slow_theta, np.tanh(slow_w))[after])[:, None]
        features = np.stack([np.ones_like(a), a, a**2], 2)
        error = target - np.einsum("sbf,sf->sb", features, theta)
        if update % EVERY == 0:
            true = GAMMA ** np.arange(states) @ (1 - (np.tanh(w) - goals) ** 2)
            rows.append((true, value(theta, np.tanh(w))[0], np.sqrt(np.mean(error**2))))
        theta = theta + 0.5 * np.einsum("sb,sbf->sf", error, features) / a.shape[1]
        slope = (theta[:, 1] + 2 * theta[:, 2] * np.tanh(w)) * (1 - np.tanh(w) ** 2)
        w = w + {"descent": -0.05, "replayed": 0.0}.get(fault, 0.05) * slope
        if fault != "frozen":
            slow_theta, slow_w = slow_theta + 0.2 * (theta - slow_theta), slow_w + 0.2 * (w - slow_w)
    return np.array(rows).T


def value(theta, a):
    return theta[:, 0] + theta[:, 1] * a + theta[:, 2] * a**2


def labels(curves, goals):
    """Each run's place among those of its world."""
    return nearest(curves, every_run(tuple(np.asarray(goals).tolist())))


SHOWS = (  # what a run of each fault shows
    "a sound run's return rises and the critic's value meets it",
    "bootstrapping on terminal states leaves the return sound and sends the value far above it",
    "an actor that descends makes the return fall, and the critic follows it down",
    "frozen targets leave the value near one step's reward, far below the return",
    "an actor fed with replayed actions never moves: the return is a level line",
    "a forgotten discount ends with the value some 20 % above the return, and stays there",
)

VIVA = (
    "Choose one of your runs: which curve ruled out the fault that is most like it?",
    "Which two faults cannot be told apart by the return alone?",
    "Which single number would you log first in a run of your own, and why?",
)

EXERCISE = Exercise(
    td3_faults,
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
