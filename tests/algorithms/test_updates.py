"""One update of each algorithm against an independent one: autograd, a dense solve, closed forms."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rlcourse.agents import Rollout, Spaces, rows
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.algorithms.trpo import TRPO
from rlcourse.equations.returns import twin_target
from rlcourse.equations.solvers import conjugate_gradient, fisher_vector_product, flat_gradient
from rlcourse.parts.memory import Batch
from rlcourse.parts.randomness import INITIALISE, LEARN, Streams

SPACES = Spaces(3, 2, False)


def replayed(S=2, B=16, seed=0):
    g = torch.Generator().manual_seed(seed)
    obs, next_obs = torch.randn(2, S, B, 3, generator=g)
    action = torch.rand(S, B, 2, generator=g) * 2 - 1
    return Batch(
        obs, action, torch.randn(S, B, generator=g), (torch.rand(S, B, generator=g) < 0.3).float(), next_obs
    )


def nets_of(algorithm, spaces=SPACES, S=2):
    return algorithm.networks(spaces, Streams(range(S), INITIALISE))


def apart(algorithm):
    """Nets whose targets differ from the online networks, with actions that reach the bounds."""
    nets, g = nets_of(algorithm), torch.Generator().manual_seed(1)
    for net in (nets.target_actor, nets.target_critics):
        net.flat.copy_(2 * torch.randn(net.flat.shape, generator=g))
    return nets


class Still:
    """A stream whose normal draws are chosen."""

    def __init__(self, draws):
        self.draws = draws

    def normal(self, *shape):
        return np.broadcast_to(self.draws, (2, *shape)).astype(np.float32)


@pytest.mark.parametrize(
    "algorithm", [DDPG(hidden=(8,)), TD3(hidden=(8,), policy_delay=1)], ids=["DDPG", "TD3"]
)
def test_the_gradients_are_those_of_the_written_losses(algorithm):
    """Critic E[(y − Q)²], actor −E[Q₁(s, μ(s))], by autograd; the actor meets the critic after its step."""
    nets, batch = apart(algorithm), replayed()
    twins = isinstance(algorithm, TD3)

    with torch.no_grad():
        next_action = nets.target_actor.graph(batch.next_obs)
        if twins:
            noise = torch.tensor([0.3, -9.0]).mul(0.2).clamp(-0.5, 0.5)
            next_action = (next_action + noise).clamp(-1, 1)
        next_q = nets.target_critics.graph(batch.next_obs, next_action)
        next_q = next_q.min(1).values if twins else next_q
        y = batch.reward + 0.99 * (1 - batch.terminated) * next_q
    loss = ((nets.critics.graph(batch.obs, batch.action) - (y[:, None] if twins else y)) ** 2).mean(-1).sum()
    critic_gradient = flat_gradient_of(loss, nets.critics)
    algorithm.update(nets, batch, Still([0.3, -9.0]))
    torch.testing.assert_close(
        nets.critics.grad.view(critic_gradient.shape), critic_gradient, rtol=1e-4, atol=1e-6
    )
    torch.testing.assert_close(
        nets.actor.grad, nets_after_critic(algorithm, batch, twins), rtol=1e-4, atol=1e-6
    )


def flat_gradient_of(loss, net):
    gradients = torch.autograd.grad(loss, net.parameters)
    return torch.cat([g.flatten(1) for g in gradients], dim=1)


def nets_after_critic(algorithm, batch, twins):
    nets = apart(algorithm)
    algorithm.update(nets, batch, Still([0.3, -9.0]))
    critics = nets.critics
    fresh = apart(algorithm)
    value = critics.graph(batch.obs, fresh.actor.graph(batch.obs))
    value = value[:, 0] if twins else value
    return flat_gradient_of(-value.mean(-1).sum(), fresh.actor)


def test_smoothing_noise_is_clipped_and_the_smoothed_action_too():
    """peers 4.8; draws of 9 mean ε = 1.8, clipped to 0.5, and actions stay in [−1, 1]."""
    met = []
    algorithm = TD3(hidden=(8,), target=lambda r, d, *rest: met.append(rest[:2]) or twin_target(r, d, *rest))
    nets, batch = apart(algorithm), replayed()
    algorithm.update(nets, batch, Still(9.0))
    fresh = apart(algorithm)
    action = (fresh.target_actor(batch.next_obs) + 0.5).clamp(-1, 1)
    torch.testing.assert_close(torch.stack(met[0], 1), fresh.target_critics(batch.next_obs, action))


def test_every_sample_and_dimension_has_smoothing_noise_of_its_own():
    """peers 4.8, cleanrl#279: one noise vector for the whole batch."""
    shapes = []

    class Watched(Still):
        def normal(self, *shape):
            shapes.append(shape)
            return super().normal(*shape)

    TD3(hidden=(8,)).update(nets_of(TD3(hidden=(8,))), replayed(), Watched(0.0))
    assert shapes == [(16, 2)]


