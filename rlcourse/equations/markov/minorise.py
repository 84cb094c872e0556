"""Algorithm 1 of TRPO's paper: minorise-maximise with the exact KL penalty, so that η never falls."""

import numpy as np

from rlcourse.equations.markov.bounds import max_kl, penalty_coefficient
from rlcourse.equations.markov.evaluation import advantages, visitation
from rlcourse.equations.markov.improvement import greedy_policy
from rlcourse.equations.markov.process import MDP, checked_policy


def minorise_maximise_step(mdp: MDP, policy: np.ndarray) -> tuple[np.ndarray, float]:
    """π_{i+1} = argmax_π L_{π_i}(π) − C D_KL^max(π_i‖π),  C = 4εγ/(1 − γ)² (Schulman et al., Algorithm 1).

    Solved exactly: for a fixed radius d of D_KL^max the states decouple into `kl_ball_maximiser`; the value
    of that problem is concave in d with derivative Σ_s ρ(s) λ_s(d), so the best d solves Σ_s ρ(s) λ_s(d) = C.
    policy [S, A]. Returns (the new policy [S, A], d in nats); d = 0 and the same policy when no positive
    radius pays.
    """
    policy = checked_policy(mdp, policy)
    A, C = advantages(mdp, policy), penalty_coefficient(mdp, policy)
    rho = visitation(mdp, policy) / (1 - mdp.gamma)
    if C == 0:  # γ = 0, where L is η itself, or no action better than another
        target = greedy_policy(mdp, policy) if np.any(A) else policy
        return target, float(max_kl(policy, target))

    def excess_price(log_d):
        price = rho @ kl_ball_maximiser(policy, A, np.exp(log_d))[1]
        return np.log(max(price, 1e-300)) - np.log(C)

    ends = [np.log(1e-20), np.log(1e-6)]  # the price of a radius falls from ∞ (or a finite value) to 0
    prices = [excess_price(end) for end in ends]
    if prices[0] <= 0:
        return policy, 0.0
    while prices[1] > 0 and ends[1] < 6:
        ends[1] += 3
        prices[1] = excess_price(ends[1])
    moved = None
    for _ in range(100):  # regula falsi on logarithms; a stale end has its price halved (Illinois)
        log_d = (ends[0] * prices[1] - ends[1] * prices[0]) / (prices[1] - prices[0])
        price = excess_price(log_d)
        side = 0 if price > 0 else 1
        ends[side], prices[side] = log_d, price
        if side == moved:
            prices[1 - side] *= 0.5
        moved = side
        if abs(price) < 1e-12:
            break
    return kl_ball_maximiser(policy, A, np.exp(log_d))[0], float(np.exp(log_d))


def kl_ball_maximiser(old: np.ndarray, advantage: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """argmax_p Σ_a p(a) A(a) subject to D_KL(old‖p) ≤ radius, in every state. Returns (p [S, A], λ [S]).

    Stationarity of Σ p A − λ (D_KL − radius) − ν (Σ p − 1) gives p(a) = λ old(a)/(ν − A(a)), and Σ p = 1
    gives λ = 1/Σ old/(ν − A). D_KL falls as ν grows, so ν is the root of one equation per state (Newton, on
    logarithms). λ is the price ∂(Σ p A)/∂radius. old, advantage [S, A]; radius > 0, in nats.
    """
    support = old > 0
    centred = advantage - np.sum(old * advantage, axis=-1, keepdims=True)
    A = np.where(support, centred, 0.0)  # Σ old A = 0 from here on
    top = np.where(support, A, -np.inf).max(axis=-1)
    variance = np.sum(old * A**2, axis=-1)
    moves = variance > 0  # elsewhere all the actions in use are equally good

    # ν = top + e^x; the first guess is right for small radii, and e^−300 is a deterministic policy in float64
    x = np.log(np.sqrt(np.where(moves, variance, 1.0) / (2 * radius)))
    for _ in range(60):
        gap = np.where(support & moves[:, None], (top - A.T).T + np.exp(x)[:, None], 1.0)  # ν − A
        nu = np.where(moves, top + np.exp(x), 1.0)
        divergence, mass, variance_of_mass = _tilt(old, A, nu, gap)
        error = np.where(moves, np.log(np.maximum(divergence, 1e-300)) - np.log(radius), 0.0)
        slope = np.exp(x) / nu * variance_of_mass / mass / np.maximum(divergence, 1e-300)  # −d log D_KL/dx
        previous = x
        x = np.maximum(x + np.clip(error / np.maximum(slope, 1e-3), -5, 5), -300.0)
        if np.abs(x - previous).max() < 1e-12:
            break
    nu = np.where(moves, top + np.exp(x), 0.0)
    tilted = old / np.where(support & moves[:, None], (top - A.T).T + np.exp(x)[:, None], 1.0)
    multiplier = np.where(moves, 1 / tilted.sum(axis=-1), 0.0)
    policy = tilted / tilted.sum(axis=-1, keepdims=True)
    return _use_new_actions(old, centred, radius, nu, policy, multiplier)


def _use_new_actions(
    old: np.ndarray, A: np.ndarray, radius: float, nu: np.ndarray, policy: np.ndarray, multiplier: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The states where ν would fall below the best action b that `old` never takes: there ν stops at A(b).

    There log λ = Σ old log(A(b) − A) − radius and p = λ old/(A(b) − A) for all others: mass on b costs no
    divergence by itself, only what the others lose, and b takes the rest. Returns (policy, λ) with those rows
    replaced.
    """
    unused = np.where(old > 0, -np.inf, A)
    best, rows = unused.argmax(axis=-1), np.arange(len(old))
    stops = unused[rows, best] > np.maximum(nu, 0.0)
    gap = np.where((old > 0) & stops[:, None], unused[rows, best][:, None] - A, 1.0)
    price = np.exp(np.sum(old * np.log(gap), axis=-1) - radius)
    spread = price[:, None] * old / gap
    spread[rows, best] += 1 - spread.sum(axis=-1)
    return np.where(stops[:, None], spread, policy), np.where(stops, price, multiplier)


def _tilt(
    old: np.ndarray, A: np.ndarray, nu: np.ndarray, gap: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """D_KL(old‖p), Σ old w and the variance of w under old, w = ν/gap, gap = ν − A, p ∝ old w, Σ old A = 0.

    Each [S]. Sums of second-order terms only, so that a divergence of 1e-20 keeps its digits.
    """
    y, z = A / nu[:, None], A / gap  # w = 1/(1 − y) = 1 + z
    excess = np.sum(old * y * z, axis=-1)  # Σ old w − 1
    log = np.where(y < 0.5, np.log1p(-np.minimum(y, 0.5)), np.log(gap) - np.log(nu)[:, None])  # log(1 − y)
    divergence = np.sum(old * (log + y), axis=-1) + np.log1p(excess)
    return divergence, 1 + excess, np.sum(old * z**2, axis=-1) - excess**2
