"""Lectures 02 and 02b: what predictions and sentences claim, and each exercise done as it is written."""

import contextlib
import io
import json

import numpy as np
import pytest

from rlcourse import notebooks
from rlcourse.equations import imitation, markov

RECORDINGS = notebooks.LECTURES / "recordings"


def names_of(page, *texts):
    """A page's names after the cells that hold the texts, and those that they need."""
    cells = notebooks.code_cells(notebooks.compile_source(notebooks.SOURCES / page))
    holding = [i for i, cell in enumerate(cells) if any(text in cell for text in texts)]
    assert len(holding) >= len(texts)
    needed = set().union(*(notebooks.needed_cells(cells, index) for index in holding))
    with contextlib.redirect_stdout(io.StringIO()):
        return notebooks.run_cells(cells, sorted(needed))


@pytest.fixture(scope="module")
def names():
    return names_of("02-imitation.py", "def draw_ball", "def slope", "gaps, bounds = []", "def falls")


@pytest.fixture(scope="module")
def names_b():
    return names_of("02b-many-right-answers.py", "def lane_of", "distance = {", "def without_a_teacher")


def recording(name):
    found = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["found"]
    return {key: {inner: np.array(x) for inner, x in value.items()} for key, value in found.items()}


# 02


def test_the_student_of_a_perfect_teacher_is_87_away_without_an_error_and_a_little_shake_cures_him(
    names,
):
    k, loss = names["student"](0.0)
    assert (k, loss) == (0.0, 0.0)
    turn = names["his_turn"](k, 0.001)
    assert np.sqrt(np.mean(turn[-1] ** 2)) == pytest.approx(87, abs=0.5)
    k, loss = names["student"](0.001)
    assert k == pytest.approx(-1) and loss < 1e-30
    assert abs(names["his_turn"](k, 0.001)).max() < 0.005


def test_more_perfect_demonstrations_change_nothing(names):
    x, a = names["lesson"](0.0, demonstrations=1000)
    assert imitation.fitted_gain(x[:-1], a) == 0.0


def test_random_worlds_pay_mostly_less_than_a_tenth_of_the_bound(names):
    ratio = names["gaps"] / names["bounds"]
    assert len(ratio) == 1000 and ratio.max() < 0.5 and np.mean(ratio <= 0.1) > 0.8


def test_dagger_has_slope_1_where_mistakes_are_cheap_and_cloning_2_and_both_2_where_they_are_dear(names):
    slope = names["slope"]
    assert slope(lambda n: imitation.dagger_cost(0.001, n, 5), 100) == pytest.approx(1, abs=0.05)
    assert slope(lambda n: imitation.cloning_cost(0.001, n), 100) == pytest.approx(2, abs=0.06)
    dear = slope(lambda n: imitation.dagger_cost(0.001, n, 1000), 100)
    assert dear == pytest.approx(slope(lambda n: imitation.cloning_cost(0.001, n), 100), abs=0.05)


def test_the_clone_has_the_lowest_loss_and_the_lowest_return_in_each_set_of_seeds():
    taught = recording("02-teaching")
    for one in np.split(np.arange(24), 3):
        loss = {name: found["log-loss"][one, -1].mean() for name, found in taught.items()}
        gain = {name: found["return"][one, 4:].mean() for name, found in taught.items()}
        assert min(loss, key=loss.get) == min(gain, key=gain.get) == "Cloning"


def test_with_one_rule_the_fall_does_not_depend_on_the_steps_and_with_own_signs_it_becomes_certain(names):
    falls = names["falls"]
    shared = [falls(T, shared=True).mean() for T in (10, 100, 1000)]
    assert np.ptp(shared) < 0.02 and shared[-1] == pytest.approx(1 - np.exp(-0.5), abs=0.01)
    assert falls(100, shared=False).mean() > 0.99


def test_chunks_of_six_or_more_tame_the_answer_in_the_forgiving_world_only():
    factors = {h: imitation.chunk_factor(h, 0.9, 0.3, 0.5) for h in range(1, 30)}
    assert [h for h, factor in factors.items() if factor < 1] == list(range(6, 30))
    assert all(imitation.chunk_factor(h, 1.2, 0.3, 0.5) > 1 for h in range(1, 30))


def test_02_exercise_1():
    assert imitation.cloning_cost(0.001, 100) == pytest.approx(4.89, abs=0.005)
    assert pytest.approx(5.05) == 0.001 * 100 * 101 / 2


