"""What copying a teacher costs: drift over T steps, three regimes of it, and answers with several modes.

Costs are steps or rewards lost; ε is the probability of an action that the teacher would not have taken.
NumPy arrays, float64. Sources (from memory): Ross and Bagnell 2010, "Efficient Reductions for Imitation
Learning"; Ross, Gordon and Bagnell 2011, "A Reduction of Imitation Learning and Structured Prediction to
No-Regret Online Learning" (DAgger).
"""

import numpy as np

from rlcourse.equations.markov import MDP, induced_process, state_distributions

# Drift


def cloning_cost(epsilon: float, steps: int) -> float:
    """Σ_{t=1}^T (1 − (1 − ε)^t) = T − (1 − ε) (1 − (1 − ε)^T) / ε.

    The steps that a clone loses on a rope from which nobody gets back: it errs with probability ε in each of
    T steps, and the step of the fall and all later ones are lost. Between 0 and T; about ε T²/2 while ε T is
    small. Raises ValueError for ε outside [0, 1] and for T < 0.
    """
    _check(epsilon, steps)
    if epsilon == 0:
        return 0.0
    safe = 1 - epsilon
    return steps - safe * (1 - safe**steps) / epsilon


def dagger_cost(epsilon: float, steps: int, price: float) -> float:
    """Σ_{t=0}^{T−1} (1 − (1 − ε) x_t), x_t = p/(p + ε) + ε/(p + ε) (1 − p − ε)^t, p = (1 − ε)/(u − 1).

    The same for a learner that errs with probability ε wherever it is, beside the rope too, where the right
    action leads back with probability 1/(u − 1) a step (`markov.tightrope_with_ladder`). price: u ≥ 2, the
    steps that one mistake costs if the teacher takes over; ∞: there is no way back, and it is
    `cloning_cost`. x_t is the probability of being on the rope. At most u ε T. Raises ValueError as
    `cloning_cost` does, and for u < 2.
    """
    _check(epsilon, steps)
    if not price >= 2:
        raise ValueError(f"price is {price}; a fall and one step back are 2 steps at least")
    if epsilon == 0:
        return 0.0
    back = (1 - epsilon) / (price - 1)
    rest = back / (back + epsilon)
    on_rope = rest + (1 - rest) * (1 - back - epsilon) ** np.arange(steps)
    return float(np.sum(1 - (1 - epsilon) * on_rope))


def total_cost(mdp: MDP, policy: np.ndarray, steps: int) -> float:
    """J(π) = E[Σ_{t<T} c(s_t, a_t)], c = −r, undiscounted; policy [S, A], T = steps."""
    _, reward = induced_process(mdp, policy)
    return float(-np.sum(state_distributions(mdp, policy, steps) @ reward))


def mistakes(mdp: MDP, expert: np.ndarray, learner: np.ndarray, under: np.ndarray, steps: int) -> np.ndarray:
    """ε_t = Σ_s P_under(s_t = s) Σ_a π̂(a|s) 1[a ≠ π*(s)], for t = 0 … T − 1. [T].

    expert [S, A]: a policy that chooses one action (rows of 0 and 1); learner [S, A]: π̂. under [S, A]: whose
    states count: the expert's are those of the demonstrations, the learner's own are DAgger's. Raises
    ValueError for an expert that gambles.
    """
    expert = np.asarray(expert, float)
    if not np.isin(expert, (0.0, 1.0)).all():
        raise ValueError("expert gambles; these equations are for one that chooses one action in each state")
    wrong = 1 - np.sum(expert * learner, axis=-1)
    return state_distributions(mdp, under, steps) @ wrong


def drift_bound(errors: np.ndarray) -> float:
    """Σ_{t=1}^T Σ_{k=1}^t ε_k ≥ J(π̂) − J(π*), for costs within [0, 1]; at most T² ε̄, ε̄ the mean of ε_k.

    errors [T]: mistakes under the *expert's* states. The inner sum bounds the probability that the clone has
    left the expert's path by step t (Ross and Bagnell 2010).
    """
    return float(np.sum(np.cumsum(errors)))


def price_of_a_mistake(mdp: MDP, expert: np.ndarray, steps: int) -> float:
    """u = max_{t, s, a} Q_t(s, a) − V_t(s) of the expert's cost to go over T = steps.

    What one wrong action costs if the expert takes over afterwards. J(π̂) − J(π*) ≤ u Σ_t ε_t with mistakes
    under the *learner's* own states (Ross, Gordon and Bagnell 2011).
    """
    expert, V, price = np.asarray(expert, float), np.zeros(mdp.states), 0.0
    for _ in range(steps):
        Q = -mdp.reward + mdp.transition @ V
        V = np.sum(expert * Q, axis=-1)
        price = max(price, float(np.max(Q - V[:, None])))
    return price


def add_one_error(observations: int, signs: int) -> float:
    """E[1/(c + 2)], c ~ Binomial(N, 1/m): how often a clone errs that counts, and adds one to each answer.

    One of m signs is seen at each step, all equally often; the teacher has one of two answers to each. A
    clone that saw a sign c times, always with the same answer, gives the other one the probability 1/(c + 2).
    observations: N, of all signs together. About m/N where N is large. From 1/(c + 2) = 1/(c + 1)
    − 1/((c + 1)(c + 2)), whose means are sums of binomials.
    """
    N, q = observations, 1 / signs
    none, one = (1 - q) ** (N + 2), (N + 2) * q * (1 - q) ** (N + 1)
    first = (1 - (1 - q) ** (N + 1)) / ((N + 1) * q)
    return float(first - (1 - none - one) / ((N + 1) * (N + 2) * q**2))


