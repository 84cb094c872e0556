"""Cloning and DAgger: maximum likelihood against closed forms, each head, who is learnt from."""

import numpy as np
import pytest
import torch

from rlcourse.agents import Rollout, Spaces
from rlcourse.algorithms.cloning import Cloning
from rlcourse.algorithms.dagger import DAgger
from rlcourse.parts.mixtures import MixturePolicy
from rlcourse.parts.randomness import INITIALISE, LEARN, Streams
from tests.algorithms.batches import flat_gradient_of, nets_of, rollout

LINEAR = {"hidden": (), "epochs": 400, "learning_rate": 0.02, "minibatch_size": 10**6}
KINDS = [Cloning, DAgger]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("components", [1, 3])
@pytest.mark.parametrize("discrete", [False, True], ids=["continuous", "discrete"])
def test_one_step_follows_the_gradient_of_the_mean_log_likelihood(kind, components, discrete):
    spaces = Spaces(3, 2, discrete)
    algorithm = kind(hidden=(8,), components=components, epochs=1, minibatch_size=10**6)
    nets, batch = nets_of(algorithm, spaces), rollout(discrete)
    before = nets.policy.copy()
    algorithm.update(nets, batch, Streams(range(2), LEARN))
    obs = batch.obs.transpose(0, 1).reshape(2, -1, 3)
    action = batch.action.transpose(0, 1).reshape(2, obs.shape[1], *batch.action.shape[3:])
    output = before.graph(obs) if components == 1 or discrete else None
    if output is None:
        raw = super(MixturePolicy, before).graph(obs)
        weight, mean = raw[..., :3].log_softmax(-1), raw[..., 3:].unflatten(-1, (3, 2))
        sigma = before.extra.view(2, 1, 3, 2).exp()
        normal = torch.distributions.Normal(mean, sigma).log_prob(action[..., None, :]).sum(-1)
        log_prob = (weight + normal).exp().sum(-1).log()
    elif discrete:
        log_prob = torch.distributions.Categorical(logits=output.log_p).log_prob(action)
    else:
        normal = torch.distributions.Normal(output.mean, output.log_std.exp())
        log_prob = normal.log_prob(action).sum(-1)
    expected = flat_gradient_of(-log_prob.mean(-1).sum(), before)
    torch.testing.assert_close(nets.policy.grad, expected, rtol=1e-4, atol=1e-6)


def test_a_linear_gaussian_clone_becomes_the_least_squares_fit():
    g = torch.Generator().manual_seed(0)
    obs = torch.randn(200, 1, 1, 3, generator=g)
    action = obs @ torch.tensor([[0.5], [-1.0], [0.2]]) + 0.3 + 0.1 * torch.randn(200, 1, 1, 1, generator=g)
    zero = torch.zeros(200, 1, 1)
    nets = nets_of(Cloning(**LINEAR), Spaces(3, 1, False), S=1)
    Cloning(**LINEAR).update(nets, Rollout(obs, action, zero, zero, zero, obs), Streams([0], LEARN))
    design = np.column_stack([obs[:, 0, 0].numpy(), np.ones(200)])
    w, residual, *_ = np.linalg.lstsq(design, action[:, 0, 0, 0].numpy(), rcond=None)
    weight, bias = (x.detach().numpy().ravel() for x in nets.policy.layers[0])
    np.testing.assert_allclose([*weight, *bias], w, atol=2e-3)
    sigma = nets.policy.extra.exp().item()
    assert sigma == pytest.approx(np.sqrt(residual[0] / 200), rel=0.02)


def test_a_categorical_clone_that_sees_nothing_answers_with_the_frequencies():
    action = torch.tensor([0] * 50 + [1] * 30 + [2] * 20)[:, None, None]
    zero, obs = torch.zeros(100, 1, 1), torch.zeros(100, 1, 1, 1)
    nets = nets_of(Cloning(**LINEAR), Spaces(1, 3, True), S=1)
    Cloning(**LINEAR).update(nets, Rollout(obs, action, zero, zero, zero, obs), Streams([0], LEARN))
    p = nets.policy(torch.zeros(1, 1, 1)).log_p.exp().ravel()
    np.testing.assert_allclose(p.detach(), [0.5, 0.3, 0.2], atol=0.01)


