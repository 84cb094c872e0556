"""Value iteration on a grid against enumeration, and interpolation against what it must keep."""

from itertools import product

import numpy as np
import pytest

from rlcourse.equations.value_grid import Grid, optimal_values


def test_between_the_points_a_bilinear_function_is_itself():
    grid = Grid((-1.0, 0.0), (2.0, 5.0), (4, 6))
    rng = np.random.default_rng(0)

    def f(s):
        return 1 + 2 * s[..., 0] - s[..., 1] + 0.5 * s[..., 0] * s[..., 1]

    s = rng.uniform([-1, 0], [2, 5], size=(50, 3, 2))
    np.testing.assert_allclose(grid.interpolate(f(grid.states()), s), f(s), atol=1e-12)


def test_a_periodic_axis_closes_and_another_ends():
    grid = Grid((-np.pi, 0.0), (np.pi, 1.0), (8, 3), (True, False))
    V = np.cos(grid.states()[:, 0]) + grid.states()[:, 1]
    s = np.random.default_rng(0).uniform([-np.pi, 0], [np.pi, 1], size=(20, 2))
    around = grid.interpolate(V, s + [2 * np.pi, 0.0])
    np.testing.assert_allclose(grid.interpolate(V, s), around, atol=1e-12)
    beyond, end = np.array([[0.0, 7.0]]), np.array([[0.0, 1.0]])
    np.testing.assert_allclose(grid.interpolate(V, beyond), grid.interpolate(V, end), atol=1e-12)
    half = np.pi - np.pi / 8  # between the last point of the circle and the first
    np.testing.assert_allclose(
        grid.interpolate(V, np.array([half, 0.0])), (np.cos(np.pi * 0.75) + np.cos(np.pi)) / 2, atol=1e-12
    )


@pytest.mark.parametrize("gamma", [1.0, 0.8])
def test_where_motion_leads_from_point_to_point_it_is_the_best_of_all_sequences(gamma):
    """x ← x + v, v ← v + a on whole numbers, held within the grid: enumeration of 3⁴ sequences."""
    grid = Grid((-3.0, -3.0), (3.0, 3.0), (7, 7))

    def step(state, action):
        x, v = state[:, 0], state[:, 1]
        after = np.clip(np.column_stack([x + v, v + action[:, 0]]), -3, 3)
        return after, -((x - 1) ** 2) - 0.3 * v**2 - 0.1 * action[:, 0] ** 2

    totals = []
    for sequence in product((-1.0, 0.0, 1.0), repeat=4):
        state, total = grid.states(), 0.0
        for t, action in enumerate(sequence):
            state, reward = step(state, np.full((len(state), 1), action))
            total = total + gamma**t * reward
        totals.append(total)
    found = optimal_values(step, grid, (-1.0, 0.0, 1.0), horizon=4, gamma=gamma)
    np.testing.assert_allclose(found, np.max(totals, axis=0), atol=1e-5)
