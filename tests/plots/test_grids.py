"""A grid shows each cell's value, arrows as long as the policy is likely, dots as large as the visits."""

import numpy as np
import pytest
from matplotlib.quiver import Quiver

from rlcourse import plots
from rlcourse.equations import markov

WORLD = markov.jump_grid()
POLICY = markov.uniform_policy(WORLD)


def drawn(**what):
    ax = plots.axes(plots.figure(5, 5))
    plots.grid(ax, (5, 5), **what)
    return ax


def test_each_cell_says_its_value_and_its_name():
    V = markov.values(WORLD, POLICY)
    texts = [text.get_text() for text in drawn(values=V, names={1: "A", 3: "B"}).texts]
    assert texts[:2] == ["3.3", "8.8"] and texts[20] == "−1.9" and texts[25:] == ["A", "B"]


def test_arrows_are_as_long_as_the_policy_is_likely_and_missing_where_it_never_goes():
    policy = np.tile([0.0, 1.0, 0.0, 0.0], (25, 1))
    policy[0] = [0.25, 0.75, 0.0, 0.0]
    arrows = [c for c in drawn(policy=policy).collections if isinstance(c, Quiver)]
    assert [len(a.U) for a in arrows if a.N] == [1, 25]
    assert arrows[1].U[0] < arrows[1].U[1] and arrows[0].V[0] < 0  # north is up: y grows downwards


def test_the_area_of_a_dot_is_in_proportion_to_the_visits():
    d = markov.visitation(WORLD, POLICY)
    (dots,) = drawn(visits=d).collections
    np.testing.assert_allclose(dots.get_sizes() / dots.get_sizes().sum(), d, atol=1e-12)


def test_what_does_not_fit_the_grid_is_refused():
    with pytest.raises(ValueError, match=r"policy has shape \(24, 4\)"):
        drawn(policy=POLICY[1:])
    with pytest.raises(ValueError, match=r"values has shape \(3,\)"):
        drawn(values=np.zeros(3))
