"""Finite Markov decision processes, solved exactly by linear algebra.

Shapes: S states, A actions; `...` is any leading batch of policies. A policy is a plain array π[..., S, A]
whose rows sum to 1. Symbols: V, Q, A as usual; d^π normalised discounted visitation; η(π) = E[Σ γ^t r_t],
unnormalised; L_old(new) the surrogate. NumPy only, float64 throughout.
"""

from dataclasses import dataclass

import numpy as np

# --------------------------------------------------------------------------------------------- the process


@dataclass(frozen=True, eq=False)
class MDP:
    """(S, A, P, r, ρ₀, γ): a finite Markov decision process.

    transition [S, A, S]: P(s'|s, a), rows sum to 1. reward [S, A]: r(s, a). start [S]: ρ₀. gamma in [0, 1).
    Raises ValueError with one line that says what is wrong and where.
    """

    transition: np.ndarray
    reward: np.ndarray
    start: np.ndarray
    gamma: float

    def __post_init__(self):
        for name in ("transition", "reward", "start"):
            object.__setattr__(self, name, _read_only(getattr(self, name), name))
        P = self.transition
        if P.ndim != 3 or P.shape[0] != P.shape[2] or P.size == 0:
            raise ValueError(f"transition has shape {P.shape}; it must be [S, A, S] with S, A ≥ 1")
        if self.reward.shape != P.shape[:2]:
            raise ValueError(
                f"reward has shape {self.reward.shape}; transition asks for [S, A] = {P.shape[:2]}"
            )
        if self.start.shape != P.shape[:1]:
            raise ValueError(f"start has shape {self.start.shape}; transition asks for [S] = {P.shape[:1]}")
        if not 0 <= self.gamma < 1:
            raise ValueError(f"gamma is {self.gamma}; a discounted process needs 0 ≤ γ < 1")
        if not np.isfinite(self.reward).all():
            raise ValueError(
                f"reward{_first(~np.isfinite(self.reward))} is not finite; every reward must be a number"
            )
        _check_distribution(P, "transition")
        _check_distribution(self.start, "start")

    @property
    def states(self):
        """S, the number of states."""
        return self.transition.shape[0]

    @property
    def actions(self):
        """A, the number of actions."""
        return self.transition.shape[1]

    @classmethod
    def random(cls, states, actions, seed, gamma=0.9, branching=None):
        """P(·|s, a) uniform on the simplex, r ~ N(0, 1), ρ₀ uniform on the simplex.

        branching: how many successors a state-action pair has (default: all S); few successors make the
        visitation depend more on the policy. The same seed gives the same process.
        """
        rng = np.random.default_rng(seed)
        transition = rng.exponential(size=(states, actions, states))
        if branching is not None:
            if not 1 <= branching <= states:
                raise ValueError(f"branching is {branching}; it must lie between 1 and the {states} states")
            rank = rng.random(transition.shape).argsort(axis=-1).argsort(axis=-1)
            transition[rank >= branching] = 0.0
        transition /= transition.sum(axis=-1, keepdims=True)
        return cls(transition, rng.normal(size=(states, actions)), rng.dirichlet(np.ones(states)), gamma)


# ------------------------------------------------------------------------------------------------- policies


def uniform_policy(mdp):
    """π(a|s) = 1/A. [S, A]."""
    return np.full((mdp.states, mdp.actions), 1 / mdp.actions)


def random_policy(mdp, seed):
    """π(·|s) uniform on the simplex, state by state. [S, A]; `seed` an integer or a Generator."""
    return np.random.default_rng(seed).dirichlet(np.ones(mdp.actions), size=mdp.states)


def softmax_policy(logits):
    """π(a|s) = exp θ(s, a) / Σ_b exp θ(s, b). logits [..., S, A] -> [..., S, A]."""
    weights = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def greedy_policy(mdp, policy):
    """π'(s) = argmax_a A^π(s, a): one step of policy improvement. Deterministic, [..., S, A]."""
    return np.eye(mdp.actions)[advantages(mdp, policy).argmax(axis=-1)]


