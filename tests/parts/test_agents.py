"""Policies act as their distributions say; agents store what happened, learn when due, and scale it."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from rlcourse.agents import NetworkPolicy, OnPolicyAgent, Spaces, rows
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.parts.environments import Stepper, Transition
from rlcourse.parts.networks import DeterministicPolicy, StochasticPolicy, inverse_cdf
from rlcourse.parts.noise import OUNoise
from rlcourse.parts.randomness import INITIALISE, Streams

BOX, CHOICE = Spaces(3, 2, False), Spaces(3, 4, True)


def policy(kind, S=2, log_std=-1.0, scale=0.3):
    streams = Streams(range(S), INITIALISE)
    if kind == "deterministic":
        return NetworkPolicy(DeterministicPolicy(BOX, (8,), streams))
    spaces = CHOICE if kind == "categorical" else BOX
    network = StochasticPolicy(spaces, (8,), streams, log_std)
    network.layers[-1][0].data.normal_(0, scale, generator=torch.Generator().manual_seed(0))
    return NetworkPolicy(network)


KINDS = ["deterministic", "gaussian", "categorical"]


# ------------------------------------------------------------------------------------------------- policies


@pytest.mark.parametrize("kind", KINDS)
def test_one_observation_a_batch_and_all_seeds_get_the_same_answers(kind):
    both, obs = policy(kind), np.random.default_rng(0).normal(size=(2, 5, 3))
    actions = both.act(obs)
    for s in range(2):
        member = both.member(s)
        np.testing.assert_allclose(member.act(obs[s]), actions[s], rtol=1e-6)
        np.testing.assert_allclose(member.act(obs[s, 3]), actions[s, 3], rtol=1e-6)
    assert np.shape(actions)[:2] == (2, 5)


@pytest.mark.parametrize("shape", [(4,), (3,), (5, 3), (3, 5, 2), (2, 2, 5, 3)])
def test_observations_of_another_shape_are_refused_with_the_right_one(shape):
    with pytest.raises(ValueError, match=r"\[2, B, 3\]") as error:
        policy("deterministic").act(np.zeros(shape))
    assert "\n" not in str(error.value)


def test_a_policy_is_a_snapshot():
    algorithm = PPO(num_envs=2, horizon=8, hidden=(8,))
    agent = algorithm.agent(algorithm, BOX, [0, 1])
    taken, obs = agent.policy(), np.ones((2, 1, 3))
    before = taken.act(obs)
    agent.nets.policy.flat.add_(1.0)
    assert np.array_equal(taken.act(obs), before) and not np.array_equal(agent.policy().act(obs), before)


def test_gaussian_samples_have_the_policys_mean_and_deviation():
    p, rng = policy("gaussian", S=1, log_std=-2.0), np.random.default_rng(0)
    obs = np.tile([0.3, -0.2, 0.1], (40_000, 1))
    samples = p.act(obs, deterministic=False, rng=rng)
    mean, error = p.act(obs[0]), np.exp(-2.0) / np.sqrt(40_000)
    assert (abs(mean) < 0.5).all()  # clipping to [−1, 1] is far away
    np.testing.assert_allclose(samples.mean(0), mean, atol=5 * error)
    np.testing.assert_allclose(samples.std(0), np.exp(-2.0), rtol=0.02)
    assert abs(np.corrcoef(samples.T)[0, 1]) < 0.03


def test_categorical_samples_have_the_softmaxs_frequencies_and_the_mode_is_the_largest():
    p, rng = policy("categorical", S=1, scale=2.0), np.random.default_rng(0)
    obs = np.tile(np.float32([0.9, -0.5, 0.7]), (40_000, 1))
    counts = np.bincount(p.act(obs, deterministic=False, rng=rng), minlength=4) / 40_000
    expected = p.network(torch.tensor(obs[None, :1])).log_p.exp()[0, 0].detach().numpy()
    np.testing.assert_allclose(counts, expected, atol=0.0125)
    assert p.act(obs[0]) == expected.argmax() and expected.max() - expected.min() > 0.1


def test_a_draw_picks_the_action_whose_share_of_the_interval_it_falls_into():
    """Against a search in the cumulative probabilities, the ends included; huge logits do not overflow."""
    logits = np.float32([[[0.0, 1.0, -1.0, 2.0], [1000.0, 0.0, 999.0, -1000.0]]])
    exact = np.exp(logits - logits.max(-1, keepdims=True), dtype=float)
    exact = (exact / exact.sum(-1, keepdims=True)).cumsum(-1)
    for u in (0.0, 0.05, 0.2, 0.3, 0.5, 0.8, 0.99, 1 - 1e-9):
        expected = [np.searchsorted(row[:-1], u, side="right") for row in exact[0]]
        assert inverse_cdf(logits, np.full((1, 2), u)).tolist() == [expected]


@pytest.mark.parametrize("kind", ["deterministic", "gaussian"])
def test_actions_given_out_stay_in_the_box(kind):
    p = policy(kind, scale=30.0, log_std=1.0)
    obs = np.random.default_rng(0).normal(size=(2, 50, 3)) * 10
    for deterministic in (True, False):
        action = p.act(obs, deterministic)
        assert (abs(action) <= 1).all() and (abs(action) == 1).any() == (kind == "gaussian")


# ------------------------------------------------------------------------------------------- off the policy


class Script:
    """A Stepper whose transitions are numbered: obs = k, next_obs = k + 1 + 100 at an end, reward = k."""

    def __init__(self, S=2, ends=(), valid=None, obs_size=3, action_size=2):
        self.k, self.S, self.ends, self.valid = 0, S, dict(ends), valid or {}
        self.shape, self.actions = (S, obs_size), []
        self.obs = np.zeros(self.shape, np.float32)

    def step(self, action):
        self.actions.append(np.array(action))
        terminated, truncated = (np.zeros(self.S, bool) for _ in range(2))
        kind = self.ends.get(self.k)
        terminated[:] = kind == "terminated"
        truncated[:] = kind == "truncated"
        obs, next_obs = self.obs, np.full(self.shape, self.k + 1 + 100 * (kind is not None), np.float32)
        reward = np.full(self.S, float(self.k))
        valid = np.array(self.valid.get(self.k, [True] * self.S))
        self.k += 1
        self.obs = np.full(self.shape, self.k, np.float32)
        return Transition(obs, self.actions[-1], reward, terminated, truncated, next_obs, valid, [])


def off_policy(steps, stepper, **options):
    algorithm = DDPG(**{"warmup": 10, "hidden": (8,), "batch_size": 4, "capacity": 50, **options})
    agent = algorithm.agent(algorithm, BOX, range(stepper.S))
    learnt = [bool(agent.advance(algorithm, stepper)[1]) for _ in range(steps)]
    stored = agent.memory.rows.view(stepper.S, 50, -1).numpy()
    return agent, stored, learnt


def test_replay_stores_the_true_successor_and_only_termination_counts_as_an_end():
    """peers 4.2, 4.4: neither the observation after the reset, nor truncated as terminated."""
    stepper = Script(ends={2: "terminated", 4: "truncated"})
    _, stored, _ = off_policy(8, stepper)
    obs, action, reward, terminated, next_obs = np.split(stored[0, :8], [3, 5, 6, 7], axis=1)
    assert obs[:, 0].tolist() == list(range(8)) and reward[:, 0].tolist() == list(range(8))
    assert next_obs[:, 0].tolist() == [1, 2, 103, 4, 105, 6, 7, 8]
    assert terminated[:, 0].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]
    np.testing.assert_array_equal(action, np.stack(stepper.actions)[:, 0])


def test_a_reset_step_of_one_seed_is_not_stored_and_the_other_seed_goes_on():
    """peers 4.5: NEXT_STEP's step that ignores the action is no transition."""
    agent, stored, _ = off_policy(4, Script(valid={1: [False, True]}))
    assert agent.memory.added.tolist() == [3, 4]
    assert stored[0, :3, 5].tolist() == [0, 2, 3] and stored[1, :4, 5].tolist() == [0, 1, 2, 3]


