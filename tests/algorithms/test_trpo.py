"""TRPO's update against a dense solve with the Fisher matrix, and closed forms."""

import pytest
import torch

from rlcourse.agents import OnPolicyAgent, Spaces, VineAgent, rows
from rlcourse.algorithms.trpo import TRPO
from rlcourse.equations.solvers import (
    armijo_search,
    conjugate_gradient,
    fisher_vector_product,
    flat_gradient,
    full_step,
    unguarded_conjugate_gradient,
)
from rlcourse.parts.networks import LOG_STD_RANGE
from rlcourse.parts.plugged import plugged
from rlcourse.parts.randomness import LEARN, Streams
from tests.algorithms.batches import nets_of, rollout


@pytest.mark.parametrize("discrete", [False, True])
def test_the_trust_region_step_is_the_dense_solve_of_the_right_length(discrete):
    """s = F⁻¹g by a dense solve; ½ sᵀ F s = δ for the step that is searched along."""
    found = {}

    def solver(F, g, iterations):
        found["F"] = torch.stack([F(e.expand_as(g)) for e in torch.eye(g.shape[1])], dim=-1)
        found["g"], found["s"] = g, conjugate_gradient(F, g, g.shape[1] * 3, 1e-14)
        return found["s"]

    algorithm = TRPO(hidden=(4,), damping=0.1, fisher_fraction=1.0, max_kl=1e-5, solver=solver)
    nets, rng = nets_of(algorithm, Spaces(3, 2, discrete)), Streams(range(2), LEARN)
    start = nets.policy.flat.clone()
    metrics = algorithm.update(nets, rollout(discrete), rng)
    torch.testing.assert_close(found["F"], found["F"].mT, rtol=1e-3, atol=1e-5)
    dense = torch.linalg.solve(found["F"].double(), found["g"].double()[..., None])[..., 0]
    torch.testing.assert_close(found["s"].double(), dense, rtol=1e-2, atol=1e-4)
    step = (nets.policy.flat - start) / metrics["step_fraction"][:, None]
    energy = 0.5 * torch.einsum("si,sij,sj->s", step, found["F"], step)
    torch.testing.assert_close(energy, torch.full((2,), 1e-5), rtol=0.05, atol=0)
    assert (metrics["kl"] <= 1e-5).all() and (metrics["surrogate_gain"] > 0).all()


def test_the_vine_has_an_agent_of_its_own():
    assert (TRPO().agent, TRPO(branches=3).agent) == (OnPolicyAgent, VineAgent)


def test_orthogonal_weights_start_the_policy_near_its_mean_and_uniform_ones_do_not():
    for orthogonal in (True, False):
        nets = nets_of(TRPO(orthogonal=orthogonal, hidden=(8, 8)))
        for net in (nets.policy, nets.critic):
            square = net.parameters[2]
            gram = square.mT @ square
            assert torch.allclose(gram, gram[:, :1, :1] * torch.eye(8), atol=1e-5) is orthogonal
        assert bool((nets.policy.parameters[4].abs() < 0.02).all()) is orthogonal


def test_a_step_that_leads_log_std_out_of_its_range_ends_at_its_edge():
    """Actions far from the mean pay, so the gain rises with σ: from the largest σ allowed, it stays there."""
    algorithm = TRPO(
        hidden=(4,), log_std=LOG_STD_RANGE[1], max_kl=0.5, line_search=full_step, advantage=lambda r, *_: r
    )
    nets, batch = nets_of(algorithm), rollout()
    wide = batch._replace(action=30 * batch.action, reward=batch.action.pow(2).sum(-1))
    algorithm.update(nets, wide, Streams(range(2), LEARN))
    assert (nets.policy.extra == LOG_STD_RANGE[1]).all()


def test_without_advantages_trpo_leaves_the_policy_bit_for_bit():
    """peers 4.13: a zero gradient gives no step, and no NaN."""
    algorithm = TRPO(hidden=(4,), advantage=lambda r, *rest: 0 * r)
    nets = nets_of(algorithm)
    start = nets.policy.flat.clone()
    metrics = algorithm.update(nets, rollout(), Streams(range(2), LEARN))
    assert torch.equal(nets.policy.flat, start) and (metrics["step_fraction"] == 0).all()


