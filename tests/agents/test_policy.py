"""Policies act as their distributions say, and are snapshots."""

import numpy as np
import pytest
import torch

from rlcourse.agents import NetworkPolicy
from rlcourse.algorithms.ppo import PPO
from rlcourse.parts.networks import DeterministicPolicy, StochasticPolicy, inverse_cdf
from rlcourse.parts.randomness import INITIALISE, Streams
from tests.agents.scripts import BOX, CHOICE


def policy(kind, S=2, log_std=-1.0, scale=0.3):
    streams = Streams(range(S), INITIALISE)
    if kind == "deterministic":
        return NetworkPolicy(DeterministicPolicy(BOX, (8,), streams))
    spaces = CHOICE if kind == "categorical" else BOX
    network = StochasticPolicy(spaces, (8,), streams, log_std)
    network.layers[-1][0].data.normal_(0, scale, generator=torch.Generator().manual_seed(0))
    return NetworkPolicy(network)


KINDS = ["deterministic", "gaussian", "categorical"]


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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("obs", ["abc", None, ["a", "b", "c"], np.zeros(3, complex), np.zeros(3, "M8[D]")])
def test_observations_that_are_no_numbers_are_refused_in_one_line(obs):
    with pytest.raises(ValueError, match="observations must be") as error:
        policy("deterministic", S=1).act(obs)
    assert "\n" not in str(error.value)


def test_observations_may_be_tensors_with_a_graph():
    one, obs = policy("deterministic", S=1), torch.ones(3, requires_grad=True)
    assert np.array_equal(one.act(obs), one.act(np.ones(3)))


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
