"""Which fault has a run of PPO? Told from its curves alone: the return, the KL of a batch, the clip fraction.

curves [4, 4, T]: four runs; expected reward of the policy, mean KL(π_old ‖ π_θ) of the batch in nats, share
of ratios outside [1 − ε, 1 + ε] over all its steps, mean entropy in nats. The answer is [4], a number of
FAULTS for each run. Each student has rewards of their own, and so curves of their own.

The world: six states drawn at random, four actions, one step; a table of logits, six epochs of four
minibatches on each batch. The oracle runs all faults in the student's world anew, and finds each curve.
"""

import functools

import numpy as np

from rlcourse.grading.exercises._faults import nearest, two_worlds
from rlcourse.grading.record import Exercise
from rlcourse.grading.rules.faults import mistakes, seen

STATES, ACTIONS, BATCH, SIZE, EPOCHS, CLIP = 6, 4, 240, 60, 6, 0.2
UPDATES, RUNS = 24, 4
FAULTS = ("healthy", "no_clip", "old_renewed", "one_epoch", "descent", "entropy")  # as homework 5 lists them


def ppo_faults(curves):
    """By what each fault does to return, KL, clip fraction and entropy."""
    found = []
    for value, kl, clipped, entropy in curves:
        if value[-1] < value[0] - 0.02:
            found.append(4)
        elif entropy[-1] > 0.9 * entropy[0] and clipped.max() > 0:
            found.append(5)
        elif clipped.max() == 0:
            found.append(2 if kl.max() > 0.02 else 3)
        else:
            found.append(1 if kl[:10].max() > 0.15 else 0)
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
    """[faults, 4, T] in the world with these rewards."""
    return np.array([run(np.reshape(rewards, (STATES, ACTIONS)), fault) for fault in FAULTS])


def softmax(z):
    p = np.exp(z - z.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def run(rewards, fault):
    """Tabular PPO; the advantage is the reward less the state's mean under the old policy, plus noise."""
    rng, logits, rows = np.random.default_rng(0), np.zeros(rewards.shape), []
    rate = 1.5 * (-1.0 if fault == "descent" else 1.0)
    bonus = 2.0 if fault == "entropy" else 0.01
    for _ in range(UPDATES + 1):
        old = softmax(logits)
        s = rng.integers(STATES, size=BATCH)
        a = (rng.random(BATCH)[:, None] > np.cumsum(old[s], 1)[:, :-1]).sum(1)
        A = rewards[s, a] - (old * rewards).sum(1)[s] + rng.normal(0, 0.3, BATCH)
        start, outside = old, []
        for _ in range(1 if fault == "one_epoch" else EPOCHS):
            order = (
                np.arange(BATCH)[None] if fault == "one_epoch" else rng.permutation(BATCH).reshape(-1, SIZE)
            )
            for i in order:
                p = softmax(logits)
                old = p if fault == "old_renewed" else start
                r, z = p[s[i], a[i]] / old[s[i], a[i]], (A[i] - A[i].mean()) / A[i].std()
                flows = np.where(z > 0, r <= 1 + CLIP, r >= 1 - CLIP) | (fault == "no_clip")
                outside.append(np.mean(np.abs(r - 1) > CLIP))
                H = -(p * np.log(p)).sum(1)
                up = (flows * z * r)[:, None] * (np.eye(ACTIONS)[a[i]] - p[s[i]])
                up = up - np.sign(rate) * bonus * p[s[i]] * (np.log(p[s[i]]) + H[s[i]][:, None])
                slope = np.zeros(logits.shape)
                np.add.at(slope, s[i], up)
                logits = np.clip(logits + rate * slope / len(i), -8, 8)
        new = softmax(logits)
        kl = (start * np.log(start / new)).sum(1).mean()
        rows.append(
            ((start * rewards).sum(1).mean(), kl, np.mean(outside), -(start * np.log(start)).sum(1).mean())
        )
    return np.array(rows).T


def labels(curves, rewards):
    """Each run's place among those of its world."""
    return nearest(curves, every_run(tuple(np.asarray(rewards).ravel().tolist())))


SHOWS = (  # what a run of each fault shows
    "a sound run's reward rises, some ratios leave the interval, and the KL of a batch stays small",
    "without a clip the KL of the first batches is many times a sound run's, and the reward rises "
    "all the same",
    "an old policy renewed at every step has no ratio but 1, so none is ever outside, while the KL is large",
    "with one step a batch every ratio is 1, the KL is tiny, and the reward rises slowly",
    "a policy that descends makes the reward fall",
    "too large an entropy bonus keeps the entropy near its start, so the reward hardly rises",
)

VIVA = (
    "Take your run 0: which of its four curves could you do without, and still name the fault?",
    "Two faults have the clip fraction 0 for ever. Why, and what tells them apart?",
    "Which of these faults would you not notice from the return alone?",
)

EXERCISE = Exercise(
    ppo_faults,
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