def mixture(old, new, alpha):
    """π_α = (1 − α) π_old + α π' (Schulman et al. 2015, eq. 5)."""
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}; a mixture needs 0 ≤ α ≤ 1")
    return (1 - alpha) * np.asarray(old) + alpha * np.asarray(new)


# -------------------------------------------------------------------------------------- evaluation, exactly


def values(mdp, policy):
    """V = (I − γ P_π)⁻¹ r_π. [..., S]."""
    P, r = _under(mdp, policy)
    return np.linalg.solve(np.eye(mdp.states) - mdp.gamma * P, r[..., None])[..., 0]


def q_values(mdp, policy):
    """Q(s, a) = r(s, a) + γ Σ_s' P(s'|s, a) V(s'). [..., S, A]."""
    return mdp.reward + mdp.gamma * np.einsum("sat,...t->...sa", mdp.transition, values(mdp, policy))


def advantages(mdp, policy):
    """A(s, a) = Q(s, a) − V(s). [..., S, A]; Σ_a π(a|s) A(s, a) = 0 in every state."""
    Q = q_values(mdp, policy)
    return Q - np.sum(policy * Q, axis=-1, keepdims=True)


def visitation(mdp, policy, start=None):
    """d(s) = (1 − γ) Σ_t γ^t P(s_t = s) = (1 − γ) ρ₀ᵀ (I − γ P_π)⁻¹. [..., S]; sums to 1.

    start: [S] in place of ρ₀, or [N, S] for N starts at once (then one policy, and the result is [N, S]). The
    unnormalised ρ_π of Schulman et al. 2015, section 2, is d/(1 − γ).
    """
    P, _ = _under(mdp, policy)
    start = mdp.start if start is None else _start(mdp, start)
    if start.ndim == 2 and P.ndim > 2:
        raise ValueError("start has several rows and policy has a batch; give several of one of them only")
    flow = np.eye(mdp.states) - mdp.gamma * np.swapaxes(P, -1, -2)
    return (1 - mdp.gamma) * np.swapaxes(np.linalg.solve(flow, np.atleast_2d(start).T), -1, -2).reshape(
        *P.shape[:-2], *start.shape
    )


def state_distributions(mdp, policy, steps):
    """P(s_t = ·) for t = 0 … steps − 1, from p_{t+1} = p_t P_π. [steps, S]."""
    P, _ = _under(mdp, policy)
    rows = [mdp.start]
    for _ in range(steps - 1):
        rows.append(rows[-1] @ P)
    return np.array(rows[:steps])


def expected_return(mdp, policy):
    """η(π) = E[Σ_t γ^t r_t] = Σ_s ρ₀(s) V^π(s), unnormalised. [...]."""
    return values(mdp, policy) @ mdp.start


def policy_gradient(mdp, policy):
    """∂η/∂θ(s, a) = d(s) π(a|s) A(s, a) / (1 − γ) for π = softmax(θ). [..., S, A]."""
    return visitation(mdp, policy)[..., None] * policy * advantages(mdp, policy) / (1 - mdp.gamma)


def policy_iteration(mdp, policy, steps=1000):
    """π_{k+1}(s) = argmax_a A^{π_k}(s, a), until nothing improves. The list of all policies.

    An action replaces the present one only where it gains more than rounding, so the iteration ends.
    """
    path = [_policy(mdp, policy)]
    for _ in range(steps):
        A = advantages(mdp, path[-1])
        gain = A.max(axis=-1) > 1e-12 * (1 + np.abs(values(mdp, path[-1])).max())
        if not gain.any():
            return path
        path.append(np.where(gain[:, None], np.eye(mdp.actions)[A.argmax(axis=-1)], path[-1]))
    raise ValueError(f"policy iteration did not end in {steps} steps; raise `steps`")


# -------------------------------------------------------------------- the performance-difference lemma, and L


def expected_advantage(mdp, new, old):
    """Ā(s) = Σ_a π_new(a|s) A^old(s, a) (Schulman et al. 2015, eq. 25). [..., S]."""
    return np.sum(_policy(mdp, new) * advantages(mdp, old), axis=-1)


