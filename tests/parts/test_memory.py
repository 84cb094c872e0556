"""Replay against a list of transitions kept by hand."""

from collections import deque

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcourse.parts.memory import ReplayBuffer
from rlcourse.parts.randomness import LEARN, Streams


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def transition(number, seeds):
    """Transition `number` of each seed: every entry tells the seed, the number and the field."""
    tag = 1000.0 * np.arange(seeds) + number
    obs = tag[:, None] + np.array([0.1, 0.2])
    return obs, tag[:, None] + 0.3, tag + 0.4, tag % 2, tag[:, None] + np.array([0.5, 0.6])


def fill(memory, numbers, valid=None):
    for number in numbers:
        memory.add(*transition(number, memory.seeds), valid=valid)


def numbers_in(memory, draws=4000):
    """Which transitions each seed can sample, as sets of numbers."""
    reward = memory.sample(draws, Streams(range(memory.seeds), LEARN)).reward.numpy()
    return [
        {int(v) for v in np.floor(row - 1000.0 * seed + 0.01)}
        for seed, row in enumerate(reward.astype(float))
    ]


def test_a_sampled_transition_comes_whole_and_from_its_own_seed():
    memory = ReplayBuffer(10, seeds=3, obs_size=2, action_size=1)
    fill(memory, range(7))
    batch = memory.sample(50, Streams(range(3), LEARN))
    assert [tuple(x.shape) for x in batch] == [(3, 50, 2), (3, 50, 1), (3, 50), (3, 50), (3, 50, 2)]
    assert all(x.dtype == torch.float32 for x in batch)
    tag = np.round(batch.reward.double().numpy() - 0.4)
    assert (tag // 1000 == np.arange(3)[:, None]).all()
    near = {"rtol": 0, "atol": 1e-3}
    np.testing.assert_allclose(batch.obs, tag[..., None] + [0.1, 0.2], **near)
    np.testing.assert_allclose(batch.action, tag[..., None] + 0.3, **near)
    np.testing.assert_allclose(batch.terminated, tag % 2)
    np.testing.assert_allclose(batch.next_obs, tag[..., None] + [0.5, 0.6], **near)


@settings(max_examples=30, deadline=None)
@given(capacity=st.integers(1, 9), added=st.integers(1, 30))
def test_only_the_last_transitions_are_kept_first_in_first_out(capacity, added):
    memory, by_hand = ReplayBuffer(capacity, 2, 2, 1), deque(maxlen=capacity)
    for number in range(added):
        fill(memory, [number])
        by_hand.append(number)
    assert numbers_in(memory, 400) == [set(by_hand)] * 2
    assert len(memory) == len(by_hand)


@pytest.mark.parametrize("added", [7, 20, 33])
def test_every_kept_transition_is_equally_likely(added):
    memory = ReplayBuffer(20, 2, 2, 1)
    fill(memory, range(added))
    reward = memory.sample(20000, Streams([0, 1], LEARN)).reward
    for row in reward.numpy():
        _, counts = np.unique(row, return_counts=True)
        assert len(counts) == min(added, 20)
        assert scipy.stats.chisquare(counts).pvalue > 1e-4


def test_seeds_whose_step_is_not_valid_add_nothing_and_fill_at_their_own_pace():
    """peers.md 4.5: the reset step of Gymnasium's autoreset is no transition."""
    memory = ReplayBuffer(4, 3, 2, 1)
    fill(memory, [0])
    fill(memory, [1, 2], valid=np.array([True, False, True]))
    fill(memory, [3, 4, 5], valid=np.array([False, False, True]))
    assert memory.added.tolist() == [3, 1, 6] and len(memory) == 1
    assert numbers_in(memory) == [{0, 1, 2}, {0}, {2, 3, 4, 5}]
    fill(memory, [6, 7, 8])
    fill(memory, [9], valid=np.array([False, True, True]))  # a full memory loses nothing to it either
    assert numbers_in(memory) == [{2, 6, 7, 8}, {6, 7, 8, 9}, {6, 7, 8, 9}]


def test_a_seed_samples_the_same_beside_others_as_alone():
    together, alone = ReplayBuffer(50, 3, 2, 1), ReplayBuffer(50, 1, 2, 1)
    for number in range(30):
        parts = transition(number, 3)
        together.add(*parts)
        alone.add(*(x[2:] for x in parts))
    a = together.sample(64, Streams([7, 8, 9], LEARN))
    b = alone.sample(64, Streams([9], LEARN))
    assert all(torch.equal(x[2], y[0]) for x, y in zip(a, b, strict=True))


def test_what_is_sampled_does_not_change_when_the_memory_is_overwritten():
    memory = ReplayBuffer(3, 1, 2, 1)
    fill(memory, range(3))
    batch = memory.sample(20, Streams([0], LEARN))
    kept = [x.clone() for x in batch]
    fill(memory, range(10, 13))
    assert all(torch.equal(x, y) for x, y in zip(batch, kept, strict=True))


@pytest.mark.parametrize("added", [2, 5, 12])
def test_a_restored_memory_samples_and_overwrites_as_the_original(added):
    memory, other = ReplayBuffer(5, 2, 2, 1), ReplayBuffer(5, 2, 2, 1)
    fill(memory, range(added))
    fill(memory, [added], valid=np.array([True, False]))
    state = memory.state()
    other.restore(state)
    for number in (50, 51):
        a, b = (m.sample(100, Streams([1, 2], LEARN)) for m in (memory, other))
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
        fill(memory, [number])
        fill(other, [number])
    assert (state["added"] == [added + 1, added]).all()  # the saved state is a copy


@pytest.mark.parametrize("capacity", [0, -3])
def test_a_memory_without_room_is_refused(capacity):
    with pytest.raises(ValueError, match=f"capacity must be at least 1, got {capacity}"):
        ReplayBuffer(capacity, 1, 2, 1)


def test_sampling_before_every_seed_has_something_is_refused():
    memory = ReplayBuffer(5, 2, 2, 1)
    with pytest.raises(ValueError, match="cannot sample"):
        memory.sample(4, Streams([0, 1], LEARN))
    fill(memory, [0], valid=np.array([True, False]))
    with pytest.raises(ValueError, match="cannot sample"):
        memory.sample(4, Streams([0, 1], LEARN))
