"""Whole episodes: each environment plays one, all steps of it and no other; each seed counts its own."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete

from rlcourse.agents import EpisodicAgent, Spaces
from rlcourse.agents.episodic import STRETCH
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.parts.environments import Stepper, make


class Counter(gymnasium.Env):
    """Sees (episode, step); an episode has `length` steps, by termination in every other episode."""

    observation_space, action_space = Box(-np.inf, np.inf, (2,), np.float32), Discrete(2)

    def __init__(self, length):
        self.length, self.episode = length, -1

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.episode, self.t = self.episode + 1, 0
        return self.look(), {}

    def look(self):
        return np.array([self.episode, self.t], np.float32)

    def step(self, action):
        self.t += 1
        over, odd = self.t == self.length, self.episode % 2 == 1
        return self.look(), 10.0 * self.episode + self.t, over and odd, over and not odd, {}


def agent_on(lengths, seeds, advances):
    """The rollouts that each seed learnt from, the agent, and what `advance` said."""
    lengths = iter(lengths)
    stepper = Stepper(make(lambda: Counter(next(lengths)), 2 * seeds, 0))
    algorithm, got = REINFORCE(num_envs=2, hidden=(4,)), []
    agent = EpisodicAgent(algorithm, Spaces(2, 2, True), range(seeds))
    object.__setattr__(algorithm, "update", lambda nets, rollout, rng: got.append(rollout) or {})
    said = [agent.advance(algorithm, stepper) for _ in range(advances)]
    return got, agent, said


def test_a_batch_is_one_whole_episode_of_each_environment_end_to_end():
    got, *_ = agent_on([3, 5], 1, 1)
    for batch, rollout in enumerate(got):
        assert rollout.obs.shape == (8, 1, 1, 2) and rollout.action.shape == (8, 1, 1)
        steps = [0, 1, 2, 0, 1, 2, 3, 4]
        assert rollout.obs[:, 0, 0].tolist() == [[batch, t] for t in steps]
        assert rollout.next_obs[:, 0, 0].tolist() == [[batch, t + 1] for t in steps]
        assert rollout.reward[:, 0, 0].tolist() == [10 * batch + t + 1 for t in steps]
        last = [0, 0, 1, 0, 0, 0, 0, 1]
        ends = (
            (rollout.terminated, rollout.truncated) if batch % 2 else (rollout.truncated, rollout.terminated)
        )
        assert ends[0][:, 0, 0].tolist() == last and not ends[1].any()


def test_each_seed_counts_its_own_steps_and_waits_for_the_others_at_each_stretch():
    """Batches of 6 and of 50 steps: after n stretches a seed has taken the first multiple ≥ n · STRETCH."""
    for advances in (1, 2, 3, 5):
        got, agent, said = agent_on([3, 3, 20, 30], 2, advances)
        target = advances * STRETCH
        assert agent.taken.tolist() == [-(-target // 6) * 6, -(-target // 50) * 50]
        assert [taken for taken, *_ in said] == [STRETCH] * advances
        assert sum(len(rollout.reward) for rollout in got) == agent.taken.sum()
        finished = [row for *_, rows in said for row in rows]
        assert sum(length for *_, length in finished) == agent.taken.sum()


def test_a_seeds_actions_do_not_depend_on_how_long_the_others_play():
    short, long = (agent_on([4, 7, n, n], 2, 4)[0] for n in (2, 90))
    own = [[r.action for r in got if r.reward.shape[0] == 11] for got in (short, long)]
    assert len(own[0]) == len(own[1]) > 5
    for one, other in zip(*own, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("mode", ["SAME_STEP", "NEXT_STEP", "DISABLED"])
def test_environments_that_cannot_wait_start_anew_with_each_batch(mode):
    from gymnasium.vector import AutoresetMode, SyncVectorEnv

    def many(num_envs):
        return SyncVectorEnv(
            [lambda i=i: Counter(3 + 2 * i) for i in range(num_envs)], autoreset_mode=AutoresetMode[mode]
        )

    stepper, got = Stepper(make(many, 2, 0)), []
    assert not stepper.holds
    algorithm = REINFORCE(num_envs=2, hidden=(4,))
    agent = EpisodicAgent(algorithm, Spaces(2, 2, True), range(1))
    object.__setattr__(algorithm, "update", lambda nets, rollout, rng: got.append(rollout) or {})
    agent.advance(algorithm, stepper)
    for rollout in got:
        assert rollout.obs[:, 0, 0, 1].tolist() == [0, 1, 2, 0, 1, 2, 3, 4]
        assert (rollout.terminated + rollout.truncated)[:, 0, 0].tolist() == [0, 0, 1, 0, 0, 0, 0, 1]