def performance_difference(mdp, new, old, start=None):
    """1/(1 − γ) Σ_s d^new(s) Σ_a π_new(a|s) A^old(s, a) = η(new) − η(old).

    The right-hand side of the lemma (Kakade & Langford 2002; Schulman et al. 2015, eq. 2). With start =
    np.eye(S) the state-wise lemma: [S], the differences V^new(s) − V^old(s).
    """
    return np.sum(visitation(mdp, new, start) * expected_advantage(mdp, new, old), axis=-1) / (1 - mdp.gamma)


def surrogate(mdp, new, old):
    """L_old(new) = η(old) + 1/(1 − γ) Σ_s d^old(s) Σ_a π_new(a|s) A^old(s, a) (Schulman et al., eq. 3)."""
    gain = np.sum(visitation(mdp, old) * expected_advantage(mdp, new, old), axis=-1)
    return expected_return(mdp, old) + gain / (1 - mdp.gamma)


# ------------------------------------------------------------------------------------- divergences and bounds


def tv(p, q):
    """D_TV(p, q) = ½ Σ_a |p(a) − q(a)|. [..., A] -> [...]."""
    return 0.5 * np.abs(np.asarray(p) - q).sum(axis=-1)


def kl(p, q):
    """D_KL(p‖q) = Σ_a p(a) log(p(a)/q(a)), with 0 log 0 = 0. [..., A] -> [...]; ∞ where q = 0 < p."""
    p, q = np.broadcast_arrays(np.asarray(p, float), np.asarray(q, float))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0).sum(axis=-1)


def max_tv(old, new):
    """D_TV^max(old, new) = max_s D_TV(old(·|s), new(·|s)) (Schulman et al. 2015, eq. 7)."""
    return tv(old, new).max(axis=-1)


def max_kl(old, new):
    """D_KL^max(old, new) = max_s D_KL(old(·|s)‖new(·|s)) (Schulman et al. 2015, before eq. 9)."""
    return kl(old, new).max(axis=-1)


def penalty_coefficient(mdp, old):
    """C = 4εγ/(1 − γ)², ε = max_{s,a} |A^old(s, a)|, for unnormalised η (Schulman et al., eqs. 8, 9)."""
    return 4 * np.abs(advantages(mdp, old)).max(axis=(-2, -1)) * mdp.gamma / (1 - mdp.gamma) ** 2


def improvement_bound(mdp, new, old, divergence="kl"):
    """η(new) ≥ L_old(new) − C·D,  C = 4εγ/(1 − γ)²; returns the right-hand side.

    D is D_KL^max(old‖new) for "kl" (Schulman et al. 2015, eq. 9), (D_TV^max)² for "tv" (eq. 8). −∞ where the
    KL divergence is infinite and C > 0.
    """
    if divergence not in ("kl", "tv"):
        raise ValueError(f'divergence is {divergence!r}; it must be "kl" or "tv"')
    C = penalty_coefficient(mdp, old)
    D = max_kl(old, new) if divergence == "kl" else max_tv(old, new) ** 2
    return surrogate(mdp, new, old) - np.where(C > 0, C, 0) * np.where(C > 0, D, 0)


# --------------------------------------------------- conservative policy iteration (Kakade & Langford 2002)


def policy_advantage(mdp, new, old):
    """𝔸_old(new) = Σ_s d^old(s) Σ_a π_new(a|s) A^old(s, a) (Kakade & Langford 2002). [...]."""
    return np.sum(visitation(mdp, old) * expected_advantage(mdp, new, old), axis=-1)


def mixture_bound(mdp, old, target, alpha):
    """η(π_α) ≥ L_old(π_α) − 2εγα²/(1 − γ)², ε = max_s |Σ_a π'(a|s) A^old(s, a)|; returns the right-hand side.

    For π_α = (1 − α) old + α π' only (Schulman et al. 2015, eq. 6).
    """
    epsilon = np.abs(expected_advantage(mdp, target, old)).max(axis=-1)
    slack = 2 * epsilon * mdp.gamma * alpha**2 / (1 - mdp.gamma) ** 2
    return surrogate(mdp, mixture(old, target, alpha), old) - slack


