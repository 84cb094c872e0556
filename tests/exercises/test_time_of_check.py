"""`check` takes no more than 50 ms of a processor's time, whatever the exercise."""

import contextlib
import inspect
import io
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from rlcourse.grading import check, instant, sheets
from rlcourse.grading.exercises import EXERCISES

sys.path.insert(0, str(Path(__file__).parent))
import kill_matrix

sys.path.pop(0)

SECONDS = 0.050
NOMINAL = 0.0055  # seconds that `work` takes on an idle core of the machine where the bound was set
TRIES = 12


def work():
    """As a check does: small arrays and Python between them."""
    total, x = 0.0, np.arange(24.0)
    for i in range(1300):
        total += float(np.allclose(x, x, atol=1e-3)) if i % 8 == 0 else float(np.sort(x[::-1]).sum())
    return total


def cpu(function):
    begin = time.process_time()
    function()
    return time.process_time() - begin


def slowness():
    """How many times slower this machine is just now than the one on which the bound was set; 1 at least."""
    return max(1.0, min(cpu(work) for _ in range(3)) / NOMINAL)


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
    whole = cpu(lambda: quietly(name, asked))
    return whole - theirs


def quietly(name, function):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return check(name, function)


def assert_quick(name, kind):
    function = next(solution for key, solution in kill_matrix.bank(name) if key.startswith(kind))
    quietly(name, function)  # draws and imports once
    for _ in range(TRIES):
        took = of_its_own(name, function)
        if took <= SECONDS * slowness():
            return
    pytest.fail(f"{1e3 * took:.0f} ms")


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