def test_a_mixture_finds_both_answers_and_one_gaussian_the_mean_that_nobody_gave():
    g = torch.Generator().manual_seed(1)
    side = (torch.rand(400, 1, 1, 1, generator=g) < 0.5).float() * 2 - 1
    action = 0.6 * side + 0.05 * torch.randn(400, 1, 1, 1, generator=g)
    obs, zero = torch.zeros(400, 1, 1, 1), torch.zeros(400, 1, 1)
    data, found = Rollout(obs, action, zero, zero, zero, obs), {}
    for K in (1, 2):
        algorithm = Cloning(**LINEAR, components=K)
        nets = nets_of(algorithm, Spaces(1, 1, False), S=1)
        found[K] = nets, algorithm.update(nets, data, Streams([0], LEARN))["log_loss"].item()
    nothing = np.zeros((1, 1, 1), np.float32)
    assert abs(found[1][0].policy.mode(nothing)).item() < 0.1
    assert abs(found[2][0].policy.mode(nothing)).item() == pytest.approx(0.6, abs=0.02)
    assert found[2][1] < found[1][1] - 1
    draws = found[2][0].policy.sample(np.zeros((1, 4000, 1), np.float32), Streams([0], LEARN)).ravel()
    assert abs(abs(draws) - 0.6).max() < 0.3 and abs((draws > 0).mean() - 0.5) < 0.1


def test_the_components_of_a_mixture_start_apart_and_members_are_independent():
    policy = MixturePolicy(Spaces(2, 2, False), (8,), Streams(range(3), INITIALISE), 4)
    obs = torch.randn(3, 50, 2, generator=torch.Generator().manual_seed(2))
    pi = policy(obs)
    assert (pi.mean[..., 1:, :] - pi.mean[..., :-1, :]).min() > 0.2
    alone = policy.rows(slice(1, 2))(obs[1:2])
    torch.testing.assert_close(alone.mean[0], pi.mean[1])
    with pytest.raises(ValueError, match="continuous actions"):
        MixturePolicy(Spaces(2, 2, True), (8,), Streams([0], INITIALISE), 2)


def test_rewards_are_not_looked_at():
    weights = []
    for reward in (0.0, 1000.0):
        for kind in KINDS:
            nets = nets_of(kind(hidden=(8,)))
            kind(hidden=(8,)).update(nets, rollout(reward=reward), Streams(range(2), LEARN))
            weights.append(nets.policy.flat.clone())
    assert torch.equal(weights[0], weights[2]) and torch.equal(weights[1], weights[3])
    assert torch.equal(weights[0], weights[1]), "on the same data both do the same"


def test_a_relabelling_is_used_and_gets_dice_of_each_seeds_own():
    dice = []

    def zeroed(demonstrations, uniform):
        dice.append(uniform)
        return demonstrations._replace(obs=0 * demonstrations.obs)

    algorithm, data = Cloning(hidden=(8,), relabel=zeroed), rollout()
    nets = nets_of(algorithm)
    algorithm.update(nets, data, Streams(range(2), LEARN))
    assert dice[0].shape == data.reward.shape and not torch.equal(dice[0][:, 0], dice[0][:, 1])
    assert (nets.policy.layers[0][0].grad == 0).all(), "inputs of 0 give the first weights no gradient"


def test_the_shares_of_the_rounds():
    assert [Cloning().share(i) for i in range(3)] == [1, 1, 1]
    assert [DAgger().share(i) for i in range(3)] == [1, 0, 0]
    assert [DAgger(mix=0.5).share(i) for i in range(3)] == [1, 0.5, 0.25]
