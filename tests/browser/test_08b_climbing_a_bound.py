"""Lecture 08b in Chromium: its predictions."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lecture_08b(open_notebook):
    return open_notebook("lectures/08b-climbing-a-bound.ipynb")


def test_08b_asks_at_least_three_predictions_and_answers_them(lecture_08b):
    answers = ["in proportion to the horizon", "nothing at all", "both limits, but not Algorithm 1"]
    for i, answer in enumerate(answers):
        question = lecture_08b.predict(i)
        assert question.verdict() == ""
        question.answer(answer)
        assert question.correct() is True
