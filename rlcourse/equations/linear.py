"""Linear value functions V(s) = wᵀφ(s): features, where semi-gradient TD settles, and where it does not.

Shapes: S states, D features; features Φ [S, D], one row φ(s) a state. Everything here is in Sutton & Barto
2018, chapters 9 and 11.
"""

from typing import NamedTuple

import numpy as np

from rlcourse.equations.arrays import Array, concatenate
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


def quadratic(x: Array) -> Array:
    """x_i, and x_i x_j with i ≤ j: what a linear function needs to be any quadratic one (but for a constant).

    x [..., n], NumPy or torch -> [..., n + n (n + 1) / 2].
    """
    z = concatenate(1.0 + 0.0 * x[..., :1], x, axis=-1)  # with a constant, whose products are the x_i
    i, j = np.triu_indices(z.shape[-1])
    return z[..., i[1:]] * z[..., j[1:]]


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


def target_network_matrix(
    mdp: MDP, policy: np.ndarray, features: np.ndarray, weighting: np.ndarray, step: float, tau: float
) -> np.ndarray:
    """M [2D, 2D]: (w, w′) ← M (w, w′) + const, one expected TD update with a slow copy w′ of the weights.

        w  ← w + α Φᵀ D (r + γ P_π Φ w′ − Φ w)
        w′ ← w′ + τ (w − w′)                       (the new w)

    step α, tau τ in [0, 1] (1: no copy, w′ = w); else as `td_system`. The errors of w and w′ are multiplied
    by M at every update, so in the long run they grow by its spectral radius: see `spectral_radius`.
    """
    A, _ = td_system(mdp, policy, features, weighting)  # ΦᵀDΦ − γ ΦᵀDPΦ
    features = np.asarray(features, dtype=float)
    C = (features.T * np.asarray(weighting, dtype=float)) @ features
    eye = np.eye(len(C))
    stay, pull = eye - step * C, step * (C - A)  # ∂w/∂w and ∂w/∂w′
    return np.block([[stay, pull], [tau * stay, (1 - tau) * eye + tau * pull]])


def spectral_radius(matrix: np.ndarray) -> float:
    """max |λ|: below 1, repeated multiplication by the matrix forgets every start; above 1 it explodes."""
    return float(np.abs(np.linalg.eigvals(matrix)).max())


class Tracking(NamedTuple):
    """An off-policy problem for linear TD(0): what `td_system` asks for, in this order."""

    mdp: MDP
    policy: np.ndarray
    features: np.ndarray
    weighting: np.ndarray


def cured_by_target_network() -> Tracking:
    """1 → 3, 2 → 3, 3 → 2, features (1, −2), (1, −2), (3, −3), weighting (7, 7, 1)/15, r = 0, γ = 0.9.

    The values are 0. Semi-gradient TD diverges; with a slow enough copy of the weights it converges.
    """
    transition = np.zeros((3, 1, 3))
    transition[[0, 1, 2], 0, [2, 2, 1]] = 1
    mdp = MDP(transition, np.zeros((3, 1)), np.full(3, 1 / 3), 0.9)
    features = np.array([[1.0, -2.0], [1.0, -2.0], [3.0, -3.0]])
    return Tracking(mdp, np.ones((3, 1)), features, np.array([7.0, 7.0, 1.0]) / 15)


def w_to_2w(gamma: float = 0.99) -> Tracking:
    """Two states worth w and 2w; only the first, which leads to the second, is ever updated.

    TD diverges for γ > ½ however slow the copy: ∂w/∂w′ = 2γα against α. Source: Sutton & Barto 2018, section
    11.2, after Tsitsiklis & Van Roy 1996.
    """
    transition = np.zeros((2, 1, 2))
    transition[:, 0, 1] = 1
    mdp = MDP(transition, np.zeros((2, 1)), np.array([1.0, 0.0]), gamma)
    return Tracking(mdp, np.ones((2, 1)), np.array([[1.0], [2.0]]), np.array([1.0, 0.0]))


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