def conservative_step(mdp, policy):
    """π_α = (1 − α) π + α π',  π' greedy,  α = min(1, (1 − γ) 𝔸/(4εγ)): the maximiser of the mixture bound.

    Returns (the new policy, α). ε and the bound as in `mixture_bound`.
    """
    target = greedy_policy(mdp, policy)
    epsilon = np.abs(expected_advantage(mdp, target, policy)).max()
    slope, curvature = (1 - mdp.gamma) * policy_advantage(mdp, target, policy), 4 * epsilon * mdp.gamma
    alpha = 1.0 if curvature <= max(slope, 0.0) else float(max(slope, 0.0) / curvature)
    return mixture(policy, target, alpha), alpha


# ------------------------------------------------ Algorithm 1: minorise-maximise with the exact KL penalty


def kl_ball_maximiser(old, advantage, radius):
    """argmax_p Σ_a p(a) A(a) subject to D_KL(old‖p) ≤ radius, in every state. Returns (p [S, A], λ [S]).

    Stationarity of Σ p A − λ (D_KL − radius) − ν (Σ p − 1) gives p(a) = λ old(a)/(ν − A(a)), and Σ p = 1
    gives λ = 1/Σ old/(ν − A). D_KL falls as ν grows, so ν is the root of one equation per state (Newton, on
    logarithms). λ is the price ∂(Σ p A)/∂radius. old, advantage [S, A]; radius > 0.
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


def _use_new_actions(old, A, radius, nu, policy, multiplier):
    """The states where ν would fall below the best action b that `old` never takes: there ν stops at A(b).

    Mass on b costs no divergence by itself, only what the others lose: p = λ old/(A(b) − A) with log λ = Σ
    old log(A(b) − A) − radius, and b takes the rest. Returns (policy, λ) with those rows replaced.
    """
    unused = np.where(old > 0, -np.inf, A)
    best, rows = unused.argmax(axis=-1), np.arange(len(old))
    stops = unused[rows, best] > np.maximum(nu, 0.0)
    gap = np.where((old > 0) & stops[:, None], unused[rows, best][:, None] - A, 1.0)
    price = np.exp(np.sum(old * np.log(gap), axis=-1) - radius)
    spread = price[:, None] * old / gap
    spread[rows, best] += 1 - spread.sum(axis=-1)
    return np.where(stops[:, None], spread, policy), np.where(stops, price, multiplier)


def _tilt(old, A, nu, gap):
    """D_KL(old‖p), Σ old w and the variance of w under old, w = ν/gap, gap = ν − A, p ∝ old w, Σ old A = 0.

    Each [S]. Sums of second-order terms only, so that a divergence of 1e-20 keeps its digits.
    """
    y, z = A / nu[:, None], A / gap  # w = 1/(1 − y) = 1 + z
    excess = np.sum(old * y * z, axis=-1)  # Σ old w − 1
    log = np.where(y < 0.5, np.log1p(-np.minimum(y, 0.5)), np.log(gap) - np.log(nu)[:, None])  # log(1 − y)
    divergence = np.sum(old * (log + y), axis=-1) + np.log1p(excess)
    return divergence, 1 + excess, np.sum(old * z**2, axis=-1) - excess**2


def minorise_maximise_step(mdp, policy):
    """π_{i+1} = argmax_π L_{π_i}(π) − C D_KL^max(π_i‖π),  C = 4εγ/(1 − γ)² (Schulman et al., Algorithm 1).

    Solved exactly: for a fixed radius d of D_KL^max the states decouple into `kl_ball_maximiser`; the value
    of that problem is concave in d with derivative Σ_s ρ(s) λ_s(d), so the best d solves Σ_s ρ(s) λ_s(d) = C.
    Returns (the new policy, d); d = 0 and the same policy when no positive radius pays.
    """
    policy = _policy(mdp, policy)
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


# -------------------------------------------------------------------------- α-coupling and its two lemmas


def coupling(old, new):
    """P(a, ã|s) with marginals old and new and P(a ≠ ã|s) = D_TV(old, new): the maximal coupling.

    [S, A, A]. The diagonal holds min(old, new); what is left of both is spread as a product.
    """
    old, new = np.asarray(old, float), np.asarray(new, float)
    shared = np.minimum(old, new)
    rest = (old - shared)[..., :, None] * (new - shared)[..., None, :]
    distance = tv(old, new)[..., None, None]
    return shared[..., :, None] * np.eye(old.shape[-1]) + rest / np.where(distance > 0, distance, 1.0)


@dataclass(frozen=True)
class CouplingLemma:
    """Both sides of lemma 3 for t = 0, 1, …: each field is an array [steps], α a number."""

    alpha: float  # D_TV^max(old, new)
    gap: np.ndarray  # |E_{s_t ~ new} Ā − E_{s_t ~ old} Ā|
    middle: np.ndarray  # 2 (1 − (1 − α)^t) max_s |Ā(s)|
    right: np.ndarray  # 4 α (1 − (1 − α)^t) max |A|
    printed_middle: np.ndarray  # 2 α max_s Ā(s), as printed in eq. 32: no upper bound, no lower bound


def coupling_lemma(mdp, new, old, steps):
    """gap ≤ 2(1 − (1 − α)^t) max_s|Ā(s)| ≤ 4α(1 − (1 − α)^t) max_{s,a}|A^old(s, a)|, α = D_TV^max.

    The chain that Schulman et al. 2015 prove (eqs. 36–40); the middle term printed in eq. 32 is kept for
    comparison. Returns a CouplingLemma.
    """
    alpha = float(max_tv(old, new))
    A_bar = expected_advantage(mdp, new, old)
    apart = 1 - (1 - alpha) ** np.arange(steps)  # P(the two have disagreed before t) ≤ this
    difference = state_distributions(mdp, new, steps) - state_distributions(mdp, old, steps)
    return CouplingLemma(
        alpha=alpha,
        gap=np.abs(difference @ A_bar),
        middle=2 * apart * np.abs(A_bar).max(),
        right=4 * alpha * apart * np.abs(advantages(mdp, old)).max(),
        printed_middle=np.full(steps, 2 * alpha * A_bar.max()),
    )


# ------------------------------------------------------------------------------------------ classics by name


def two_state(gamma=0.9):
    """Two states, actions stay and move (each works with probability 0.9); only staying in state 1 pays.

    Every policy is a point (π(move|0), π(move|1)) of the unit square.
    """
    stay, move = np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([[0.1, 0.9], [0.9, 0.1]])
    return MDP(np.stack([stay, move], axis=1), [[0.0, -0.2], [1.0, 0.3]], [1.0, 0.0], gamma)


def two_action(gamma=0.9):
    """One live state: action 0 (probability θ) pays 1 and goes on, action 1 ends. η = θ/(1 − γθ)."""
    return MDP([[[1, 0], [0, 1]], [[0, 1], [0, 1]]], [[1.0, 0.0], [0.0, 0.0]], [1.0, 0.0], gamma)


def chain(length=5, gamma=0.99, slip=0.2):
    """The chain of Strens (2000): action 0 forward (10 at the last state), action 1 back to the first (2).

    With probability `slip` the other action happens.
    """
    state = np.arange(length)
    forward, back = np.eye(length)[np.minimum(state + 1, length - 1)], np.eye(length)[np.zeros(length, int)]
    reward = np.stack([np.where(state == length - 1, 10.0, 0.0), np.full(length, 2.0)], axis=1)
    transition = np.stack([forward, back], axis=1)
    return MDP(
        (1 - slip) * transition + slip * transition[:, ::-1],
        (1 - slip) * reward + slip * reward[:, ::-1],
        np.eye(length)[0],
        gamma,
    )


def tightrope(length=10, gamma=0.95):
    """A rope of `length` states: action 0 steps on, action 1 falls into state `length`, 1 lost a step.

    The far end leads back to the start of the rope, so one mistake costs 1/(1 − γ) and none costs nothing.
    """
    transition = np.zeros((length + 1, 2, length + 1))
    rope = np.arange(length)
    transition[rope, 0, (rope + 1) % length] = 1.0
    transition[rope, 1, length] = 1.0
    transition[length, :, length] = 1.0
    reward = np.zeros((length + 1, 2))
    reward[rope, 1] = -1.0
    reward[length] = -1.0
    return MDP(transition, reward, np.eye(length + 1)[0], gamma)


def cliff(gamma=0.99):
    """Cliff walking (Sutton & Barto, example 6.6): 4 × 12 cells, −1 a step, −100 and back to start if off.

    State 12·row + column; start 36, goal 47 (absorbing, reward 0). Actions: north, east, south, west.
    """
    transition, reward = np.zeros((48, 4, 48)), np.full((48, 4), -1.0)
    for s in range(48):
        for a, (down, right) in enumerate([(-1, 0), (0, 1), (1, 0), (0, -1)]):
            row, column = np.clip(s // 12 + down, 0, 3), np.clip(s % 12 + right, 0, 11)
            falls = row == 3 and 1 <= column <= 10
            transition[s, a, 36 if falls else 12 * row + column] = 1.0
            reward[s, a] = -100.0 if falls else -1.0
    transition[47], reward[47] = np.eye(48)[47], 0.0
    return MDP(transition, reward, np.eye(48)[36], gamma)


def aliased_grid_world(gamma=0.9):
    """A corridor of five cells; below cell 2 a treasure (+1), below cells 0 and 4 a trap (−1); both end it.

    States 0–4 the corridor, 5 the end; actions north, east, south, west; start anywhere in it. Cells 1 and 3
    look alike, so an agent that sees only its walls has equal rows there (after Silver's lectures).
    """
    transition, reward = np.zeros((6, 4, 6)), np.zeros((6, 4))
    for s in range(5):
        for a, move in enumerate([0, 1, 0, -1]):
            transition[s, a, np.clip(s + move, 0, 4)] = 1.0
    for s, prize in ((0, -1.0), (2, 1.0), (4, -1.0)):
        transition[s, 2], reward[s, 2] = np.eye(6)[5], prize
    transition[5] = np.eye(6)[5]
    return MDP(transition, reward, [0.2, 0.2, 0.2, 0.2, 0.2, 0.0], gamma)


# -------------------------------------------------------------------------------------------- small helpers


def _under(mdp, policy):
    """P_π [..., S, S] and r_π [..., S]: the process with the policy averaged in."""
    policy = _policy(mdp, policy)
    r = np.sum(policy * mdp.reward, axis=-1)
    if policy.ndim == 2:  # batched matrix products: no [S, A, S] copy, BLAS speed
        return (policy[:, None, :] @ mdp.transition)[:, 0, :], r
    return np.einsum("...sa,sat->...st", policy, mdp.transition, optimize=True), r


def _policy(mdp, policy, name="policy"):
    """The policy as a checked float array [..., S, A]."""
    policy = np.asarray(policy, dtype=float)
    if policy.shape[-2:] != (mdp.states, mdp.actions):
        raise ValueError(
            f"{name} has shape {policy.shape}; this MDP asks for [S, A] = {(mdp.states, mdp.actions)}"
        )
    _check_distribution(policy, name)
    return policy


def _start(mdp, start):
    start = np.asarray(start, dtype=float)
    if start.shape[-1:] != (mdp.states,) or start.ndim > 2:
        raise ValueError(
            f"start has shape {start.shape}; this MDP asks for [S] or [N, S] with S = {mdp.states}"
        )
    _check_distribution(start, "start")
    return start


def _check_distribution(p, name):
    if not (p >= 0).all():  # also catches NaN
        raise ValueError(f"{name}{_first(~(p >= 0))} is {p[~(p >= 0)][0]:g}; probabilities must be ≥ 0")
    wrong = np.abs(p.sum(axis=-1) - 1) > 1e-9
    if wrong.any():
        total = p.sum(axis=-1)[wrong].flat[0] if p.ndim > 1 else p.sum()
        raise ValueError(f"{name}{_first(wrong)} sums to {total:.6g}; every distribution must sum to 1")


def _first(mask):
    """The index of the first True, as text: [2, 0]; empty for a scalar."""
    return str([int(i) for i in np.argwhere(mask)[0]]) if np.ndim(mask) else ""


def _read_only(array, name):
    try:
        array = np.asarray(array, dtype=float).view()
    except (TypeError, ValueError):
        raise ValueError(f"{name} is not a rectangular array of numbers") from None
    array.flags.writeable = False
    return array
