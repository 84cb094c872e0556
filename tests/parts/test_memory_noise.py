"""Replay, running moments, random streams and exploration noise."""

import numpy as np
import pytest
import scipy.stats
import torch

from rlcourse.parts.memory import ReplayBuffer, RunningMoments
from rlcourse.parts.noise import GaussianNoise, OUNoise, Streams


def fill(buffer, count, start=0, valid=None):
    for k in range(start, start + count):
        S, (o, a, *_) = buffer.seeds, buffer.widths
        value = k + 1000.0 * np.arange(S)
        buffer.add(
            np.tile(value[:, None], (1, o)), np.zeros((S, a)), value, np.zeros(S, bool),
            np.tile(value[:, None] + 1, (1, o)), valid,
        )  # fmt: skip


def seen(buffer, streams, n=4000):
    return [set(row.astype(int)) for row in buffer.sample(n, streams).reward.numpy()]


def test_replay_forgets_the_oldest_and_keeps_seeds_apart():
    """peers exercise 10: first in, first out; s' is not s."""
    buffer = ReplayBuffer(5, 2, 3, 1)
    fill(buffer, 12)
    assert len(buffer) == 5
    assert seen(buffer, Streams([0, 1], 2)) == [set(range(7, 12)), set(range(1007, 1012))]
    batch = buffer.sample(50, Streams([0, 1], 2))
    torch.testing.assert_close(batch.next_obs, batch.obs + 1)
    torch.testing.assert_close(batch.obs[..., 0], batch.reward)


def test_a_part_filled_buffer_never_samples_an_empty_place():
    buffer = ReplayBuffer(1000, 1, 2, 1)
    fill(buffer, 3)
    assert seen(buffer, Streams([0], 2)) == [{0, 1, 2}]
    with pytest.raises(ValueError, match="before every seed has added"):
        ReplayBuffer(10, 1, 2, 1).sample(1, Streams([0], 2))
    with pytest.raises(ValueError, match="capacity"):
        ReplayBuffer(0, 1, 2, 1)


def test_samples_are_uniform():
    buffer = ReplayBuffer(20, 1, 2, 1)
    fill(buffer, 20)
    counts = np.bincount(buffer.sample(20_000, Streams([3], 2)).reward.numpy().astype(int)[0], minlength=20)
    assert scipy.stats.chisquare(counts).pvalue > 1e-4


def test_steps_that_are_no_transitions_are_not_stored_and_each_seed_counts_by_itself():
    """peers 4.5: NEXT_STEP's reset step."""
    buffer = ReplayBuffer(10, 2, 1, 1)
    fill(buffer, 2)
    fill(buffer, 3, start=2, valid=np.array([True, False]))
    assert buffer.added.tolist() == [5, 2]
    assert seen(buffer, Streams([0, 1], 2)) == [set(range(5)), {1000, 1001}]


def test_a_restored_buffer_samples_the_same():
    one, other = ReplayBuffer(8, 2, 3, 1), ReplayBuffer(8, 2, 3, 1)
    fill(one, 11)
    other.restore(one.state())
    for a, b in zip(one.sample(9, Streams([0, 1], 2)), other.sample(9, Streams([0, 1], 2)), strict=True):
        assert torch.equal(a, b)


def test_running_moments_are_those_of_all_the_data_and_change_nothing_before_any():
    moments, data = RunningMoments(2, 3), torch.randn(2, 90, 3, dtype=torch.float64) * 5 + 2
    assert torch.equal(moments.normalise(data), data)
    for piece in data.split([1, 29, 60], dim=1):
        moments.update(piece)
    torch.testing.assert_close(moments.mean, data.mean(1))
    torch.testing.assert_close(moments.var, data.var(1, correction=0))
    assert moments.normalise(1e9 * torch.ones(2, 1, 3)).max() == 10


def test_a_stream_depends_on_its_own_seed_only_and_on_its_purpose():
    together, alone = Streams([5, 7, 9], 1), Streams([7], 1)
    for draw in (lambda s: s.normal(3, 2), lambda s: s.uniform(4), lambda s: s.permutation(6)):
        assert np.array_equal(draw(together)[1], draw(alone)[0])
    assert not np.array_equal(Streams([7], 1).normal(3), Streams([7], 2).normal(3))


def test_a_stream_continues_from_its_state():
    stream = Streams([1, 2], 1)
    stream.normal(7)
    state = stream.state()
    expected = stream.uniform(3)
    other = Streams([8, 9], 1)
    other.restore(state)
    assert np.array_equal(other.uniform(3), expected)


def test_a_seed_that_is_not_active_draws_no_permutation():
    stream, twin = Streams([1, 2], 1), Streams([1, 2], 1)
    assert np.array_equal(stream.permutation(5, [False, True])[0], np.arange(5))
    assert np.array_equal(stream.permutation(5)[0], twin.permutation(5)[0])


@pytest.mark.parametrize("dt", [1.0, 0.25])
def test_ou_noise_has_the_mean_variance_and_memory_of_its_closed_form(dt):
    """peers 4.19: udacity's uniform increments have mean 0.666. Tolerances: five standard errors."""
    noise, chains, steps = OUNoise(theta=0.5, sigma=0.3, dt=dt, mu=0.1), 4000, 200
    x, xi = np.zeros(chains), np.random.default_rng(0).standard_normal((steps, chains))
    path = []
    for row in xi:
        x = noise.step(x, row)
        path.append(x)
    memory = 1 - 0.5 * dt
    variance = 0.3**2 * dt / (1 - memory**2)
    last, before = path[-1], path[-4]
    assert last.mean() == pytest.approx(0.1, abs=5 * np.sqrt(variance / chains))
    assert last.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / chains))
    assert np.corrcoef(last, before)[0, 1] == pytest.approx(memory**3, abs=5 / np.sqrt(chains))


def test_gaussian_noise_remembers_nothing():
    assert np.array_equal(GaussianNoise(0.5).step(np.array([9.0, -9.0]), np.array([1.0, 2.0])), [0.5, 1.0])
