"""Mistakes that nobody listed: what their values show is told, and nothing where they show nothing."""

import numpy as np
import pytest

from rlcourse.grading import check
from rlcourse.grading.patterns import recognise

RNG = np.random.default_rng(0)
CASES = [{"x": RNG.normal(size=n), "flag": np.arange(n) % 2, "gamma": 0.9} for n in (5, 6, 8)]
RIGHT = [RNG.normal(size=len(case["x"])) for case in CASES]


def seen(change):
    """The pattern that is seen in change(right, case)."""
    return recognise([(case, change(b, case), b) for case, b in zip(CASES, RIGHT, strict=True)])


@pytest.mark.parametrize(
    ("word", "change"),
    [
        ("sign_lost", lambda b, case: np.abs(b)),
        ("some_signs", lambda b, case: np.where(np.arange(len(b)) == 1, -b, b)),
        ("squared", lambda b, case: b**2),
        ("square_root", lambda b, case: np.sqrt(np.abs(b))),
        ("reversed", lambda b, case: b[::-1]),
        ("shifted", lambda b, case: np.append(b[1:], 0.0)),
        ("shifted", lambda b, case: np.roll(b, 1)),
        ("reduced_by_a_size", lambda b, case: b / len(b)),
        ("reduced_by_a_size", lambda b, case: b * len(b)),
        ("reduced_by_a_size", lambda b, case: b * len(b) / (len(b) - 1)),
        ("scaled", lambda b, case: b / np.linalg.norm(b)),
        ("same_offset", lambda b, case: b + 0.3),
        ("shifted_by_a_number", lambda b, case: b - b.mean()),
        ("shifted_and_scaled", lambda b, case: (b - b.mean()) / b.std()),
        ("cut_off", lambda b, case: np.clip(b, -0.1, None)),
        ("last_entry", lambda b, case: np.append(b[:-1], 7.0)),
        ("first_entry", lambda b, case: np.append(7.0, b[1:])),
        ("wrong_where", lambda b, case: np.where(case["flag"], b + RNG.normal(size=len(b)), b)),
    ],
)
def test_a_pattern_is_seen(word, change):
    assert seen(change)[0] == word


def test_which_length_and_which_flag_are_said():
    assert "divided by the length of `flag` along axis 0" in seen(lambda b, case: b / len(b))[1]
    where = seen(lambda b, case: b + (1 - case["flag"]) * np.arange(len(b)) ** 2 * b)
    assert where == ("wrong_where", "It is wrong only where `flag` is 0.")


@pytest.mark.parametrize(
    "change",
    [
        lambda b, case: np.sin(7 * b) + 2,
        lambda b, case: RNG.normal(size=len(b)),
        lambda b, case: np.zeros(3),
        lambda b, case: np.full(len(b), np.nan),
    ],
)
def test_where_nothing_is_seen_nothing_is_said(change):
    assert seen(change) is None


def test_a_pattern_must_fit_every_wrong_case():
    pairs = [(CASES[0], -RIGHT[0][::-1], RIGHT[0]), (CASES[1], RIGHT[1][::-1], RIGHT[1])]
    assert recognise(pairs) is None


def test_a_check_says_the_pattern_with_an_example():
    feedback = check(
        "trajectory_weights", lambda target_probs, behaviour_probs: turned(target_probs / behaviour_probs)
    )
    assert feedback.misconception == "reversed"
    assert "in reverse order" in feedback.message and "expected" in feedback.message


def turned(ratios):
    return ratios.prod(1)[::-1]