def test_the_kl_of_the_line_search_is_old_from_new():
    """peers 4.11: at θ_old both directions have one Hessian; off it their values differ."""
    algorithm = TRPO(hidden=(4,), max_kl=0.05)
    nets = nets_of(algorithm)
    batch = rollout()
    old = nets.policy.graph(rows(batch.obs)).detach()
    metrics = algorithm.update(nets, batch, Streams(range(2), LEARN))
    new = nets.policy.graph(rows(batch.obs)).detach()
    p, q = (torch.distributions.Normal(x.mean, x.log_std.exp()) for x in (old, new))
    expected = torch.distributions.kl_divergence(p, q).sum(-1).mean(-1)
    backwards = torch.distributions.kl_divergence(q, p).sum(-1).mean(-1)
    torch.testing.assert_close(metrics["kl"], expected, rtol=1e-3, atol=1e-6)
    assert not torch.allclose(metrics["kl"], backwards, rtol=1e-3)


def test_fisher_products_of_the_policy_network_are_double_derivatives_of_its_kl():
    algorithm = TRPO(hidden=(4,))
    nets = nets_of(algorithm)
    pi = nets.policy.graph(torch.randn(2, 9, 3))
    kl = pi.detach().kl(pi).mean(-1).sum()
    product = fisher_vector_product(kl, nets.policy.parameters)
    v = torch.randn_like(nets.policy.flat)
    gradient = flat_gradient(kl, nets.policy.parameters, create_graph=True)
    twice = flat_gradient((gradient * v).sum(), nets.policy.parameters, create_graph=True)
    torch.testing.assert_close(product(v), twice)


def plain_trpo(algorithm, nets, batch, orders, s, discrete):
    """TRPO of seed s: F = E[Jᵀ M J] from the network's Jacobian J and the closed-form M, and a dense solve.

    M is diag(p) − ppᵀ of logits, 1/σ² of means, 2 of log σ. Â = r, y = r + V_old.
    """
    D = torch.distributions
    theta = nets.policy.flat[s].detach().clone()
    shapes = [x[s].shape for layer in nets.policy.layers for x in layer]

    def outputs(theta, x):
        pieces = theta[: sum(map(torch.Size.numel, shapes))].split([shape.numel() for shape in shapes])
        layers = [piece.view(shape) for piece, shape in zip(pieces, shapes, strict=True)]
        for weight, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
            x = torch.tanh(x @ weight + bias)
        return x @ layers[-2] + layers[-1]

    def pi(theta, x):
        out = outputs(theta, x)
        log_std = theta[-2:]
        return D.Categorical(logits=out) if discrete else D.Independent(D.Normal(out, log_std.exp()), 1)

    obs, action, A = (rows(x)[s] for x in (batch.obs, batch.action, batch.reward))
    value = nets.critic(rows(batch.obs))[s].detach()
    target = A + value
    if algorithm.normalise_advantage:
        A = (A - A.mean()) / A.std(correction=0)
    old = pi(theta, obs)

    def gain(theta):
        return ((pi(theta, obs).log_prob(action) - old.log_prob(action)).exp() * A).mean()

    few = obs[:: round(1 / algorithm.fisher_fraction)]
    g = torch.autograd.functional.jacobian(gain, theta)
    J = torch.autograd.functional.jacobian(lambda t: outputs(t, few), theta)
    if discrete:
        p = pi(theta, few).probs
        M = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    else:
        M = torch.diag((-2 * theta[-2:]).exp()).expand(len(few), 2, 2)
    F = torch.einsum("bip,bij,bjq->pq", J, M, J) / len(few)
    if not discrete:
        F[-2:, -2:] += 2 * torch.eye(2)
    F = F + algorithm.damping * torch.eye(len(F))
    direction = torch.linalg.solve(F.double(), g.double())
    step = direction * (2 * algorithm.max_kl / (direction @ F.double() @ direction)).sqrt()

    def kl(theta):
        return D.kl_divergence(old, pi(theta, obs)).mean()

    found = None
    for j in range(algorithm.backtracks):
        trial = theta + (algorithm.shrink**j * step).float()
        if found is None and gain(trial) > gain(theta) and kl(trial) <= algorithm.max_kl:
            found, fraction = trial, algorithm.shrink**j
    critic = [tuple(x[s].detach().clone().requires_grad_() for x in layer) for layer in nets.critic.layers]
    free = [x for layer in critic for x in layer]
    optimiser = torch.optim.Adam(free, algorithm.critic_lr, eps=1e-5)
    for order in orders:
        for pick in order[s].split(algorithm.minibatch_size):
            x = obs[pick]
            for weight, bias in critic[:-1]:
                x = torch.tanh(x @ weight + bias)
            v = (x @ critic[-1][0] + critic[-1][1])[:, 0]
            optimiser.zero_grad()
            (0.5 * (v - target[pick]) ** 2).mean().backward()
            optimiser.step()
    metrics = {
        "step_fraction": fraction, "kl": kl(found), "surrogate_gain": gain(found) - gain(theta),
        "entropy": pi(found, few).entropy().mean(),
        "explained_variance": 1 - (target - value).var() / target.var(), "policy_grad_norm": g.norm(),
    }  # fmt: skip
    return found, torch.cat([x.detach().flatten() for x in free]), metrics


