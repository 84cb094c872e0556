"""Lectures 07 and 07b: what their exercises say can be done, literally, after all cells have run."""

import json
import re
from collections import Counter

import numpy as np
import pytest

from rlcourse import notebooks
from rlcourse.commands import record
from rlcourse.equations.bias import exact_biases, wrong_choices
from rlcourse.notebooks import code_cells, needed_cells, run_cells


class Page:
    """A compiled lecture: its cells, and what its exercises print as code."""

    def __init__(self, stem):
        self.stem, self.notebook = stem, notebooks.compile_source(notebooks.SOURCES / f"{stem}.py")
        self.cells = code_cells(self.notebook)
        text = "\n".join(cell.source for cell in self.notebook.cells if cell.cell_type == "markdown")
        self.exercises = re.split(
            r"^\*\*(?=\d\*\* )", text[text.index("## Exercises") :], flags=re.MULTILINE
        )[1:]

    def code_of(self, exercise):
        """The code that an exercise's answer prints."""
        return "\n".join(re.findall(r"```python\n(.*?)```", self.exercises[exercise - 1], re.DOTALL))

    def run(self, code):
        """Run code as a reader's last cell, with what it needs of the page; returns the names."""
        cells = [*self.cells, code]
        return run_cells(cells, needed_cells(cells, len(cells) - 1))


@pytest.fixture(scope="module")
def td3():
    return Page("07-td3")


@pytest.fixture(scope="module")
def measuring():
    return Page("07b-measuring-a-critic")


@pytest.fixture(autouse=True)
def in_the_folder_of_the_page(monkeypatch):
    monkeypatch.chdir(notebooks.LECTURES)


@pytest.mark.parametrize("stem", ["07-td3", "07b-measuring-a-critic"])
def test_no_name_that_an_exercise_needs_is_bound_twice(stem):
    """So an exercise does after Run All what it does in the middle of the page."""
    page = Page(stem)
    bound = Counter(name for cell in page.cells for name in notebooks.names_of(cell).binds)
    words = " ".join(re.sub(r"```.*?```", "", exercise, flags=re.DOTALL) for exercise in page.exercises)
    asked = set(re.findall(r"[A-Za-z_]\w*", " ".join(re.findall(r"`([^`]+)`", words))))
    for number in range(1, len(page.exercises) + 1):
        names = notebooks.names_of(page.code_of(number))
        asked |= names.uses | names.later
    assert {name: times for name, times in bound.items() if name in asked and times > 1} == {}


# Lecture 07


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_lure_of_section_1_holds_for_three_sets_of_agents(seed):
    at_20 = {
        rule: wrong_choices(rule, 2000, 20, rng=seed)[:, 19].mean()
        for rule in ("max", "double", "clipped double")
    }
    assert at_20["max"] > 0.9 and at_20["double"] < 0.35 and at_20["clipped double"] < at_20["double"]


def test_more_samples_leave_the_two_with_a_minimum_too_low_by_the_minimum_of_the_best():
    """Ten actions, Δ = 1, σ = 1: E min of two estimates of the best is −σ/√(πN), whatever the rivals."""
    few, many, more = (exact_biases(1.0, n**-0.5, 10) for n in (4, 16, 64))
    for rule in ("maxmin", "clipped double"):
        assert more[rule] == pytest.approx(-1 / (64 * np.pi) ** 0.5, rel=1e-3)
        assert many[rule] == pytest.approx(-1 / (16 * np.pi) ** 0.5, rel=0.06)
    for rule in ("max", "double"):
        assert abs(many[rule]) < abs(few[rule]) / 15
    equals = [exact_biases(0.0, n**-0.5, 10) for n in (1, 4)]
    for rule in ("max", "maxmin", "clipped double"):
        assert equals[0][rule] == pytest.approx(2 * equals[1][rule], rel=1e-6)


def test_exercise_1_double_falls_below_0_and_tends_to_minus_the_gap(td3):
    lab = td3.run("lab")["lab"]
    assert lab.set(gap=1.0).numbers["bias of double"] < 0
    assert exact_biases(1.0, 1.0, 100_000)["double"] == pytest.approx(-1, abs=0.01)