def test_ddpgs_targets_follow_by_exactly_tau_at_every_update():
    """peers 4.22: a target actor that is never moved."""
    algorithm = DDPG(hidden=(8,), tau=0.1)
    nets = apart(algorithm)
    pairs = ((nets.target_actor, nets.actor), (nets.target_critics, nets.critics))
    before = [target.flat.clone() for target, _ in pairs]
    algorithm.update(nets, replayed(), Still(0.0))
    for (target, online), old in zip(pairs, before, strict=True):
        torch.testing.assert_close(target.flat, 0.9 * old + 0.1 * online.flat)


def test_td3_moves_actor_and_targets_once_every_d_updates_and_by_exactly_tau():
    algorithm = TD3(hidden=(8,), policy_delay=3, tau=0.1)
    nets, rng = nets_of(algorithm), Streams(range(2), LEARN)
    for k in range(1, 7):
        actor, target = nets.actor.flat.clone(), nets.target_critics.flat.clone()
        algorithm.update(nets, replayed(seed=k), rng)
        if k % 3:
            assert torch.equal(nets.actor.flat, actor) and torch.equal(nets.target_critics.flat, target)
        else:
            assert not torch.equal(nets.actor.flat, actor)
            torch.testing.assert_close(nets.target_critics.flat, 0.9 * target + 0.1 * nets.critics.flat)
    assert not torch.equal(nets.target_actor.flat, nets_of(algorithm).target_actor.flat)


@pytest.mark.parametrize("algorithm", [DDPG(hidden=(8,)), TD3(hidden=(8,), policy_delay=1, target_noise=0.0)])
def test_a_batch_given_twice_has_the_same_gradient(algorithm):
    """peers 4.23: a mean, not a sum."""
    gradients = []
    for times in (1, 2):
        nets = nets_of(algorithm)
        doubled = Batch(*(torch.cat([x] * times, dim=1) for x in replayed()))
        algorithm.update(nets, doubled, Still(0.0))
        gradients.append((nets.critics.grad.clone(), nets.actor.grad.clone()))
    for one, two in zip(*gradients, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-6)


def rollout(discrete=False, T=12, S=2, N=3, seed=0, reward=None):
    g = torch.Generator().manual_seed(seed)
    obs, next_obs = torch.randn(2, T, S, N, 3, generator=g)
    action = torch.randint(2, (T, S, N), generator=g) if discrete else torch.randn(T, S, N, 2, generator=g)
    zero = torch.zeros(T, S, N)
    reward = torch.randn(T, S, N, generator=g) if reward is None else torch.full((T, S, N), float(reward))
    return Rollout(obs, action, reward, zero, zero.clone(), next_obs)


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


def small(**options):
    return PPO(**{"hidden": (8,), "epochs": 1, "minibatch_size": 1000, "max_grad_norm": None, **options})


