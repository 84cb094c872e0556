"""Predictions: made once, judged within their tolerance."""

import pytest

from rlcourse.widgets import predict


def test_a_prediction_is_made_once():
    question = predict("Which?", ["a", "b"], answer="b", why="Because.")
    assert question.correct is None
    question.answer("a").answer("b")
    assert (question.given, question.correct) == ("a", False)
    assert "You predicted <b>a</b>" in question.verdict()
    assert "Because." in question.verdict()


def test_a_number_is_right_within_its_tolerance():
    assert predict("?", answer=1.5, tolerance=0.1).answer("1,55").correct
    assert not predict("?", answer=1.5, tolerance=0.1).answer("−1.5").correct
    with pytest.raises(ValueError, match="needs a tolerance"):
        predict("?", answer=1.5)
    with pytest.raises(ValueError, match="not among the choices"):
        predict("?", ["a"], answer="b")