def test_exercise_2_more_machines_lure_more_agents(td3):
    (call,) = re.findall(r"`(wrong_choices\(.+?)`", td3.exercises[1])
    left = [td3.run(f"share = {call.replace('actions=1', f'actions={n}')}")["share"] for n in (1, 2, 50)]
    assert "actions=1" in call
    assert left[0] < 0.25 and left[1] == pytest.approx(0.4, abs=0.03) and left[2] > 0.9


def test_exercise_3_the_minimum_of_correlated_normals(td3):
    rng = np.random.default_rng(0)
    for rho in (0.0, 0.5, 0.99):
        x, y = rng.standard_normal((2, 400_000))
        smaller = np.minimum(x, rho * x + (1 - rho**2) ** 0.5 * y)
        assert smaller.mean() == pytest.approx(-(((1 - rho) / np.pi) ** 0.5), abs=4 / 400_000**0.5)
    assert "-0.056" in td3.exercises[2] and round((0.01 / np.pi) ** 0.5, 3) == 0.056


def test_exercise_4_the_larger_critic_values_the_arcade_more(td3, capsys):
    hope = td3.run(td3.code_of(4))["mine"]["hope"]
    assert capsys.readouterr().out.startswith("{'TD3': ")
    assert (hope["larger"][:, -1] > hope["TD3"][:, -1]).mean() > 0.5


def test_the_seeds_of_the_arcade_have_dice_of_their_own(td3):
    """Seeds together are seeds alone, and no two of them meet the same rewards."""
    names = td3.run(
        "def rewards(training):\n"
        "    memory, seeds = training.agent.memory, len(training.run.seeds)\n"
        "    return memory.rows.view(seeds, memory.capacity, -1)[:, :40, 12].numpy().copy()\n"
        "both = train_and_probe(td3, arcade, 40, [3, 8], rewards, every=40).found\n"
        "alone = train_and_probe(td3, arcade, 40, [8], rewards, every=40).found"
    )
    np.testing.assert_array_equal(names["both"][1], names["alone"][0])
    first, second = names["both"][:, :, 0]
    paid = (first != 0) & (second != 0)
    assert paid.any() and (first[paid] != second[paid]).all()


# Lecture 07b


def found_in(file):
    """What a recording of the page holds."""
    return json.loads((notebooks.LECTURES / "recordings" / file).read_text(encoding="utf-8"))["found"]


def test_exercise_1_of_07b_an_end_makes_the_errors_small(measuring):
    ended, endless = measuring.run(measuring.code_of(1))["ended"], found_in("07b-one-state.json")
    at_1000 = endless["at"].index(1000)
    for name in ("DDPG", "TD3"):
        spread = np.array(endless["error"][name])[:, at_1000].std()
        assert ended["error"][name][:, -1].std() < 0.5 * spread


def test_exercise_2_of_07b_intervals_of_fours(measuring):
    (call,) = re.findall(r"`(mean_interval\(.+?)`", measuring.exercises[1])
    recorded_late = "from rlcourse.statistics import mean_interval\nlate"
    assert any("late = {" in cell for cell in measuring.cells) and "mean_interval(late" in call
    rng = np.random.default_rng(0)
    names = {"late": {"DDPG": rng.standard_normal(36)}}
    exec(f"{recorded_late}\nfour = {call}\nall_36 = mean_interval(late['DDPG'])", names)
    assert names["four"].n == 4 and names["all_36"].n == 36


def test_exercise_3_of_07b_without_the_first_value_the_early_bias_is_small(measuring):
    """The recorded half of its print is in the recording's file: no need to train the live run for it."""
    code = measuring.code_of(3)
    assert 'pendulum["bias"]["DDPG"][:4, 0]' in code
    before = np.array(found_in("07b-pendulum.json")["bias"]["DDPG"])[:4, 0]
    after = measuring.run(code.split("print(")[0])["again"]["bias"]["DDPG"][:, 0]
    assert np.abs(after).mean() < 0.4 * before.mean()


def test_record_07_is_the_page_07_and_record_07b_the_other(monkeypatch):
    made = []
    monkeypatch.setattr(record, "record", lambda path, only: made.append(path.stem) or 0)
    assert [record.main([number]) for number in ("07", "07b")] == [0, 0]
    assert made == ["07-td3", "07b-measuring-a-critic"]
