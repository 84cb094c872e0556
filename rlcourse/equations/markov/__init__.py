"""Finite Markov decision processes, solved exactly by linear algebra.

Shapes: S states, A actions; `...` is any leading batch of policies. A policy is a plain array π[..., S, A]
whose rows sum to 1. Symbols: V, Q, A as usual; d^π normalised discounted visitation; η(π) = E[Σ γ^t r_t],
unnormalised; L_old(new) the surrogate. NumPy arrays, float64 throughout. V, Q, A, η and all bounds on η have
the units of reward; probabilities and divergences (in nats) have none. A policy of the wrong shape, or with
rows that do not sum to 1, raises ValueError with one line that says where.

Read in this order: process (the MDP), policies, evaluation, improvement, gradients; then bounds, couplings
and minorise for lecture 08; sampling and estimates for lectures 01, 03 and 04; soft for lecture 13. classics
holds the processes that have names.
"""

from rlcourse.equations.markov.bounds import (
    conservative_step,
    expected_advantage,
    improvement_bound,
    kl,
    max_kl,
    max_tv,
    mixture_bound,
    penalty_coefficient,
    performance_difference,
    policy_advantage,
    surrogate,
    tv,
)
from rlcourse.equations.markov.classics import (
    aliased_grid_world,
    chain,
    cliff,
    corridor,
    jump_grid,
    noisy_arms,
    stay_or_leave,
    tightrope,
    tightrope_with_ladder,
    two_action,
    two_state,
)
from rlcourse.equations.markov.couplings import CouplingLemma, coupling, coupling_lemma
from rlcourse.equations.markov.estimates import Trajectories, gae_moments, n_step_moments, trajectories
from rlcourse.equations.markov.evaluation import (
    advantages,
    bellman_backup,
    expected_return,
    q_values,
    state_distributions,
    stationary_distribution,
    trajectory_probability,
    values,
    visitation,
)
from rlcourse.equations.markov.gradients import (
    fisher,
    natural_gradient,
    policy_gradient,
    softmax_scores,
    value_gradient,
)
from rlcourse.equations.markov.improvement import (
    greedy_policy,
    optimal_q_values,
    policy_iteration,
    value_iteration,
)
from rlcourse.equations.markov.minorise import kl_ball_maximiser, minorise_maximise_step
from rlcourse.equations.markov.policies import (
    epsilon_greedy_policy,
    mixture,
    random_policy,
    softmax_policy,
    uniform_policy,
)
from rlcourse.equations.markov.process import MDP, induced_process, with_random_actions
from rlcourse.equations.markov.sampling import Walks, sample_walks
from rlcourse.equations.markov.soft import (
    occupancy,
    shaping,
    soft_optimal_policy,
    soft_q_values,
    soft_values,
    unshaped,
)

__all__ = [
    "advantages", "aliased_grid_world", "bellman_backup", "chain", "cliff", "conservative_step",
    "corridor", "coupling", "coupling_lemma", "CouplingLemma", "epsilon_greedy_policy",
    "expected_advantage", "expected_return", "fisher", "gae_moments", "greedy_policy",
    "improvement_bound", "induced_process", "jump_grid", "kl", "kl_ball_maximiser", "max_kl", "max_tv",
    "MDP", "minorise_maximise_step", "mixture", "mixture_bound", "n_step_moments", "natural_gradient",
    "noisy_arms", "occupancy", "optimal_q_values", "penalty_coefficient", "performance_difference",
    "policy_advantage", "policy_gradient", "policy_iteration", "q_values", "random_policy",
    "sample_walks", "shaping", "soft_optimal_policy", "soft_q_values", "soft_values", "softmax_policy",
    "softmax_scores", "state_distributions", "stationary_distribution", "stay_or_leave", "surrogate",
    "tightrope", "tightrope_with_ladder", "trajectories", "Trajectories", "trajectory_probability", "tv",
    "two_action", "two_state", "uniform_policy", "unshaped", "value_gradient", "value_iteration",
    "values", "visitation", "Walks", "with_random_actions",
]  # fmt: skip
