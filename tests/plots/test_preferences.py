"""Over-optimisation is drawn at KLs that all seeds have seen, each seed and an interval."""

import numpy as np
import pytest

from rlcourse import plots
from rlcourse.plots.preferences import at_common_kl, over_optimisation

KL = np.array([[0.1, 1.0, 4.0], [0.3, 2.0, 3.0]])


def test_seeds_are_read_off_where_all_have_been():
    grid, values = at_common_kl(KL, 10 * KL, points=5)
    assert np.isclose(grid[0], 0.3) and np.isclose(grid[-1], 3.0)
    np.testing.assert_allclose(values, np.stack([10 * grid] * 2))


def test_a_seed_that_comes_back_counts_once():
    _, values = at_common_kl(np.array([[0.0, 2.0, 1.0, 3.0]]), np.array([[0.0, 2.0, 99.0, 3.0]]), points=4)
    np.testing.assert_allclose(values, [[0, 1, 2, 3]])


def test_both_rewards_are_drawn_with_their_seeds_and_n_and_the_top_of_the_true_one_is_marked():
    ax = plots.axes(plots.figure())
    learnt, true = over_optimisation(ax, KL, KL, -((KL - 1) ** 2))
    labels = [line.get_label() for line in ax.lines]
    assert {"learnt reward, n = 2", "true reward, n = 2"} <= set(labels) and labels.count("_seeds") == 4
    assert 0.8 < ax.lines[-1].get_xdata()[0] < 1.6 and len(ax.collections) == 2
    assert (np.diff(learnt.estimate) > 0).all() and true.n == 2


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"must all be \[seeds, E\]"):
        over_optimisation(plots.axes(plots.figure()), KL, KL[:, :2], KL)
    with pytest.raises(ValueError, match="no KL in common: one begins at 3, one ends at 2"):
        at_common_kl(np.array([[0.0, 2.0], [3.0, 4.0]]), np.zeros((2, 2)))
