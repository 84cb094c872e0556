"""n-step TD on a table, against one learner in plain Python and against averages over returns."""

import numpy as np
import pytest

from rlcourse.equations import markov
from rlcourse.equations.prediction import n_step_td

WORLD = markov.corridor(rooms=5, gamma=0.9, slip=0.0)
COIN = np.full((6, 2), 0.5)


def book(states, rewards, V, alpha, n, gamma):
    """The algorithm as Sutton & Barto print it, time step by time step, for one learner."""
    V, T, t = list(V), next(i for i, s in enumerate(states) if s == 5), 0
    while True:
        tau = t - n + 1
        if tau >= 0:
            G = sum(gamma ** (i - tau - 1) * rewards[i - 1] for i in range(tau + 1, min(tau + n, T) + 1))
            if tau + n < T:
                G += gamma**n * V[states[tau + n]]
            V[states[tau]] += alpha * (G - V[states[tau]])
        if tau == T - 1:
            return V
        t += 1


@pytest.mark.parametrize("n", [1, 2, 4, 1000])
def test_learners_side_by_side_learn_what_the_books_algorithm_learns_alone(n):
    walks = markov.sample_walks(WORLD, COIN, 80, 6, seed=3)
    assert (walks.states[-1] == 5).all()
    V = np.tile(np.append(np.full(5, 0.5), 0.0), (6, 2, 1))
    found = n_step_td(walks.states, walks.rewards, V, np.array([0.1, 0.4]), n, 0.9)
    for i in range(6):
        for k, alpha in enumerate((0.1, 0.4)):
            expected = book(walks.states[:, i], walks.rewards[:, i], V[i, k], alpha, n, 0.9)
            np.testing.assert_allclose(found[i, k], expected, atol=1e-13)
    assert (V[:, :, :5] == 0.5).all(), "the values that came in are left alone"
    assert (found[:, :, 5] == 0).all(), "after the end nothing is learnt"


def test_with_a_step_of_1_monte_carlo_keeps_the_return_of_the_last_visit():
    walks = markov.sample_walks(WORLD, COIN, 80, 4, seed=0)
    found = n_step_td(walks.states, walks.rewards, np.zeros((4, 1, 6)), 1.0, 10**6, 0.9)[:, 0]
    for i in range(4):
        states, rewards = walks.states[:, i], walks.rewards[:, i]
        for s in set(states) - {5}:
            last = np.flatnonzero(states == s)[-1]
            assert found[i, s] == pytest.approx(0.9 ** np.arange(80 - last) @ rewards[last:], abs=1e-13)


def test_bad_arguments_are_refused_in_one_line():
    states, rewards = np.zeros((3, 2), int), np.zeros((2, 2))
    with pytest.raises(ValueError, match="n is 0"):
        n_step_td(states, rewards, np.zeros((2, 1, 6)), 0.1, 0, 0.9)
    for wrong in ((states[:2], rewards, np.zeros((2, 1, 6))), (states, rewards, np.zeros((3, 1, 6)))):
        with pytest.raises(ValueError, match=r"do not fit; they must be \[T \+ 1, N\]") as error:
            n_step_td(*wrong, 0.1, 1, 0.9)
        assert "\n" not in str(error.value)