def test_02_exercise_2():
    cheaper = [
        T for T in range(1, 200) if 2 * imitation.dagger_cost(0.001, T, 5) < imitation.cloning_cost(0.001, T)
    ]
    assert cheaper == list(range(15, 200))
    assert imitation.dagger_cost(0.001, 15, 5) == pytest.approx(0.0591, abs=5e-5)
    assert imitation.cloning_cost(0.001, 15) == pytest.approx(0.1194, abs=5e-5)


def test_02_exercise_3():
    x = imitation.path_of_gain(-1.0, np.zeros((60, 50)), start=1.0)
    assert imitation.fitted_gain(x[:-1], -x[:-1]) == pytest.approx(-1)
    line = np.array([1.0, 0.5])  # two dimensions, starts on one line
    starts = np.random.default_rng(0).normal(size=(50, 1)) * line
    gain = np.linalg.lstsq(starts, -starts, rcond=None)[0]
    np.testing.assert_allclose(line @ gain, -line)
    across = np.array([-0.5, 1.0])
    np.testing.assert_allclose(across @ gain, 0, atol=1e-12)


def test_02_exercise_4():
    right = np.array([[1.0, 0.0], [1.0, 0.0]])
    for T in (1, 2, 9):
        assert imitation.price_of_a_mistake(markov.tightrope_with_ladder(), right, T) == T
        assert imitation.price_of_a_mistake(markov.tightrope_with_ladder(2), right, T) == min(T, 2)


# 02b


def test_one_gaussian_drives_into_the_tree_two_pass_it_and_more_bring_little(names_b):
    lanes = [names_b["lane_of"](K)[0] for K in range(1, 7)]
    assert abs(lanes[0]) < 0.25 and all(abs(lane) > 0.25 for lane in lanes[1:])
    likelihood = [
        np.log(imitation.mixture_density(names_b["LANES"], *names_b["lane_of"](K)[1])).mean()
        for K in range(1, 7)
    ]
    assert likelihood[1] - likelihood[0] > 0.5 and likelihood[5] - likelihood[1] < 0.1


def test_independent_bins_go_straight_in_half_of_the_cases(names_b):
    straight = names_b["models"]["independent"][names_b["STRAIGHT"]].sum()
    assert straight == pytest.approx(0.5, abs=0.01)
    assert names_b["distance"]["independent"] > 0.4 and names_b["distance"]["autoregressive"] < 1e-12


def test_relabelling_more_than_doubles_what_is_reached_anywhere_in_each_set_of_seeds():
    goals = recording("02b-goals")
    ends = {name: found["anywhere"][:, -1] for name, found in goals.items()}
    assert len(ends["relabelled"]) == 24
    for one in np.split(np.arange(24), 3):
        assert ends["relabelled"][one].mean() > 0.8 > 0.35 > ends["as named"][one].mean()


def test_without_a_teacher_a_fifth_becomes_three_quarters_and_nine_tenths(names_b):
    shares = np.array([names_b["without_a_teacher"](8, seed) for seed in (20, 21)]).mean(axis=0)
    assert shares[0] == pytest.approx(0.2, abs=0.05) and shares[1] == pytest.approx(0.75, abs=0.06)
    assert shares[7] > 0.9


def test_02b_exercise_1():
    x = np.array([-0.5, 0.45])
    assert (x.mean(), x.std()) == pytest.approx((-0.025, 0.475))
    _, mean, sigma = imitation.fit_mixture(np.repeat(x, 50), 1)
    assert (mean[0], sigma[0]) == pytest.approx((-0.025, 0.475))


def test_02b_exercise_2():
    assert pytest.approx(-0.405) == 0.9 * -0.5 + 0.1 * 0.45


def test_02b_exercise_3():
    assert 11**7 == 19_487_171 and 11 * 7 == 77


def test_02b_exercise_4():
    """Only the cell right after a step becomes its goal."""
    page = "02b-many-right-answers.py"
    cells = notebooks.code_cells(notebooks.compile_source(notebooks.SOURCES / page))
    at = next(i for i, cell in enumerate(cells) if "def without_a_teacher" in cell)
    assert "in cells[t + 1 :]" in cells[at]
    cells[at] = cells[at].replace("in cells[t + 1 :]", "in cells[t + 1 : t + 2]").split("alone = ")[0]
    with contextlib.redirect_stdout(io.StringIO()):
        changed = notebooks.run_cells(cells, sorted(notebooks.needed_cells(cells, at)))
    shares = np.array([changed["without_a_teacher"](8, seed) for seed in (0, 1)]).mean(axis=0)
    assert shares[7] == pytest.approx(0.36, abs=0.03)
