"""A receipt prints both sides and passes only where they agree."""

import numpy as np
import pytest

from rlcourse.pages import receipt, receipts


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


def test_receipts_become_one_table_with_named_sides_and_a_line_each(capsys):
    with receipts("samples", oracle="closed form") as same:
        same("two coins", 0.5004, 0.5, 1e-2)
        same("$\\sigma < 1$", [1.0, 2.0], [1.0, 2.0])
        assert capsys.readouterr().out == ""
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["samples", "closed", "form"]
    assert " ".join(first.split()) == "✓ two coins 0.5004 0.5 off by 4.0e-04, allowed 1.0e-02"
    assert second.startswith("✓ $\\sigma < 1$   1 2       1 2           off by 0.0e+00")


def test_a_table_of_receipts_is_html_for_a_page_and_keeps_its_mathematics():
    with receipts("samples", oracle="closed form") as same:
        same("$\\sigma < 1$", 1.0, 1.0)
    page = same._repr_html_()
    assert "<th" in page and ">closed form</th>" in page
    assert "✓ $\\sigma &lt; 1$" in page


def test_a_failing_receipt_raises_and_its_row_is_shown(capsys):
    def page():
        with receipts("a", oracle="b") as same:
            made.append(same)
            same("right", 1, 1)
            same("wrong", 1, 2)
            same("never asked", 1, 2)

    made = []
    with pytest.raises(AssertionError, match="^wrong: off by 1.0e"):
        page()
    out = capsys.readouterr().out.splitlines()
    assert [line[0] for line in out[1:]] == ["✓", "✗"]
    assert "✗</b> wrong" in made[0]._repr_html_()


def test_a_receipt_names_its_sides_where_they_have_names(capsys):
    receipt("a claim", 1.0, 1.0, names=("samples", "closed form"))
    assert "   samples 1   closed form 1   off by" in capsys.readouterr().out


def test_a_zero_has_no_sign(capsys):
    with receipts("left", oracle="right") as same:
        same("nothing", -0.0, [0.0])
    assert "−0" not in capsys.readouterr().out