@pytest.mark.parametrize("discrete", [False, True], ids=["gaussian", "categorical"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"normalise_advantage": False},
        {"fisher_fraction": 1.0},
        {"max_kl": 3.0, "shrink": 0.5},
        {"max_kl": 3.0, "shrink": 0.7, "backtracks": 20},
    ],
    ids=str,
)
def test_trpo_is_the_dense_natural_gradient_with_a_line_search_and_a_fitted_critic(options, discrete):
    """Every option of the update; the wide regions make the search step back."""
    algorithm = TRPO(
        **{
            "hidden": (4,), "damping": 0.1, "fisher_fraction": 0.25, "cg_iterations": 200, "critic_lr": 0.01,
            "critic_epochs": 3, "minibatch_size": 10, "advantage": lambda r, *rest: r, **options,
        }
    )  # fmt: skip
    nets, fresh = (nets_of(algorithm, Spaces(3, 2, discrete)) for _ in range(2))
    batch, streams = rollout(discrete), Streams(range(2), LEARN)
    orders = [torch.from_numpy(streams.permutation(36)) for _ in range(3)]
    metrics = algorithm.update(nets, batch, Streams(range(2), LEARN))
    for s in range(2):
        policy, critic, expected = plain_trpo(algorithm, fresh, batch, orders, s, discrete)
        torch.testing.assert_close(nets.policy.flat[s], policy, rtol=1e-2, atol=1e-3)
        torch.testing.assert_close(nets.critic.flat[s], critic, rtol=1e-3, atol=1e-4)
        for name, value in expected.items():
            torch.testing.assert_close(
                float(metrics[name][s]), float(value), rtol=1e-2, atol=1e-4, msg=lambda m, n=name: f"{n}: {m}"
            )
        # A softmax saturates: its KL grows slower than the model, and the full step stands.
        assert "shrink" not in options or discrete or expected["step_fraction"] < 1


# The fields that make a variant of it


def after(algorithm, discrete=False):
    """The policy after one update, and the update's metrics."""
    nets = nets_of(algorithm, Spaces(3, 2, discrete))
    metrics = algorithm.update(nets, rollout(discrete), Streams(range(2), LEARN))
    return nets.policy, metrics


def a_student_s_search(evaluate, theta, full_step, max_kl, backtracks, shrink):
    """As homework 5 asks for it, for one seed, in NumPy."""
    for j in range(backtracks):
        gain, kl = evaluate(theta + shrink**j * full_step)
        if gain > 0 and kl <= max_kl:
            return theta + shrink**j * full_step
    return theta


def test_a_student_s_line_search_trains_as_the_package_s_does():
    options = {"hidden": (4,), "max_kl": 3.0, "shrink": 0.5, "damping": 0.1}
    ours, found = after(TRPO(**options))
    theirs, same = after(plugged(TRPO(**options, line_search=a_student_s_search)))
    assert (found["step_fraction"] < 1).any()
    torch.testing.assert_close(theirs.flat, ours.flat)
    torch.testing.assert_close(same["step_fraction"], found["step_fraction"])


def test_a_search_that_returns_its_start_leaves_the_policy_bit_for_bit():
    algorithm = TRPO(hidden=(4,))
    start = nets_of(algorithm).policy.flat
    policy, metrics = after(plugged(TRPO(hidden=(4,), line_search=lambda evaluate, theta, *rest: theta)))
    assert torch.equal(policy.flat, start) and (metrics["step_fraction"] == 0).all()


