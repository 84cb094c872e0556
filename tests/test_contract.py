"""The public names that lectures and other tools rely on, called as the contract writes them."""

import gymnasium
import numpy as np
import torch

from rlcourse.algorithms.td3 import TD3
from rlcourse.equations import (
    bias,
    divergences,
    importance,
    linear,
    lqr,
    markov,
    objectives,
    returns,
    solvers,
    trust_region,
)
from rlcourse.grading import check
from rlcourse.parts import environments
from rlcourse.training import evaluate, train


def test_equations_have_the_contracts_names_and_shapes():
    T, N, B = 5, 3, 7
    rng = np.random.default_rng(0)
    reward, value, next_value = rng.normal(size=(3, T, N))
    no = np.zeros((T, N), bool)
    assert returns.discounted_returns(reward, no, 0.9).shape == (T, N)
    assert returns.td_target(reward, no, next_value, 0.9).shape == (T, N)
    assert returns.gae(reward, value, next_value, no, no, 0.9, 0.95).shape == (T, N)
    targets, advantages = returns.vtrace(reward, value, next_value, 0 * reward, no, no, 0.9, 1.0, 1.0)
    assert targets.shape == advantages.shape == (T, N)
    twins = torch.randn(4, 2, B)
    assert returns.clipped_double_q_target(torch.zeros(4, B), torch.zeros(4, B), twins, 0.9).shape == (4, B)
    log_prob, old, advantage = torch.randn(3, B)
    assert objectives.surrogate(log_prob, old, advantage).ndim == 0
    assert objectives.clipped_surrogate(log_prob, old, advantage, 0.2).ndim == 0
    p = np.array([[0.2, 0.8]])
    assert divergences.categorical_kl(p, p).shape == divergences.categorical_tv(p, p).shape == (1,)
    assert divergences.gaussian_kl(np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(2)) == 0
    x = solvers.conjugate_gradient(lambda v: 2 * v, np.ones(3), iterations=10, tolerance=1e-10)
    np.testing.assert_allclose(x, 0.5)


def test_markov_bias_and_trust_region_have_the_contracts_names_and_shapes():
    mdp = markov.MDP.random(4, 3, 0)
    old, new = np.full((4, 3), 1 / 3), np.random.default_rng(0).dirichlet(np.ones(3), size=4)
    again = markov.MDP(mdp.transition, mdp.reward, mdp.start, mdp.gamma)
    assert markov.values(again, old).shape == (4,)
    assert markov.q_values(mdp, old).shape == markov.advantages(mdp, old).shape == (4, 3)
    assert abs(markov.visitation(mdp, old, start=None).sum() - 1) < 1e-12
    gap = mdp.start @ (markov.values(mdp, new) - markov.values(mdp, old))
    assert abs(markov.performance_difference(mdp, new, old) - gap) < 1e-10
    assert np.ndim(markov.surrogate(mdp, new, old)) == 0
    for divergence in ("kl", "tv"):
        assert np.ndim(markov.improvement_bound(mdp, new, old, divergence=divergence)) == 0
    for estimator in ("max", "double", "clipped"):
        rng = np.random.default_rng(0)
        assert isinstance(bias.expected_maximum([0.0, 0.0], 1.0, 100, estimator=estimator, rng=rng), float)
    assert trust_region.quadratic_model(trust_region.double_well, 0.0) is not None
    step = trust_region.trust_region_step(trust_region.double_well, 0.5, 0.3)
    assert {"candidate", "predicted", "actual", "ratio", "accepted"} <= set(dir(step))
    assert len(trust_region.trust_region_path(trust_region.double_well, 0.5, 0.3, 4)) > 0


def test_chains_natural_gradients_linear_values_and_lqr_have_the_contracts_names_and_shapes():
    S, A, D, T = 4, 3, 2, 5
    mdp, rng = markov.MDP.random(S, A, 0), np.random.default_rng(0)
    policy = rng.dirichlet(np.ones(A), size=S)
    d = markov.stationary_distribution(mdp, policy)
    assert d.shape == (S,) and abs(d.sum() - 1) < 1e-12
    assert markov.bellman_backup(mdp, policy, np.zeros(S)).shape == (S,)
    assert markov.value_iteration(mdp, 3).shape == (S,) and not markov.value_iteration(mdp, sweeps=0).any()
    states, actions = rng.integers(S, size=T + 1), rng.integers(A, size=T)
    assert isinstance(markov.trajectory_probability(mdp, policy, states, actions), float)
    F, x = markov.fisher(mdp, policy), markov.natural_gradient(mdp, policy)
    assert F.shape == (S * A, S * A) and x.shape == (S, A)
    np.testing.assert_allclose((F @ x.ravel()).reshape(S, A), markov.policy_gradient(mdp, policy), atol=1e-12)

    assert linear.coarse_code(rng.normal(size=7), rng.normal(size=3), 1.0).shape == (7, 3)
    assert linear.td_fixed_point(mdp, policy, rng.normal(size=(S, D)), d).shape == (D,)
    process, features, behaviour, target, w = linear.baird(0.99)
    assert features.shape == (7, 8) and behaviour.shape == target.shape == (7, 2) and w.shape == (8,)
    assert isinstance(process, markov.MDP)

    regulator = lqr.LQR(np.eye(2), np.array([[0.0], [1.0]]), np.eye(2), np.eye(1), 0.5, np.eye(2))
    K = regulator.optimal_gain()
    assert K.shape == regulator.gradient(K).shape == (1, 2)
    P = regulator.value_matrix(K)
    assert P.shape == (2, 2) and np.isclose(regulator.cost(K), np.trace(P))

    assert np.isclose(importance.effective_sample_size(np.ones(5)), 5)
    probabilities = rng.random((2, S, A))
    assert objectives.vine_surrogate(*probabilities, rng.normal(size=(S, A)), dim=-1).shape == (S,)


def test_training_has_the_contracts_names_and_shapes(tmp_path):
    seen = []
    run = train(TD3(warmup=20), "Pendulum-v1", steps=60, seeds=2, callbacks=[seen.append])
    E = len(run.curve.steps)
    assert run.curve.seconds.shape == (E,) and run.curve.returns.shape == (2, E)
    assert seen and "td_error" in run.metrics
    assert evaluate(run.agent(1), "Pendulum-v1", episodes=3, seed=5).shape == (3,)
    run.save(tmp_path / "run")
    more = train(TD3(warmup=20), "Pendulum-v1", steps=80, seeds=2, resume=tmp_path / "run")
    assert more.curve.steps[-1] == 80
    assert check("polyak", lambda target, online, tau: tau * online + (1 - tau) * target).passed
    assert isinstance(environments.make("Pendulum-v1", 3, 0), gymnasium.vector.VectorEnv)
    assert gymnasium.make_vec("rlcourse/Pendulum-v1", num_envs=2).num_envs == 2