def test_learning_starts_after_the_warm_up_which_acts_uniformly():
    stepper = Script()
    _, _, learnt = off_policy(403, stepper, warmup=400, noise=OUNoise(sigma=0.0))
    assert learnt == [False] * 400 + [True] * 3
    longer = Script()
    off_policy(401, longer, warmup=10**6)
    same = [np.array_equal(a, b) for a, b in zip(stepper.actions, longer.actions, strict=False)]
    assert same == [True] * 400 + [False]  # the policy acts from step 400 on, not before
    warm = np.stack(stepper.actions)[:400].ravel()
    assert abs(warm.mean()) < 0.07 and warm.std() == pytest.approx(1 / np.sqrt(3), rel=0.05)
    assert np.histogram(warm, 4, (-1, 1))[0].min() > 340  # of 400 expected


@pytest.mark.parametrize("kind", ["terminated", "truncated"])
def test_the_noise_starts_anew_with_each_episode_and_only_then(kind):
    """peers 4.19: OU noise that is not reset carries one episode's push into the next."""
    stepper = Script(ends={30: kind})
    algorithm = DDPG(warmup=0, hidden=(8,), capacity=50, batch_size=4, noise=OUNoise(start=5.0, sigma=0.0))
    agent, seen = algorithm.agent(algorithm, BOX, range(2)), []
    for _ in range(33):
        agent.advance(algorithm, stepper)
        seen.append(agent.noise[0, 0])
    decay = 5.0 * 0.85 ** np.arange(1, 31)
    np.testing.assert_allclose(seen, [*decay, 5.0, *decay[:2]], rtol=1e-5)


