"""A receipt prints both sides and passes only where they agree."""

import numpy as np
import pytest

from rlcourse.pages import receipt


def test_a_receipt_shows_both_sides_and_their_largest_difference(capsys):
    receipt("two ways to one sum", [1.0, -2.0, 3.0, 4.0, 5.0], [1.0, -2.0, 3.0, 4.0, 5.0 + 1e-4], 1e-3)
    assert capsys.readouterr().out == (
        "two ways to one sum\n   left 1 −2 3 4 …   right 1 −2 3 4 …   off by 1.0e-04, allowed 1.0e-03\n"
    )


@pytest.mark.parametrize(
    "left, right", [(1.0, 1.1), ([0.0, np.nan], [0.0, 0.0]), (np.inf, 1.0), (np.nan, np.nan), ([1, 2], 1)]
)
def test_a_receipt_fails_where_the_sides_differ_or_are_not_numbers(left, right):
    with pytest.raises(AssertionError, match=r"^the claim: off by \S+, allowed 1.0e-12$"):
        receipt("the claim", left, right)


def test_shapes_that_would_broadcast_are_refused_and_one_number_may_stand_for_all():
    with pytest.raises(ValueError, match=r"left is \(3, 1\), right is \(3,\)"):
        receipt("a column and a row", np.zeros((3, 1)), np.zeros(3))
    receipt("all zero", np.zeros((3, 1)), 0.0)
