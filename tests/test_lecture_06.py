"""Lecture 06: each exercise done as it is written, after the cells that it needs."""

import contextlib
import io
import json

import numpy as np
import pytest

from rlcourse import notebooks
from rlcourse.equations import linear
from rlcourse.equations.exploration import ou_variance
from rlcourse.statistics import intervals_of_sets

PAGE = notebooks.SOURCES / "06-ddpg.py"


@pytest.fixture(scope="module")
def names():
    """The page's names after the cells of sections 1, 3 and 4, and of the colours."""
    cells = notebooks.code_cells(notebooks.compile_source(PAGE))
    wanted = ("draw_memory", "def growth", "def draw_buffer", "SPECTRA = ")
    holding = [i for i, cell in enumerate(cells) if any(name in cell for name in wanted)]
    needed = set().union(*(notebooks.needed_cells(cells, index) for index in holding))
    with contextlib.redirect_stdout(io.StringIO()):
        return notebooks.run_cells(cells, sorted(needed))


def test_what_the_first_prediction_says_of_its_choices_is_counted(names):
    counted = {m: names["cells_entered"](names["travel"](names["forces"](m, 400))) for m in (0.0, 0.85, 0.99)}
    assert counted[0.0] == pytest.approx(100, abs=8)
    assert counted[0.85] == pytest.approx(190, abs=8)
    assert counted[0.99] == pytest.approx(130, abs=8)
    for seed in (1, 2, 3):  # not this draw's luck
        none, some, most = (
            names["cells_entered"](names["travel"](names["forces"](m, 400, seed=seed))) for m in counted
        )
        assert some > max(none, most)


def test_section_3_what_a_batch_is_worth_is_so_of_batches_that_are_drawn(names):
    heights, rng = names["stream"][:, 0].astype(float), np.random.default_rng(0)
    for capacity, batch in ((128, 128), (1000, 32)):
        ends = rng.integers(capacity, len(heights) + 1, size=40_000)
        means = np.array(
            [heights[end - capacity + rng.integers(capacity, size=batch)].mean() for end in ends]
        )
        drawn = heights.var() / np.mean((means - heights.mean()) ** 2)
        assert names["worth"](capacity, batch) == pytest.approx(drawn, rel=0.05)
    assert names["worth"](128, 128) == pytest.approx(2.7, abs=0.05)
    assert names["worth"](128, 512) < 2.9  # "hardly more"


def test_further_most_energy_where_the_power_is(names):
    energy = {
        name: [names["oscillator_energy"](rho, 0.3, 0.1, k) for k in (1, 10, 100)]
        for name, (_, rho, _) in names["FOUR"].items()
    }
    assert (
        max(energy, key=lambda n: energy[n][0]) == "red" and min(energy, key=lambda n: energy[n][2]) == "red"
    )
    cells = {
        name: names["cells_entered"](names["travel"](force)) for name, (force, *_) in names["FOUR"].items()
    }
    assert all(150 < cells[name] < 205 for name in ("OU", "pink", "red")) and cells["white"] < 115


def test_section_6_what_holds_in_each_of_three_sets_of_the_recorded_parts():
    found = json.loads((notebooks.LECTURES / "recordings" / "06-parts.json").read_text())["found"]
    late = np.array(found["at"]) > 1500
    for task, part, claimed in (
        ("pendulum", "no slow copies", True),
        ("pendulum", "short memory", True),
        ("pendulum", "no noise", False),
        ("pole", "no mask", True),
    ):
        worth = (np.array(found[task]["DDPG"]) - np.array(found[task][part]))[:, late].mean(axis=1)
        lows = [x.low for x in intervals_of_sets(worth)]
        assert (min(lows) > 0) == claimed, (task, part, lows)
    fallen = np.array(found["pole"]["no mask"])[:, late]
    assert fallen.max() < 15  # "falls at once"


def test_exercise_1_pull_and_volatility_from_memory_and_spread():
    assert np.sqrt(ou_variance(0.1, 0.2 * np.sqrt(1 - 0.81), 1)) == pytest.approx(0.2)
    assert 0.2 * np.sqrt(1 - 0.81) == pytest.approx(0.0872, abs=5e-5)


def test_exercise_2_half_of_a_slow_copy():
    assert 0.99**68 > 0.5 > 0.99**69
    assert 0.995**138 > 0.5 > 0.995**139  # what section 4 says
    assert pytest.approx(0.5, abs=2e-3) == (1 - 0.067) ** 10


def test_exercise_3_the_determinant_that_decides():
    alpha, tau = 0.3, 0.2
    for gamma in (0.4, 0.6, 0.99):
        M = linear.target_network_matrix(*linear.w_to_2w(gamma), alpha, tau)
        assert (
            pytest.approx(
                np.array(
                    [[1 - alpha, 2 * gamma * alpha], [tau * (1 - alpha), 1 - tau + 2 * gamma * alpha * tau]]
                )
            )
            == M
        )
        assert np.linalg.det(M - np.eye(2)) == pytest.approx(alpha * tau * (1 - 2 * gamma))
        assert (linear.spectral_radius(M) > 1) == (gamma > 0.5)


def test_exercise_4_a_copy_that_jumps_settles_if_it_stands_still_for_long(names):
    mdp, _, features, frequency = names["CURED"]
    P, step = mdp.transition[:, 0], 0.5 / names["LARGEST"]
    C = features.T @ (frequency[:, None] * features)
    F = mdp.gamma * features.T @ (frequency[:, None] * (P @ features))
    waits = [np.linalg.matrix_power(np.eye(2) - step * C, n) for n in range(1, 61)]
    radii = [linear.spectral_radius(G + (np.eye(2) - G) @ np.linalg.solve(C, F)) for G in waits]
    settles = [n for n, radius in enumerate(radii, 1) if radius < 1]
    assert settles == list(range(26, 61))
    growth = {}
    for still in (20, 50):  # the same by running it
        copy, sizes = np.array([1.0, 0.5]), []
        for _ in range(400):
            w = copy
            for _ in range(still):
                error = mdp.gamma * P @ features @ copy - features @ w
                w = w + step * features.T @ (frequency * error)
            copy = w
            sizes.append(np.linalg.norm(copy))
        growth[still] = (sizes[-1] / sizes[99]) ** (1 / (300 * still))
        assert growth[still] ** still == pytest.approx(radii[still - 1], rel=2e-2)


def test_a_copy_that_waits_is_multiplied_by_what_section_4_says(names):
    for problem, expected in ((names["CURED"], 0.9), (names["NEVER"], 1.98)):
        mdp, _, features, frequency = problem
        C = features.T @ (frequency[:, None] * features)
        F = mdp.gamma * features.T @ (frequency[:, None] * (mdp.transition[:, 0] @ features))
        assert linear.spectral_radius(np.linalg.solve(C, F)) == pytest.approx(expected)
