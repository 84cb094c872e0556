"""The effective sample size against its extremes, and against the variance that it stands for."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rlcourse.equations.importance import effective_sample_size


def test_equal_weights_are_worth_their_number_and_a_single_one_is_worth_one():
    assert effective_sample_size(np.full(7, 0.3)) == pytest.approx(7)
    assert effective_sample_size(np.array([0.0, 5.0, 0.0])) == pytest.approx(1)
    assert effective_sample_size(np.array([2.0, 2.0, 0.0, 0.0])) == pytest.approx(2)
    assert effective_sample_size([1, 2, 3]) == pytest.approx(36 / 14)


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=20), st.integers(-280, 280))
def test_it_lies_between_one_and_n_is_n_over_one_plus_cv_squared_and_knows_no_scale(weights, exponent):
    w = np.array(weights)
    ess = effective_sample_size(w)
    assert 1 - 1e-12 <= ess <= len(w) * (1 + 1e-12)
    assert ess == pytest.approx(len(w) / (1 + np.var(w) / np.mean(w) ** 2))
    assert effective_sample_size(w * 10.0**exponent) == pytest.approx(ess, rel=1e-9)


def test_it_is_the_number_of_equal_weights_with_the_same_variance_of_the_mean():
    """x_i of variance 1: Σ w x/Σ w has the variance Σ w²/(Σ w)², which is 1/ESS."""
    rng = np.random.default_rng(0)
    w = rng.exponential(size=12)
    means = rng.normal(size=(200_000, 12)) @ w / w.sum()
    assert 1 / means.var() == pytest.approx(effective_sample_size(w), rel=0.02)


def test_the_last_axis_is_summed_and_torch_agrees():
    w = np.random.default_rng(1).exponential(size=(2, 3, 5))
    rows = [[effective_sample_size(row) for row in block] for block in w]
    np.testing.assert_allclose(effective_sample_size(w), rows)
    tensor = effective_sample_size(torch.from_numpy(w))
    assert torch.is_tensor(tensor)
    np.testing.assert_allclose(tensor.numpy(), rows)


@pytest.mark.parametrize(
    "weights", [[1.0, -0.5], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [[1.0], [0.0]], []]
)
@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_weights_that_are_none_are_refused_in_one_line(weights, kind):
    with pytest.raises(ValueError, match="weights must be ≥ 0 and finite") as error:
        effective_sample_size(kind(weights))
    assert "\n" not in str(error.value)
