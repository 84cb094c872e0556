"""Lecture 09: its labs after the cells they need, and each exercise done as it is written."""

import contextlib
import io
import re

import numpy as np
import pytest

from rlcourse import notebooks
from rlcourse.equations import markov
from rlcourse.equations import trust_region as tr
from rlcourse.pages import receipt

PAGE = notebooks.SOURCES / "09-trust-region-methods.py"


@pytest.fixture(scope="module")
def cells():
    return notebooks.code_cells(notebooks.compile_source(PAGE))


def holding(cells, text):
    """The one cell that holds a text."""
    (index,) = [i for i, cell in enumerate(cells) if text in cell]
    return index


@pytest.fixture(scope="module")
def page(cells):
    """The page's names after the cells that its labs and its payoff need."""
    texts = ("lab_step =", "lab_path =", "lab_map =", "shared = {", "circle = np.stack")
    needed = set().union(*(notebooks.needed_cells(cells, holding(cells, text)) for text in texts))
    with contextlib.redirect_stdout(io.StringIO()):
        return notebooks.run_cells(cells, sorted(needed))


def rerun(cells, page, text, *changes):
    """Run the cell that holds a text again, with (old, new) pieces replaced, as a reader edits it."""
    source = cells[holding(cells, text)]
    for old, new in changes:
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in the cell"
        source = source.replace(old, new)
    with contextlib.redirect_stdout(io.StringIO()):
        return notebooks.run_cells([source], [0], page)


# The page's form


def test_the_reader_sees_a_lab_within_five_cells_and_before_a_formula():
    compiled = notebooks.compile_source(PAGE).cells
    first = next(i for i, cell in enumerate(compiled) if "explore(" in cell.source)
    assert sum(cell.cell_type == "code" for cell in compiled[: first + 1]) <= 5
    assert first <= 5
    assert not any("$$" in cell.source for cell in compiled[:first])


def test_each_prediction_gives_a_reason_for_each_wrong_choice_and_the_right_one_moves(cells):
    places = []
    for index, cell in enumerate(cells):
        if notebooks.calls(cell, {"predict"}):
            asked = eval(cell, notebooks.run_cells(cells, [0]))
            wrong = [choice for choice in asked.choices if choice != asked.right_answer]
            assert len(wrong) == 2
            assert all(asked.reasons[choice] for choice in wrong), f"cell {index}"
            places.append(list(asked.choices).index(asked.right_answer))
    assert len(places) == 5
    assert len(set(places)) > 1


# The labs


def test_every_position_of_the_first_lab_is_in_its_picture(page):
    lab = page["lab_step"]
    for x in (-2.0, -1.7, 1.65, 1.66, 2.0):
        lab.set(x=x, radius=3.0)
        assert lab.error is None
        (ax,) = lab.figure.axes
        low, high = ax.get_ylim()
        assert low <= tr.double_well(x) <= high
        for line in ax.lines:  # and so is each mark
            if line.get_marker() in "osv":
                assert low <= line.get_ydata()[0] <= high
                assert -2 <= line.get_xdata()[0] <= 2
    lab.reset()


def test_a_mark_outside_the_picture_is_hollow_on_its_frame(page):
    lab = page["lab_step"].set(x=0.5, radius=3.0)
    square = next(line for line in lab.figure.axes[0].lines if line.get_marker() == "s")
    assert (square.get_xdata()[0], square.get_markerfacecolor()) == (2.0, "white")
    square = next(line for line in lab.reset().figure.axes[0].lines if line.get_marker() == "s")
    assert square.get_markerfacecolor() != "white"


@pytest.mark.parametrize("x", [-1.0, 1.0])
def test_the_second_lab_says_at_a_minimum_that_there_is_no_step_and_draws_it(page, x):
    lab = page["lab_path"]
    lab.reset()
    before = [ax.get_title(loc="left") for ax in lab.figure.axes]
    lab.set(x=x)
    titles = [ax.get_title(loc="left") for ax in lab.figure.axes]
    assert lab.error is None
    assert not set(titles) & set(before), "a title of the picture before"
    assert titles == ["Already at a minimum", "No step to take"]
    star = [line for line in lab.figure.axes[0].lines if line.get_marker() == "*"]
    assert [line.get_xdata()[0] for line in star] == [x]
    lab.reset()


def test_the_third_lab_jumped_to_directly_draws_at_every_end_of_its_sliders(cells):
    needed = notebooks.needed_cells(cells, holding(cells, "lab_map ="))
    with contextlib.redirect_stdout(io.StringIO()):
        lab = notebooks.run_cells(cells, needed)["lab_map"]
    assert lab.error is None
    for function in ("Rosenbrock", "two wells"):
        for x, y, radius in ((-1.9, -1.4, 0.05), (1.9, 2.4, 3.0), (0.0, 0.0, 0.5)):
            assert lab.set(function=function, x=x, y=y, radius=radius).error is None


