"""NPG's update against a dense solve with the Fisher matrix of the network's Jacobian."""

from dataclasses import replace

import pytest
import torch

from rlcourse.agents import Spaces, rows
from rlcourse.algorithms.npg import NPG
from rlcourse.equations.solvers import conjugate_gradient
from rlcourse.parts.randomness import LEARN, Streams
from tests.algorithms.batches import nets_of, rollout

SMALL = NPG(hidden=(4,), damping=0.1, fisher_fraction=1.0, cg_iterations=200, normalise_advantage=False)
SMALL = replace(SMALL, solver=lambda F, g, n: conjugate_gradient(F, g, n, 1e-14))


def moved(algorithm, discrete=False, batch=None):
    """(θ before, θ after, metrics, the networks before) of one update."""
    nets, same = (nets_of(algorithm, Spaces(3, 2, discrete)) for _ in range(2))
    metrics = algorithm.update(nets, batch or rollout(discrete), Streams(range(2), LEARN))
    return same.policy.flat.clone(), nets.policy.flat.clone(), metrics, same


def fisher_and_slope(nets, batch):
    """F = E_s Σ_a π(a|s) of score products, and the scores of what was done.

    One backward pass a sample: no Hessian and no KL divergence occur.
    """
    obs, action = rows(batch.obs), rows(batch.action)
    log_policy = nets.policy(obs).log_prob
    F = 0.0
    for a in range(2):
        chosen = torch.full_like(action, a)
        score = nets.policy.scores(obs, chosen)
        F = F + torch.einsum("sb,sbp,sbq->spq", log_policy(chosen).exp().detach(), score, score)
    return F / obs.shape[1], nets.policy.scores(obs, action)


@pytest.mark.parametrize("learning_rate", [None, 0.03])
def test_the_step_is_the_dense_solve_of_its_length(learning_rate):
    batch = rollout(True)
    advantage = rows(batch.reward)
    algorithm = replace(SMALL, learning_rate=learning_rate, max_kl=1e-4, advantage=lambda r, *rest: r)
    before, after, _, nets = moved(algorithm, True, batch)
    F, scores = fisher_and_slope(nets, batch)
    F = F.double() + 0.1 * torch.eye(F.shape[-1]).double()
    g = torch.einsum("sbp,sb->sp", scores, advantage).double() / scores.shape[1]
    s = torch.linalg.solve(F, g[..., None])[..., 0]
    alpha = (2e-4 / (g * s).sum(-1, keepdim=True)).sqrt() if learning_rate is None else 0.03
    torch.testing.assert_close((after - before).double(), alpha * s, rtol=2e-2, atol=1e-4)


@pytest.mark.parametrize("discrete", [False, True])
def test_the_kl_of_a_short_step_is_what_the_damping_leaves_of_delta(discrete):
    """½ αs·(F + cI)·αs = δ, and the true KL is ½ αs·F·αs to second order: δ − ½ c ‖αs‖²."""
    for c in (1e-3, 0.1):
        *_, metrics, _ = moved(replace(SMALL, damping=c, max_kl=1e-3), discrete)
        left = 1e-3 - 0.5 * c * metrics["step_norm"] ** 2
        assert (left < 1e-3).all()
        torch.testing.assert_close(metrics["kl"], left, rtol=0.1, atol=2e-5)


def test_the_length_of_the_step_does_not_depend_on_the_scale_of_the_advantage():
    one = moved(replace(SMALL, advantage=lambda r, *rest: r))[1]
    many = moved(replace(SMALL, advantage=lambda r, *rest: 1000 * r))[1]
    torch.testing.assert_close(one, many, rtol=1e-3, atol=1e-4)


def test_a_fixed_learning_rate_makes_the_step_proportional_to_the_advantage():
    fixed = replace(SMALL, learning_rate=0.01)
    steps = []
    for scale in (1, 2):
        before, after, *_ = moved(replace(fixed, advantage=lambda r, *rest, k=scale: k * r))
        steps.append(after - before)
    torch.testing.assert_close(steps[1], 2 * steps[0], rtol=1e-2, atol=1e-4)


def test_without_advantages_the_policy_stays_bit_for_bit():
    before, after, *_ = moved(NPG(hidden=(4,), advantage=lambda r, *rest: 0 * r))
    assert torch.equal(before, after)


def test_a_solver_that_answers_with_the_gradient_makes_it_plain_ascent_of_the_same_kl():
    batch = rollout(True)
    algorithm = replace(
        SMALL, solver=lambda F, g, n: g, max_kl=1e-4, damping=0.0, advantage=lambda r, *rest: r
    )
    before, after, metrics, nets = moved(algorithm, True, batch)
    _, scores = fisher_and_slope(nets, batch)
    g = torch.einsum("sbp,sb->sp", scores, rows(batch.reward))
    cosine = torch.nn.functional.cosine_similarity(after - before, g)
    torch.testing.assert_close(cosine, torch.ones(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(metrics["kl"], torch.full((2,), 1e-4), rtol=0.1, atol=0)