@pytest.mark.parametrize("discrete", [False, True])
def test_the_empirical_fisher_is_the_mean_outer_product_of_scores(discrete):
    found = {}

    def solver(F, g, iterations):
        found["F"] = torch.stack([F(e.expand_as(g)) for e in torch.eye(g.shape[1])], dim=-1)
        return conjugate_gradient(F, g, iterations)

    algorithm = TRPO(hidden=(4,), fisher="empirical", damping=0.2, fisher_fraction=1.0, solver=solver)
    nets, batch = nets_of(algorithm, Spaces(3, 2, discrete)), rollout(discrete)
    scores = nets.policy.scores(rows(batch.obs), rows(batch.action))
    algorithm.update(nets, batch, Streams(range(2), LEARN))
    outer = torch.einsum("smp,smq->spq", scores, scores) / scores.shape[1]
    expected = outer + 0.2 * torch.eye(outer.shape[-1])
    torch.testing.assert_close(found["F"], expected, rtol=1e-3, atol=1e-4)


def test_max_kl_holds_in_every_state_of_the_batch_and_mean_kl_does_not():
    worst = {}
    for constraint in ("mean", "max"):
        algorithm = TRPO(hidden=(4,), max_kl=0.02, constraint=constraint, backtracks=20)
        nets, batch = nets_of(algorithm), rollout()
        old = nets.policy(rows(batch.obs)).detach()
        algorithm.update(nets, batch, Streams(range(2), LEARN))
        worst[constraint] = old.kl(nets.policy(rows(batch.obs)).detach()).amax(-1)
    assert (worst["max"] <= 0.02).all() and (worst["mean"] > 0.02).all()


@pytest.mark.parametrize("damped", [True, False])
def test_the_step_has_length_delta_with_or_without_the_damping(damped):
    """½ sᵀ(F + λI)s = δ, or ½ sᵀFs = δ, of the step that is taken; F is dense, from the products."""
    found = {}

    def solver(F, g, iterations):
        found["F"] = torch.stack([F(e.expand_as(g)) for e in torch.eye(g.shape[1])], dim=-1)
        return conjugate_gradient(F, g, iterations)

    options = {"hidden": (4,), "damping": 1.0, "max_kl": 1e-4, "damped_length": damped}
    algorithm = TRPO(**options, line_search=full_step, solver=solver)
    start = nets_of(algorithm).policy.flat
    step = after(algorithm)[0].flat - start
    F = found["F"] if damped else found["F"] - torch.eye(step.shape[1])
    energy = 0.5 * torch.einsum("si,sij,sj->s", step, F, step)
    torch.testing.assert_close(energy, torch.full((2,), 1e-4), rtol=0.01, atol=0)


def test_adams_epsilon_is_that_of_the_ppo_papers_code():
    """ε = 1e-5: a gradient of that size moves by half of the learning rate, α g / (g + ε)."""
    nets = nets_of(TRPO(hidden=(4,)))
    start = nets.critic.flat.clone()
    nets.critic.grad.fill_(1e-5)
    nets.critic_optimiser.step(0.1)
    torch.testing.assert_close(start - nets.critic.flat, torch.full_like(start, 0.05), rtol=1e-4, atol=1e-6)


def test_armijo_never_asks_for_the_kl_and_full_step_asks_for_nothing():
    options = {"hidden": (4,), "max_kl": 1.0, "fisher_fraction": 1.0}
    _, searched = after(TRPO(**options))
    _, armijo = after(TRPO(**options, line_search=armijo_search))
    _, unchecked = after(TRPO(**options, line_search=full_step))
    assert (searched["kl"] <= 1).all() and (unchecked["step_fraction"] == 1).all()
    assert (armijo["kl"] > 1).any() and (armijo["surrogate_gain"] > 0).all()


def test_conjugate_gradient_without_its_guards_solves_what_is_positive_definite():
    g = torch.Generator().manual_seed(0)
    M = torch.randn(2, 6, 6, generator=g, dtype=torch.float64)
    A, b = M @ M.mT + torch.eye(6), torch.randn(2, 6, generator=g, dtype=torch.float64)
    x = unguarded_conjugate_gradient(lambda v: (A @ v[..., None])[..., 0], b, 6)
    torch.testing.assert_close(x, torch.linalg.solve(A, b))
