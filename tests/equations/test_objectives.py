"""Objectives by their values and by their gradients."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcourse.equations import objectives


def gradient(ratio, advantage, clip=0.2):
    """∂ L^CLIP / ∂ log π at a given ratio and advantage."""
    log_prob = torch.tensor([np.log(ratio)], dtype=torch.float64, requires_grad=True)
    zero = torch.zeros(1, dtype=torch.float64)
    objectives.clipped_surrogate(
        log_prob, zero, torch.tensor([advantage], dtype=torch.float64), clip
    ).backward()
    return log_prob.grad.item()


@pytest.mark.parametrize(
    ("ratio", "advantage", "zero"),
    [(1.0, 2.0, 0), (1.0, -2.0, 0), (0.5, 2.0, 0), (0.5, -2.0, 1), (1.5, 2.0, 1), (1.5, -2.0, 0)],
)
def test_the_clipped_gradient_vanishes_in_exactly_two_of_the_six_cases_and_elsewhere_is_signed(
    ratio, advantage, zero
):
    assert gradient(ratio, advantage) == pytest.approx(0.0 if zero else ratio * advantage)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 0.9))
def test_the_clipped_surrogate_is_never_above_the_surrogate(seed, clip):
    log_prob, old, advantage = torch.randn(3, 50, generator=torch.Generator().manual_seed(seed))
    clipped = objectives.clipped_surrogate(log_prob, old, advantage, clip)
    assert clipped <= objectives.surrogate(log_prob, old, advantage) + 1e-6


def test_each_sample_s_clipped_objective_is_one_number_in_numpy_and_in_torch():
    ratio, advantage = np.array([0.5, 0.5, 1.5, 1.5, 1.1]), np.array([2.0, -2.0, 2.0, -2.0, 3.0])
    expected = [1.0, -1.6, 2.4, -3.0, 3.3]  # by hand, ε = 0.2
    np.testing.assert_allclose(objectives.clipped_objective(ratio, advantage, 0.2), expected)
    tensors = map(torch.from_numpy, (ratio, advantage))
    np.testing.assert_allclose(objectives.clipped_objective(*tensors, 0.2), expected)
    unclipped = objectives.clipped_objective(ratio, advantage, np.inf)
    np.testing.assert_array_equal(unclipped, ratio * advantage)
    with pytest.raises(ValueError, match="shapes must be equal"):
        objectives.clipped_objective(ratio, advantage[:, None], 0.2)


@pytest.mark.parametrize("kind", [np.array, torch.tensor], ids=["numpy", "torch"])
def test_adaptive_beta_by_its_table(kind):
    """Schulman et al. 2017, section 4, with d_targ = 0.01 and β = 3; at an edge β stays."""
    kl, expected = kind([0.001, 0.0066, 0.0067, 0.01, 0.0149, 0.0151]), [1.5, 1.5, 3.0, 3.0, 3.0, 6.0]
    beta = objectives.adaptive_beta(kind([3.0] * 6), kl, 0.01)
    assert type(beta) is type(kl) and beta.tolist() == expected
    edges = objectives.adaptive_beta(kind([3.0, 3.0]), kind([1.0, 2.25]), 1.5)  # both edges are exact numbers
    assert edges.tolist() == [3.0, 3.0]


def test_at_ratio_one_every_objective_has_the_gradient_of_the_score_function():
    """Users of three repositories asked: old and new log-probabilities are identical, is this a bug? No."""
    logits = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    action, advantage = torch.tensor([0, 1, 2, 3, 0, 1]), torch.randn(6, dtype=torch.float64)

    def slope(objective):
        log_prob = torch.log_softmax(logits, -1).gather(1, action[:, None])[:, 0]
        return torch.autograd.grad(objective(log_prob, log_prob.detach()), logits)[0]

    expected = slope(lambda new, old: objectives.score_function(new, advantage))
    assert expected.abs().max() > 0
    kl = torch.zeros(6, dtype=torch.float64)
    for objective in (
        lambda new, old: objectives.surrogate(new, old, advantage),
        lambda new, old: objectives.clipped_surrogate(new, old, advantage, 0.2),
        lambda new, old: objectives.kl_penalised_surrogate(new, old, advantage, kl, 3.0),
    ):
        torch.testing.assert_close(slope(objective), expected)


def test_the_kl_penalty_is_subtracted_and_scaled_by_beta():
    zero, kl = torch.zeros(3), torch.tensor([0.1, 0.2, 0.3])
    value = objectives.kl_penalised_surrogate(zero, zero, torch.ones(3), kl, 2.0)
    assert value.item() == pytest.approx(1 - 2 * 0.2)


def test_objectives_stay_finite_far_from_the_old_policy():
    """peers 4.17: log-ratios of ±100."""
    far = torch.tensor([100.0, -100.0], requires_grad=True)
    value = objectives.surrogate(far, torch.zeros(2), torch.ones(2))
    value.backward()
    assert torch.isfinite(value) and torch.isfinite(far.grad).all()
    ratio = objectives.probability_ratio(torch.tensor([100.0, -100.0, 3.0]), torch.zeros(3))
    torch.testing.assert_close(ratio, torch.tensor([20.0, -20.0, 3.0]).exp(), rtol=1e-6, atol=0.0)


def test_no_gradient_flows_through_advantages_or_value_targets():
    advantage, target = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    value = torch.zeros(3, requires_grad=True)
    (objectives.score_function(value, advantage) + objectives.value_loss(value, target)).backward()
    assert advantage.grad is None and target.grad is None and value.grad is not None


def test_the_value_loss_is_half_the_mean_square_per_seed():
    value, target = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[3.0, 2.0], [4.0, -2.0]])
    assert objectives.value_loss(value, target, dim=-1).tolist() == [1.0, 5.0]
    assert objectives.value_loss(value, target).item() == 3.0
    assert objectives.clipped_value_loss(value[0], 0 * value[0], target[0], 1e6).item() == 1.0  # never binds
    # around old values 5: V is held to 4.8 … 5.2 in the second square, and the larger square counts
    old = torch.tensor([5.0, 1.9])
    assert objectives.clipped_value_loss(value[0], old, target[0], 0.2).item() == pytest.approx(
        0.5 * ((1 - 3) ** 2 + (2 - 2) ** 2) / 2
    )
    assert objectives.clipped_value_loss(target[0], old, target[0], 0.2).item() == pytest.approx(
        0.5 * ((4.8 - 3) ** 2 + 0) / 2
    )


def test_value_clipping_takes_the_larger_error_and_only_acts_away_from_the_old_value():
    """peers 4.16: with the cached old value equal to the new one, clipping would do nothing."""
    old, target = torch.zeros(2), torch.tensor([1.0, 1.0])
    value = torch.tensor([0.1, 0.9], requires_grad=True)
    loss = objectives.clipped_value_loss(value, old, target, 0.2)
    assert loss.item() == pytest.approx(0.5 * (0.9**2 + 0.8**2) / 2)
    loss.backward()
    assert value.grad[0] < 0 and value.grad[1] == 0


def test_explained_variance_is_one_for_a_perfect_critic_zero_for_a_constant_and_nan_without_variance():
    y = torch.tensor([1.0, 2.0, 4.0])
    assert objectives.explained_variance(y, y) == 1
    assert objectives.explained_variance(torch.full((3,), 7.0), y) == 0
    assert torch.isnan(objectives.explained_variance(y, torch.ones(3)))


# ------------------------------------------------------------------------------- vine, in one state


def test_the_vine_surrogate_is_the_self_normalised_mean_of_each_state():
    rng = np.random.default_rng(0)
    new, old = rng.uniform(0.05, 1, size=(2, 4, 3))
    q = rng.normal(size=(4, 3))
    by_hand = [
        sum(new[n, k] / old[n, k] * q[n, k] for k in range(3)) / sum(new[n, k] / old[n, k] for k in range(3))
        for n in range(4)
    ]
    np.testing.assert_allclose(objectives.vine_surrogate(new, old, q), by_hand, rtol=1e-13)
    np.testing.assert_allclose(objectives.vine_surrogate(new.T, old.T, q.T, dim=0), by_hand, rtol=1e-13)
    tensors = objectives.vine_surrogate(*map(torch.from_numpy, (new, old, q)))
    np.testing.assert_allclose(tensors.numpy(), by_hand, rtol=1e-13)
    np.testing.assert_allclose(
        objectives.vine_surrogate(old, old, q), q.mean(axis=1)
    )  # ρ = 1: the plain mean


def test_a_constant_in_q_is_added_to_the_vine_surrogate_and_leaves_its_gradient_alone():
    logits = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    old, q = torch.rand(5, 4, dtype=torch.float64) + 0.1, torch.randn(5, 4, dtype=torch.float64)

    def value_and_slope(q):
        value = objectives.vine_surrogate(torch.softmax(logits, -1), old, q)
        return value, torch.autograd.grad(value.sum(), logits)[0]

    (value, slope), (higher, same) = value_and_slope(q), value_and_slope(q + 1000)
    torch.testing.assert_close(higher - value, torch.full((5,), 1000.0, dtype=torch.float64))
    torch.testing.assert_close(same, slope, rtol=1e-9, atol=1e-10)
    assert slope.abs().max() > 1e-3


def test_with_every_action_tried_under_a_uniform_policy_vine_is_the_new_policys_mean_of_q():
    rng = np.random.default_rng(1)
    new, q = rng.dirichlet(np.ones(4), size=6), rng.normal(size=(6, 4))
    expected = [p @ x for p, x in zip(new, q, strict=True)]
    np.testing.assert_allclose(objectives.vine_surrogate(new, np.full((6, 4), 0.25), q), expected)


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_what_vine_cannot_have_sampled_is_refused_in_one_line(kind):
    for new, old, q, message in (
        ([0.5, 0.5], [0.5], [1.0, 2.0], r"old_prob \(1,\)"),
        ([0.5, 0.5], [0.5, 0.0], [1.0, 2.0], "under the policy that sampled"),
        ([0.5, -0.5], [0.5, 0.5], [1.0, 2.0], "probabilities must be ≥ 0"),
        ([[0.5, 0.5], [0.0, 0.0]], [[0.5, 0.5]] * 2, [[1.0, 2.0]] * 2, "takes none of the actions tried"),
    ):
        with pytest.raises(ValueError, match=message) as error:
            objectives.vine_surrogate(kind(new), kind(old), kind(q))
        assert "\n" not in str(error.value)


def test_the_a2c_loss_of_several_seeds_is_its_three_terms_for_each():
    """−E[log π Â] + c_v E[(V − y)²] − c_e E[H], term by term; a row is a seed."""
    log_prob, advantage, value, target, entropy = np.random.default_rng(0).normal(size=(5, 2, 3))
    found = objectives.a2c_loss(log_prob, advantage, value, target, entropy, 0.5, 0.01)
    for s in range(2):
        policy = -sum(log_prob[s] * advantage[s]) / 3
        critic, spread = sum((value[s] - target[s]) ** 2) / 3, sum(entropy[s]) / 3
        assert math.isclose(found[s], policy + 0.5 * critic - 0.01 * spread, rel_tol=1e-12)
    assert found.shape == (2,)


@pytest.mark.parametrize(
    ("function", "arrays", "numbers"),
    [
        (objectives.score_function, 2, ()),
        (objectives.surrogate, 3, ()),
        (objectives.clipped_surrogate, 3, (0.2,)),
        (objectives.clipped_objective, 2, (0.2,)),
        (objectives.kl_penalised_surrogate, 4, (1.0,)),
        (objectives.adaptive_beta, 2, (0.01,)),
        (objectives.vine_surrogate, 3, ()),
        (objectives.value_loss, 2, ()),
        (objectives.a2c_loss, 5, (0.5, 0.01)),
        (objectives.clipped_value_loss, 3, (0.2,)),
        (objectives.explained_variance, 2, ()),
    ],
)
def test_no_objective_broadcasts_a_column_against_a_row(function, arrays, numbers):
    """peers 4.21: [B, 1] in the place of any one array would make [B, B] of the others, [1] and [] a [B]."""
    row = torch.linspace(0.1, 0.9, 4)
    function(*[row] * arrays, *numbers)
    for odd, other in itertools.product(range(arrays), (row[:, None], row[:1], row[0])):
        inputs = [other if index == odd else row for index in range(arrays)]
        with pytest.raises(ValueError, match="shapes must be equal"):
            function(*inputs, *numbers)


def test_explained_variance_of_targets_that_hardly_vary_is_a_number_too():
    """y = 0, ½, so Var[y] = 1/16; V half-way between y and its mean: 1 − 1/4."""
    y = torch.tensor([0.0, 0.5])
    assert objectives.explained_variance(y, y).item() == 1.0
    assert objectives.explained_variance((y + y.mean()) / 2, y).item() == 0.75


def test_the_vines_weights_may_sum_to_less_than_one():
    """Ratios ¼ and ½ of Q = 2 and 8: (½ + 4) / ¾ = 6."""
    new, old, q = torch.tensor([0.1, 0.1]), torch.tensor([0.4, 0.2]), torch.tensor([2.0, 8.0])
    assert objectives.vine_surrogate(new, old, q).item() == pytest.approx(6.0)
