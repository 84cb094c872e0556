"""A sheet says what its exercise says, of every solution of the bank; and holds no line of an answer."""

import functools
import gzip
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from rlcourse.grading import sheets
from rlcourse.grading.exercises import EXERCISES, Found, find
from rlcourse.grading.record import INSTANCES, Mistake, instance_number
from rlcourse.grading.sandbox.inside.observer import observe

sys.path.insert(0, str(Path(__file__).parent))
import kill_matrix

sys.path.pop(0)

FEW = 4  # instances on the sheets of these tests


@functools.cache
def written(name):
    """The file of an exercise's sheet."""
    path = Path(FOLDER.name) / f"{name}.sheet"
    sheets.write(find(name), path, FEW)
    return path


FOLDER = tempfile.TemporaryDirectory()


def sheet_of(name):
    return sheets.load(written(name))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(EXERCISES))
def test_a_sheet_judges_every_solution_of_the_bank_as_its_exercise_does(name):
    exercise, sheet = find(name), sheet_of(name)
    cases, same = exercise.cases(0), sheet.cases(0)
    if exercise.personal:  # a sheet's numbers are those of float32
        cases = same = [exercise.instance(1), exercise.instance(1)]
        same = [sheet.instances[1], sheet.instances[1]]
    assert len(cases) == len(same)
    for solution, function in kill_matrix.bank(name):
        answers = observe(exercise.spec, function, cases)
        assert sheet.judge(same, answers) == exercise.judge(cases, answers), solution


@pytest.mark.parametrize("name", list(EXERCISES))
def test_a_sheet_tells_a_student_the_same_of_an_exercise(name):
    exercise, sheet = find(name), sheet_of(name)
    told = (
        "name",
        "homework",
        "parameters",
        "signature",
        "spec",
        "random",
        "personal",
        "points",
        "minutes",
        "stars",
    )
    assert {n: getattr(sheet, n) for n in told} == {n: getattr(exercise, n) for n in told}
    assert sheet.viva == () and sheet.reference is None and sheet.draw is None
    for ours, theirs in zip(sheet.cases(0), exercise.cases(0), strict=True):
        for key in ours:
            np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-6) if np.asarray(
                ours[key]
            ).dtype.kind == "f" else np.testing.assert_array_equal(ours[key], theirs[key])


def strings(value):
    """All texts of a sheet, but for the bytes of arrays."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from [] if name == "array" else strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


@pytest.mark.parametrize("name", list(EXERCISES))
def test_the_only_code_on_a_sheet_is_what_a_students_process_is_sent_in_the_judge(name):
    exercise = find(name)
    found = set(strings(json.loads(gzip.decompress(written(name).read_bytes()))))
    found -= {mistake.hint for mistake in exercise.mistakes} | {exercise.spec["adaptor"]}
    found -= set(getattr(sys.modules[exercise.reference.__module__], "SHOWS", ()))  # sentences of the hints
    assert [text for text in found if not re.fullmatch(r"[\w.<>=|]{1,60}", text)] == []


PERSONAL = [name for name, exercise in EXERCISES.items() if exercise.personal]


@pytest.mark.parametrize("name", PERSONAL)
def test_an_instance_on_a_sheet_is_the_judges_and_its_answer_is_not_written_there(name):
    exercise, sheet = find(name), sheet_of(name)
    for number in range(FEW):
        theirs, ours = exercise.instance(number), sheet.instances[number]
        assert set(ours) == set(exercise.parameters)  # nothing of the world in which its runs were made
        for key in ours:
            np.testing.assert_array_equal(ours[key], theirs[key])
        right = exercise.expected(theirs)["value"]
        np.testing.assert_array_equal(sheet.expected(ours)["value"], right)
        kept = sheet.values[sheets.key(ours)]
        assert all(len(digest) == 16 and not digest.isdecimal() or int(digest, 16) > 10**6 for digest in kept)


def test_an_id_chooses_one_of_the_instances_and_a_class_has_most_of_them():
    numbers = [instance_number("td3_faults", f"student {k}") for k in range(200)]
    assert set(numbers) <= set(range(INSTANCES)) and len(set(numbers)) > INSTANCES / 2
    assert instance_number("td3_faults", " Ada  1") == instance_number("td3_faults", "ada 1")


def test_an_exercise_whose_judgement_could_hold_its_answer_has_no_sheet(tmp_path):
    from dataclasses import replace

    told = Mistake("wrong", "It is wrong.", shows=lambda case, answer: True)
    for how in ({"right": lambda case, answer, expected, tolerance: True}, {"mistakes": (told,)}):
        with pytest.raises(ValueError, match="belongs into rlcourse.grading.rules"):
            sheets.write(replace(find("polyak"), **how), tmp_path / "polyak.sheet")


def test_a_sheet_is_found_where_there_is_no_exercise(tmp_path):
    sheets.write(find("polyak"), tmp_path / "hw3" / "polyak.sheet")
    found = Found({"polyak": str(tmp_path / "hw3" / "polyak.sheet")})
    assert found["polyak"].signature == "polyak(target, online, tau)"
    assert found["polyak"] is found["polyak"]
