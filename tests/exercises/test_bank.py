"""The bank: wrong solutions are caught and named, right ones of every style accepted, mutants killed."""

import sys
from pathlib import Path

import pytest

from rlcourse.grading.exercises import EXERCISES

sys.path.insert(0, str(Path(__file__).parent))
import kill_matrix
import mutants

sys.path.pop(0)


def assert_clean(row):
    assert not row.rejected_right
    assert not row.accepted_wrong
    named = row.wrong - len(row.misnamed)
    assert named >= 0.9 * row.wrong, row.misnamed


@pytest.mark.parametrize("name", list(EXERCISES))
def test_wrong_solutions_are_rejected_and_named_and_right_ones_accepted(name):
    assert_clean(kill_matrix.judge(name, seeds=range(2)))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(EXERCISES))
def test_the_same_on_twenty_seeds(name):
    assert_clean(kill_matrix.judge(name))


@pytest.mark.parametrize("name", list(EXERCISES))
def test_a_bank_holds_five_wrong_and_three_right_solutions(name):
    names = [solution for solution, _ in kill_matrix.bank(name)]
    assert sum(n.startswith("wrong_") for n in names) >= 5
    assert sum(n.startswith("right_") for n in names) >= 3


@pytest.mark.slow
def test_every_surviving_mutant_is_explained():
    total, alive = mutants.survivors()
    assert total > 300
    assert [s for s in alive if not mutants.reason(s)] == []


@pytest.mark.slow
def test_a_fair_buffer_is_never_accused_in_three_hundred_draws():
    buffer = dict(kill_matrix.bank("ReplayBuffer"))["right_deque"]
    assert all(kill_matrix.quietly("ReplayBuffer", buffer, seed).passed for seed in range(300))
