"""Judging answers that a stranger made, on inputs that are plain data."""

from dataclasses import replace

import numpy as np
import pytest

from rlcourse.grading.exercises import EXERCISES, find

NAMES = list(EXERCISES)
VALUED = [name for name, exercise in EXERCISES.items() if not exercise.random]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "answers",
    [
        None,
        [],
        "text",
        [{}],
        [{"value": 1.0}],
        [{"value": np.array([object()])}],
        [{"value": np.zeros(3), "extra": np.zeros(1)}],
        [{"error": np.zeros(9), "kind": 3}],
        [{"value": np.full(4, np.nan)}],
        [
            {
                "lengths": np.zeros(3),
                "draws": np.zeros((2, 2)),
                "length_after": np.zeros(()),
                "again": np.zeros(1),
            }
        ],
    ],
)
def test_judge_survives_and_rejects_whatever_a_child_sends(name, answers):
    exercise = find(name)
    cases = exercise.cases(1)
    many = answers * len(cases) if isinstance(answers, list) else answers
    for sent in (answers, many):
        feedback = exercise.judge(cases, sent)
        assert (feedback.passed, feedback.score) == (False, 0.0)


@pytest.mark.parametrize("name", VALUED)
def test_one_wrong_case_of_all_is_enough_to_fail(name):
    exercise = replace(find(name), measured=None)  # the right values are what was measured
    cases = exercise.cases(4)
    answers = [exercise.expected(case) for case in cases]
    assert exercise.judge(cases, answers).passed
    last = max(i for i, a in enumerate(answers[:-1]) if any(value.size for value in a.values()))
    answers[last] = {key: value + 1.0 for key, value in answers[last].items()}
    assert not exercise.judge(cases, answers).passed


@pytest.mark.parametrize("name", NAMES)
def test_cases_are_plain_data_and_repeat_from_their_seed(name):
    exercise = find(name)
    for one, other in zip(exercise.cases(7), exercise.cases(7), strict=True):
        assert one.keys() == other.keys()
        for key in one:
            assert np.array_equal(one[key], other[key])
            assert isinstance(one[key], (float, int)) or one[key].dtype.kind in "fib"


def test_hidden_inputs_differ_from_the_visible_ones():
    for name in VALUED:
        visible, hidden = find(name).cases(0), find(name).cases(1)
        assert not all(
            np.array_equal(a[key], b[key]) for a, b in zip(visible, hidden, strict=True) for key in a
        )
