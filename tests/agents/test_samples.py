"""Fits of critics and policies against what least squares says in closed form: networks without a layer."""

import numpy as np
import scipy.optimize
import torch

from rlcourse.agents import samples
from rlcourse.agents.samples import Samples, fit_critic, fit_critic_by_lbfgs, fit_policy, rows
from rlcourse.parts.adam import Adam
from rlcourse.parts.networks import StateValue, StochasticPolicy
from rlcourse.parts.randomness import INITIALISE, LEARN, Streams
from tests.agents.scripts import BOX

S, M = 2, 40  # seeds, each with its own data, and transitions


def data(seed=0):
    """Observations [S, M, 3] and a target that is linear but for noise, [S, M]; the seeds' lines differ."""
    generator = torch.Generator().manual_seed(seed)
    obs = torch.randn(S, M, 3, generator=generator)
    slopes = torch.tensor([[1.0, -2.0, 0.5], [0.0, 1.0, 3.0]])
    noise = 0.3 * torch.randn(S, M, generator=generator)
    return obs, torch.einsum("smi,si->sm", obs, slopes) + torch.tensor([[1.0], [-2.0]]) + noise


def ridge(obs, target, decay):
    """argmin_w E[(w · (x, 1) − y)²] + decay ‖w‖² of one seed, [4], in float64."""
    x = np.column_stack([obs.double().numpy(), np.ones(M)])
    return np.linalg.solve(x.T @ x / M + decay * np.eye(4), x.T @ target.double().numpy() / M)


def critic():
    return StateValue(BOX, (), Streams(range(S), INITIALISE))


def batch(obs, target):
    return Samples(obs, *[None] * 3, target, None, None)


def test_by_lbfgs_a_linear_critic_becomes_the_ridge_regression_of_each_seed():
    obs, target = data()
    for decay in (1e-3, 0.5):
        net = critic()
        fit_critic_by_lbfgs(net, None, batch(obs, target), None, 0, 0, 0, iterations=100, decay=decay)
        for s in range(S):
            np.testing.assert_allclose(net.flat[s], ridge(obs[s], target[s], decay), rtol=1e-3, atol=1e-4)


def test_lbfgs_ends_at_the_point_it_found_and_not_at_the_last_it_tried(monkeypatch):
    def minimize(loss, start, **options):
        found = scipy.optimize.minimize(loss, start, **options)
        loss(np.zeros_like(start))
        return found

    monkeypatch.setattr(samples, "minimize", minimize)
    test_by_lbfgs_a_linear_critic_becomes_the_ridge_regression_of_each_seed()


def test_lbfgs_takes_no_more_iterations_than_it_may():
    obs, target = data()
    net = critic()
    before = net.flat.clone()
    fit_critic_by_lbfgs(net, None, batch(obs, target), None, 0, 0, 0, iterations=1)
    assert not torch.equal(net.flat, before)
    assert all(np.abs(net.flat[s].numpy() - ridge(obs[s], target[s], 1e-3)).max() > 0.1 for s in range(S))


def test_by_adam_a_linear_critic_becomes_the_least_squares_of_each_seed():
    obs, target = data()
    net = critic()
    optimiser, streams = Adam(net), Streams(range(S), LEARN)
    fit_critic(net, optimiser, batch(obs, target), streams, 0.05, epochs=400, minibatch_size=M)
    for s in range(S):
        np.testing.assert_allclose(net.flat[s], ridge(obs[s], target[s], 0.0), atol=5e-3)
    assert optimiser.t.tolist() == [400] * S


def test_an_epoch_is_every_transition_once_in_minibatches_and_none_is_none():
    obs, target = data()
    net = critic()
    optimiser, streams, before = Adam(net), Streams(range(S), LEARN), net.flat.clone()
    fit_critic(net, optimiser, batch(obs, target), streams, 0.05, epochs=0, minibatch_size=16)
    assert torch.equal(net.flat, before)
    fit_critic(net, optimiser, batch(obs, target), streams, 0.05, epochs=2, minibatch_size=16)
    assert optimiser.t.tolist() == [2 * 3] * S  # 16 + 16 + 8
    seen = [x for x, _ in samples._shuffled([obs, target], 16, streams)]
    assert [x.shape[1] for x in seen] == [16, 16, 8]
    for s in range(S):
        drawn, all_of_them = (torch.sort(x[s, :, 0])[0] for x in (torch.cat(seen, 1), obs))
        assert torch.equal(drawn, all_of_them)


def test_a_linear_policy_becomes_the_least_squares_with_the_deviation_of_what_is_left():
    """max E[log N(a; w · (s, 1), σ²)]: w is least squares, σ² the mean square of the rest."""
    obs, target = data()
    action = torch.stack([target, -target], dim=-1)
    policy = StochasticPolicy(BOX, (), Streams(range(S), INITIALISE), log_std=0.0)
    fit = policy, Adam(policy), obs, action, Streams(range(S), LEARN), 0.03
    first = fit_policy(*fit, epochs=0, minibatch_size=M)
    loss = fit_policy(*fit, epochs=600, minibatch_size=M)
    mean = policy.mode(obs.numpy())
    for s in range(S):
        w = ridge(obs[s], target[s], 0.0)
        wanted = np.column_stack([obs[s].numpy(), np.ones(M)]) @ w
        np.testing.assert_allclose(mean[s], np.column_stack([wanted, -wanted]), atol=0.02)
        variance = np.mean((target[s].numpy() - wanted) ** 2)
        least = 2 * 0.5 * np.log(2 * np.pi * np.e * variance)  # two dimensions, −E[log π] at the maximum
        np.testing.assert_allclose(loss[s], least, atol=0.01)
    assert loss.shape == (S,) and (loss < first).all() and not loss.requires_grad


def test_rows_are_the_transitions_of_a_seed_in_one_piece():
    """Products of other strides round otherwise, so that a run alone would not be its row among others."""
    for environments in (1, 3):
        x = torch.arange(4 * S * environments * 2.0).view(4, S, environments, 2)
        batch = rows(x)
        assert batch.is_contiguous() and batch.shape == (S, 4 * environments, 2)
        assert torch.equal(batch[1], torch.cat(list(x[:, 1])))
