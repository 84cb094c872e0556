"""A2C's update against a hand calculation, against the formulas of its gradients, and a loop in PyTorch."""

import math

import numpy as np
import pytest
import torch

from rlcourse.agents import Rollout, Spaces, rows
from rlcourse.algorithms.a2c import A2C
from rlcourse.equations import objectives
from rlcourse.parts.randomness import LEARN, Streams
from rlcourse.training import train
from tests.algorithms.batches import flat_gradient_of, nets_of, rollout

PLAIN = {"hidden": (8,), "max_grad_norm": None, "normalise_advantage": False}


def test_one_update_of_a_linear_actor_critic_is_the_hand_calculation():
    """One state x = 1, two actions, two steps; V = w + c and logits θ are read from the networks.

    r = 1, then 2 and the end; γ = λ = ½, all weights 0 at first: δ₂ = 2, δ₁ = 1, Â₂ = 2, Â₁ = 1 + ¼·2 = 1.5,
    y = Â. π = (½, ½): the score of action a is e_a − ½. The first action is 0, the second 1.
    −∇_θ: −½ [1.5 (½, −½) + 2 (−½, ½)] = (0.125, −0.125); critic: c_v ∇½Σ(V − y)² = ½ (−1.5 − 2) = −1.75.
    """
    algorithm = A2C(**PLAIN | {"hidden": (), "gamma": 0.5, "lam": 0.5, "value_weight": 0.5})
    nets = nets_of(algorithm, Spaces(1, 2, True), S=1)
    nets.policy.flat.zero_(), nets.critic.flat.zero_()
    one = torch.ones(2, 1, 1, 1)
    action, reward = torch.tensor([[[0]], [[1]]]), torch.tensor([[[1.0]], [[2.0]]])
    end = torch.tensor([[[0.0]], [[1.0]]])
    algorithm.update(nets, Rollout(one, action, reward, end, 0 * end, one), Streams([0], LEARN))
    torch.testing.assert_close(nets.policy.grad[0], torch.tensor([0.125, -0.125] * 2))  # weights, biases
    torch.testing.assert_close(nets.critic.grad[0], torch.tensor([-1.75, -1.75]))
    # Adam's first step is α ∇ / (|∇| + ε), whatever the gradient's size
    torch.testing.assert_close(nets.policy.flat[0], torch.tensor([-1e-3, 1e-3] * 2), rtol=1e-3, atol=0)
    torch.testing.assert_close(nets.critic.flat[0], torch.tensor([1e-3, 1e-3]), rtol=1e-3, atol=0)


def test_no_gradient_flows_through_the_target():
    """Correction 7: of (r + γV(s′) − V(s))², only V(s) is differentiated; the full gradient is another."""
    algorithm = A2C(**PLAIN, lam=0.0, value_weight=1.0)
    nets, fresh, batch = nets_of(algorithm), nets_of(algorithm), rollout()
    algorithm.update(nets, batch, Streams(range(2), LEARN))
    critic, reward = fresh.critic, rows(batch.reward)

    def error(stop):
        value, next_value = critic.graph(rows(batch.obs)), critic.graph(rows(batch.next_obs))
        next_value = next_value.detach() if stop else next_value
        return ((reward + algorithm.gamma * next_value - value) ** 2).mean(-1).sum()

    semi, full = (flat_gradient_of(error(stop), critic) for stop in (True, False))
    torch.testing.assert_close(nets.critic.grad, semi, rtol=1e-4, atol=1e-6)
    assert (nets.critic.grad - full).abs().max() > 0.01


@pytest.mark.parametrize("discrete", [False, True], ids=["gaussian", "categorical"])
def test_the_policys_gradient_is_that_of_score_times_advantage_less_entropy(discrete):
    """By the formulas for the derivative with respect to the network's output, pulled back by autograd.

    ∂H/∂logit_a = −p_a (log p_a + H); ∂ log p_b/∂logit_a = 1{a = b} − p_a;
    ∂ log N/∂μ = (a − μ)/σ², ∂ log N/∂ log σ = ((a − μ)/σ)² − 1, ∂H/∂ log σ = 1.
    """
    algorithm = A2C(**PLAIN, entropy_weight=0.3, gae=lambda r, *rest: r)
    spaces, batch = Spaces(3, 2, discrete), rollout(discrete)
    nets, fresh = nets_of(algorithm, spaces), nets_of(algorithm, spaces)
    generator = torch.Generator().manual_seed(5)
    for net in (nets, fresh):
        net.policy.flat.copy_(torch.randn(net.policy.flat.shape, generator=generator.manual_seed(5)))
    algorithm.update(nets, batch, Streams(range(2), LEARN))
    obs, action, A = rows(batch.obs), rows(batch.action), rows(batch.reward)[..., None]
    pi, M = fresh.policy.graph(obs), A.shape[1]
    if discrete:
        p, log_p = pi.log_p.detach().exp(), pi.log_p.detach()
        entropy = -(p * log_p).sum(-1, keepdim=True)
        score = torch.nn.functional.one_hot(action, 2) - p
        pull = -(score * A - 0.3 * p * (log_p + entropy)) / M
        expected = flat_gradient_of((pi.log_p * pull).sum(), fresh.policy)  # Σ pull = 0: softmax' drops out
    else:
        sigma, residual = pi.log_std.detach().exp(), action - pi.mean.detach()
        to_mean = -(residual / sigma**2 * A) / M
        to_log_std = -(((residual / sigma) ** 2 - 1) * A + 0.3) / M
        pulled = (pi.mean * to_mean).sum() + (pi.log_std * to_log_std).sum()
        expected = flat_gradient_of(pulled, fresh.policy)
    torch.testing.assert_close(nets.policy.grad, expected, rtol=1e-3, atol=1e-5)