@pytest.mark.parametrize("x", [-0.4, -0.3, -0.1, 0.05, 0.2, 0.4])
def test_between_the_wells_at_y_0_newton_climbs_and_the_others_do_not(page, x):
    lab = page["lab_map"]
    assert lab.kept.settings["between two wells"]["y"] == 0
    numbers = lab.set(**lab.kept.settings["between two wells"] | {"x": x}).numbers
    assert lab.error is None
    assert numbers["f after Newton"] > numbers["f here"]
    assert numbers["f after trust region"] < numbers["f here"]
    assert numbers["f after gradient"] < numbers["f here"]
    lab.reset()


@pytest.mark.parametrize("x, y", [(0.45, 0.0), (-0.5, 0.0), (0.2, 0.3), (0.4, 0.3)])
def test_beyond_the_hill_or_beside_the_pass_newtons_step_falls(page, x, y):
    numbers = page["lab_map"].set(function="two wells", x=x, y=y, radius=0.5).numbers
    assert numbers["f after Newton"] < numbers["f here"]
    page["lab_map"].reset()


# What the text says of its pictures


def test_the_curve_of_best_steps_is_the_exact_solution_for_convex_and_concave_models(cells):
    page = notebooks.run_cells(cells, notebooks.needed_cells(cells, holding(cells, "def best_steps")))
    angles = np.linspace(0, 2 * np.pi, 20_001)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for f, x in ((tr.rosenbrock, np.array([-0.6, 0.3])), (tr.double_well_2d, np.array([0.35, 0.8]))):
        model = tr.quadratic_model(f, x)
        for p in page["best_steps"](model.gradient, model.hessian)[::40]:
            around = model(np.linalg.norm(p) * circle).min()
            assert model(p) == pytest.approx(around, rel=1e-6, abs=1e-5)


def test_steihaugs_path_is_one_broken_line_that_the_radius_cuts_off():
    f, x = tr.double_well_2d, np.array([0.35, 0.8])
    g, B = f.gradient(x), f.hessian(x)
    walk = np.array([tr.steihaug_step(g, B, r, tolerance=1e-10) for r in np.linspace(0.01, 2, 200)])
    assert np.all(np.diff(np.linalg.norm(walk, axis=1)) > 0)
    turns = np.diff(walk, axis=0)
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    assert np.sum(np.sum(turns[1:] * turns[:-1], axis=1) < 1 - 1e-9) <= 2  # one corner


def test_from_a_half_the_curve_keeps_87_and_64_percent_of_its_promise_and_climbs_beyond_0_82():
    assert tr.trust_region_step(tr.double_well, 0.5, 0.3).ratio == pytest.approx(0.87, abs=0.005)
    assert tr.trust_region_step(tr.double_well, 0.5, 0.5).ratio == pytest.approx(0.64, abs=0.005)
    assert tr.trust_region_step(tr.double_well, 0.5, 0.82).actual > 0
    assert tr.trust_region_step(tr.double_well, 0.5, 0.83).actual < 0


def test_newtons_whole_step_from_a_half_ends_in_a_minimum_though_it_climbs_at_first():
    direction = -tr.double_well.gradient(0.5) / tr.double_well.hessian(0.5)
    assert tr.double_well.gradient(0.5) * direction > 0
    assert 0.5 + direction == pytest.approx(-1)


