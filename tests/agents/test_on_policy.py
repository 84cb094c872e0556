"""On the policy: rollouts hold the transitions that happened, scaled by what came before."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from rlcourse.agents import OnPolicyAgent, Spaces, rows
from rlcourse.algorithms.ppo import PPO
from rlcourse.parts.environments import Stepper
from tests.agents.scripts import BOX, Script


class Counter(gymnasium.Env):
    """Counts its steps; ends after `length`, by termination in every other episode."""

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


def collected(mode, S=2, N=2, T=14, **options):
    env = SyncVectorEnv([lambda i=i: Counter(3 + i) for i in range(S * N)], autoreset_mode=mode)
    algorithm = PPO(num_envs=N, horizon=T, hidden=(8,), epochs=1, normalise_reward=False, **options)
    got = []
    object.__setattr__(algorithm, "update", lambda nets, rollout, rng: got.append(rollout) or {})
    agent, stepper = OnPolicyAgent(algorithm, Spaces(2, 2, True), range(S)), Stepper(env)
    agent.advance(algorithm, stepper)
    return got[0], agent


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_every_autoreset_mode_gives_the_transitions_that_happened(mode):
    """peers 4.5, 4.4: column (s, n) against a plain loop over its environment; no reset step, no reset."""
    rollout, _ = collected(mode)
    for s in range(2):
        for n in range(2):
            env = Counter(3 + 2 * s + n)
            obs, _ = env.reset()
            for t in range(14):
                next_obs, reward, terminated, truncated, _ = env.step(0)
                assert rollout.obs[t, s, n].tolist() == obs.tolist()
                assert rollout.next_obs[t, s, n].tolist() == next_obs.tolist()
                assert rollout.reward[t, s, n] == reward
                assert (rollout.terminated[t, s, n], rollout.truncated[t, s, n]) == (terminated, truncated)
                obs = env.reset()[0] if terminated or truncated else next_obs


def test_rows_keep_a_seeds_transitions_together_in_time_order():
    x = torch.arange(3 * 2 * 4).view(3, 2, 4)
    assert rows(x)[1].tolist() == [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23]


def test_values_are_those_of_each_step_and_of_its_true_successor():
    rollout, agent = collected(AutoresetMode.SAME_STEP)
    value, next_value = rollout.values(agent.nets.critic)
    for t, s, n in [(0, 0, 0), (5, 1, 0), (13, 1, 1)]:
        for got, obs in ((value, rollout.obs), (next_value, rollout.next_obs)):
            alone = agent.nets.critic(obs[t, :, n][:, None])[s, 0]
            torch.testing.assert_close(got[t, s, n], alone.detach())


def test_rewards_are_divided_by_the_deviation_of_the_running_discounted_return():
    """R_t = γR_{t−1} + r_t, a new start after each episode, over all the batches of a seed; never centred."""
    algorithm = PPO(num_envs=2, horizon=10, hidden=(8,), epochs=1, gamma=0.9)
    got = []
    object.__setattr__(algorithm, "update", lambda nets, rollout, rng: got.append(rollout.reward) or {})
    env = SyncVectorEnv(
        [lambda i=i: Counter(3 + i) for i in range(4)], autoreset_mode=AutoresetMode.SAME_STEP
    )
    agent, stepper = OnPolicyAgent(algorithm, Spaces(2, 2, True), range(2)), Stepper(env)
    history, running = [[], []], np.zeros(4)
    copies = [Counter(3 + i) for i in range(4)]
    for copy in copies:
        copy.reset()
    for batch in range(3):
        raw = np.zeros((10, 4))
        for t in range(10):
            for i, copy in enumerate(copies):
                _, raw[t, i], terminated, truncated, _ = copy.step(0)
                running[i] = 0.9 * running[i] + raw[t, i]
                history[i // 2].append(running[i])
                if terminated or truncated:
                    running[i] = 0.0
                    copy.reset()
        agent.advance(algorithm, stepper)
        for s in range(2):
            expected = raw[:, 2 * s : 2 * s + 2] / np.std(history[s])
            np.testing.assert_allclose(got[batch][:, s], expected, rtol=1e-5)


def test_observations_are_normalised_by_what_came_before_and_acting_alone_learns_nothing():
    """peers 4.18: the batch is scaled by the statistics it was collected under; acting changes none."""
    seen = []
    algorithm = PPO(num_envs=2, horizon=10, hidden=(8,), epochs=1, normalise_observation=True)
    object.__setattr__(algorithm, "update", lambda nets, rollout, rng: seen.append(rollout) or {})
    env = SyncVectorEnv([lambda: Counter(5)] * 4, autoreset_mode=AutoresetMode.SAME_STEP)
    agent, stepper = OnPolicyAgent(algorithm, Spaces(2, 2, True), range(2)), Stepper(env)
    agent.advance(algorithm, stepper)
    raw = rows(seen[0].obs)
    assert raw.max() == 4  # the first batch meets mean 0 and variance 1
    agent.advance(algorithm, stepper)
    second = rows(seen[1].obs)
    mean, std = raw[0].mean(0), raw[0].std(0, correction=0)
    undone = second[0] * (std**2 + 1e-8).sqrt() + mean
    assert set(undone[:, 1].round(decimals=3).tolist()) == {0.0, 1.0, 2.0, 3.0, 4.0}
    undone = rows(seen[1].next_obs)[0] * (std**2 + 1e-8).sqrt() + mean
    assert set(undone[:, 1].round(decimals=3).tolist()) == {1.0, 2.0, 3.0, 4.0, 5.0}
    before = agent.moments.state()
    taken = agent.policy()
    for _ in range(3):
        taken.act(np.full((2, 1, 2), 50.0))
    after = agent.moments.state()
    assert before["count"] == after["count"] == 40 and np.array_equal(before["mean"], after["mean"])
    assert taken.moments.count == 40 and taken.member(1).moments.count == 40
    np.testing.assert_array_equal(
        taken.member(1).act(np.full((3, 2), 2.0)), taken.act(np.full((2, 3, 2), 2.0))[1]
    )


@pytest.mark.parametrize("options", [{}, {"clip_reward": 0.5}, {"clip_observation": 1.0}], ids=str)
def test_rewards_and_normalised_observations_are_clipped_where_the_algorithm_says_so(options):
    """Engstrom et al. 2020: both after scaling; the policy that is handed out clips in the same way."""
    seen = []
    fields = {"num_envs": 2, "horizon": 10, "hidden": (8,), "normalise_observation": True, **options}
    algorithm = PPO(**fields, normalise_reward=False)
    object.__setattr__(algorithm, "update", lambda nets, rollout, rng: seen.append(rollout) or {})
    env = SyncVectorEnv([lambda: Counter(5)] * 4, autoreset_mode=AutoresetMode.SAME_STEP)
    agent, stepper = OnPolicyAgent(algorithm, Spaces(2, 2, True), range(2)), Stepper(env)
    for _ in range(2):
        agent.advance(algorithm, stepper)
    assert (seen[1].reward.abs().max() == 0.5) == ("clip_reward" in options)
    assert (seen[1].obs.abs().max() == 1.0) == ("clip_observation" in options)
    far = agent.policy().moments.normalise(torch.full((2, 1, 2), 1e9))
    assert far[..., 1].max() == options.get("clip_observation", 10.0)


@pytest.mark.parametrize("discrete", [False, True])
def test_actions_while_training_follow_the_policys_distribution(discrete):
    """As sampled, not yet clipped: log π(a|s) is the density of what was drawn."""
    spaces, got = Spaces(3, 4, True) if discrete else BOX, []
    algorithm = PPO(num_envs=8000, horizon=1, hidden=(8,), log_std=0.5)
    object.__setattr__(algorithm, "update", lambda nets, rollout, rng: got.append(rollout.action) or {})
    algorithm.agent(algorithm, spaces, range(2)).advance(algorithm, Script(S=16_000))
    action = got[0].flatten(0, 2).numpy()
    if discrete:
        for s in range(2):  # the orthogonal last layer × 0.01: nearly equal probabilities at obs 0
            counts = np.bincount(action[s * 8000 : (s + 1) * 8000], minlength=4)
            np.testing.assert_allclose(counts, 2000, atol=220)
    else:
        np.testing.assert_allclose(action.mean(0), 0, atol=0.08)
        np.testing.assert_allclose(action.std(0), np.exp(0.5), rtol=0.03)
        assert abs(action).max() > 3