def test_the_loss_is_the_sum_of_its_three_parts_in_numpy_and_in_torch():
    rng = np.random.default_rng(0)
    log_prob, advantage, value, target, entropy = rng.normal(size=(5, 7))
    expected = sum(
        -log_prob[i] * advantage[i] + 0.5 * (value[i] - target[i]) ** 2 - 0.01 * entropy[i] for i in range(7)
    )
    five = (log_prob, advantage, value, target, entropy)
    assert math.isclose(objectives.a2c_loss(*five, 0.5, 0.01), expected / 7, rel_tol=1e-12)
    tensors = [torch.from_numpy(x).requires_grad_() for x in five]
    loss = objectives.a2c_loss(*tensors, 0.5, 0.01)
    assert math.isclose(loss.item(), expected / 7, rel_tol=1e-12)
    loss.backward()
    assert tensors[1].grad is None and tensors[3].grad is None, "advantage and target are data"
    np.testing.assert_allclose(tensors[2].grad, (value - target) / 7, rtol=1e-12)
    with pytest.raises(ValueError, match=r"target \(7, 1\)"):
        objectives.a2c_loss(log_prob, advantage, value, target[:, None], entropy, 0.5, 0.01)


def test_a_larger_entropy_weight_leaves_a_larger_entropy():
    entropies = []
    for weight in (0.0, 1.0):
        algorithm = A2C(**PLAIN, entropy_weight=weight, learning_rate=0.01, gae=lambda r, *rest: 0 * r)
        nets = nets_of(algorithm)
        for _ in range(3):
            metrics = algorithm.update(nets, rollout(), Streams(range(2), LEARN))
        entropies.append(metrics["entropy"])
    assert (entropies[1] > entropies[0] + 0.01).all()


def test_clipping_bounds_policy_and_critic_together_and_leaves_their_direction():
    """As PyTorch's clip_grad_norm_ over both networks of each seed."""
    clipped, free = (nets_of(A2C(hidden=(8,))) for _ in range(2))
    batch = rollout()
    A2C(hidden=(8,), max_grad_norm=0.05).update(clipped, batch, Streams(range(2), LEARN))
    A2C(hidden=(8,), max_grad_norm=None).update(free, batch, Streams(range(2), LEARN))
    for s in range(2):
        pieces = [torch.nn.Parameter(torch.zeros_like(g[s])) for g in (free.policy.grad, free.critic.grad)]
        for piece, grad in zip(pieces, (free.policy.grad, free.critic.grad), strict=True):
            piece.grad = grad[s].clone()
        assert torch.nn.utils.clip_grad_norm_(pieces, 0.05) > 0.05
        torch.testing.assert_close(clipped.policy.grad[s], pieces[0].grad)
        torch.testing.assert_close(clipped.critic.grad[s], pieces[1].grad)


def column_gae(reward, value, next_value, terminated, truncated, gamma, lam):
    out, running = [0.0] * len(reward), 0.0
    for t in reversed(range(len(reward))):
        delta = reward[t] + gamma * (1 - terminated[t]) * next_value[t] - value[t]
        running = delta + gamma * lam * (1 - max(terminated[t], truncated[t])) * running
        out[t] = running
    return np.array(out)


def own_loss(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    fit = ((value - target) ** 2).mean()
    return value_weight * fit - (log_prob * advantage).mean() - entropy_weight * entropy.mean()


@pytest.mark.parametrize(("field", "function"), [("gae", column_gae), ("loss", own_loss)])
def test_a_students_gae_and_loss_train_as_they_stand_and_give_the_courses_curve(field, function):
    options = {"hidden": (8,), "num_envs": 2, "horizon": 16, "entropy_weight": 0.01}
    theirs = train(A2C(**options, **{field: function}), "CartPole-v1", 160, 2, evaluation_episodes=1)
    ours = train(A2C(**options), "CartPole-v1", 160, 2, evaluation_episodes=1)
    np.testing.assert_allclose(theirs.curve.returns, ours.curve.returns, rtol=1e-3)
    np.testing.assert_allclose(theirs.metrics["loss"], ours.metrics["loss"], rtol=1e-3, atol=1e-5)


def test_a_loss_that_cannot_be_differentiated_is_refused_in_one_line():
    def numpy_loss(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
        return float(own_loss(log_prob.detach(), advantage, value.detach(), target, entropy.detach(), 1, 0))

    with pytest.raises(ValueError, match="numpy_loss: a loss that trains must be one number.*got float"):
        train(A2C(hidden=(8,), loss=numpy_loss), "CartPole-v1", 256)