@pytest.mark.parametrize("discrete", [False, True])
def test_ppos_first_gradient_is_the_policy_gradient(discrete):
    """At θ_old the ratio is 1: −E[Â ∇log π], advantages normalised."""
    algorithm = small()
    nets, batch = nets_of(algorithm, Spaces(3, 2, discrete)), rollout(discrete)
    fresh = nets_of(algorithm, Spaces(3, 2, discrete))
    value, next_value = batch.values(fresh.critic)
    delta, no = [], torch.zeros(3)
    for s in range(2):
        columns = (batch.reward[:, s], value[:, s], next_value[:, s])
        running, out = no, []
        for r, v, w in zip(*(c.flip(0) for c in columns), strict=True):
            running = r + 0.98 * w - v + 0.98 * 0.95 * running
            out.append(running)
        delta.append(torch.stack(out[::-1]).flatten())
    A = torch.stack(delta)
    A = (A - A.mean(-1, keepdim=True)) / A.std(-1, correction=0, keepdim=True)
    log_prob = fresh.policy.graph(rows(batch.obs)).log_prob(rows(batch.action))
    expected = flat_gradient_of(-(log_prob * A).mean(-1).sum(), fresh.policy)
    algorithm.update(nets, batch, Streams(range(2), LEARN))
    torch.testing.assert_close(nets.policy.grad, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("kl", "factor"), [(0.001, 0.5), (0.0065, 0.5), (0.007, 1.0), (0.0149, 1.0), (0.0151, 2.0), (1.0, 2.0)]
)
def test_adaptive_beta_doubles_above_and_halves_below_and_keeps_between(kl, factor, monkeypatch):
    """Schulman et al. 2017, section 4, with d_targ = 0.01, by scripted divergences."""
    algorithm = small(objective="adaptive_kl", beta=3.0, epochs=0)
    nets = nets_of(algorithm)
    import rlcourse.parts.distributions as distributions

    monkeypatch.setattr(distributions.Gaussian, "kl", lambda self, other: torch.full(self.mean.shape[:2], kl))
    algorithm.update(nets, rollout(), Streams(range(2), LEARN))
    assert nets.beta.tolist() == [3.0 * factor] * 2


def test_the_early_stop_counts_optimiser_steps_and_forbids_the_step_not_the_next(monkeypatch):
    """peers 4.15: KLs 0, 0.01, 0.05 | with a limit of 0.02 the third step is not taken."""
    algorithm = small(stop_kl=0.02, epochs=5, minibatch_size=12)
    nets, script = nets_of(algorithm), iter([0.0, 0.01, 0.05] + [0.0] * 100)
    import rlcourse.parts.distributions as distributions

    monkeypatch.setattr(
        distributions.Gaussian, "kl", lambda self, other: torch.full(self.mean.shape[:2], next(script))
    )
    metrics = algorithm.update(nets, rollout(), Streams(range(2), LEARN))
    assert metrics["optimiser_steps"].tolist() == [2, 2]
    assert nets.policy_optimiser.t.tolist() == nets.critic_optimiser.t.tolist() == [2, 2]


@pytest.mark.parametrize("options", [{"minibatch_size": 35}, {"minibatch_size": 1}, {"log_std": -200.0}])
def test_small_remainders_constant_rewards_and_vanishing_noise_give_no_nan(options):
    """peers 4.10 and 4.17: 36 transitions in minibatches of 35 leave one by itself."""
    algorithm = small(epochs=2, **options)
    nets = nets_of(algorithm)
    metrics = algorithm.update(nets, rollout(reward=0.0), Streams(range(2), LEARN))
    assert torch.isfinite(nets.policy.flat).all() and torch.isfinite(nets.critic.flat).all()
    assert torch.isfinite(metrics["kl"]).all()


def test_the_entropy_bonus_raises_the_entropy():
    without, with_bonus = (small(entropy_bonus=c, advantage=lambda r, *rest: 0 * r) for c in (0.0, 1.0))
    entropies = []
    for algorithm in (without, with_bonus):
        nets = nets_of(algorithm)
        entropies.append(algorithm.update(nets, rollout(), Streams(range(2), LEARN))["entropy"])
    assert (entropies[1] > entropies[0]).all()


def test_clipping_the_gradient_bounds_policy_and_critic_together():
    algorithm = small(max_grad_norm=0.01)
    nets = nets_of(algorithm)
    algorithm.update(nets, rollout(reward=100.0), Streams(range(2), LEARN))
    total = (nets.policy.grad_norm() ** 2 + nets.critic.grad_norm() ** 2).sqrt()
    assert (total <= 0.01 + 1e-6).all()