@pytest.mark.parametrize("noise", [0.4, -3.0])
def test_exploration_adds_the_noise_to_the_actors_action_and_clips(noise):
    stepper = Script()
    still = OUNoise(start=noise, sigma=0.0, theta=0.0)
    algorithm = TD3(warmup=0, hidden=(8,), capacity=50, batch_size=4, noise=still)
    agent = algorithm.agent(algorithm, BOX, range(2))
    mu = agent.policy().act(stepper.obs[:, None])[:, 0]
    agent.advance(algorithm, stepper)
    np.testing.assert_allclose(stepper.actions[0], np.clip(mu + noise, -1, 1), rtol=1e-6)


def test_the_watched_numbers_of_an_update_are_means_and_a_maximum_per_seed():
    agent = off_policy(1, Script())[0]
    q = torch.tensor([[1.0, 2.0, 6.0], [-1.0, -2.0, 0.0]])
    error = torch.tensor([[3.0, -3.0, 0.0], [1.0, 1.0, -4.0]])
    watched = agent.summarise({"q": q, "td_error": error})
    assert watched["q_mean"].tolist() == [3.0, -1.0] and watched["q_max"].tolist() == [6.0, 0.0]
    assert watched["td_error"].tolist() == [2.0, 2.0]


@pytest.mark.parametrize("twins", [False, True])
def test_the_action_gradient_is_autograds_of_the_first_critic(twins):
    """peers 4.22: ∇_a, not ∇_(s, a); of the first critic, not of the smaller or the sum."""
    algorithm = TD3(hidden=(8,)) if twins else DDPG(hidden=(8,))
    nets = algorithm.networks(BOX, Streams(range(2), INITIALISE))
    g = torch.Generator().manual_seed(0)
    obs, action = torch.randn(2, 6, 3, generator=g), torch.rand(2, 6, 2, generator=g).requires_grad_()
    value = nets.critics.graph(obs, action)
    value = value[:, 0] if twins else value
    (expected,) = torch.autograd.grad(value.sum(), action)
    weights = nets.critics.grad.clone()
    torch.testing.assert_close(
        nets.critics.action_gradient(obs, action.detach()), expected, rtol=1e-4, atol=1e-6
    )
    assert torch.equal(nets.critics.grad, weights)
    assert torch.equal(nets.actor.flat, nets.target_actor.flat)
    assert torch.equal(nets.critics.flat, nets.target_critics.flat)


# -------------------------------------------------------------------------------------------- on the policy


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
