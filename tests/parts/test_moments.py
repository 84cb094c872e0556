"""Running moments against NumPy over everything."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcourse.parts.moments import RunningMoments


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8), seed=st.integers(0, 10**6))
def test_moments_merged_batch_by_batch_are_those_of_all_the_data(sizes, seed):
    rng, moments = np.random.default_rng(seed), RunningMoments(2, 3)
    data = [rng.normal(rng.normal(0, 5), 2, (2, n, 3)) for n in sizes]
    for x in data:
        moments.update(torch.from_numpy(x))
    everything = np.concatenate(data, axis=1)
    assert moments.count == sum(sizes)
    np.testing.assert_allclose(moments.mean, everything.mean(1), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(moments.var, everything.var(1), rtol=1e-9, atol=1e-9)


def test_a_large_mean_does_not_eat_the_variance():
    rng, moments = np.random.default_rng(0), RunningMoments(1, 1)
    data = 1e6 + rng.standard_normal((1, 10000, 1))
    for block in np.split(data, 100, axis=1):
        moments.update(torch.from_numpy(block))
    np.testing.assert_allclose(moments.var, data.var(1), rtol=1e-6)


def test_before_any_data_nothing_is_changed():
    x = torch.randn(2, 4, 3)
    assert torch.equal(RunningMoments(2, 3).normalise(x), x)


def test_normalised_data_have_mean_zero_deviation_one_and_stay_within_the_limit():
    rng, moments = np.random.default_rng(1), RunningMoments(2, 3)
    x = torch.from_numpy(rng.normal([[[3.0, -50.0, 0.1]]], [[[2.0, 10.0, 0.01]]], (2, 500, 3)))
    moments.update(x)
    y = moments.normalise(x)
    assert y.dtype == torch.float32
    np.testing.assert_allclose(y.mean(1), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(1, correction=0), 1, rtol=1e-3)
    assert moments.normalise(-1e6 * torch.ones(2, 1, 3)).min() == -10.0
    for limit, most in ((5.0, 5.0), (None, 1e8)):
        other = RunningMoments(2, 3, limit)
        other.update(x)
        assert other.copy().normalise(1e6 * torch.ones(2, 1, 3)).max() == pytest.approx(most, rel=0.1)


def test_normalising_learns_nothing():
    """peers.md 4.18: evaluation normalises with the training's moments and leaves them alone."""
    moments = RunningMoments(1, 2)
    moments.update(torch.randn(1, 10, 2))
    before = moments.state()
    moments.normalise(100 * torch.randn(1, 10, 2))
    after = moments.state()
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_a_constant_observation_is_normalised_to_zero_not_to_nan():
    moments = RunningMoments(1, 1)
    moments.update(torch.full((1, 5, 1), 3.0))
    assert (moments.normalise(torch.full((1, 2, 1), 3.0)) == 0).all()


def test_seeds_do_not_share_moments():
    moments = RunningMoments(2, 1)
    moments.update(torch.tensor([[[1.0], [3.0]], [[10.0], [10.0]]]))
    assert moments.mean.flatten().tolist() == [2.0, 10.0] and moments.var.flatten().tolist() == [1.0, 0.0]


def test_restored_moments_go_on_as_the_original():
    """peers.md 4.18: saved and loaded, then the same normalisation."""
    a, b = RunningMoments(2, 3), RunningMoments(2, 3)
    a.update(torch.randn(2, 7, 3))
    b.restore(a.state())
    x = torch.randn(2, 5, 3)
    a.update(x)
    b.update(x)
    assert torch.equal(a.normalise(x), b.normalise(x)) and a.count == b.count