def test_clipping_does_not_bound_the_ratio():
    """After some epochs the KL is well away from 0 and ratios leave [1 − ε, 1 + ε]."""
    algorithm = small(epochs=40, learning_rate=1e-2, clip=0.1)
    metrics = algorithm.update(nets_of(algorithm), rollout(), Streams(range(2), LEARN))
    assert (metrics["clip_fraction"] > 0.1).all() and (metrics["kl"] > 0.01).all()


def test_annealing_ends_at_a_learning_rate_of_zero():
    algorithm = small(anneal=True)
    nets = nets_of(algorithm)
    nets.progress, start = 1.0, nets.policy.flat.clone()
    algorithm.update(nets, rollout(), Streams(range(2), LEARN))
    assert torch.equal(nets.policy.flat, start)
    algorithm = replace(algorithm, anneal=False)
    algorithm.update(nets, rollout(), Streams(range(2), LEARN))
    assert not torch.equal(nets.policy.flat, start)


@pytest.mark.parametrize("kind", [DDPG, TD3])
def test_actor_and_critic_have_learning_rates_of_their_own(kind):
    for still, moving in (("actor", "critics"), ("critics", "actor")):
        algorithm = kind(hidden=(8,), **{"actor_lr" if still == "actor" else "critic_lr": 0.0})
        nets, fresh = apart(algorithm), apart(algorithm)
        for _ in range(2):
            algorithm.update(nets, replayed(), Streams(range(2), LEARN))
        assert torch.equal(getattr(nets, still).flat, getattr(fresh, still).flat)
        assert not torch.equal(getattr(nets, moving).flat, getattr(fresh, moving).flat)


def plain_ppo(algorithm, nets, batch, orders, s, discrete):
    """PPO of seed s by PyTorch's own distributions, Adam and clip_grad_norm_; Â = r, y = r + V_old."""
    policy, critic = (
        [tuple(x[s].detach().clone().requires_grad_() for x in layer) for layer in network.layers]
        for network in (nets.policy, nets.critic)
    )
    log_std = nets.policy.extra[s].detach().clone().requires_grad_()
    free = [x for layer in (*policy, *critic) for x in layer] + ([] if discrete else [log_std])
    optimiser = torch.optim.Adam(free, algorithm.learning_rate, eps=1e-5)
    D = torch.distributions

    def through(layers, x):
        for weight, bias in layers[:-1]:
            x = torch.tanh(x @ weight + bias)
        return x @ layers[-1][0] + layers[-1][1]

    def pi(x):
        out = through(policy, x)
        return D.Categorical(logits=out) if discrete else D.Independent(D.Normal(out, log_std.exp()), 1)

    obs, action, reward = (rows(x)[s] for x in (batch.obs, batch.action, batch.reward))
    with torch.no_grad():
        old, value = pi(obs), through(critic, obs)[:, 0]
        old_log_prob, target = old.log_prob(action), reward + value
    outside, steps, stopped = 0.0, 0, False
    for order in orders:
        for pick in order[s].split(algorithm.minibatch_size):
            new, A = pi(obs[pick]), reward[pick]
            if algorithm.normalise_advantage:
                A = (A - A.mean()) / (A.std(correction=0) + 1e-8)
            ratio = (new.log_prob(action[pick]) - old_log_prob[pick]).exp()
            then = (
                D.Categorical(logits=old.logits[pick])
                if discrete
                else D.Independent(D.Normal(old.mean[pick], old.stddev[pick]), 1)
            )
            kl = D.kl_divergence(then, new).mean()
            stopped = stopped or (algorithm.stop_kl is not None and bool(kl > algorithm.stop_kl))
            if stopped:
                break
            if algorithm.objective == "clip":
                low, high = 1 - algorithm.clip, 1 + algorithm.clip
                gain = torch.where(A > 0, ratio.clamp(max=high) * A, ratio.clamp(min=low) * A).mean()
            else:
                gain = (ratio * A).mean() - nets.beta[s] * kl
            v, y, v_old = through(critic, obs[pick])[:, 0], target[pick], value[pick]
            squares = (v - y) ** 2
            if algorithm.value_clip is not None:
                near = v_old + (v - v_old).clamp(-algorithm.value_clip, algorithm.value_clip)
                squares = torch.maximum(squares, (near - y) ** 2)
            loss = 0.5 * squares.mean() - gain - algorithm.entropy_bonus * new.entropy().mean()
            optimiser.zero_grad()
            loss.backward()
            if algorithm.max_grad_norm is not None:
                torch.nn.utils.clip_grad_norm_(free, algorithm.max_grad_norm)
            optimiser.step()
            outside += float(((ratio.detach() - 1).abs() > algorithm.clip).float().mean())
            steps += 1
    with torch.no_grad():
        metrics = {
            "kl": D.kl_divergence(old, pi(obs)).mean(), "entropy": pi(obs).entropy().mean(),
            "clip_fraction": outside / max(steps, 1), "optimiser_steps": steps,
            "explained_variance": 1 - (target - value).var() / target.var(),
        }  # fmt: skip
    return [
        torch.cat([x.flatten() for layer in layers for x in layer]) for layers in (policy, critic)
    ], metrics


