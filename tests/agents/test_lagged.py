"""Simulated workers: how old a gradient is, what it is made from, and that a seed decides all of it."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box

from rlcourse.agents import LaggedAgent, Spaces
from rlcourse.algorithms.a3c import A3C
from rlcourse.parts.environments import Stepper, make


class Counter(gymnasium.Env):
    """Sees (number of the environment, step); never ends."""

    observation_space, action_space = Box(-np.inf, np.inf, (2,), np.float32), Box(-1, 1, (1,), np.float32)

    def __init__(self, number):
        self.number, self.t = number, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.array([self.number, self.t], np.float32), {}

    def step(self, action):
        self.t += 1
        return np.array([self.number, self.t], np.float32), float(self.t % 3), False, False, {}


SMALL = {"horizon": 3, "hidden": (4,), "log_std": -20.0, "learning_rate": 0.05}  # σ = 2·10⁻⁹: a = μ(s)


def watched(rounds, seeds=2, first_seed=0, **options):
    """What every update met, (t, the learner's θ_t, the worker's copy, the batch, its policy); the lags."""
    algorithm = A3C(**SMALL | options)
    numbers, turns, lags, update = iter(range(10**6)), [], [], algorithm.update
    stepper = Stepper(make(lambda: Counter(next(numbers)), algorithm.num_envs * seeds, 0))
    agent = LaggedAgent(algorithm, Spaces(2, 1, False), range(first_seed, first_seed + seeds))

    def watching(nets, rollout, rng):
        both = (nets.policy, nets.critic), (nets.worker.policy, nets.worker.critic)
        flats = [torch.cat([net.flat for net in pair], dim=1) for pair in both]
        turns.append((agent.updates, *flats, rollout, nets.worker.policy.copy()))
        return update(nets, rollout, rng)

    object.__setattr__(algorithm, "update", watching)
    for _ in range(rounds):
        lags.append(agent.advance(algorithm, stepper)[1]["lag"])
    return turns, torch.stack(lags).numpy(), agent


def lags_of(turns, seed):
    """How old the worker's parameters were at each turn, found among all that the learner ever had."""
    history = [theta[seed] for _, theta, *_ in turns]
    found = []
    for t, _, copy, *_ in turns:
        (version,) = [u for u in range(t + 1) if torch.equal(history[u], copy[seed])]
        found.append(t - version)
    return found


@pytest.mark.parametrize("lag", [0, 1, 5])
def test_a_single_workers_gradient_is_taken_at_the_parameters_of_exactly_lag_updates_ago(lag):
    turns, lags, _ = watched(12, workers=1, num_envs=2, lag=lag)
    for seed in range(2):
        assert lags_of(turns, seed) == [min(t, lag) for t in range(12)] == lags[:, seed].tolist()


@pytest.mark.parametrize("lag", [0, 3])
def test_workers_that_go_in_turn_are_all_as_late_as_the_others_are_many(lag):
    """d = k − 1 + lag once every worker has had its turn, and the history is long enough."""
    turns, *_ = watched(6, workers=4, num_envs=4, lag=lag, shuffle=False)
    assert lags_of(turns, 0)[8:] == [3 + lag] * 16


def test_in_a_shuffled_order_the_lag_varies_around_the_same_mean_and_is_what_the_metric_says():
    turns, lags, agent = watched(40, workers=4, num_envs=4, lag=2)
    for seed in range(2):
        found = np.array(lags_of(turns, seed)).reshape(40, 4)
        np.testing.assert_array_equal(found.mean(1), lags[:, seed])
        late = found[2:]
        assert late.min() >= 2 and late.max() <= 2 + 2 * 3 and len(set(late.ravel())) > 3
        assert abs(late.mean() - (3 + 2)) < 0.1
    assert agent.updates == 160


def test_each_worker_acts_with_its_copy_in_environments_of_its_own_without_a_gap():
    """Twelve environments for two seeds of three workers: numbers 2w and 2w + 1 belong to worker w."""
    turns, *_ = watched(5, workers=3, num_envs=6)
    seen = {}
    for t, *_, batch, copy in turns:
        assert batch.obs.shape == (3, 2, 2, 2)
        for seed in range(2):
            obs = batch.obs[:, seed]  # [T, 2, 2]
            numbers = sorted(set(obs[..., 0].flatten().tolist()))
            assert len(numbers) == 2 and numbers[0] % 2 == 0 and numbers[1] == numbers[0] + 1
            assert 6 * seed <= numbers[0] < 6 * (seed + 1)
            expected = copy.mode(obs.reshape(1, 6, 2).expand(2, -1, -1).numpy())[seed]
            np.testing.assert_allclose(batch.action[:, seed].reshape(6, 1), expected, atol=1e-6)
            seen.setdefault((seed, numbers[0]), []).append((t // 3, obs[:, 0, 1].tolist()))
    assert len(seen) == 6
    for turn_of_each_round in seen.values():
        assert turn_of_each_round == [(r, [3.0 * r, 3.0 * r + 1, 3.0 * r + 2]) for r in range(5)]


def test_the_order_is_the_seeds_and_nobody_elses():
    def order(turns, seed):
        return [batch.obs[0, seed, 0, 0].item() % 4 for *_, batch, _ in turns]

    together, alone, again = (watched(6, workers=4, num_envs=4, **o)[0] for o in ({}, {"seeds": 1}, {}))
    assert order(together, 0) == order(alone, 0) == order(again, 0)
    assert order(together, 0) != order(together, 1)
    other = watched(6, workers=4, num_envs=4, seeds=1, first_seed=1)[0]
    assert order(other, 0) == order(together, 1)


def test_a_lag_that_changes_while_it_learns_is_reached_as_soon_as_there_is_that_much_past():
    algorithm_lags, found = [0] * 5 + [3] * 8 + [1] * 5, []
    numbers = iter(range(100))
    first = A3C(**SMALL, workers=1, num_envs=1)
    stepper = Stepper(make(lambda: Counter(next(numbers)), 1, 0))
    agent = LaggedAgent(first, Spaces(2, 1, False), [0])
    for lag in algorithm_lags:
        algorithm = A3C(**SMALL, workers=1, num_envs=1, lag=lag)
        found.append(int(agent.advance(algorithm, stepper)[1]["lag"]))
    assert found[:6] == [0] * 6 and found[9:14] == [3] * 5 and found[14:] == [1] * 4
    assert agent.past.policy.shape[0] == 2, "no more versions are kept than are needed"


def test_environments_that_cannot_be_shared_evenly_are_refused():
    with pytest.raises(ValueError, match="8 environments cannot be shared evenly among 3 workers"):
        LaggedAgent(A3C(workers=3), Spaces(2, 1, False), [0])
