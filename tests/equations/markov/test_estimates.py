"""Moments of GAE and lists of trajectories against enumeration, simulation and the Bellman equation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_problems import problems, scale

from rlcourse.equations import markov
from rlcourse.equations.returns import gae


@given(problems(), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_with_the_right_critic_the_mean_is_the_advantage_at_every_lambda(problem, lam):
    mdp, _, policy = problem
    mean, variance = markov.gae_moments(mdp, policy, markov.values(mdp, policy), lam)
    allowed = 1e-10 * scale(mdp, policy) / (1 - mdp.gamma)
    assert np.abs(mean - markov.advantages(mdp, policy)).max() <= allowed
    assert (variance >= 0).all()


@given(problems())
@settings(max_examples=40, deadline=None)
def test_with_lambda_one_a_wrong_critic_shifts_all_actions_of_a_state_alike(problem):
    mdp, critic, policy = problem[0], np.arange(problem[0].states, dtype=float), problem[2]
    mean, _ = markov.gae_moments(mdp, policy, critic, 1.0)
    error = mean - markov.advantages(mdp, policy)
    expected = np.broadcast_to((markov.values(mdp, policy) - critic)[:, None], error.shape)
    np.testing.assert_allclose(error, expected, atol=1e-9 * scale(mdp, policy) / (1 - mdp.gamma))


def test_the_moments_are_those_of_gae_over_all_trajectories():
    """From each state and action, 12 steps of two states with γλ = 0.4: what is left out is below 1e-4."""
    mdp, lam = markov.two_state(gamma=0.8), 0.5
    policy, critic = np.array([[0.3, 0.7], [0.6, 0.4]]), np.array([1.0, -2.0])
    mean, variance = markov.gae_moments(mdp, policy, critic, lam)
    steps = 9
    for s in range(2):
        start = markov.MDP(mdp.transition, mdp.reward, np.eye(2)[s], mdp.gamma)
        p, states, actions = markov.trajectories(start, policy, steps)
        now, after = states[:, :-1].T, states[:, 1:].T
        never = np.zeros(now.shape, bool)
        estimate = gae(mdp.reward[now, actions.T], critic[now], critic[after], never, never, 0.8, lam)[0]
        for a in range(2):
            chosen = actions[:, 0] == a
            share = p[chosen] / p[chosen].sum()
            first = share @ estimate[chosen]
            assert first == pytest.approx(mean[s, a], abs=2e-3)
            assert share @ (estimate[chosen] - first) ** 2 == pytest.approx(variance[s, a], abs=2e-3)


def test_the_moments_are_those_of_simulated_walks_through_the_corridor():
    mdp, lam, walks, steps = markov.corridor(), 0.9, 20_000, 120
    policy, critic = np.full((6, 2), 0.5), np.append(np.full(5, 0.5), 0.0)
    mean, variance = markov.gae_moments(mdp, policy, critic, lam)
    rng, s = np.random.default_rng(0), np.full(walks, 1)
    a = np.ones(walks, int)  # from the second room to the right
    total, weight = np.zeros(walks), 1.0
    for _ in range(steps):
        after = (mdp.transition[s, a].cumsum(axis=1) > rng.random(walks)[:, None]).argmax(axis=1)
        total += weight * (mdp.reward[s, a] + mdp.gamma * critic[after] - critic[s])
        weight *= mdp.gamma * lam
        s, a = after, rng.integers(2, size=walks)
    error = np.sqrt(variance[1, 1] / walks)
    assert total.mean() == pytest.approx(mean[1, 1], abs=4 * error)
    assert total.var() == pytest.approx(variance[1, 1], rel=0.05)


@given(problems(), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_trajectories_are_all_there_is_each_once_with_its_own_probability(problem, steps):
    mdp, _, policy = problem
    if (mdp.states * mdp.actions) ** steps > 3000:
        return
    p, states, actions = markov.trajectories(mdp, policy, steps)
    assert p.sum() == pytest.approx(1, abs=1e-12) and (p > 0).all()
    assert states.shape == (len(p), steps + 1) and actions.shape == (len(p), steps)
    assert len(np.unique(np.column_stack([states, actions]), axis=0)) == len(p)
    for k in range(0, len(p), max(1, len(p) // 5)):
        one = markov.trajectory_probability(mdp, policy, states[k], actions[k])
        assert p[k] == pytest.approx(one, rel=1e-10)


def test_their_last_states_are_distributed_as_the_chain_says():
    mdp = markov.corridor()
    policy = np.full((6, 2), 0.5)
    p, states, _ = markov.trajectories(mdp, policy, 5)
    last = np.bincount(states[:, -1], weights=p, minlength=6)
    np.testing.assert_allclose(last, markov.state_distributions(mdp, policy, 6)[-1], atol=1e-14)


@pytest.mark.parametrize(
    "wrong, complaint",
    [
        (lambda m, pi: markov.gae_moments(m, pi, np.zeros(3), 0.9), r"critic has shape \(3,\)"),
        (lambda m, pi: markov.gae_moments(m, pi, np.zeros(6), 1.1), "λ lies between 0 and 1"),
        (lambda m, pi: markov.gae_moments(m, pi[:3], np.zeros(6), 0.9), "policy has shape"),
        (lambda m, pi: markov.trajectories(m, pi, -1), "steps is -1"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(wrong, complaint):
    with pytest.raises(ValueError, match=complaint):
        wrong(markov.corridor(), np.full((6, 2), 0.5))