# A teacher without noise, in one dimension


def fitted_gain(states: np.ndarray, actions: np.ndarray) -> float:
    """k = Σ s a / Σ s², the least-squares fit of a = k s; 0 where every s is 0 (nothing says otherwise).

    states, actions: arrays of one shape, any.
    """
    states, actions = np.ravel(states), np.ravel(actions)
    energy = np.sum(states**2)
    return float(np.sum(states * actions) / energy) if energy > 0 else 0.0


def path_of_gain(gain: float, gusts: np.ndarray, growth: float = 1.2, start: float = 0.0) -> np.ndarray:
    """y_{t+1} = g y_t + k y_t + w_t: states [T + 1, …] of the student a = k y in gusts w [T, …]."""
    gusts = np.asarray(gusts, float)
    y = [np.full(gusts.shape[1:], float(start))]
    for gust in gusts:
        y.append((growth + gain) * y[-1] + gust)
    return np.array(y)


def chunk_factor(length: int, growth: float, gain: float, fade: float) -> float:
    """y_ℓ / y_0 = g^ℓ + k (g^ℓ − f^ℓ)/(g − f): what ℓ actions k f^j y_0, chosen at once, do to y ← g y + a.

    length: ℓ ≥ 1 actions of a chunk, which no later state changes; growth: g of the plant; gain: k, the first
    answer; fade: f ≠ g, by which each next action is smaller. Above 1 in size, chunk after chunk explodes.
    """
    return growth**length + gain * (growth**length - fade**length) / (growth - fade)


# Answers with several modes


def mixture_density(x: np.ndarray, weights: np.ndarray, means: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """p(x) = Σ_k w_k N(x; m_k, σ_k²); x [...], the rest [K] -> [...]."""
    z = (np.asarray(x, float)[..., None] - means) / sigmas
    return np.sum(weights * np.exp(-(z**2) / 2) / (sigmas * np.sqrt(2 * np.pi)), axis=-1)


def fit_mixture(
    x: np.ndarray, components: int, sweeps: int = 200, least: float = 0.02
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maximum likelihood of K Gaussians by EM: weights, means, standard deviations, [K] each.

    x [n]. Sweep by sweep: each point is shared among the components by their densities there, then each
    component takes the weight, mean and variance of its share; the likelihood never falls. Starts at the
    quantiles of x, so nothing is drawn. least: no σ becomes smaller (a component on a single point would
    have infinite likelihood). Raises ValueError for K < 1 and for fewer points than components.
    """
    x = np.ravel(np.asarray(x, float))
    if not 1 <= components <= len(x):
        raise ValueError(f"{components} components for {len(x)} points; give between 1 and {len(x)}")
    means = np.quantile(x, (np.arange(components) + 0.5) / components)
    weights, sigmas = np.full(components, 1 / components), np.full(components, max(x.std(), least))
    for _ in range(sweeps):
        joint = weights * np.exp(-(((x[:, None] - means) / sigmas) ** 2) / 2) / sigmas
        share = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
        mass = np.maximum(share.sum(axis=0), 1e-12)
        means = share.T @ x / mass
        sigmas = np.sqrt(np.maximum(np.sum(share * (x[:, None] - means) ** 2, axis=0) / mass, least**2))
        weights = mass / mass.sum()
    return weights, means, sigmas


def joint_frequencies(actions: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Share of the pairs in each cell: actions [n, 2], edges [B + 1] of the bins of both -> [B, B]."""
    counts, _, _ = np.histogram2d(*np.asarray(actions, float).T, bins=[edges, edges])
    return counts / counts.sum()


def independent_bins(actions: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """p(a₁) p(a₂): a histogram for each dimension by itself. [B, B]; shapes as `joint_frequencies`."""
    first, second = (np.histogram(column, edges)[0] for column in np.asarray(actions, float).T)
    return np.outer(first / first.sum(), second / second.sum())


def autoregressive_bins(actions: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """p(a₁) p(a₂|a₁): a histogram of the first, then one of the second for each bin of the first. [B, B].

    Counted, it is as large as the joint one; a network that is told a₁ has 2 B outputs instead of B², for A
    dimensions A B instead of B^A. Shapes as `joint_frequencies`; an empty bin of the first has p(a₁) = 0.
    """
    first, second = np.asarray(actions, float).T
    place = np.clip(np.digitize(first, edges) - 1, 0, len(edges) - 2)
    joint = np.zeros((len(edges) - 1, len(edges) - 1))
    for bin_of_first in np.unique(place):
        chosen = place == bin_of_first
        after, _ = np.histogram(second[chosen], edges)
        joint[bin_of_first] = chosen.mean() * after / max(after.sum(), 1)
    return joint


# Goals


def later_in_episode(over: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """t′ ~ uniform on {t, …, end of t's episode}: over [T, …] 0 or 1, uniform [T, …] below 1 -> [T, …].

    over_t = 1: the episode ends with step t. What was reached after step t′ becomes the goal of step t
    (hindsight: Andrychowicz et al. 2017; Ghosh et al. 2021).
    """
    over = np.asarray(over).astype(bool)
    last, ends = np.full(over.shape[1:], len(over) - 1), np.empty(over.shape, int)
    for t in range(len(over) - 1, -1, -1):
        last = np.where(over[t], t, last)
        ends[t] = last
    t = np.arange(len(over)).reshape(-1, *[1] * (over.ndim - 1))
    return t + ((ends - t + 1) * uniform).astype(int)


def _check(epsilon, steps):
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon is {epsilon}; a probability lies between 0 and 1")
    if steps < 0:
        raise ValueError(f"steps is {steps}; it must be ≥ 0")
