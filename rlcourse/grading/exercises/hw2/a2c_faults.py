"""Which fault has a run of A2C? Told from its curves alone: the return, the critic's value, the entropy.

curves [4, 3, T]: four runs; true discounted return from the start, V(s₀) of the critic, mean entropy of the
policy in nats. The answer is [4], a number of FAULTS for each run. Each student has rewards of their own, and
so curves of their own.

The world: five states in a row, three actions each, then the end; γ = 0.9. Data come in pieces of two steps
from a state drawn at random: where the second step is not the last state, it is cut off (truncated). The
oracle runs all faults in the student's world anew, and finds each curve among them.
"""

import functools

import numpy as np

from rlcourse.grading.exercises._faults import nearest, two_worlds
from rlcourse.grading.record import Exercise
from rlcourse.grading.rules.faults import mistakes, seen

GAMMA, LAM, STATES, ACTIONS, PIECES = 0.9, 0.8, 5, 3, 24
UPDATES, EVERY, RUNS = 240, 6, 4
FAULTS = ("healthy", "terminal", "descent", "limit", "entropy", "untrained")  # as homework 2 lists them


def a2c_faults(curves):
    """By what each fault does to return, value and entropy."""
    found = []
    for value, critic, entropy in curves:
        ratio = critic[-5:].mean() / value[-5:].mean()
        if np.ptp(critic) < 1e-9:
            found.append(5)
        elif value[-1] < value[0] - 0.05:
            found.append(2)
        elif entropy[-1] > 0.9 * entropy[0]:
            found.append(4)
        else:
            found.append(1 if ratio > 1.25 else 3 if ratio < 0.8 else 0)
    return np.array(found, dtype=float)


def draw(rng):
    """Two worlds, four runs each, so that every fault comes."""
    for faults in two_worlds(rng, len(FAULTS), RUNS):
        rewards = rng.uniform(0.0, 0.6, (STATES, ACTIONS))  # and in each state one action is worth 1
        rewards[np.arange(STATES), rng.integers(ACTIONS, size=STATES)] = 1.0
        yield {
            "curves": every_run(tuple(rewards.ravel().tolist()))[rng.permutation(faults)],
            "rewards": rewards,
        }


@functools.lru_cache(maxsize=64)
def every_run(rewards):
    """[faults, 3, T] in the world with these rewards."""
    return np.array([run(np.reshape(rewards, (STATES, ACTIONS)), fault) for fault in FAULTS])


def run(rewards, fault):
    """Tabular A2C, one update after another, on pieces of two steps."""
    rng, logits, V, rows = np.random.default_rng(0), np.zeros(rewards.shape), np.zeros(STATES), []
    bonus = 2.0 if fault == "entropy" else 0.02
    policy_rate, value_rate = (-1.5 if fault == "descent" else 1.5), (0.0 if fault == "untrained" else 1.0)
    for update in range(UPDATES + 1):
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        H = -(p * np.log(p)).sum(1)
        if update % EVERY == 0:
            true = GAMMA ** np.arange(STATES) @ (p * rewards).sum(1)
            rows.append((true, V[0], H.mean()))
        s, a, A = pieces(rng, rewards, p, V, fault)
        up = A[:, None] * (np.eye(ACTIONS)[a] - p[s]) - bonus * p[s] * (np.log(p[s]) + H[s][:, None])
        policy_slope, value_slope = np.zeros(logits.shape), np.zeros(STATES)
        np.add.at(policy_slope, s, up)
        np.add.at(value_slope, s, A)
        logits = logits + policy_rate * policy_slope / (2 * PIECES)
        V = V + value_rate * value_slope / (2 * PIECES)
    return np.array(rows).T


def pieces(rng, rewards, p, V, fault):
    """(states, actions, advantages) of one batch; a piece that starts in the last state has one step."""
    first = rng.integers(STATES, size=PIECES)
    first = np.append(first[first < STATES - 1], first[first == STATES - 1])  # the long ones first
    second = first[first < STATES - 1] + 1
    s = np.append(first, second)
    a = (rng.random(len(s))[:, None] > np.cumsum(p[s], 1)[:, :-1]).sum(1)
    last = s == STATES - 1
    bootstraps = ~last | (fault == "terminal")
    if fault == "limit":
        bootstraps[len(first) :] = False  # the second steps: ended, or cut off
    A = rewards[s, a] + GAMMA * bootstraps * V[np.minimum(s + 1, STATES - 1)] - V[s]
    A[: len(second)] += GAMMA * LAM * A[len(first) :]
    return s, a, A


def labels(curves, rewards):
    """Each run's place among those of its world."""
    return nearest(curves, every_run(tuple(np.asarray(rewards).ravel().tolist())))


SHOWS = (  # what a run of each fault shows
    "a sound run's return rises, its entropy falls, and the critic's value meets the return",
    "bootstrapping on terminal states leaves the return sound and sends the value far above it",
    "a policy that descends makes the return fall, and the critic follows it down",
    "time limits taken for ends leave the return sound and the value far below it, though not still",
    "too large an entropy bonus keeps the entropy at its start, so the return hardly rises",
    "a critic that is not trained stays where it began, a level line at 0, while the return rises",
)

VIVA = (
    "Take your run 0: which of its three curves could you do without, and still name the fault?",
    "Which faults leave the return sound, and why are they faults all the same?",
    "Time limits are taken for ends, and the pieces grow from 2 steps to 200. What becomes of the curve?",
)

EXERCISE = Exercise(
    a2c_faults,
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
