"""On the policy: rollouts hold the transitions that happened, scaled by what came before."""

import copy

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from rlcourse.agents import OnPolicyAgent, Spaces, rows
from rlcourse.algorithms.a2c import A2C
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
    for one in copies:
        one.reset()
    for batch in range(3):
        raw = np.zeros((10, 4))
        for t in range(10):
            for i, one in enumerate(copies):
                _, raw[t, i], terminated, truncated, _ = one.step(0)
                running[i] = 0.9 * running[i] + raw[t, i]
                history[i // 2].append(running[i])
                if terminated or truncated:
                    running[i] = 0.0
                    one.reset()
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


def agent_and_rollouts(algorithm, length=5, seeds=(0, 1)):
    """An agent whose updates keep what they are given and learn nothing, its Stepper, and what was kept."""
    got = []
    object.__setattr__(algorithm, "update", lambda nets, rollout, rng: got.append(rollout) or {"loss": 3.0})
    copies = [lambda: Counter(length)] * (len(seeds) * algorithm.num_envs)
    stepper = Stepper(SyncVectorEnv(copies, autoreset_mode=AutoresetMode.SAME_STEP))
    return algorithm.agent(algorithm, Spaces(2, 2, True), seeds), stepper, got


def test_a_batch_is_counted_told_and_kept_with_the_policy_that_acted():
    """2 environments × 10 steps a batch; episodes of 5 steps, of return Σ 10e + t = 50e + 15."""
    algorithm = PPO(num_envs=2, horizon=10, hidden=(8,))
    agent, stepper, got = agent_and_rollouts(algorithm)
    assert agent.discrete and agent.steps == 0 and agent.envs_per_seed == 2
    for batch in (1, 2):
        taken, metrics, finished = agent.advance(algorithm, stepper)
        assert taken == 20 and agent.steps == 20 * batch
        assert metrics == {"loss": 3.0} and agent.summarise(metrics) == metrics
        expected = [(i, 50.0 * e + 15, 5) for e in (2 * batch - 2, 2 * batch - 1) for i in range(4)]
        assert finished == expected
        acted = got[-1].behaviour
        assert torch.equal(acted.log_p, agent.nets.policy(rows(got[-1].obs)).log_p)
        assert not acted.log_p.requires_grad


@pytest.mark.parametrize("normalise", [True, False])
def test_the_policy_acts_on_what_it_learns_from(normalise):
    """Normalised by what came before, in acting as in the batch; as they are where nobody asks for it."""
    algorithm = PPO(num_envs=2, horizon=10, hidden=(8,), normalise_observation=normalise)
    agent, stepper, got = agent_and_rollouts(algorithm)
    seen, sample = [], agent.nets.policy.sample
    agent.nets.policy.sample = lambda obs, streams: seen.append(obs.copy()) or sample(obs, streams)
    for _ in range(2):
        agent.advance(algorithm, stepper)
    np.testing.assert_array_equal(np.stack(seen[10:]), got[1].obs)
    raw = got[1].obs[..., 1].unique().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert raw is not normalise and (agent.policy().moments is None) is not normalise


def test_a_policy_that_was_handed_out_keeps_the_scale_of_its_time():
    algorithm = PPO(num_envs=2, horizon=10, hidden=(8,), normalise_observation=True)
    agent, stepper, _ = agent_and_rollouts(algorithm)
    agent.advance(algorithm, stepper)
    policy = agent.policy()
    mean = policy.moments.mean.clone()
    agent.advance(algorithm, stepper)
    assert policy.moments.count == 20 and torch.equal(policy.moments.mean, mean)
    assert not torch.equal(agent.moments.mean, mean)


def test_an_algorithm_without_a_limit_of_its_own_clips_normalised_observations_at_ten():
    algorithm = A2C(num_envs=2, horizon=10, hidden=(8,), normalise_observation=True)
    assert not hasattr(algorithm, "clip_observation")
    agent, stepper, _ = agent_and_rollouts(algorithm)
    agent.advance(algorithm, stepper)
    far = agent.moments.normalise(torch.tensor([[[0.0, 1e6], [0.0, -1e6]]] * 2))
    assert far[..., 1].tolist() == [[10.0, -10.0]] * 2


def test_the_first_reward_after_many_steps_without_one_is_scaled_to_ten():
    """The running return is 0 but once: 1 / its deviation is about √400 = 20."""

    class Late(Counter):
        def step(self, action):
            obs, _, *over = super().step(action)
            return obs, float(self.t == 400), *over

    algorithm = PPO(num_envs=1, horizon=400, hidden=(8,), gamma=0.9)
    agent, _, got = agent_and_rollouts(algorithm)
    stepper = Stepper(SyncVectorEnv([lambda: Late(500)] * 2, autoreset_mode=AutoresetMode.SAME_STEP))
    agent.advance(algorithm, stepper)
    assert got[0].reward.max() == 10 and got[0].reward.count_nonzero() == 2
    assert (agent.return_moments.var < 1 / 100).all()  # unclipped it would be more than 10


def test_an_agent_brought_back_goes_on_as_the_one_that_was_kept():
    algorithm = PPO(num_envs=2, horizon=10, hidden=(8,), normalise_observation=True)
    agent, stepper, got = agent_and_rollouts(algorithm, seeds=(0, 1, 2))
    agent.advance(algorithm, stepper)
    kept = copy.deepcopy(agent.state())
    agent.advance(algorithm, stepper)
    other, again, went_on = agent_and_rollouts(algorithm, seeds=(5, 6, 7))
    other.advance(algorithm, again)  # the environments do not mind what is done in them
    fresh = algorithm.agent(algorithm, Spaces(2, 2, True), (8, 9, 10))
    fresh.restore(kept)
    fresh.advance(algorithm, again)
    assert fresh.steps == agent.steps == 40
    for mine, its in zip(got[1][:6], went_on[1][:6], strict=True):
        assert torch.equal(mine, its)


def test_one_environment_of_one_seed_is_a_column_too():
    algorithm = PPO(num_envs=1, horizon=7, hidden=(8,), normalise_reward=False)
    agent, stepper, got = agent_and_rollouts(algorithm, length=3, seeds=(0,))
    agent.advance(algorithm, stepper)
    assert got[0].obs[:, 0, 0].tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2], [2, 0]]
    assert got[0].reward.flatten().tolist() == [1, 2, 3, 11, 12, 13, 21]


