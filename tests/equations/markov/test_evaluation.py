"""Values, visitations and returns against other oracles: rollouts, sums over time."""

import numpy as np
from hypothesis import given, settings
from random_problems import problems, scale

from rlcourse.equations import markov


@given(problems())
@settings(max_examples=60, deadline=None)
def test_values_solve_the_bellman_equation(problem):
    mdp, _, policy = problem
    V = markov.values(mdp, policy)
    backup = [
        sum(
            policy[s, a] * (mdp.reward[s, a] + mdp.gamma * mdp.transition[s, a] @ V)
            for a in range(mdp.actions)
        )
        for s in range(mdp.states)
    ]
    assert np.abs(V - backup).max() <= 1e-12 * scale(mdp, policy)


def test_values_by_linear_solve_are_values_by_iteration_and_by_rollouts():
    mdp = markov.MDP.random(5, 3, seed=0, gamma=0.8)
    policy = markov.random_policy(mdp, 1)
    V = np.zeros(5)
    for _ in range(300):
        V = np.sum(policy * (mdp.reward + 0.8 * np.einsum("sat,t->sa", mdp.transition, V)), axis=1)
    assert np.abs(V - markov.values(mdp, policy)).max() < 1e-12

    rng, runs, returns = np.random.default_rng(2), 20_000, 0.0
    state = rng.choice(5, p=mdp.start, size=runs)
    for t in range(80):
        action = (policy[state].cumsum(axis=1) > rng.random(runs)[:, None]).argmax(axis=1)
        returns = returns + 0.8**t * mdp.reward[state, action]
        state = (mdp.transition[state, action].cumsum(axis=1) > rng.random(runs)[:, None]).argmax(axis=1)
    error = np.mean(returns) - markov.expected_return(mdp, policy)
    assert abs(error) < 4 * np.std(returns) / np.sqrt(runs)


@given(problems())
@settings(max_examples=60, deadline=None)
def test_the_visitation_is_a_distribution_and_gives_the_return(problem):
    mdp, _, policy = problem
    d = markov.visitation(mdp, policy)
    assert abs(d.sum() - 1) < 1e-12
    assert d.min() >= -1e-15
    by_visits = np.sum(d[:, None] * policy * mdp.reward) / (1 - mdp.gamma)
    assert abs(by_visits - markov.expected_return(mdp, policy)) <= 1e-12 * scale(mdp, policy)


def test_the_visitation_is_the_discounted_sum_of_the_state_distributions():
    mdp = markov.MDP.random(6, 2, seed=3, gamma=0.9)
    policy = markov.random_policy(mdp, 4)
    p = markov.state_distributions(mdp, policy, 400)
    assert np.abs(0.1 * 0.9 ** np.arange(400) @ p - markov.visitation(mdp, policy)).max() < 1e-14
    rows = markov.visitation(mdp, policy, start=np.eye(6))
    assert np.abs(mdp.start @ rows - markov.visitation(mdp, policy)).max() < 1e-14


@given(problems())
@settings(max_examples=40, deadline=None)
def test_advantages_average_to_zero_under_their_own_policy(problem):
    mdp, _, policy = problem
    assert np.abs(np.sum(policy * markov.advantages(mdp, policy), axis=1)).max() <= 1e-12 * scale(mdp, policy)


def test_a_batch_of_policies_is_solved_as_one_by_one():
    mdp = markov.MDP.random(5, 3, seed=0)
    batch = np.array([[markov.random_policy(mdp, 10 * i + j) for j in range(3)] for i in range(2)])
    old = batch[0, 0]
    for function in (
        markov.values,
        markov.q_values,
        markov.advantages,
        markov.visitation,
        markov.expected_return,
    ):
        single = np.array([[function(mdp, policy) for policy in row] for row in batch])
        assert np.abs(function(mdp, batch) - single).max() < 1e-13, function.__name__
    for function in (markov.surrogate, markov.performance_difference, markov.improvement_bound):
        single = np.array([[function(mdp, policy, old) for policy in row] for row in batch])
        assert np.abs(function(mdp, batch, old) - single).max() < 1e-12, function.__name__
