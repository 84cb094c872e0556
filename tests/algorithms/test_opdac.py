"""OPDAC against the closed form of the regulator's gradient, and against autograd of what it writes."""

import numpy as np
import pytest
import torch

from rlcourse.agents import Rollout, Spaces, rows
from rlcourse.algorithms.opdac import OPDAC, CompatibleCritic
from rlcourse.equations.linear import quadratic
from rlcourse.parts.randomness import LEARN, Streams
from rlcourse.parts.worlds import Regulator
from rlcourse.training import train
from tests.algorithms.batches import flat_gradient_of, nets_of

WORLD, GAMMA = Regulator(), 0.9
CONTINUOUS = Spaces(2, 1, False)
STILL = {"gamma": GAMMA, "critic_steps": 1, "critic_lr": 0.0}  # the critic stays what the test made it


def played(K, steps=250):
    """Episodes of u = −Kx from ±√E[x₀²] at rest, [T·2, 1, 1]: the mean over both is that over all starts."""
    columns = []
    for side in (-1.0, 1.0):
        x = np.array([[side * np.sqrt(7 / 3), 0.0]])
        for t in range(steps):
            u = -x @ K.T
            after, reward, _ = WORLD.step(x, u)
            columns.append((x[0], u[0] / WORLD.max_force, reward[0], 0.0, float(t == steps - 1), after[0]))
            x = after
    arrays = (np.array(column, np.float32)[:, None, None] for column in zip(*columns, strict=True))
    return Rollout(*(torch.from_numpy(x) for x in arrays))


def linear_actor(nets, K):
    nets.policy.flat.zero_()
    nets.policy.layers[0][0].data[0] = torch.tensor(-K.T / WORLD.max_force)


def exact_critic(nets, problem, K):
    """Q(x, a) = −(xᵀQx + uᵀRu + γ x′ᵀPx′), u = 10 a: the coefficients by least squares on random points."""
    rng, P = np.random.default_rng(0), problem.value_matrix(K)
    x, a = rng.normal(size=(50, 2)), rng.normal(size=(50, 1))
    after, reward, _ = WORLD.step(x, WORLD.max_force * np.clip(a, -1, 1))
    q = reward - GAMMA * np.einsum("ni,ij,nj->n", after, P, after)
    inputs = np.column_stack([quadratic(np.column_stack([x, np.clip(a, -1, 1)])), np.ones(50)])
    w, residual, *_ = np.linalg.lstsq(inputs, q, rcond=None)
    assert residual < 1e-9
    weight, bias = nets.critic.layers[0]
    weight.data[0], bias.data[0] = torch.tensor(w[:-1, None]), torch.tensor(w[-1:, None])


@pytest.mark.parametrize("K", [[[0.5, 1.0]], [[2.0, 3.0]]])
def test_with_the_true_critic_on_its_own_trajectories_the_update_is_the_regulators_gradient(K):
    """∂C/∂W = −10 (∇_K C)ᵀ, as K = −10 Wᵀ; the closed form knows neither trajectories nor a critic."""
    K, algorithm, problem = np.array(K), OPDAC(**STILL), WORLD.problem(GAMMA)
    nets = nets_of(algorithm, CONTINUOUS, S=1)
    linear_actor(nets, K)
    exact_critic(nets, problem, K)
    metrics = algorithm.update(nets, played(K), Streams([0], LEARN))
    expected = -WORLD.max_force * problem.gradient(K).ravel()
    np.testing.assert_allclose(nets.policy.grad[0, :2], expected, rtol=2e-3)
    assert metrics["td_error"] < 1e-3


def test_without_the_discount_every_state_counts_alike_and_the_direction_is_another():
    """The sums are Σ_t and Σ_t γ^t of the same terms; at the best gain both vanish."""
    problem, directions = WORLD.problem(GAMMA), []
    for K in (np.array([[0.5, 1.0]]), problem.optimal_gain()):
        for discount in (True, False):
            algorithm = OPDAC(**STILL, discount=discount)
            nets = nets_of(algorithm, CONTINUOUS, S=1)
            linear_actor(nets, K)
            exact_critic(nets, problem, K)
            algorithm.update(nets, played(K), Streams([0], LEARN))
            directions.append(nets.policy.grad[0, :2].numpy().copy())
    start, everywhere, best, best_everywhere = directions
    cosine = start @ everywhere / np.linalg.norm(start) / np.linalg.norm(everywhere)
    assert np.linalg.norm(everywhere) > 1.5 * np.linalg.norm(start) and cosine < 0.999
    assert np.linalg.norm(best) < 0.01 * np.linalg.norm(start)
    assert np.linalg.norm(best_everywhere) < 0.01 * np.linalg.norm(everywhere)


def made_up(S=2, T=9, actions=2):
    """Two episodes in a column, of 4 and 5 steps; the first terminates."""
    g = torch.Generator().manual_seed(0)
    obs, next_obs = torch.randn(2, T, S, 1, 3, generator=g)
    action = torch.rand(T, S, 1, actions, generator=g) * 3 - 1.5
    end = torch.zeros(T, S, 1)
    end[3] = 1
    return Rollout(obs, action, torch.randn(T, S, 1, generator=g), end, 0 * end, next_obs)


