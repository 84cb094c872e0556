"""Soft dynamic programming: against value iteration, a search for better policies, and shaping."""

import numpy as np
import pytest

from rlcourse.equations import markov


def swept(mdp, reward, temperature, sweeps=4000):
    """The same Q by soft value iteration: V ← α log Σ exp((r + γ P V)/α), by hand."""
    Q = reward
    for _ in range(sweeps):
        V = temperature * np.log(np.exp(Q / temperature).sum(axis=1))
        Q = reward + mdp.gamma * mdp.transition @ V
    return Q


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_soft_q_is_what_soft_value_iteration_comes_to(seed, temperature):
    mdp = markov.MDP.random(6, 3, seed, gamma=0.95, branching=3)
    found = markov.soft_q_values(mdp, temperature=temperature)
    np.testing.assert_allclose(found, swept(mdp, mdp.reward, temperature), atol=1e-8)


def soft_return(mdp, policy, temperature):
    """E[Σ γ^t (r_t + α H)] = η in the process that pays α H(π(·|s)) as well."""
    entropy = -(policy * np.log(policy)).sum(axis=1, keepdims=True)
    paid = markov.MDP(mdp.transition, mdp.reward + temperature * entropy, mdp.start, mdp.gamma)
    return markov.expected_return(paid, policy)


def test_its_policy_earns_its_value_and_no_other_earns_more():
    mdp, rng = markov.MDP.random(5, 3, 1), np.random.default_rng(0)
    Q = markov.soft_q_values(mdp, temperature=0.5)
    best = markov.soft_optimal_policy(mdp, temperature=0.5)
    worth = soft_return(mdp, best, 0.5)
    np.testing.assert_allclose(worth, markov.soft_values(Q, 0.5) @ mdp.start, atol=1e-9)
    for size in (1e-3, 0.1, 3.0):
        for _ in range(20):
            other = markov.softmax_policy(Q / 0.5 + size * rng.normal(size=Q.shape))
            assert soft_return(mdp, other, 0.5) < worth


def test_a_low_temperature_leaves_the_hard_optimum():
    mdp = markov.MDP.random(6, 3, 2)
    np.testing.assert_allclose(
        markov.soft_q_values(mdp, temperature=1e-3), markov.optimal_q_values(mdp), atol=0.02
    )


def test_several_rewards_at_once_are_each_alone_bit_for_bit():
    mdp = markov.MDP.random(6, 3, 3)
    rewards = np.random.default_rng(0).normal(size=(5, 6, 3)) * np.array([0.1, 1, 3, 10, 30])[:, None, None]
    together = markov.soft_q_values(mdp, rewards)
    for reward, Q in zip(rewards, together, strict=True):
        np.testing.assert_array_equal(markov.soft_q_values(mdp, reward[None])[0], Q)


def test_soft_values_lie_between_the_maximum_and_log_a_above_and_do_not_overflow():
    Q = np.array([[1000.0, 1000.0], [-1000.0, 0.0]])
    np.testing.assert_allclose(markov.soft_values(Q, 2.0), [1000 + 2 * np.log(2), 0.0])


def test_rewards_that_differ_by_a_shaping_have_the_same_soft_optimal_policy():
    mdp, rng = markov.MDP.random(6, 3, 4), np.random.default_rng(1)
    phi = 5 * rng.normal(size=(4, 6))
    shaped = mdp.reward + markov.shaping(mdp, phi)
    np.testing.assert_allclose(
        markov.soft_q_values(mdp, shaped), markov.soft_q_values(mdp) - phi[..., None], atol=1e-8
    )
    policies = markov.soft_optimal_policy(mdp, shaped)
    np.testing.assert_allclose(
        policies, np.broadcast_to(markov.soft_optimal_policy(mdp), (4, 6, 3)), atol=1e-9
    )
    other = markov.soft_optimal_policy(mdp, mdp.reward + rng.normal(size=(6, 3)))
    assert np.abs(other - policies[0]).max() > 0.05, "another difference is seen"


def test_what_is_left_of_a_reward_without_its_shaping_is_orthogonal_to_all_shapings():
    mdp, rng = markov.MDP.random(6, 3, 5), np.random.default_rng(2)
    rewards, phi = rng.normal(size=(2, 6, 3)), rng.normal(size=(2, 6))
    left = markov.unshaped(mdp, rewards)
    np.testing.assert_allclose(markov.unshaped(mdp, rewards + markov.shaping(mdp, phi)), left, atol=1e-12)
    np.testing.assert_allclose(markov.unshaped(mdp, markov.shaping(mdp, phi)), 0, atol=1e-12)
    assert abs((left * markov.shaping(mdp, phi)).sum(axis=(1, 2))).max() < 1e-12 < np.abs(left).max()


def test_the_occupancy_is_where_walks_are():
    mdp = markov.MDP.random(4, 2, 6, gamma=0.8)
    policy = markov.random_policy(mdp, 0)
    walks = markov.sample_walks(mdp, policy, 60, 20_000, 0)
    seen, weight = np.zeros((4, 2)), 0.8 ** np.arange(60)
    np.add.at(seen, (walks.states[:-1], walks.actions), 0.2 * weight[:, None] / 20_000)
    np.testing.assert_allclose(markov.occupancy(mdp, policy), seen, atol=0.01)
    assert np.isclose(markov.occupancy(mdp, policy).sum(), 1)


def test_what_does_not_fit_is_refused_in_one_line():
    mdp = markov.two_state()
    with pytest.raises(ValueError, match="temperature is 0; soft values need α > 0"):
        markov.soft_q_values(mdp, temperature=0)
    with pytest.raises(ValueError, match=r"reward has shape \(3, 2\); this MDP asks for finite"):
        markov.soft_q_values(mdp, np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"potential has shape \(3,\)"):
        markov.shaping(mdp, np.zeros(3))
    with pytest.raises(ValueError, match="did not end in 1 steps"):
        markov.soft_q_values(mdp, steps=1)
