"""A bad process or policy is refused in one line; a good one cannot be changed afterwards."""

import numpy as np
import pytest

from rlcourse.equations import markov


def _parts():
    mdp = markov.MDP.random(3, 2, seed=0)
    return {
        "transition": mdp.transition.copy(),
        "reward": mdp.reward.copy(),
        "start": mdp.start.copy(),
        "gamma": 0.9,
    }


def _row(array, index, value):
    array[index] = value
    return array


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda p: {"transition": _row(p["transition"], (2, 1), 0.3)},
            r"transition\[2, 1\] sums to 0.9; every",
        ),
        (
            lambda p: {"transition": _row(p["transition"], (0, 1, 2), -0.1)},
            r"transition\[0, 1, 2\] is -0.1; prob",
        ),
        (lambda p: {"transition": _row(p["transition"], (0, 1, 2), np.nan)}, r"transition\[0, 1, 2\] is nan"),
        (lambda p: {"transition": np.ones((3, 2))}, r"shape \(3, 2\); it must be \[S, A, S\]"),
        (lambda p: {"transition": [[1, 2], [3]]}, "transition is not a rectangular array"),
        (lambda p: {"reward": np.ones(3)}, r"reward has shape \(3,\).*\(3, 2\)"),
        (lambda p: {"reward": _row(p["reward"], (1, 0), np.inf)}, r"reward\[1, 0\] is not finite"),
        (lambda p: {"start": np.ones(2) / 2}, r"start has shape \(2,\).*\(3,\)"),
        (lambda p: {"start": np.ones(3)}, "start sums to 3"),
        (lambda p: {"gamma": 1.0}, "gamma is 1.0; .*0 ≤ γ < 1"),
        (lambda p: {"gamma": -0.1}, "gamma is -0.1"),
        (lambda p: {"gamma": np.nan}, "gamma is nan"),
    ],
)
def test_a_bad_process_is_refused_in_one_line(change, message):
    parts = _parts()
    with pytest.raises(ValueError, match=message) as error:
        markov.MDP(**{**parts, **change(parts)})
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
