"""Values, visitations and returns against other oracles: rollouts, sums over time."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


# --------------------------------------------------------------------------------------- one Bellman backup


@given(problems(), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_a_backup_is_its_sum_has_the_values_as_fixed_point_and_contracts(problem, seed):
    mdp, _, policy = problem
    V, W = np.random.default_rng(seed).normal(size=(2, mdp.states))
    by_hand = [
        sum(
            policy[s, a]
            * (mdp.reward[s, a] + mdp.gamma * sum(mdp.transition[s, a, t] * V[t] for t in range(mdp.states)))
            for a in range(mdp.actions)
        )
        for s in range(mdp.states)
    ]
    backed_up = markov.bellman_backup(mdp, policy, V)
    np.testing.assert_allclose(backed_up, by_hand, rtol=1e-12, atol=1e-12)
    apart = np.abs(backed_up - markov.bellman_backup(mdp, policy, W)).max()
    assert apart <= mdp.gamma * np.abs(V - W).max() + 1e-12
    fixed = markov.values(mdp, policy)
    assert np.abs(markov.bellman_backup(mdp, policy, fixed) - fixed).max() <= 1e-12 * scale(mdp, policy)


def test_many_values_or_many_policies_are_backed_up_as_one_by_one():
    mdp = markov.MDP.random(4, 3, seed=0)
    policies = np.array([markov.random_policy(mdp, seed) for seed in range(5)])
    V = np.random.default_rng(1).normal(size=(5, 4))
    one = policies[0]
    both = [markov.bellman_backup(mdp, policy, v) for policy, v in zip(policies, V, strict=True)]
    np.testing.assert_allclose(markov.bellman_backup(mdp, policies, V), both, rtol=1e-13)
    rows = [markov.bellman_backup(mdp, one, v) for v in V]
    np.testing.assert_allclose(markov.bellman_backup(mdp, one, V), rows, rtol=1e-13)
    with pytest.raises(ValueError, match=r"V has shape \(5,\); .* S = 4"):
        markov.bellman_backup(mdp, one, np.zeros(5))


# ----------------------------------------------------------------------------- the stationary distribution


@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_the_stationary_distribution_is_where_power_iteration_and_the_eigenvector_lead(seed, states, actions):
    mdp = markov.MDP.random(states, actions, seed)
    policy = markov.random_policy(mdp, seed + 1)
    d = markov.stationary_distribution(mdp, policy)
    P = np.einsum("sa,sat->st", policy, mdp.transition)
    lazy = np.linalg.matrix_power((P + np.eye(states)) / 2, 4096)  # half the time it waits: no period
    np.testing.assert_allclose(d, lazy[0], atol=1e-10)
    eigenvalues, vectors = np.linalg.eig(P.T)
    leading = np.real(vectors[:, np.abs(eigenvalues - 1).argmin()])
    np.testing.assert_allclose(d, leading / leading.sum(), atol=1e-10)
    assert abs(d.sum() - 1) < 1e-14 and d.min() > 0


def moving(*targets, start=0):
    """A process with one action: from state s to targets[s]."""
    n = len(targets)
    return markov.MDP(np.eye(n)[list(targets)][:, None, :], np.zeros((n, 1)), np.eye(n)[start], 0.9)


def test_a_periodic_chain_has_its_shares_and_a_state_left_for_ever_has_exactly_none():
    cycle = moving(1, 2, 0)
    np.testing.assert_allclose(markov.stationary_distribution(cycle, np.ones((3, 1))), np.full(3, 1 / 3))
    down = moving(1, 2, 3, 2)  # 0 and 1 lead to the pair 2, 3
    assert markov.stationary_distribution(down, np.ones((4, 1))).tolist() == [0, 0, 0.5, 0.5]
    cliff = markov.cliff()  # in the end at the goal, however long it takes
    assert markov.stationary_distribution(cliff, markov.uniform_policy(cliff)).tolist() == [0.0] * 47 + [1.0]


def test_rare_moves_give_shares_in_proportion():
    """From 0 to 1 once in 10⁹ steps, back every time: 10⁹ : 1."""
    P = np.array([[[1 - 1e-9, 1e-9]], [[1.0, 0.0]]])
    d = markov.stationary_distribution(markov.MDP(P, np.zeros((2, 1)), [1, 0], 0.9), np.ones((2, 1)))
    assert d[1] == pytest.approx(1e-9 / (1 + 1e-9), rel=1e-6)


def test_the_stationary_distribution_is_the_long_run_frequency_and_the_limit_of_visitations():
    mdp = markov.MDP.random(4, 2, seed=3, branching=2)
    policy = markov.random_policy(mdp, 4)
    d, rng = markov.stationary_distribution(mdp, policy), np.random.default_rng(5)
    P = np.einsum("sa,sat->st", policy, mdp.transition).cumsum(axis=1)
    state, counts, steps = np.zeros(500, int), np.zeros(4), 400
    for t in range(steps + 50):
        state = np.minimum((P[state] <= rng.random(500)[:, None]).sum(axis=1), 3)
        if t >= 50:
            counts += np.bincount(state, minlength=4)
    np.testing.assert_allclose(counts / counts.sum(), d, atol=0.01)
    far_sighted = markov.MDP(mdp.transition, mdp.reward, mdp.start, 1 - 1e-7)
    np.testing.assert_allclose(markov.visitation(far_sighted, policy), d, atol=1e-5)


def test_two_sets_that_are_never_left_have_no_one_distribution():
    for targets in ((0, 1), (1, 0, 2), (0, 0, 2, 2)):
        mdp = moving(*targets)
        with pytest.raises(ValueError, match="not unique") as error:
            markov.stationary_distribution(mdp, np.ones((len(targets), 1)))
        assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="one policy"):
        markov.stationary_distribution(moving(0, 0), np.ones((3, 2, 1)))


# ------------------------------------------------------------------------ the probability of a trajectory


@pytest.mark.parametrize("T", [0, 1, 3])
def test_over_all_trajectories_the_probabilities_sum_to_one_and_give_returns_and_visits(T):
    mdp = markov.MDP.random(3, 2, seed=1, gamma=0.7)
    policy, total, gain, last = markov.random_policy(mdp, 2), 0.0, 0.0, np.zeros(3)
    for states in itertools.product(range(3), repeat=T + 1):
        for actions in itertools.product(range(2), repeat=T):
            p = markov.trajectory_probability(mdp, policy, states, actions)
            total, last[states[-1]] = total + p, last[states[-1]] + p
            gain += p * sum(0.7**t * mdp.reward[states[t], actions[t]] for t in range(T))
    assert total == pytest.approx(1, abs=1e-14)
    visits = markov.state_distributions(mdp, policy, T + 1)
    np.testing.assert_allclose(last, visits[-1], atol=1e-14)
    reward = np.sum(policy * mdp.reward, axis=1)
    assert gain == pytest.approx(sum(0.7**t * visits[t] @ reward for t in range(T)), abs=1e-14)


def test_a_trajectory_is_as_likely_as_its_factors():
    mdp = markov.two_state()
    policy = np.array([[0.3, 0.7], [0.6, 0.4]])
    # start in 0; move (0.7) works (0.9); stay (0.6) fails (0.1): in 0 again
    expected = 1.0 * 0.7 * 0.9 * 0.6 * 0.1
    assert markov.trajectory_probability(mdp, policy, [0, 1, 0], [1, 0]) == pytest.approx(expected)
    assert markov.trajectory_probability(mdp, policy, np.array([1, 1, 0]), np.array([1, 0])) == 0


@pytest.mark.parametrize(
    "states, actions, message",
    [
        ([0, 1], [0, 1], "2 states and 2 actions; T actions lie between T [+] 1 states"),
        ([0, 2], [0], "states holds 2; each must be one of 0 … 1"),
        ([0, 1], [-1], "actions holds -1; each must be one of 0 … 1"),
        ([0, 0.5], [0], "states holds 0.5"),
        ([[0, 1]], [0], r"states has shape \(1, 2\)"),
        ([], [], "0 states and 0 actions"),
    ],
)
def test_what_is_no_trajectory_is_refused_in_one_line(states, actions, message):
    mdp = markov.two_state()
    with pytest.raises(ValueError, match=message) as error:
        markov.trajectory_probability(mdp, markov.uniform_policy(mdp), states, actions)
    assert "\n" not in str(error.value)
