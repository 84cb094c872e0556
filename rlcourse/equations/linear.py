"""Linear value functions V(s) = wᵀφ(s): features, where semi-gradient TD settles, and where it does not.

Shapes: S states, D features; features Φ [S, D], one row φ(s) a state. Everything here is in Sutton & Barto
2018, chapters 9 and 11.
"""

from typing import NamedTuple

import numpy as np

from rlcourse.equations.markov import MDP, induced_process
from rlcourse.equations.markov.process import one_policy


def coarse_code(x: np.ndarray, centres: np.ndarray, width: float) -> np.ndarray:
    """φ_k(x) = 1 where |x − c_k| ≤ width/2, else 0: overlapping intervals, edges included.

    x [N] and centres [K] in one unit, width > 0 in the same -> [N, K]. Raises ValueError for other shapes and
    for width ≤ 0. Source: Sutton & Barto 2018, section 9.5.3.
    """
    x, centres = np.asarray(x, dtype=float), np.asarray(centres, dtype=float)
    if x.ndim != 1 or centres.ndim != 1:
        raise ValueError(f"x has shape {x.shape}, centres {centres.shape}; both must be vectors, [N] and [K]")
    if not width > 0:
        raise ValueError(f"width is {width}; an interval needs width > 0")
    return (np.abs(x[:, None] - centres) <= width / 2).astype(float)


def td_system(
    mdp: MDP, policy: np.ndarray, features: np.ndarray, weighting: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A = Φᵀ D (I − γ P_π) Φ and b = Φᵀ D r_π, D = diag(weighting): TD(0) moves w by α (b − A w).

    That is the expected semi-gradient update when states come from `weighting` [S] (≥ 0, not all 0) and their
    successors from the policy [S, A]. features [S, D]. Returns A [D, D] and b [D]. On-policy (the weighting
    is the stationary distribution) A is positive definite and TD converges; with another weighting it need
    not be. Raises ValueError where a shape does not fit or a weight is negative. Source: Sutton & Barto 2018,
    section 9.4.
    """
    P, r = induced_process(mdp, one_policy(mdp, policy))
    features, weighting = np.asarray(features, dtype=float), np.asarray(weighting, dtype=float)
    if features.ndim != 2 or len(features) != mdp.states:
        raise ValueError(
            f"features has shape {features.shape}; this MDP asks for [S, D] with S = {mdp.states}"
        )
    if weighting.shape != (mdp.states,):
        raise ValueError(f"weighting has shape {weighting.shape}; this MDP asks for [S] = {(mdp.states,)}")
    if not (weighting >= 0).all() or not weighting.any() or not np.isfinite(weighting).all():
        raise ValueError("weighting must be ≥ 0 and finite in every state, and > 0 in one")
    weighted = features.T * weighting
    return weighted @ (features - mdp.gamma * P @ features), weighted @ r


def td_fixed_point(mdp: MDP, policy: np.ndarray, features: np.ndarray, weighting: np.ndarray) -> np.ndarray:
    """w = A⁻¹ b, where the expected update of semi-gradient TD(0) is 0: Φw is the projection of T^π Φw.

    Arguments, shapes and errors as in `td_system`; returns w [D]. The scale of the weighting plays no part.
    The fixed point exists also where TD runs away from it (off-policy), and it is not the least-squares fit
    of V^π. Raises ValueError where A is singular: dependent features (as Baird's) leave w undetermined.
    Source: Sutton & Barto 2018, section 9.4.
    """
    features = np.asarray(features, dtype=float)
    length = np.linalg.norm(features, axis=0)
    length = np.where(length > 0, length, 1.0)  # columns of one length: their units do not decide the rank
    A, b = td_system(mdp, policy, features / length, weighting)
    rank = np.linalg.matrix_rank(A)
    if rank < len(b):
        raise ValueError(
            f"Φᵀ D (I − γ P) Φ has rank {rank} of {len(b)}: these features have no single fixed point"
        )
    return np.linalg.solve(A, b) / length


class Baird(NamedTuple):
    """Baird's counterexample: what semi-gradient TD needs to know of it, to be unpacked in this order."""

    mdp: MDP  # seven states, actions dashed (0) and solid (1), every reward 0
    features: np.ndarray  # [7, 8]
    behaviour: np.ndarray  # [7, 2]: the policy that makes the data
    target: np.ndarray  # [7, 2]: the policy whose values are asked for, V = 0
    weights: np.ndarray  # [8]: where w starts


def baird(gamma: float = 0.99) -> Baird:
    """V(s) = 2 w_s + w_7 for s = 0 … 5 and V(6) = w_6 + 2 w_7: seven states, eight weights.

    Dashed goes to one of states 0 … 5, each alike; solid goes to state 6. The behaviour takes dashed with
    probability 6/7 and so visits all states alike; the target always takes solid. The rewards are 0, so w = 0
    is right, and yet off-policy semi-gradient TD(0) diverges from the start w = (1, 1, 1, 1, 1, 1, 10, 1).
    Source: Baird 1995; in this form Sutton & Barto 2018, section 11.2, whose states and weights count from 1.
    """
    dashed, solid = np.append(np.full(6, 1 / 6), 0.0), np.eye(7)[6]
    transition = np.tile([dashed, solid], (7, 1, 1))
    features = np.hstack([np.diag([2.0] * 6 + [1.0]), [[1.0]] * 6 + [[2.0]]])
    return Baird(
        mdp=MDP(transition, np.zeros((7, 2)), np.full(7, 1 / 7), gamma),
        features=features,
        behaviour=np.tile([6 / 7, 1 / 7], (7, 1)),
        target=np.tile([0.0, 1.0], (7, 1)),
        weights=np.array([1.0, 1, 1, 1, 1, 1, 10, 1]),
    )
