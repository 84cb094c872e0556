"""One-step look-aheads of a small decision process, with one thing exchanged at a time.

P [S, A, S], R [S, A], policy [S, A], V [S], gamma a number.
"""

import numpy as np

from rlcourse.equations import markov
from rlcourse.grading.exercises._processes import uniform_like


def q(P, R, V, gamma):
    """r(s, a) + γ Σ P(s′|s, a) V(s′), [S, A]."""
    return R + gamma * P @ V


def mdp(P, R, gamma):
    return markov.MDP(P, R, uniform_like(R[:, 0]), gamma)


def first_action(policy):
    return np.eye(policy.shape[1])[np.zeros(len(policy), dtype=int)]


def even(policy):
    return np.full(policy.shape, 1 / policy.shape[1])


def likeliest(policy):
    return np.eye(policy.shape[1])[policy.argmax(1)]


def turned(P):
    """P[s′, a, s] in the place of P[s, a, s′]."""
    return P.transpose(2, 1, 0)


def one_after_another(V, backup, states):
    """States renewed in this order, each with the newest values of the others."""
    V = np.array(V, dtype=float)
    for s in states:
        V[s] = backup(V)[s]
    return V


POLICY = "The policy is not used: average over the actions with π(a|s)."
LIKELIEST = "Only the likeliest action counts. Average over all with π(a|s)."
TRANSPOSED = "P is used the wrong way round: P[s, a, s′] is the probability of s′, where the step ends."
NO_DISCOUNT = "γ is missing: what comes after the reward is discounted once."
REWARD_DISCOUNTED = "The reward is discounted, too. It comes now: r + γ(…)."
NO_REWARD = "The reward is missing: r(s, a) + γ Σ P(s′|s, a) V(s′)."
IN_PLACE = (
    "Later states already use the new values of earlier ones. A synchronous backup reads only the old V: "
    "write into a new array."
)
PER_ACTION = "One value for each action is left, [S, A]. A state has one value, [S]."
