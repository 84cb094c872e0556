"""Fits of critics and policies against what least squares says in closed form: networks without a layer."""

import numpy as np
import scipy.optimize
import scipy.stats
import torch

from rlcourse.agents import samples
from rlcourse.agents.samples import Rollout, Samples, fit_critic, fit_critic_by_lbfgs, fit_policy, rows
from rlcourse.equations.returns import gae
from rlcourse.parts.adam import Adam
from rlcourse.parts.networks import Networks, StateValue, StochasticPolicy
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


def critic(*hidden):
    return StateValue(BOX, hidden, Streams(range(S), INITIALISE))


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


# ------------------------------------------------------------------------ what is learnt from


def test_standardised_is_centred_with_deviation_one_in_each_row_and_a_constant_is_zero():
    x = torch.tensor([[1.0, 2.0, 3.0, 6.0], [-5.0, -5.0, 5.0, 5.0], [7.0, 7.0, 7.0, 7.0]])
    expected = [np.array([-2, -1, 0, 3]) / np.sqrt(3.5), [-1, -1, 1, 1], [0, 0, 0, 0]]
    np.testing.assert_allclose(samples.standardised(x), expected, rtol=1e-6)


def rollout(seed=0, T=3, N=2):
    """Random transitions of two dimensions of action, [T, S, N, …]."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*more):
        return torch.randn(T, S, N, *more, generator=generator)

    over = torch.zeros(T, S, N)
    over[1, 0, 1] = 1.0
    return Rollout(normal(3), normal(2), normal(), over, over.roll(1, 0), normal(3))


def networks():
    def streams():
        return Streams(range(S), INITIALISE)

    return Networks(policy=StochasticPolicy(BOX, (4,), streams(), log_std=-0.3), critic=critic(4))


def test_a_rollout_becomes_advantages_their_targets_and_the_densities_of_its_actions():
    """Â by the estimator, of V(s), V(s′) and both ends; y = Â + V; log π(a|s) = Σ_i log N(a_i; μ_i, σ_i²)."""
    nets, steps, asked = networks(), rollout(), []

    def advantage(*given):
        asked.append(given)
        reward, value, next_value = given[:3]
        return reward + 2 * next_value - value

    got = steps.samples(nets, advantage, 0.9, 0.8)
    reward, value, next_value, terminated, truncated, gamma, lam = asked[0]
    assert (gamma, lam) == (0.9, 0.8)
    for mine, its in ((reward, steps.reward), (terminated, steps.terminated), (truncated, steps.truncated)):
        assert torch.equal(mine, its)
    for t, s, n in ((0, 0, 0), (1, 0, 1), (2, 1, 0)):
        row = t * 2 + n
        v, after = (nets.critic(x[t, :, n][:, None])[s, 0].detach() for x in (steps.obs, steps.next_obs))
        torch.testing.assert_close((value[t, s, n], next_value[t, s, n]), (v, after))
        A = steps.reward[t, s, n] + 2 * after - v
        torch.testing.assert_close(got.advantage[s, row], A)
        torch.testing.assert_close((got.value[s, row], got.target[s, row]), (v, A + v))
        assert torch.equal(got.obs[s, row], steps.obs[t, s, n])
        assert torch.equal(got.action[s, row], steps.action[t, s, n])
        mean = nets.policy.mode(steps.obs[t, :, n][:, None].numpy())[s, 0]
        density = scipy.stats.norm(mean, np.exp(-0.3)).logpdf(steps.action[t, s, n]).sum()
        np.testing.assert_allclose(got.log_prob[s, row], density, rtol=1e-5)
    assert not any(x.requires_grad for x in (got.value, got.log_prob, got.old.mean))


def test_the_policy_that_acted_gives_the_old_densities_where_it_is_known():
    nets, steps = networks(), rollout()
    other = StochasticPolicy(BOX, (4,), Streams((7, 8), INITIALISE), log_std=0.5)
    with torch.no_grad():
        acted = other(rows(steps.obs))
    got = steps._replace(behaviour=acted).samples(nets, gae, 0.9, 0.8)
    assert got.old is acted and torch.equal(got.log_prob, acted.log_prob(rows(steps.action)))
    assert not torch.allclose(got.log_prob, steps.samples(nets, gae, 0.9, 0.8).log_prob)


def test_the_surrogate_is_the_mean_of_ratio_times_advantage_of_each_seed():
    batch = rollout().samples(networks(), gae, 0.9, 0.8)
    log_prob = batch.log_prob + torch.tensor([[0.3], [-0.2]]) * torch.arange(6.0)
    ratio = np.exp([[0.3], [-0.2]] * np.arange(6))
    expected = (ratio * batch.advantage.numpy()).mean(1)
    np.testing.assert_allclose(batch.surrogate(log_prob, batch.advantage), expected, rtol=1e-5)


def test_minibatches_hold_each_transition_once_with_all_that_belongs_to_it():
    batch = rollout().samples(networks(), gae, 0.9, 0.8)
    parts = list(batch.minibatches(4, Streams(range(S), LEARN)))
    assert [part.obs.shape for part in parts] == [(S, 4, 3), (S, 2, 3)]
    for s in range(S):
        origin = [int((batch.obs[s] == x).all(1).nonzero()) for part in parts for x in part.obs[s]]
        assert sorted(origin) == list(range(6))
        for name in ("action", "advantage", "value", "target", "log_prob"):
            joined = torch.cat([getattr(part, name)[s] for part in parts])
            assert torch.equal(joined, getattr(batch, name)[s, origin]), name
        assert torch.equal(torch.cat([part.old.mean[s] for part in parts]), batch.old.mean[s, origin])


class Noted:
    """An optimiser that keeps the gradients, and changes nothing."""

    def __init__(self, network):
        self.network, self.gradients = network, []

    def step(self, learning_rate):
        self.gradients.append(self.network.grad.double().numpy().copy())


def test_the_critics_gradient_is_that_of_half_the_mean_square():
    """∇ ½ E[(w · (s, 1) − y)²] = E[(V − y)(s, 1)] of each seed, whatever the other seed's is."""
    obs, target = data()
    net = critic()
    optimiser = Noted(net)
    fit_critic(net, optimiser, batch(obs, target), Streams(range(S), LEARN), 0.1, 1, M)
    with torch.no_grad():
        error = (net(obs) - target).double().numpy()
    for s in range(S):
        x = np.column_stack([obs[s], np.ones(M)])
        np.testing.assert_allclose(optimiser.gradients[0][s], error[s] @ x / M, rtol=1e-4, atol=1e-6)


def test_the_policys_gradient_is_that_of_the_mean_log_loss():
    """∇_μ = −E[(a − μ)/σ² (s, 1)], ∇_logσ = 1 − E[(a − μ)²]/σ², of each seed."""
    obs, target = data()
    action = torch.stack([target, -target], dim=-1)
    policy = StochasticPolicy(BOX, (), Streams(range(S), INITIALISE), log_std=0.4)
    optimiser = Noted(policy)
    fit_policy(policy, optimiser, obs, action, Streams(range(S), LEARN), 0.1, 1, M)
    mean, variance = policy.mode(obs.numpy()), np.exp(0.8)
    for s in range(S):
        error = (action[s].numpy() - mean[s]).astype(np.float64)
        weights = -np.column_stack([obs[s], np.ones(M)]).T @ error / variance / M  # [4, 2], the last row is b
        expected = np.concatenate([weights.ravel(), 1 - (error**2).mean(0) / variance])
        np.testing.assert_allclose(optimiser.gradients[0][s], expected, rtol=1e-4, atol=1e-6)
