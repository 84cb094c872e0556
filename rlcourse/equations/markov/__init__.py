"""Finite Markov decision processes, solved exactly by linear algebra.

Shapes: S states, A actions; `...` is any leading batch of policies. A policy is a plain array π[..., S, A]
whose rows sum to 1. Symbols: V, Q, A as usual; d^π normalised discounted visitation; η(π) = E[Σ γ^t r_t],
unnormalised; L_old(new) the surrogate. NumPy arrays, float64 throughout. V, Q, A, η and all bounds on η have
the units of reward; probabilities and divergences (in nats) have none. A policy of the wrong shape, or with
rows that do not sum to 1, raises ValueError with one line that says where.

Read in this order: process (the MDP), policies, evaluation, improvement, gradients; then bounds, couplings
and minorise for lecture 08; estimates for lecture 04. classics holds the processes that have names.
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
    tightrope,
    two_action,
    two_state,
)
from rlcourse.equations.markov.couplings import CouplingLemma, coupling, coupling_lemma
from rlcourse.equations.markov.estimates import gae_moments, trajectories
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
from rlcourse.equations.markov.gradients import fisher, natural_gradient, policy_gradient
from rlcourse.equations.markov.improvement import greedy_policy, policy_iteration, value_iteration
from rlcourse.equations.markov.minorise import kl_ball_maximiser, minorise_maximise_step
from rlcourse.equations.markov.policies import mixture, random_policy, softmax_policy, uniform_policy
from rlcourse.equations.markov.process import MDP, induced_process

__all__ = [
    "advantages", "aliased_grid_world", "bellman_backup", "chain", "cliff", "conservative_step",
    "corridor", "coupling", "coupling_lemma", "CouplingLemma", "expected_advantage", "expected_return",
    "fisher", "gae_moments", "greedy_policy", "improvement_bound", "induced_process", "kl",
    "kl_ball_maximiser", "max_kl", "max_tv", "MDP", "minorise_maximise_step", "mixture", "mixture_bound",
    "natural_gradient", "penalty_coefficient", "performance_difference", "policy_advantage",
    "policy_gradient", "policy_iteration", "q_values", "random_policy", "softmax_policy",
    "state_distributions", "stationary_distribution", "surrogate", "tightrope", "trajectories",
    "trajectory_probability", "tv", "two_action", "two_state", "uniform_policy", "value_iteration",
    "values", "visitation",
]  # fmt: skip
