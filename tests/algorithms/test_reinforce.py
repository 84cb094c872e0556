"""REINFORCE's update against hand calculations and autograd of the written objective."""

import numpy as np
import pytest
import torch

from rlcourse.agents import Rollout, Spaces
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.equations.baselines import mean_baseline, optimal_baseline
from rlcourse.equations.returns import discounted_from_start, discounted_returns, whole_returns
from rlcourse.parts.randomness import LEARN, Streams
from rlcourse.training import train
from tests.algorithms.batches import flat_gradient_of, nets_of

DISCRETE = Spaces(3, 2, True)


def episodes(discrete=True, S=2, seed=0):
    """A column of three episodes: 4 steps and an end, 3 and a time limit, 5 and the end of the data."""
    g = torch.Generator().manual_seed(seed)
    obs, next_obs = torch.randn(2, 12, S, 1, 3, generator=g)
    action = torch.randint(2, (12, S, 1), generator=g) if discrete else torch.randn(12, S, 1, 2, generator=g)
    terminated, truncated = torch.zeros(2, 12, S, 1)
    terminated[3], truncated[6] = 1, 1
    return Rollout(obs, action, torch.randn(12, S, 1, generator=g), terminated, truncated, next_obs)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (discounted_returns, [2.0, 2.0, 4.0]),
        (whole_returns, [2.0, 2.0, 4.0]),
        (discounted_from_start, [2.0, 1.0, 4.0]),
    ],
)
def test_one_update_of_a_linear_softmax_policy_is_the_hand_calculation(weights, expected):
    """x = 1, γ = ½; episodes (r = 1, 2) and (r = 4); actions 0, 1, 0; π = (½, ½), scores ±(½, −½).

    G = 2, 2 | 4; R(τ) = 2, 2 | 4; γᵗG = 2, 1 | 4. ∇ = ½ Σ ± w (½, −½).
    """
    algorithm = REINFORCE(hidden=(), gamma=0.5, weights=weights)
    nets = nets_of(algorithm, Spaces(1, 2, True), S=1)
    nets.policy.flat.zero_()
    one = torch.ones(3, 1, 1, 1)
    column = [torch.tensor(x).view(3, 1, 1) for x in ([0, 1, 0], [1.0, 2.0, 4.0], [0.0, 1.0, 1.0])]
    metrics = algorithm.update(nets, Rollout(one, *column, 0 * column[2], one), Streams([0], LEARN))
    uphill = (expected[0] - expected[1] + expected[2]) / 4
    torch.testing.assert_close(nets.policy.grad[0], torch.tensor([-uphill, uphill] * 2))
    assert metrics["baseline"].tolist() == [0.0]


@pytest.mark.parametrize("baseline", [mean_baseline, optimal_baseline])
@pytest.mark.parametrize("discrete", [False, True], ids=["gaussian", "categorical"])
def test_the_gradient_is_that_of_the_written_objective_by_autograd(discrete, baseline):
    algorithm = REINFORCE(hidden=(8,), baseline=baseline)
    nets, fresh = (nets_of(algorithm, Spaces(3, 2, discrete)) for _ in range(2))
    batch = episodes(discrete)
    metrics = algorithm.update(nets, batch, Streams(range(2), LEARN))
    log_prob = fresh.policy.graph(batch.obs[:, :, 0].transpose(0, 1)).log_prob(
        batch.action[:, :, 0].transpose(0, 1)
    )
    G = torch.zeros(2, 12)
    for first, last in ((0, 3), (4, 6), (7, 11)):
        for t in range(first, last + 1):
            for k in range(t, last + 1):
                G[:, t] += 0.98 ** (k - t) * batch.reward[k, :, 0]
    for s in range(2):
        gradients = [
            torch.cat(
                [g[s].flatten() for g in torch.autograd.grad(x, fresh.policy.parameters, retain_graph=True)]
            )
            for x in log_prob[s]
        ]
        square = torch.stack([g @ g for g in gradients])
        b = G[s].mean() if baseline is mean_baseline else (square * G[s]).sum() / square.sum()
        expected = -sum(g * (w - b) for g, w in zip(gradients, G[s], strict=True)) / 3
        torch.testing.assert_close(nets.policy.grad[s], expected, rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(metrics["baseline"][s], b, rtol=1e-4, atol=1e-5)


def test_a_learnt_baseline_is_subtracted_and_then_fitted_to_the_returns():
    """The critic that enters the weights is the one before its steps; they lower its error."""
    algorithm = REINFORCE(hidden=(8,), critic_steps=60)
    nets, fresh, batch = nets_of(algorithm, DISCRETE), nets_of(algorithm, DISCRETE), episodes()
    algorithm.update(nets, batch, Streams(range(2), LEARN))
    obs = batch.obs[:, :, 0].transpose(0, 1)
    over = batch.terminated + batch.truncated
    G = discounted_returns(batch.reward, over, 0.98)[:, :, 0].T
    with torch.no_grad():
        weight = G - fresh.critic(obs)
        before, after = (((c(obs) - G) ** 2).mean(-1) for c in (fresh.critic, nets.critic))
    log_prob = fresh.policy.graph(obs).log_prob(batch.action[:, :, 0].T)
    expected = flat_gradient_of(-(log_prob * weight).sum() / 3, fresh.policy)
    torch.testing.assert_close(nets.policy.grad, expected, rtol=1e-3, atol=1e-5)
    assert (after < 0.5 * before).all()
    plain = nets_of(algorithm, DISCRETE)
    REINFORCE(hidden=(8,)).update(plain, batch, Streams(range(2), LEARN))
    assert torch.equal(plain.critic.flat, fresh.critic.flat), "without steps the critic stays as it is"


def own_weights(reward, done, gamma):
    out, running = np.zeros(len(reward)), 0.0
    for t in reversed(range(len(reward))):
        running = float(reward[t] + gamma * running * (1 - done[t]))
        out[t] = running
    return out


def own_baseline(scores, returns):
    norms = [float(np.sum(np.asarray(g) ** 2)) for g in scores]
    return sum(n * float(r) for n, r in zip(norms, returns, strict=True)) / sum(norms)


@pytest.mark.parametrize(("field", "function"), [("weights", own_weights), ("baseline", own_baseline)])
def test_a_students_weights_and_baseline_train_as_they_stand_and_give_the_courses_curve(field, function):
    reference = {"baseline": optimal_baseline}
    theirs = train(REINFORCE(hidden=(8,), num_envs=2, **reference | {field: function}), "CartPole-v1", 320, 2)
    ours = train(REINFORCE(hidden=(8,), num_envs=2, **reference), "CartPole-v1", 320, 2)
    np.testing.assert_allclose(theirs.curve.returns, ours.curve.returns, rtol=1e-3)
    np.testing.assert_allclose(theirs.metrics["baseline"], ours.metrics["baseline"], rtol=1e-3)
