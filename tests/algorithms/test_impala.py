"""IMPALA: on-policy it is A2C with λ = 1; off-policy its gradient is that of the paper's three sums."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rlcourse.agents import Spaces, rows
from rlcourse.algorithms.a2c import A2C
from rlcourse.algorithms.impala import IMPALA
from rlcourse.parts.randomness import LEARN, Streams
from rlcourse.training import train
from tests.algorithms.batches import flat_gradient_of, nets_of, rollout

PLAIN = {"hidden": (8,), "max_grad_norm": None, "normalise_advantage": False}


def with_ends(discrete):
    """A made-up rollout in which episodes end and are cut; the actor is another policy than the learner."""
    batch, g = rollout(discrete), torch.Generator().manual_seed(7)
    ends = torch.rand(2, *batch.reward.shape, generator=g) < 0.15
    going_on = ~(ends[0] | ends[1])[:-1, ..., None]
    next_obs = batch.next_obs.clone()
    next_obs[:-1] = torch.where(going_on, batch.obs[1:], next_obs[:-1])
    return batch._replace(
        terminated=(ends[0] & ~ends[1]).float(), truncated=ends[1].float(), next_obs=next_obs
    )


def apart(algorithm, discrete):
    nets = nets_of(algorithm, Spaces(3, 2, discrete))
    g = torch.Generator().manual_seed(1)
    for net in (nets.policy, nets.worker.policy, nets.critic):
        net.flat.add_(0.5 * torch.randn(net.flat.shape, generator=g))
    return nets


def test_without_lag_and_with_one_actor_it_is_a2c_with_lambda_one():
    """π = μ: every ratio is 1, no bound matters, and v_t is the n-step return."""
    batch = with_ends(False)
    impala, a2c = nets_of(IMPALA(**PLAIN)), nets_of(A2C(**PLAIN))
    IMPALA(**PLAIN).update(impala, batch, Streams(range(2), LEARN))
    A2C(**PLAIN, lam=1.0).update(a2c, batch, Streams(range(2), LEARN))
    for name in ("policy", "critic"):
        one, other = getattr(impala, name).grad, getattr(a2c, name).grad
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("discrete", [False, True], ids=["gaussian", "categorical"])
@pytest.mark.parametrize(("rho_bar", "c_bar"), [(1.0, 1.0), (3.0, 0.5)])
def test_the_gradients_are_those_of_the_papers_sums(discrete, rho_bar, c_bar):
    """Σ_t ρ_t ∇log π (r + γv − V), Σ_t (v − V) ∇V and the entropy's, with v by the recursion of remark 1."""
    algorithm = IMPALA(**PLAIN, rho_bar=rho_bar, c_bar=c_bar, entropy_weight=0.1, value_weight=0.5)
    nets, fresh, batch = apart(algorithm, discrete), apart(algorithm, discrete), with_ends(discrete)
    algorithm.update(nets, batch, Streams(range(2), LEARN))
    T, S, N = batch.reward.shape
    obs, action, gamma = rows(batch.obs), rows(batch.action), algorithm.gamma
    pi, V = fresh.policy.graph(obs), fresh.critic.graph(obs)
    log_prob = pi.log_prob(action)
    with torch.no_grad():
        ratio = (log_prob - fresh.worker.policy(obs).log_prob(action)).exp().view(S, T, N)
        value, after = V.view(S, T, N), fresh.critic(rows(batch.next_obs)).view(S, T, N)
    v, A = torch.zeros(S, T, N), torch.zeros(S, T, N)
    for s in range(S):
        for n in range(N):
            later = next_value = 0.0
            for t in reversed(range(T)):
                r, over, cut = batch.reward[t, s, n], batch.terminated[t, s, n], batch.truncated[t, s, n]
                if over or cut or t == T - 1:  # nothing of this episode comes later in the data
                    later = next_value = 0.0 if over else after[s, t, n]
                else:
                    next_value = after[s, t, n]
                rho, c = min(rho_bar, ratio[s, t, n]), min(c_bar, ratio[s, t, n])
                A[s, t, n] = rho * (r + gamma * later - value[s, t, n])
                delta = rho * (r + gamma * next_value - value[s, t, n])
                v[s, t, n] = value[s, t, n] + delta + gamma * c * (later - next_value)
                later = v[s, t, n]
    gain = (log_prob * A.view(S, -1)).mean(-1) + 0.1 * pi.entropy().mean(-1)
    torch.testing.assert_close(
        nets.policy.grad, flat_gradient_of(-gain.sum(), fresh.policy), rtol=1e-3, atol=1e-5
    )
    error = 0.5 * ((v.view(S, -1) - V) ** 2).mean(-1)
    torch.testing.assert_close(
        nets.critic.grad, flat_gradient_of(error.sum(), fresh.critic), rtol=1e-3, atol=1e-5
    )


def test_uncorrected_data_are_learnt_from_as_if_the_learner_had_acted():
    algorithm = IMPALA(**PLAIN, corrected=False)
    batch = with_ends(True)
    nets, same = apart(algorithm, True), apart(algorithm, True)
    same.worker.policy.flat.copy_(same.policy.flat)
    metrics = algorithm.update(nets, batch, Streams(range(2), LEARN))
    replace(algorithm, corrected=True).update(same, batch, Streams(range(2), LEARN))
    torch.testing.assert_close(nets.policy.grad, same.policy.grad, rtol=1e-4, atol=1e-6)
    assert (metrics["ratio_max"] == 1).all()


def own_targets(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    v, correction = np.zeros(len(reward)), 0.0
    for t in reversed(range(len(reward))):
        ratio, alive = np.exp(float(log_rho[t])), 1 - terminated[t]
        delta = min(rho_bar, ratio) * (reward[t] + gamma * alive * next_value[t] - value[t])
        correction = float(delta + gamma * min(c_bar, ratio) * alive * correction)
        v[t] = value[t] + correction
    return v


def test_a_students_targets_train_as_they_stand_and_give_the_courses_curve():
    options = {"hidden": (8,), "workers": 2, "num_envs": 2, "horizon": 16, "lag": 2, "learning_rate": 0.01}
    theirs = train(
        IMPALA(**options, vtrace_targets=own_targets), "CartPole-v1", 256, 2, evaluation_episodes=1
    )
    ours = train(IMPALA(**options), "CartPole-v1", 256, 2, evaluation_episodes=1)
    np.testing.assert_allclose(theirs.curve.returns, ours.curve.returns, rtol=1e-3)
    np.testing.assert_allclose(theirs.metrics["loss"], ours.metrics["loss"], rtol=1e-2, atol=1e-4)
