"""Lectures 01 and 01b: what predictions and sentences claim, and each exercise done as it is written."""

import contextlib
import io
import re
from dataclasses import replace

import numpy as np
import pytest

from rlcourse import notebooks
from rlcourse.equations import linear, markov

PAGES = {"01": "01-decision-processes.py", "01b": "01b-linear-value-functions.py"}


class Page:
    """A page: its cells, and its names after the cells that hold some texts, and those that they need."""

    def __init__(self, number, texts):
        notebook = notebooks.compile_source(notebooks.SOURCES / PAGES[number])
        self.compiled, self.cells = notebook.cells, notebooks.code_cells(notebook)
        holding = [i for i, cell in enumerate(self.cells) if any(text in cell for text in texts)]
        assert len(holding) >= len(texts)
        needed = set().union(*(notebooks.needed_cells(self.cells, index) for index in holding))
        with contextlib.redirect_stdout(io.StringIO()):
            self.names = notebooks.run_cells(self.cells, sorted(needed))

    def checks_of(self, number):
        """The code that an exercise's answer shows."""
        (cell,) = [cell for cell in self.compiled if "## Exercises" in cell.source]
        text = re.search(rf"\*\*{number}\*\* ★.*?(?=\n\*\*{number + 1}\*\* ★|\Z)", cell.source, re.DOTALL)[0]
        return re.findall(r"```python\n(.*?)```", text, re.DOTALL)

    def printed(self, number):
        """What the check of an exercise prints, run after the page."""
        said = io.StringIO()
        (source,) = self.checks_of(number)
        with contextlib.redirect_stdout(said):
            notebooks.run_cells([source], [0], dict(self.names))
        return said.getvalue()


@pytest.fixture(scope="module")
def page():
    texts = ("def draw_polytope", "totals =", "def batch(", "def world_of", "def until_the_end", "from_16 =")
    return Page("01", texts)


@pytest.fixture(scope="module")
def names(page):
    return page.names


@pytest.fixture(scope="module")
def linear_page():
    texts = (
        "EXPLOSION =",
        "CORNERS = ",
        "def learn_block",
        "def work(",
        "w_td =",
        "def settle",
        "mostly_best =",
        "def run_corner",
    )
    return Page("01b", (*texts, "def learn_live"))


@pytest.fixture(scope="module")
def names_b(linear_page):
    return linear_page.names


# 01


@pytest.mark.parametrize("number", PAGES)
def test_every_world_is_drawn_before_a_receipt_speaks_of_it(number):
    cells = notebooks.code_cells(notebooks.compile_source(notebooks.SOURCES / PAGES[number]))
    for maker, picture in {
        "01": (
            ("goat = ", "plots.mdp(goat"),
            ("grid = markov.jump_grid(0.9999)", "plots.grid(ax, (5, 5), names"),
        ),
        "01b": (
            ("BAIRD = ", "plots.show("),
            ("circle = ", "plots.mdp(circle"),
            ("pair = ", "plots.mdp(pair"),
        ),
    }[number]:
        drawn = next(i for i, cell in enumerate(cells) if picture in cell)
        made = next(i for i, cell in enumerate(cells) if maker in cell)
        checked = next(i for i, cell in enumerate(cells[made:], made) if "same(" in cell)
        assert drawn <= checked


def test_one_corner_of_the_polytope_is_best_in_both_places_and_no_policy_is_better(names):
    best = markov.values(names["goat"], names["habit"](1, 0))
    assert (names["CLOUD"] <= best + 1e-12).all()
    rng = np.random.default_rng(0)
    for _ in range(200):
        inside = markov.values(names["goat"], names["habit"](*rng.random(2)))
        assert (inside <= best + 1e-12).all()


def test_the_coin_stops_at_the_discounted_return_for_other_policies_and_discounts_too(names):
    for seed, gamma in enumerate((0.5, 0.8)):
        goat = replace(names["goat"], gamma=gamma)
        policy = names["habit"](0.7, 0.2)
        walks = markov.sample_walks(goat, policy, 80, 20_000, seed)
        going = np.random.default_rng(seed).random((80, 20_000)) < gamma
        alive = np.cumprod(np.vstack([np.ones(20_000, bool), going[:-1]]), axis=0)
        totals = (alive * walks.rewards).sum(axis=0)
        assert abs(totals.mean() - markov.expected_return(goat, policy)) < 4 * totals.std() / 20_000**0.5


def test_of_random_steps_the_visitation_becomes_the_stationary_distribution_and_is_none_of_the_others(names):
    _, pi, d, _ = names["world_of"]("random", 0.99)
    stationary = markov.stationary_distribution(markov.jump_grid(), pi)
    assert np.abs(d - stationary).sum() < 0.15
    assert stationary.max() > 1.5 * stationary.min() and stationary.argmax() != 1
    assert names["world_of"]("random", 0.0)[2][20] == 1


