"""The slope of η over the logits θ(s, a) of a tabular softmax policy."""

import numpy as np

from rlcourse.equations.markov.evaluation import advantages, visitation
from rlcourse.equations.markov.process import MDP


def policy_gradient(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """∂η/∂θ(s, a) = d(s) π(a|s) A(s, a) / (1 − γ) for π = softmax(θ). [..., S, A]."""
    return visitation(mdp, policy)[..., None] * policy * advantages(mdp, policy) / (1 - mdp.gamma)
