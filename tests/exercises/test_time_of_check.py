"""`check` takes no more than 50 ms of a processor's time, whatever the exercise."""

import contextlib
import inspect
import io
import sys
import time
import warnings
from pathlib import Path

import pytest

from rlcourse.grading import check, instant, sheets
from rlcourse.grading.exercises import EXERCISES

sys.path.insert(0, str(Path(__file__).parent))
import clock
import kill_matrix

sys.path.pop(0)


def of_its_own(name, function):
    """CPU seconds of a check, without what the student's own function takes."""
    theirs = 0.0

    def timed(*arguments):
        nonlocal theirs
        begin = time.process_time()
        try:
            return function(*arguments)
        finally:
            theirs += time.process_time() - begin

    timed.__signature__ = inspect.signature(function)
    asked = function if isinstance(function, type) else timed
    whole = clock.cpu(lambda: quietly(name, asked))
    return whole - theirs


def quietly(name, function):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return check(name, function)


def assert_quick(name, kind):
    function = next(solution for key, solution in kill_matrix.bank(name) if key.startswith(kind))
    quietly(name, function)  # draws and imports once
    clock.assert_quick(lambda: of_its_own(name, function))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(EXERCISES))
def test_a_check_of_a_right_answer_takes_no_more_than_50_ms_of_its_own(name):
    assert_quick(name, "right_")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(EXERCISES))
def test_in_a_students_copy_nor_does_one_of_a_wrong_answer(name, tmp_path, monkeypatch):
    """There the values to which mistakes lead are looked up."""
    sheets.write(EXERCISES[name], tmp_path / "it.sheet", 1)
    sheet = sheets.load(tmp_path / "it.sheet")
    monkeypatch.setattr(instant, "find", lambda name: sheet)
    instant.drawn.cache_clear()
    try:
        assert_quick(name, "wrong_")
    finally:
        instant.drawn.cache_clear()
