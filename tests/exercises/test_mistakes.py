"""The mistakes that exercises know: each is rejected and named, none taken for another, all of it fast."""

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rlcourse.grading.exercises import EXERCISES, find
from rlcourse.grading.record import close, values_of

sys.path.insert(0, str(Path(__file__).parent))
import clock

sys.path.pop(0)

NAMES = list(EXERCISES)
VALUED = [name for name, exercise in EXERCISES.items() if not exercise.random]


def every_wrong(exercise):
    return [(mistake, wrong) for mistake in exercise.mistakes for wrong in mistake.wrongs]


@pytest.mark.parametrize("name", VALUED)
def test_every_known_mistake_is_rejected_and_named_on_five_seeds(name):
    exercise = replace(find(name), measured=None)  # a mistake's values are what was measured
    for seed, (mistake, wrong) in itertools.product(range(5), every_wrong(exercise)):
        cases = exercise.cases(seed)
        with np.errstate(all="ignore"):
            answers = [values_of(wrong, case) for case in cases]
        feedback = exercise.judge(cases, answers)
        found = (feedback.passed, feedback.misconception)
        assert found == (False, mistake.word), (seed, mistake.hint, feedback)


@pytest.mark.parametrize("name", VALUED)
def test_no_two_mistakes_of_different_names_look_alike(name):
    """Else the second could never be named."""
    exercise, cases = find(name), find(name).cases(0)
    with np.errstate(all="ignore"):
        values = [(m.word, [values_of(w, case) for case in cases]) for m, w in every_wrong(exercise)]
    for (one, a), (other, b) in itertools.combinations(values, 2):
        alike = all(close(x, y, exercise.tolerance, nan=True) for x, y in zip(a, b, strict=True))
        assert one == other or not alike


@pytest.mark.parametrize("name", NAMES)
def test_a_hint_is_one_to_three_sentences_that_end(name):
    for mistake in find(name).mistakes:
        assert mistake.hint.endswith((".", "?", ")")), mistake
        assert len(mistake.hint) <= 260, mistake
        assert mistake.word.isidentifier()


@pytest.mark.parametrize("name", NAMES)
def test_no_mistake_repeats_the_word_and_the_hint_of_another(name):
    said = [(mistake.word, mistake.hint) for mistake in find(name).mistakes]
    assert len(said) == len(set(said))


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_known_by_values_or_by_a_trace(name):
    for mistake in find(name).mistakes:
        assert bool(mistake.wrongs) != bool(mistake.shows), mistake
        assert mistake.shows or not find(name).random, "values that are drawn anew tell nothing"


@pytest.mark.parametrize("name", NAMES)
def test_the_judging_of_a_known_mistake_takes_at_most_50_ms(name):
    exercise = find(name)
    cases = exercise.cases(0)
    if exercise.random:
        pytest.skip("its answers come from a buffer: timed in the bank")
    with np.errstate(all="ignore"):
        _, wrong = every_wrong(exercise)[-1]
        answers = [values_of(wrong, case) for case in cases]
    clock.assert_quick(lambda: clock.cpu(lambda: exercise.judge(cases, answers)))