@pytest.mark.parametrize("discrete", [False, True], ids=["gaussian", "categorical"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_grad_norm": 0.5},
        {"max_grad_norm": 100.0},
        {"normalise_advantage": False},
        {"value_clip": 0.01},
        {"entropy_bonus": 0.3},
        {"objective": "kl", "beta": 8.0},
        {"stop_kl": 0.005},
        {"stop_kl": 1e-7},
    ],
    ids=str,
)
def test_ppo_is_the_plain_loop_over_minibatches_that_pytorchs_own_parts_make(options, discrete):
    """Every option of the update, three epochs of four minibatches, with the same shuffles."""
    algorithm = small(
        **{
            "epochs": 3,
            "minibatch_size": 10,
            "learning_rate": 0.03,
            "advantage": lambda r, *rest: r,
            **options,
        }
    )
    nets, fresh = (nets_of(algorithm, Spaces(3, 2, discrete)) for _ in range(2))
    batch, streams = rollout(discrete), Streams(range(2), LEARN)
    orders = [torch.from_numpy(streams.permutation(36)) for _ in range(3)]
    assert not torch.equal(orders[0], orders[1])
    metrics = algorithm.update(nets, batch, Streams(range(2), LEARN))
    for s in range(2):
        (policy, critic), expected = plain_ppo(algorithm, fresh, batch, orders, s, discrete)
        torch.testing.assert_close(nets.policy.flat[s, : len(policy)], policy, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(nets.critic.flat[s], critic, rtol=1e-3, atol=1e-4)
        for name, value in expected.items():
            torch.testing.assert_close(float(metrics[name][s]), float(value), rtol=1e-3, atol=1e-4, msg=name)


def test_the_early_stop_is_checked_with_kl_of_old_from_new():
    """Their values differ once σ moves: a limit between the two stops one step, and not the other."""
    algorithm = small(epochs=2, learning_rate=0.3)
    nets, batch = nets_of(algorithm), rollout()
    old = nets.policy.graph(rows(batch.obs)).detach()
    replace(algorithm, epochs=1).update(nets, batch, Streams(range(2), LEARN))
    new = nets.policy.graph(rows(batch.obs)).detach()
    p, q = (torch.distributions.Normal(x.mean, x.log_std.exp()) for x in (old, new))
    right, wrong = (torch.distributions.kl_divergence(*x).sum(-1).mean(-1) for x in ((p, q), (q, p)))
    between = float((right + wrong)[0] / 2)
    assert abs(float(right[0] - wrong[0])) > 0.1 * between
    metrics = replace(algorithm, stop_kl=between).update(nets_of(algorithm), batch, Streams(range(2), LEARN))
    assert metrics["optimiser_steps"][0] == (1 if right[0] > between else 2)


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
        "explained_variance": 1 - (target - value).var() / target.var(),
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
