"""An instance of one's own by ID: one ID, one instance; the oracle finds its answer anew."""

import numpy as np
import pytest

from rlcourse.grading import check, instance
from rlcourse.grading.exercises import EXERCISES, find
from rlcourse.grading.judging.judge import hidden_cases, whose
from rlcourse.grading.judging.submission import Cell, typed_id
from rlcourse.grading.record import instance_number

PERSONAL = [name for name, exercise in EXERCISES.items() if exercise.personal]


def test_each_homework_has_a_personal_exercise():
    assert {find(name).homework for name in PERSONAL} >= {1, 2, 3, 4, 5}


def answering(mine):
    """A function of curves, and of what else is given, that always says the same."""
    return lambda curves, truth=None: mine


@pytest.mark.parametrize("name", PERSONAL)
def test_an_id_gives_one_instance_whatever_the_seed_and_two_ids_give_two(name):
    exercise = find(name)
    ada, again = exercise.cases(0, "Ada 1"), exercise.cases(7, " ada  1")
    others = (s for s in ("grace", "emmy") if instance_number(name, s) != instance_number(name, "ada 1"))
    grace = exercise.cases(0, next(others))
    assert len(ada) == 2  # the one instance, twice
    assert all(np.array_equal(ada[0][key], again[0][key]) for key in ada[0])
    assert not np.array_equal(ada[0]["curves"], grace[0]["curves"])
    assert np.array_equal(instance(name, "ada 1")["curves"], ada[0]["curves"])


@pytest.mark.parametrize("name", PERSONAL)
def test_the_oracle_finds_each_students_answer_anew_and_another_students_is_wrong_mostly(name):
    exercise, answers = find(name), {}
    for student in ("s1", "s2", "s3", "s4", "s5", "s6"):
        case = exercise.cases(0, student)[0]
        expected = exercise.expected(case)["value"]
        np.testing.assert_array_equal(exercise.reference(*[case[p] for p in exercise.parameters]), expected)
        answers[student] = expected
        assert check(name, answering(expected.tolist()), student=student).passed
    copied = [check(name, answering(answers["s1"]), student=s).passed for s in answers]
    assert sum(copied) < len(copied) - 1


@pytest.mark.parametrize("name", PERSONAL)
def test_what_a_child_is_sent_of_an_instance_names_no_fault(name):
    exercise, cases, _ = hidden_cases(name, 5, "s1")
    expected = exercise.expected(cases[0])["value"]
    for key, value in cases[0].items():
        assert np.shape(value) != expected.shape or not np.array_equal(value, expected), key


def test_the_id_is_read_as_data_and_a_strange_one_is_reported():
    from rlcourse.grading.judging.batch import assignments

    def typed(source):
        return [Cell("code", source, "student-id")]

    assert typed_id(typed('student = "ada"')) == "ada"
    for source in ('student = "your ID"', 'student = open("x").read()', "", 'other = "ada"', 'student = ""'):
        assert typed_id(typed(source)) is None
    homework = assignments()["homework-3"]
    assert whose(homework, typed('student = "ada"'), "ada_lovelace") == ("ada", [])
    assert whose(homework, typed('student = "your ID"'), "ada_lovelace") == ("ada_lovelace", [])
    own, warnings = whose(homework, typed('student = "ada"'), "bob")
    assert own == "ada" and "handed in by 'bob'" in warnings[0]


@pytest.mark.sandbox
@pytest.mark.parametrize("name", ["td3_faults"])
def test_the_batch_grader_judges_each_student_on_their_own_instance(name, tmp_path):
    import json

    from rlcourse.grading.judging.batch import grade

    folder = tmp_path / "in"
    folder.mkdir()
    mine = find(name).expected(find(name).cases(0, "ada")[0])["value"].tolist()
    for student in ("ada", "bob"):
        cells = [
            ("student-id", f'student = "{student}"'),
            (name, f"def {name}(curves):\n    return {mine}\n"),
        ]
        made = [
            {
                "cell_type": "code",
                "metadata": {"nbgrader": {"grade_id": grade_id}},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for grade_id, source in cells
        ]
        text = json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        (folder / f"{student}.ipynb").write_text(text)
    rows = {row.student: row for row in grade(folder, tmp_path / "out", seed=1)}
    assert rows["ada"].results[name].passed, rows["ada"].results[name].message
    same = np.array_equal(find(name).expected(find(name).cases(0, "bob")[0])["value"], mine)
    assert rows["bob"].results[name].passed == same