def test_the_best_goat_in_b_turns_from_b_to_a_between_two_positions_of_the_slider(names):
    """13 is B′; north leads to B, west to A. Exercise 3 says where, and so does the lab."""
    north, west = 0, 3
    assert names["world_of"]("best", 0.84)[1][13, north] == 1
    assert (
        names["world_of"]("best", 0.85)[1][13, north] < 1 and names["world_of"]("best", 0.85)[1][13, west] > 0
    )


def test_going_east_for_ever_ends_at_a_wall_in_the_lowest_row(names):
    V, _, d, _ = names["world_of"]("east", 0.9)
    assert d[:20].max() == 0 and d[24] > 0.5 and V[24] == pytest.approx(-10)


def test_the_two_learners_give_the_two_right_answers(names):
    assert names["batch"](True) == pytest.approx((0.75, 0.75), abs=1e-6)
    assert names["batch"](False) == pytest.approx((0.0, 0.75), abs=1e-6)


def test_four_or_eight_rewards_in_a_target_are_best_in_three_disjoint_sets_of_learners(names):
    for first in (100, 200, 300):
        walks = [names["until_the_end"](seed, 40) for seed in range(first, first + 10)]
        best = {n: names["learn"](n, walks, 40).mean(axis=0).min() for n in (1, 2, 4, 8, 16, 64)}
        assert min(best, key=best.get) in (4, 8)
        assert best[4] < best[1] - 0.01 and best[8] < best[64] - 0.01


def test_bias_and_variance_are_what_the_text_says_and_their_sum_is_least_at_32(page):
    exec_names = dict(page.names)
    (cell,) = [cell for cell in page.cells if "MOMENTS =" in cell]
    with contextlib.redirect_stdout(io.StringIO()):
        notebooks.run_cells([cell.split("explore(")[0]], [0], exec_names)
    bias, variance = exec_names["BIAS"], exec_names["VARIANCE"]
    assert bias[0] == pytest.approx(0.083, abs=5e-4) and bias[-1] < 1e-3
    assert variance[0] == pytest.approx(0.007, abs=5e-4) and variance[-1] == pytest.approx(0.074, abs=5e-4)
    assert exec_names["NS"][(bias + variance).argmin()] == 32
    alphas = {n: exec_names["ALPHAS"][exec_names["LEARNT"][n].mean(axis=0).argmin()] for n in (1, 256)}
    assert alphas == {1: 0.84, 256: 0.06}


def test_exercise_1_of_01(page):
    assert float(page.printed(1)) == pytest.approx(0.0225, abs=1e-12)


