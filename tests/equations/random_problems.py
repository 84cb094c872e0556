"""Random processes with two policies, for the tests of every file of this folder."""

import numpy as np
from hypothesis import strategies as st

from rlcourse.equations import markov

GAMMAS = (0.0, 0.3, 0.9, 0.99, 0.999)


@st.composite
def problems(draw):
    """A random MDP with an old and a new policy; γ from 0 to 0.999, few or many successors."""
    states, actions = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    seed, gamma = draw(st.integers(0, 2**31)), draw(st.sampled_from(GAMMAS))
    branching = draw(st.sampled_from([None, 1, min(2, states)]))
    mdp = markov.MDP.random(states, actions, seed, gamma, branching)
    old, new = markov.random_policy(mdp, seed + 1), markov.random_policy(mdp, seed + 2)
    if draw(st.booleans()):
        new = markov.mixture(old, new, 0.05)
    return mdp, old, new


def scale(mdp, *policies):
    """What 'relative' means here: the largest value in sight."""
    return max(1.0, *(np.abs(markov.values(mdp, p)).max() for p in policies))
