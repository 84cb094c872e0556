"""Walks are drawn as often as the process says; n-step targets spread as enumeration says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_problems import problems, scale

from rlcourse.equations import markov


def test_walks_are_as_frequent_as_the_probabilities_of_their_trajectories():
    mdp, policy = markov.two_state(), np.array([[0.3, 0.7], [0.6, 0.4]])
    N = 200_000
    walks = markov.sample_walks(mdp, policy, 2, N, seed=0)
    every = markov.trajectories(mdp, policy, 2)
    for states, actions, p in zip(every.states.T, every.actions.T, every.probability, strict=True):
        alike = np.all(walks.states == states[:, None], axis=0) & np.all(walks.actions == actions[:, None], 0)
        assert abs(alike.mean() - p) < 5 * np.sqrt(p * (1 - p) / N)


def test_walks_earn_what_the_process_pays_and_repeat_with_their_seed():
    mdp, policy = markov.chain(), np.full((5, 2), 0.5)
    one, same, other = (markov.sample_walks(mdp, policy, 30, 4, seed) for seed in (1, 1, 2))
    assert one.states.shape == (31, 4) and one.actions.shape == one.rewards.shape == (30, 4)
    assert np.array_equal(one.states, same.states) and not np.array_equal(one.states, other.states)
    assert np.array_equal(one.rewards, mdp.reward[one.states[:-1], one.actions])


@given(problems())
@settings(max_examples=30, deadline=None)
def test_no_walk_does_what_has_probability_0(problem):
    mdp, policy, _ = problem
    states, actions, _ = markov.sample_walks(mdp, policy, 20, 20, seed=0)
    assert (mdp.start[states[0]] > 0).all() and (policy[states[:-1], actions] > 0).all()
    assert (mdp.transition[states[:-1], actions, states[1:]] > 0).all()


def test_a_last_outcome_of_probability_0_is_not_drawn_where_the_sum_is_rounded_below_1():
    start = np.append(np.full(10, 0.1), 0.0)  # its running sum ends at 1 − 1e−16
    mdp = markov.MDP(np.tile(np.eye(11)[:, None], (1, 1, 1)), np.zeros((11, 1)), start, 0.9)

    class Highest(np.random.Generator):
        def random(self, size=None):
            return np.full(size, np.nextafter(1, 0))

    walks = markov.sample_walks(mdp, np.ones((11, 1)), 1, 3, Highest(np.random.PCG64(0)))
    assert (walks.states == 9).all()


def test_walks_of_no_length_are_starts_and_bad_counts_are_refused():
    mdp, policy = markov.two_state(), np.full((2, 2), 0.5)
    assert markov.sample_walks(mdp, policy, 0, 3, seed=0).states.tolist() == [[0, 0, 0]]
    for steps, walks in ((-1, 3), (3, 0)):
        with pytest.raises(ValueError, match="need steps ≥ 0 and walks ≥ 1"):
            markov.sample_walks(mdp, policy, steps, walks, seed=0)


@given(problems(), st.integers(0, 12))
@settings(max_examples=40, deadline=None)
def test_the_bias_of_an_n_step_target_is_what_is_left_of_the_critics_error_after_n_steps(problem, n):
    mdp, policy, _ = problem
    V, wrong = markov.values(mdp, policy), np.arange(mdp.states, dtype=float)
    mean, variance = markov.n_step_moments(mdp, policy, wrong, n)
    P, _ = markov.induced_process(mdp, policy)
    left = mdp.gamma**n * np.linalg.matrix_power(P, n) @ (wrong - V)
    np.testing.assert_allclose(mean - V, left, atol=1e-9 * scale(mdp, policy))
    assert (variance >= 0).all()


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_the_moments_of_n_step_targets_are_those_over_all_trajectories(n):
    mdp, policy = markov.two_state(gamma=0.8), np.array([[0.3, 0.7], [0.6, 0.4]])
    critic = np.array([1.0, -2.0])
    mean, variance = markov.n_step_moments(mdp, policy, critic, n)
    for s in range(2):
        start = markov.MDP(mdp.transition, mdp.reward, np.eye(2)[s], mdp.gamma)
        every = markov.trajectories(start, policy, n)
        paid = mdp.reward[every.states[:-1], every.actions]
        target = 0.8 ** np.arange(n) @ paid + 0.8**n * critic[every.states[-1]]
        assert every.mean(target) == pytest.approx(mean[s], abs=1e-12)
        assert every.variance(target) == pytest.approx(variance[s], abs=1e-12)


def test_targets_that_look_back_and_critics_of_another_world_are_refused():
    mdp, policy = markov.two_state(), np.full((2, 2), 0.5)
    with pytest.raises(ValueError, match="n is -1"):
        markov.n_step_moments(mdp, policy, np.zeros(2), -1)
    with pytest.raises(ValueError, match=r"critic has shape \(3,\)"):
        markov.n_step_moments(mdp, policy, np.zeros(3), 1)


def test_the_grid_with_two_jumps_has_the_values_that_the_book_prints():
    """Sutton & Barto 2018, figures 3.2 and 3.5: V of the equiprobable policy, and V*."""
    mdp = markov.jump_grid(gamma=0.9)
    uniform = [
        [3.3, 8.8, 4.4, 5.3, 1.5], [1.5, 3.0, 2.3, 1.9, 0.5], [0.1, 0.7, 0.7, 0.4, -0.4],
        [-1.0, -0.4, -0.4, -0.6, -1.2], [-1.9, -1.3, -1.2, -1.4, -2.0],
    ]  # fmt: skip
    best = [
        [22.0, 24.4, 22.0, 19.4, 17.5], [19.8, 22.0, 19.8, 17.8, 16.0], [17.8, 19.8, 17.8, 16.0, 14.4],
        [16.0, 17.8, 16.0, 14.4, 13.0], [14.4, 16.0, 14.4, 13.0, 11.7],
    ]  # fmt: skip
    V = markov.values(mdp, markov.uniform_policy(mdp)).reshape(5, 5)
    np.testing.assert_allclose(V, uniform, atol=0.05 + 1e-9)
    np.testing.assert_allclose(markov.value_iteration(mdp, 300).reshape(5, 5), best, atol=0.05 + 1e-9)