NETWORKS = {"hidden": (8,), "critic_hidden": (8,), "critic_steps": 1, "gamma": GAMMA}


@pytest.mark.parametrize("options", [{}, {"features": lambda x: x}], ids=["quadratic", "plain"])
def test_networks_climb_and_descend_what_is_written(options):
    """½ E[(y − Q)²] with y fixed; −E[Σ γ^t Q(s, μ_θ(s))] after the critic's step; both by autograd."""
    algorithm = OPDAC(**NETWORKS, **options)
    nets, fresh, batch = nets_of(algorithm), nets_of(algorithm), made_up()
    algorithm.update(nets, batch, Streams(range(2), LEARN))
    s, after = rows(batch.obs), rows(batch.next_obs)
    a, reward, terminated = rows(batch.action).clamp(-1, 1), rows(batch.reward), rows(batch.terminated)

    def Q(critic, s, a):
        return critic.graph(algorithm.features(torch.cat([s, a], dim=-1)))[..., 0]

    with torch.no_grad():
        y = reward + GAMMA * (1 - terminated) * Q(fresh.critic, after, fresh.policy.graph(after).mean)
    loss = 0.5 * ((y - Q(fresh.critic, s, a)) ** 2).mean(-1).sum()
    torch.testing.assert_close(nets.critic.grad, flat_gradient_of(loss, fresh.critic), rtol=1e-4, atol=1e-6)
    powers = GAMMA ** torch.tensor([0.0, 1, 2, 3, 0, 1, 2, 3, 4])
    gain = (powers * Q(nets.critic, s, fresh.policy.graph(s).mean)).sum(-1).sum() / 2
    gradients = torch.autograd.grad(-gain, fresh.policy.parameters[:-1])
    expected = torch.cat([g.flatten(1) for g in gradients], dim=1)
    torch.testing.assert_close(nets.policy.grad[:, :-2], expected, rtol=1e-3, atol=1e-5)
    assert not nets.policy.grad[:, -2:].any(), "the behaviour's σ is not learnt"


def compatible():
    algorithm = OPDAC(**NETWORKS, compatible=True)
    nets, batch = nets_of(algorithm), made_up()
    nets.w.flat.copy_(torch.randn(nets.w.flat.shape, generator=torch.Generator().manual_seed(2)))
    return algorithm, nets, batch


def test_the_compatible_critic_is_linear_in_the_gradients_of_the_actor():
    """Against the Jacobian of μ by autograd: Q = (a − μ)ᵀ J w + V, ∇_a Q = J w; at a = μ(s) it is V."""
    algorithm, nets, batch = compatible()
    s, a = rows(batch.obs), rows(batch.action)
    critic = CompatibleCritic(nets, algorithm.features, s, a)
    mu = nets.policy.graph(s).mean
    J = torch.zeros(2, 9, 2, nets.policy.count)
    for seed, t, i in np.ndindex(2, 9, 2):
        parts = torch.autograd.grad(mu[seed, t, i], nets.policy.parameters[:-1], retain_graph=True)
        J[seed, t, i, :-2] = torch.cat([g[seed].flatten() for g in parts])
    uphill = torch.einsum("stap,sp->sta", J, nets.w.flat)
    mu = mu.detach()
    torch.testing.assert_close(critic.action_gradient(mu), uphill, rtol=1e-3, atol=1e-4)
    advantage = (critic.phi * nets.w.flat[:, None]).sum(-1)
    torch.testing.assert_close(advantage, ((a - mu) * uphill).sum(-1), rtol=1e-3, atol=1e-4)
    assert (CompatibleCritic(nets, algorithm.features, s, mu).phi.abs() < 1e-4).all()


def test_the_compatible_critics_step_is_that_of_its_squared_error():
    """∇_w ½ E[(φᵀw + V − y)²] = E[(Q − y) φ], and the same error pulls V."""
    algorithm, nets, batch = compatible()
    other = compatible()[1]
    algorithm.update(nets, batch, Streams(range(2), LEARN))
    s, a, after = rows(batch.obs), rows(batch.action).clamp(-1, 1), rows(batch.next_obs)
    phi = CompatibleCritic(other, algorithm.features, s, a).phi
    V = other.critic.graph(algorithm.features(s))[..., 0]
    with torch.no_grad():
        after = other.critic(algorithm.features(after))[..., 0]
        y = rows(batch.reward) + GAMMA * (1 - rows(batch.terminated)) * after
        error = (phi * other.w.flat[:, None]).sum(-1) + V - y
    torch.testing.assert_close(nets.w.grad, (error[..., None] * phi).mean(1), rtol=1e-4, atol=1e-6)
    expected = flat_gradient_of((error * V).mean(-1).sum(), other.critic)
    torch.testing.assert_close(nets.critic.grad, expected, rtol=1e-4, atol=1e-6)


def test_discrete_actions_are_refused_in_one_line():
    with pytest.raises(ValueError, match="OPDAC needs continuous actions.*use A2C"):
        train(OPDAC(), "CartPole-v1", 10)
