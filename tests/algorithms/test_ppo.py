"""PPO's update against a plain loop of PyTorch's own parts, and closed forms."""

from dataclasses import replace

import pytest
import torch

from rlcourse.agents import Spaces, rows
from rlcourse.algorithms.ppo import PPO
from rlcourse.parts.plugged import plugged
from rlcourse.parts.randomness import LEARN, Streams
from tests.algorithms.batches import flat_gradient_of, nets_of, rollout


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


@pytest.mark.parametrize(("objective", "stays"), [("clip", True), ("kl", True), ("adaptive_kl", False)])
def test_only_the_adaptive_penalty_adapts(objective, stays):
    algorithm = small(objective=objective, beta=3.0, epochs=0)  # KL = 0 is below the target: β would halve
    nets = nets_of(algorithm)
    algorithm.update(nets, rollout(), Streams(range(2), LEARN))
    assert nets.beta.tolist() == [3.0 if stays else 1.5] * 2


@pytest.mark.parametrize("discrete", [False, True])
def test_orthogonal_weights_start_the_policy_near_its_mean_and_uniform_ones_do_not(discrete):
    """Orthogonal: WᵀW = 2 I in a ReLU layer of square shape, and a last layer of a hundredth."""
    for orthogonal in (True, False):
        algorithm = small(orthogonal=orthogonal, hidden=(8, 8), activation="relu")
        nets = nets_of(algorithm, Spaces(3, 2, discrete))
        for net in (nets.policy, nets.critic):
            square = net.parameters[2]
            gram = square.mT @ square
            assert torch.allclose(gram, gram[:, :1, :1] * torch.eye(8), atol=1e-5) is orthogonal
        assert bool((nets.policy.parameters[4].abs() < 0.02).all()) is orthogonal


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


@pytest.mark.parametrize(("kl", "steps"), [(0.25, 3), (0.5, 0)])
def test_the_early_stop_allows_the_limit_itself_and_reports_a_number_where_no_step_was_taken(
    kl, steps, monkeypatch
):
    """Steps go on until the KL *exceeds* 0.25; of no steps at all, no ratio lay outside the range."""
    algorithm = small(stop_kl=0.25, minibatch_size=12)
    nets = nets_of(algorithm)
    import rlcourse.parts.distributions as distributions

    monkeypatch.setattr(distributions.Gaussian, "kl", lambda self, other: torch.full(self.mean.shape[:2], kl))
    metrics = algorithm.update(nets, rollout(), Streams(range(2), LEARN))
    assert metrics["optimiser_steps"].tolist() == [steps, steps]
    assert steps or metrics["clip_fraction"].tolist() == [0.0, 0.0]


def test_the_clip_fraction_counts_ratios_to_the_policy_that_acted_also_of_a_single_step():
    """An older policy acted: the ratios of the only step are π_θ / μ, and some lie outside 1 ± ε."""
    algorithm = small()
    nets, batch = nets_of(algorithm), rollout()
    now = nets.policy.graph(rows(batch.obs)).detach()
    acted = now._replace(mean=now.mean + 0.2)
    p, q = (torch.distributions.Normal(x.mean, x.log_std.exp()) for x in (now, acted))
    ratio = (p.log_prob(rows(batch.action)) - q.log_prob(rows(batch.action))).sum(-1).exp()
    outside = ((ratio < 0.8) | (ratio > 1.2)).float().mean(-1)
    metrics = algorithm.update(nets, batch._replace(behaviour=acted), Streams(range(2), LEARN))
    assert metrics["optimiser_steps"].tolist() == [1, 1] and (outside > 0.1).all() and (outside < 0.9).all()
    torch.testing.assert_close(metrics["clip_fraction"], outside)


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


def test_a_reader_s_clipped_objective_trains_to_the_course_s_numbers():
    """Homework 5: a function of (ratio, advantage, clip), one number for each sample of one seed."""

    def mine(ratio, advantage, clip):
        assert ratio.ndim == 1
        low, high = 1 - clip, 1 + clip
        return torch.where(advantage > 0, ratio.clamp(max=high), ratio.clamp(min=low)) * advantage

    ours, theirs = small(epochs=3, learning_rate=0.03), None
    theirs = plugged(replace(ours, clipped_objective=mine))
    nets, other = nets_of(ours), nets_of(ours)
    ours.update(nets, rollout(), Streams(range(2), LEARN))
    theirs.update(other, rollout(), Streams(range(2), LEARN))
    torch.testing.assert_close(other.policy.flat, nets.policy.flat)
    no_clip = plugged(replace(ours, clipped_objective=lambda ratio, advantage, clip: ratio * advantage))
    no_clip.update(third := nets_of(ours), rollout(), Streams(range(2), LEARN))
    assert not torch.allclose(third.policy.flat, nets.policy.flat, atol=1e-3)


@pytest.mark.parametrize(
    "function",
    [
        lambda ratio, advantage, clip: (ratio * advantage).mean(),
        lambda ratio, advantage, clip: (ratio * advantage).detach(),
        lambda ratio, advantage, clip: (ratio * advantage).detach().numpy(),
    ],
    ids=["a mean", "detached", "NumPy"],
)
def test_an_objective_that_cannot_train_is_refused_with_what_it_must_be(function):
    algorithm = plugged(small(clipped_objective=function))
    with pytest.raises(ValueError, match="one number for each sample"):
        algorithm.update(nets_of(algorithm), rollout(), Streams(range(2), LEARN))


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
