"""Which fault has a run of TRPO? Told from its curves alone: performance, KL, gain, fraction of the step.

curves [3, 4, T]: three runs; η(π), mean KL of the update in units of δ, gain of the surrogate, fraction of
the whole step that was taken. The answer is [3], a number of FAULTS for each run. Each student has a decision
process of their own. The oracle runs all faults on it anew, and finds each curve among them.
"""

import functools

import numpy as np

from rlcourse.equations import markov
from rlcourse.grading.exercises._faults import nearest, two_worlds
from rlcourse.grading.exercises._processes import process
from rlcourse.grading.record import Exercise
from rlcourse.grading.rules.faults import mistakes, seen

DELTA, UPDATES, RUNS = 0.02, 12, 3
FAULTS = ("healthy", "short", "unchecked", "descent", "stuck")  # as homework 4 lists them


def trpo_faults(curves):
    """By the sign of the gain, the fraction taken, and the KL beside δ."""
    found = []
    for _, kl, gain, fraction in curves:
        if np.all(fraction == 0):
            found.append(4)
        elif np.all(gain[:5] < 0):
            found.append(3)
        else:
            found.append(2 if np.median(kl[:5]) > 1.5 else 1 if np.median(kl[:5]) < 0.05 else 0)
    return np.array(found, dtype=float)


def draw(rng):
    """Two processes, three runs each, so that every fault comes."""
    for faults in two_worlds(rng, len(FAULTS), RUNS):
        world = process(rng, 5, 3, 0.9)
        world["R"] = rng.normal(0, 1, (5, 3))
        yield {"curves": every_run(**hashable(world))[rng.permutation(faults)], **world}


def hashable(world):
    return {name: value if np.ndim(value) == 0 else Frozen(value) for name, value in world.items()}


class Frozen(tuple):
    """An array as a key."""

    def __new__(cls, array):
        array = np.asarray(array)
        return super().__new__(cls, (array.shape, *array.ravel().tolist()))

    def array(self):
        return np.array(self[1:]).reshape(self[0])


@functools.lru_cache(maxsize=64)
def every_run(P, R, start, gamma):
    """[faults, 4, T] on this process."""
    mdp = markov.MDP(P.array(), R.array(), start.array(), gamma)
    return np.array([run(mdp, fault) for fault in FAULTS])


def run(mdp, fault):
    """Exact updates of a softmax with one number for each state and action, for which F⁻¹g is A/(1 − γ)."""
    theta, rows = np.zeros(mdp.reward.shape), []
    for _ in range(UPDATES):
        log_old, old = log_softmax(theta), np.exp(log_softmax(theta))
        d = markov.visitation(mdp, old)
        A = markov.advantages(mdp, old)
        curvature = d @ (old * A**2).sum(1)  # sᵀFs, as A averages to 0
        length = np.sqrt(2 * DELTA / max(curvature, 1e-12)) * {"unchecked": 2.0, "descent": -1.0}.get(
            fault, 1.0
        )
        step = (DELTA if fault == "short" else length) * A
        gain, kl, fraction = 0.0, 0.0, 0.0
        for trial in range(10):
            log_new = log_softmax(theta + 0.5**trial * step)
            gain = d @ (np.exp(log_new) * A).sum(1) / (1 - mdp.gamma)
            kl = d @ (old * (log_old - log_new)).sum(1)
            better = gain < 0 if fault in ("stuck", "descent") else gain > 0
            if fault == "unchecked" or (better and kl <= DELTA):
                fraction = 0.5**trial
                break
        theta = theta + fraction * step
        taken = fraction > 0
        eta = markov.expected_return(mdp, old)
        rows.append((eta, kl * taken / DELTA, gain * taken, fraction))
    return np.array(rows).T


def log_softmax(theta):
    z = theta - theta.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def labels(curves, **world):
    """Each run's place among those of its process."""
    return nearest(curves, every_run(**hashable(world)))


SHOWS = (  # what a run of each fault shows
    "in a sound run the KL is near δ, never above it, and the gain is positive",
    "with δ as step size the whole step is taken, with a KL far below δ",
    "without a check the KL stands above δ",
    "going downhill, the gain is negative and the performance falls",
    "a search that accepts nothing takes the fraction 0, and all stands still",
)

VIVA = (
    "Take one of your runs and the fault most like it: which curve decided between them?",
    "What does a KL far below δ cost, and what one far above?",
    "The return is level. Which two curves tell a stuck search from a policy that is already the best?",
)

EXERCISE = Exercise(
    trpo_faults,
    draw,
    points=6,
    minutes=20,
    stars=2,
    mistakes=mistakes(FAULTS, SHOWS, labels),
    oracle=labels,
    seen=seen,
    personal=True,
    viva=VIVA,
)