def test_the_third_labs_first_step_is_one_shortened_piece_along_the_gradient():
    point, radius = np.array([-1.0, 0.3]), 0.5
    step, model = tr.trust_region_step(tr.rosenbrock, point, radius), tr.quadratic_model(tr.rosenbrock, point)
    p = step.candidate - point
    along = -model.gradient / np.linalg.norm(model.gradient)
    assert p @ along == pytest.approx(np.linalg.norm(p))
    assert np.linalg.norm(p) == pytest.approx(0.26, abs=0.005)
    assert step.predicted == pytest.approx(40.9, abs=0.05)
    angles = np.linspace(0, 2 * np.pi, 100_001)
    edge = model(radius * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    assert model.value - edge.min() == pytest.approx(48.2, abs=0.05)


def test_on_the_concave_model_steihaug_gets_59_percent_of_the_best_decrease():
    model = tr.quadratic_model(tr.double_well_2d, np.array([0.35, 0.8]))
    angles = np.linspace(0, 2 * np.pi, 100_001)
    best = model(1.3 * np.stack([np.cos(angles), np.sin(angles)], axis=1)).min() - model.value
    got = model(tr.steihaug_step(model.gradient, model.hessian, 1.3, tolerance=1e-10)) - model.value
    assert got / best == pytest.approx(0.59, abs=0.005)


def test_the_radius_set_by_the_ratio_ends_the_swing_of_lecture_08(page):
    optimum, shared = page["optimum"], page["shared"]
    for delta in ("0.1", "0.01"):
        etas, _ = shared[f"fixed δ = {delta}"]
        assert np.sum(np.diff(etas)[20:] < 0) >= 5, "a fixed radius goes on losing"
    etas, deltas = shared["δ set by ρ"]
    assert np.all(np.diff(etas) >= 0)
    assert optimum - etas[-1] < 1e-6
    assert deltas[-1] < 1e-5 * deltas[0]


# The exercises, as they are written


def test_exercise_1_an_accept_shrink_is_found_in_the_first_lab(page):
    lab = page["lab_step"].set(x=0.5, radius=0.75)
    assert lab.numbers["verdict"] == "accept, shrink"
    assert 0.15 < lab.numbers["ρ"] < 0.25
    lab.reset()


def test_exercise_2_no_start_right_of_the_hill_crosses_it():
    for x in np.linspace(0.01, 2, 100):
        for radius in (0.05, 0.3, 1.0, 4.0):
            path = tr.trust_region_path(tr.double_well, x, radius, 30)
            assert all(step.candidate > 0 for step in path)


def test_exercise_3_newton_climbs_from_the_floor_of_the_valley_where_the_model_is_convex(page):
    numbers = page["lab_map"].set(function="Rosenbrock", x=-1.0, y=1.0, radius=0.5).numbers
    assert numbers["lowest curvature"] > 0
    assert numbers["f after Newton"] > numbers["f here"]
    point = np.array([-1.0, 1.0])
    newton = point - np.linalg.solve(tr.rosenbrock.hessian(point), tr.rosenbrock.gradient(point))
    assert newton == pytest.approx([1, -3])
    page["lab_map"].reset()


@pytest.mark.parametrize("first", ["1", "0.0001"])
def test_exercise_4_the_end_does_not_depend_on_the_first_radius(cells, page, first):
    again = rerun(
        cells, dict(page), "shared = {", ("best_shared, 0.1, adapt=True", f"best_shared, {first}, adapt=True")
    )
    etas, deltas = again["shared"]["δ set by ρ"]
    assert again["optimum"] - etas[-1] < 1e-6
    grows = deltas.max() > deltas[0]
    assert grows == (first == "0.0001")


def noisy_return(seed):
    rng = np.random.default_rng(seed)
    return lambda mdp, policy: markov.expected_return(mdp, policy) + rng.normal(0, 0.01)


@pytest.mark.parametrize("seeds", [range(10), range(100, 110), range(200, 210)], ids=["0", "100", "200"])
def test_exercise_5_noise_stops_the_rule_early_at_a_number_that_no_policy_reaches(cells, page, seeds):
    noisy = rerun(
        cells, dict(page), "def climb",
        ("return np.array(etas), np.array(deltas)", "return np.array(etas), np.array(deltas), pi"),
    )  # fmt: skip
    two, optimum, ends, last = noisy["two"], noisy["optimum"], [], []
    for seed in seeds:
        etas, deltas, pi = noisy["climb"](
            two, noisy["shared_start"], noisy["best_shared"], 0.1, adapt=True, ask=noisy_return(seed)
        )
        ends.append(etas[-1] - optimum)
        last.append(optimum - markov.expected_return(two, pi))
        assert deltas[-1] < 1e-5
    assert np.mean(ends) > 0.005
    assert np.sum(np.array(ends) > 0) >= 8
    assert max(last) < 0.05


def test_exercise_6_the_check_of_the_hard_case_runs_and_could_fail(page):
    (cell,) = [c for c in notebooks.compile_source(PAGE).cells if c.source.startswith("## Summary")]
    (check,) = re.findall(r"```python\n(.*?)```", cell.source, re.DOTALL)
    names = page | {"receipt": receipt}
    with contextlib.redirect_stdout(io.StringIO()):
        notebooks.run_cells([check], [0], dict(names))
        with pytest.raises(AssertionError):
            notebooks.run_cells([check.replace("sqrt(3.75)", "sqrt(3.5)")], [0], dict(names))


def test_the_summary_and_the_exercises_stand_above_what_may_be_skipped():
    cells = notebooks.compile_source(PAGE).cells
    headings = [line[3:] for c in cells for line in c.source.split("\n") if line.startswith("## ")]
    order = [headings.index(name) for name in ("Summary", "Exercises", "Further", "Sources")]
    assert order == sorted(order)
