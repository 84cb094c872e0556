"""A bad process or policy is refused in one line; a good one cannot be changed afterwards."""

from dataclasses import replace

import numpy as np
import pytest

from rlcourse.equations import markov


def changed(array, index, value):
    array = np.array(array)
    array[index] = value
    return array


GOOD = markov.MDP.random(3, 2, seed=0)
BAD = [
    ("transition", changed(GOOD.transition, (2, 1), 0.3), r"transition\[2, 1\] sums to 0.9; every"),
    ("transition", changed(GOOD.transition, (0, 1, 2), -0.1), r"transition\[0, 1, 2\] is -0.1; prob"),
    ("transition", changed(GOOD.transition, (0, 1, 2), np.nan), r"transition\[0, 1, 2\] is nan"),
    ("transition", np.ones((3, 2)), r"shape \(3, 2\); it must be \[S, A, S\]"),
    ("transition", [[1, 2], [3]], "transition is not a rectangular array"),
    ("reward", np.ones(3), r"reward has shape \(3,\).*\(3, 2\)"),
    ("reward", changed(GOOD.reward, (1, 0), np.inf), r"reward\[1, 0\] is not finite"),
    ("start", np.ones(2) / 2, r"start has shape \(2,\).*\(3,\)"),
    ("start", np.ones(3), "start sums to 3"),
    ("gamma", 1.0, "gamma is 1.0; .*0 ≤ γ < 1"),
    ("gamma", -0.1, "gamma is -0.1"),
    ("gamma", np.nan, "gamma is nan"),
]


@pytest.mark.parametrize("part, value, message", BAD)
def test_a_bad_process_is_refused_in_one_line(part, value, message):
    with pytest.raises(ValueError, match=message) as error:
        replace(GOOD, **{part: value})
    assert "\n" not in str(error.value)


def test_a_bad_policy_is_refused_in_one_line():
    mdp = markov.MDP.random(3, 2, seed=0)
    for policy, message in (
        (np.ones((3, 2)), r"policy\[0\] sums to 2"),
        (np.full((2, 3), 1 / 3), r"policy has shape \(2, 3\).*\(3, 2\)"),
        (np.array([[0.5, 0.5], [1.5, -0.5], [1, 0]]), r"policy\[1, 1\] is -0.5"),
    ):
        with pytest.raises(ValueError, match=message):
            markov.values(mdp, policy)
    policy = markov.uniform_policy(mdp)
    with pytest.raises(ValueError, match='"kl" or "tv"'):
        markov.improvement_bound(mdp, policy, policy, "js")
    with pytest.raises(ValueError, match="alpha is 1.5"):
        markov.mixture(policy, policy, 1.5)
    with pytest.raises(ValueError, match="branching is 9"):
        markov.MDP.random(3, 2, seed=0, branching=9)
    with pytest.raises(ValueError, match=r"start has shape \(2,\)"):
        markov.visitation(mdp, policy, start=[0.5, 0.5])


def test_a_process_cannot_be_changed_after_it_was_checked():
    mdp = markov.two_state()
    with pytest.raises(ValueError, match="read-only"):
        mdp.transition[0, 0, 0] = 2.0


def test_where_chance_replaces_the_action_a_policy_is_worth_what_its_soft_version_is_worth():
    mdp = markov.MDP.random(5, 3, seed=4)
    for epsilon in (0.0, 0.2, 1.0):
        world = markov.with_random_actions(mdp, epsilon)
        policy = markov.random_policy(mdp, seed=1)
        soft = (1 - epsilon) * policy + epsilon / 3
        np.testing.assert_allclose(markov.values(world, policy), markov.values(mdp, soft), rtol=1e-12)


def test_the_best_policy_where_chance_replaces_the_action_is_the_best_soft_one():
    mdp, epsilon = markov.MDP.random(3, 2, seed=7), 0.3
    choices = np.eye(2)[np.stack(np.meshgrid(*[[0, 1]] * 3), axis=-1).reshape(-1, 3)]  # all 8 of them
    soft = markov.values(mdp, (1 - epsilon) * choices + epsilon / 2).max(axis=0)
    best = markov.optimal_q_values(markov.with_random_actions(mdp, epsilon)).max(axis=1)
    np.testing.assert_allclose(best, soft, rtol=1e-9)
    with pytest.raises(ValueError, match=r"epsilon is 1\.5; it is a probability, 0 ≤ ε ≤ 1"):
        markov.with_random_actions(mdp, 1.5)


def test_the_induced_process_is_the_sum_over_actions_for_one_policy_and_for_a_batch():
    mdp = markov.MDP.random(4, 3, seed=0)
    batch = np.array([markov.random_policy(mdp, seed) for seed in range(2)])
    P, r = markov.induced_process(mdp, batch)
    for policy, P_one, r_one in zip(batch, P, r, strict=True):
        alone = markov.induced_process(mdp, policy)
        np.testing.assert_allclose(alone[0], P_one, rtol=1e-14)
        np.testing.assert_allclose(alone[1], r_one, rtol=1e-14)
        for s in range(4):
            by_hand = sum(policy[s, a] * mdp.transition[s, a] for a in range(3))
            np.testing.assert_allclose(P_one[s], by_hand, rtol=1e-14)
            assert r_one[s] == pytest.approx(sum(policy[s, a] * mdp.reward[s, a] for a in range(3)))