class Zero(Counter):
    """Pays −2, 0, 2, 0, … or nothing; ends by both flags."""

    def __init__(self, length, pay):
        super().__init__(length)
        self.pay = pay

    def step(self, action):
        obs, _, terminated, truncated, info = super().step(action)
        over = terminated or truncated
        return obs, self.pay * float((-2, 0, 2, 0)[self.t % 4]), over, over, info


def paid(pay, **options):
    algorithm = PPO(num_envs=2, horizon=12, hidden=(8,), gamma=0.5, **options)
    agent, _, got = agent_and_rollouts(algorithm)
    copies = [lambda: Zero(5, pay)] * 4
    agent.advance(algorithm, Stepper(SyncVectorEnv(copies, autoreset_mode=AutoresetMode.SAME_STEP)))
    return got[0].reward[:, 0, 0].numpy(), agent


def test_an_episode_that_ends_by_both_flags_ends_the_running_return_once():
    """R_t = ½R_{t−1} + r_t, from 0 again after each end: its deviation is the scale."""
    reward = np.array([0, 2, 0, -2, 0, 0, 2, 0, -2, 0, 0, 2.0])
    running, history = 0.0, []
    for t, r in enumerate(reward):
        running = (0.0 if t % 5 == 0 else 0.5 * running) + r
        history.append(running)
    np.testing.assert_allclose(paid(1)[0], reward / np.std(history), rtol=1e-6)


def test_where_nothing_is_paid_the_scaled_reward_is_nothing_too():
    assert paid(0)[0].tolist() == [0.0] * 12


def test_a_clipped_reward_keeps_what_lies_within_the_limits():
    got, _ = paid(1, normalise_reward=False, clip_reward=1.5)
    assert got.tolist() == [0, 1.5, 0, -1.5, 0, 0, 1.5, 0, -1.5, 0, 0, 1.5]