def test_exercise_2_of_01_more_of_every_reward_moves_values_and_no_advantage(page):
    numbers = [float(x) for x in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", page.printed(2))]
    assert numbers[:2] == pytest.approx([20, 20]) and numbers[2:] == pytest.approx([0] * 4, abs=1e-12)


def test_exercise_3_of_01_a_is_better_from_0_848_on(page):
    assert float(page.printed(3)) == pytest.approx(0.848, abs=1e-3)


def test_exercise_4_of_01_where_b_remembers_monte_carlo_is_right():
    """Episodes of the world that exercise 4 describes: from A nothing is paid, else B pays 1 in 6 of 7."""
    rng = np.random.default_rng(0)
    from_a = rng.random(10_000) < 1 / 8
    pays = ~from_a & (rng.random(10_000) < 6 / 7)
    assert pays[from_a].mean() == 0 and pays.mean() == pytest.approx(0.75, abs=0.02)


# 01b


def test_the_explosion_goes_on_for_ever_and_no_state_is_spared(names_b):
    V = names_b["EXPLOSION"]
    assert (V[1000] > 4 * V[300]).all() and (V[300] > V[0]).all()


def test_few_examples_want_wide_intervals_and_many_narrow_ones_in_three_sets(names_b):
    errors, widths = names_b["BLOCK_ERRORS"], names_b["WIDTHS"]
    for third in range(3):
        best = widths[errors[:, :, 10 * third : 10 * third + 10].mean(axis=2).argmin(axis=1)]
        assert best[0] >= 0.3 and best[4] in (0.06, 0.09, 0.13) and (best[6:] <= 0.04).all()
        assert (np.diff(best) <= 0.011).all()
    assert errors[-1][[1, 7]].mean(axis=1) == pytest.approx([0.08, 0.09], abs=0.006)


def test_td_turns_and_settles_elsewhere_than_monte_carlo(names_b):
    A, b, A_mc, b_mc = (names_b[name] for name in ("A", "b", "A_mc", "b_mc"))
    eigenvalues = np.linalg.eigvals(A)
    assert (eigenvalues.real > 0).all() and abs(eigenvalues.imag).min() > eigenvalues.real.max()
    assert np.linalg.norm(np.linalg.solve(A, b) - np.linalg.solve(A_mc, b_mc)) > 0.3


def test_the_quarters_have_the_numbers_of_the_text(names_b):
    assert names_b["w_td"][0] == pytest.approx(0.89, abs=5e-3)
    assert names_b["w_fit"][0] == pytest.approx(1.75, abs=5e-3)
    assert (abs(names_b["w_td"]) < abs(names_b["w_fit"])).all()


def test_the_fixed_point_of_two_states_is_infinite_at_one_share_and_unstable_beyond(names_b):
    settle, times = names_b["settle"], names_b["times_worse"]
    shares = np.linspace(0.01, 0.99, 99)
    sign = np.sign([settle(share)[0] for share in shares])
    assert (np.diff(sign) != 0).sum() == 1 and names_b["UNSTABLE"] == pytest.approx(0.42, abs=5e-3)
    assert times(0.09) == pytest.approx(1.6, abs=0.05)
    assert times(0.09) < 1 / np.sqrt(1 - 0.81)
    assert settle(0.41)[0] > 0 and times(0.41) > 10
    own = markov.stationary_distribution(names_b["pair"], names_b["PAIR"])
    assert own[0] == pytest.approx(0.09, abs=2e-3)


def test_where_its_weights_come_from_matters_to_td_and_hardly_to_the_best_fit(names_b):
    grid, policy, V, d, quarters = (
        names_b[n] for n in ("grid", "mostly_best", "V_best", "visits", "quarters")
    )
    fit, td = [], []
    for weights in (d, np.full(25, 0.04), names_b["stationary"]):
        fit.append(np.sqrt(d @ (quarters @ names_b["best_fit"](quarters, V, weights) - V) ** 2))
        td.append(np.sqrt(d @ (quarters @ linear.td_fixed_point(grid, policy, quarters, weights) - V) ** 2))
    assert fit == pytest.approx([1.85, 1.90, 2.14], abs=0.01)
    assert td == pytest.approx([3.2, 9.0, 13.4], abs=0.05)


def test_a_corner_explodes_if_and_only_if_all_three_legs_stand(names_b):
    for corner in names_b["CORNERS"]:
        for alpha in (0.001, 0.01, 0.1):
            assert (names_b["spectral_radius"](alpha, **corner) > 1) == all(corner.values())


def test_a_leg_that_is_taken_away_while_td_runs_brings_the_values_down(names_b):
    learn, td = names_b["learn_live"], names_b["TD"]
    for leg, fast in (("bootstrapping", True), ("approximation", False), ("off_policy", False)):
        heights = []

        def take_away(training, leg=leg, heights=heights):
            heights.append(
                training.run.curve.returns[:, -1:].mean() if training.run.curve.steps.size else np.nan
            )
            if training.steps == 1000:
                training.algorithm = replace(training.algorithm, **{leg: False})

        run = learn(td(), "Baird", steps=3000, seeds=2, callbacks=[take_away])
        at = run.curve.returns.mean(axis=0)[[9, 29]]  # after 1000 and 3000 transitions
        assert at[0] > 2 and at[1] < at[0] - (2 if fast else 0), leg
        assert run.status == "finished" and heights


def test_estimates_do_not_jump_where_a_table_takes_over(names_b):
    heights = []

    def switch(training):
        if training.steps in (500, 600):
            training.algorithm = replace(training.algorithm, approximation=training.steps == 600)

    run = names_b["learn_live"](names_b["TD"](), "Baird", steps=700, seeds=2, callbacks=[switch])
    heights = run.curve.returns.mean(axis=0)
    assert abs(np.diff(heights)).max() < 0.6


def test_exercise_2_of_01b_w_grows_above_one_half(linear_page):
    (low, below), (high, above) = (line.split() for line in linear_page.printed(2).splitlines())
    assert (
        (low, high) == ("0.4", "0.6")
        and float(below) == pytest.approx(0.98)
        and float(above) == pytest.approx(1.02)
    )


def test_exercise_3_of_01b_the_threshold_lies_between_0_88_and_0_89(linear_page):
    radii = {line.split()[0]: float(line.split()[1]) for line in linear_page.printed(3).splitlines()}
    assert radii["0.88"] < 1 < radii["0.89"] and radii["0.80"] < 1 < radii["0.99"]


def test_exercise_4_of_01b_three_methods_rest_at_three_places(linear_page):
    numbers = [float(x) for x in re.findall(r"-?\d+\.\d+", linear_page.printed(4))]
    places = np.array(numbers).reshape(3, 2)
    assert min(np.linalg.norm(places[i] - places[j]) for i in range(3) for j in range(i)) > 0.05
    B = linear_page.names["corners"] - 0.9 * np.roll(linear_page.names["corners"], -1, axis=0)
    assert np.allclose(places[0], np.linalg.lstsq(B, np.eye(8)[0], rcond=None)[0], atol=1e-7)
