"""Predictions: made once, judged within their tolerance, in an order of choices that gives nothing away."""

import ast
import re

import pytest

from rlcourse import notebooks
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


def test_emphasis_is_set_and_stars_in_mathematics_stay():
    question = predict(
        r"On *many* of $\pi^*$ and $a*b*c$?", {"a": "It is *not*.", "b": ""}, answer="b", why="So *is* it."
    )
    assert r"On <em>many</em> of $\pi^*$ and $a*b*c$?" in question.still()
    assert "It is <em>not</em>." in question.still() and "So <em>is</em> it." in question.still()
    assert "It is <em>not</em>." in question.answer("a").verdict()


WRONG = {
    "the max": "The max selects <i>and</i> evaluates.",
    "$\\frac12$": "",
    "neither": "It is one of them.",
}


def test_choices_are_shuffled_by_the_words_of_the_question_in_the_same_way_each_time():
    def order(question, **options):
        return tuple(predict(question, list("abcd"), answer="a", **options).choices)

    assert order("Which?") == order("Which?")
    assert len({order(f"Which of {i}?") for i in range(100)}) > 20
    assert order("Which?", ordered=True) == ("a", "b", "c", "d")
    assert predict("How many?", [3, 30, 300], answer=30).choices == [3, 30, 300]


def test_who_chose_wrongly_reads_why_it_is_wrong():
    said = predict("Which?", WRONG, answer="$\\frac12$", why="Because.").answer("the max").verdict()
    assert "Not quite, and worth knowing why. The max selects <i>and</i> evaluates. The answer:" in said
    assert said.count("Because.") == 1 and "It is one of them" not in said
    right = predict("Which?", WRONG, answer="$\\frac12$", why="Because.").answer("$\\frac12$").verdict()
    assert "Yes. Because." in right and "evaluates" not in right


def test_choices_with_mathematics_stand_typeset_above_letters():
    question = predict("Which $x$?", WRONG, answer="neither")
    letters, choices = zip(*question.lettered(), strict=True)
    assert letters == ("A", "B", "C") and set(choices) == set(WRONG)
    title = question._root.children[0]
    assert type(title).__name__ == "HTMLMath"
    assert f"{letters[choices.index('$' + chr(92) + 'frac12$')]}. $\\frac12$" in title.value
    assert predict("Which?", ["a", "b"], answer="a").lettered() == []


def test_the_still_of_a_prediction_folds_its_answer():
    still = predict("Which?", WRONG, answer="neither", why="Because of it.").still()
    shown = re.sub(r"<details>.*</details>", "", still)
    assert all(f"<li>{choice}</li>" in shown for choice in WRONG)
    assert "Because" not in shown and "evaluates" not in shown
    assert "<b>neither</b>. Because of it." in still
    number = predict("How far?", answer=23.6, tolerance=1, unit="degrees").still()
    assert "23.6 degrees" in number and "23.6" not in re.sub(r"<details>.*</details>", "", number)


# The predictions of the pages


def written():
    """(page, question, choices, answer, ordered) of each prediction with choices, as its page writes it."""
    for path in sorted(notebooks.SOURCES.glob("*.py")):
        for node in ast.walk(ast.parse(notebooks.plain(path.read_text(encoding="utf-8")))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "predict":
                given = {word.arg: ast.literal_eval(word.value) for word in node.keywords}
                given |= dict(zip(("question", "choices"), map(ast.literal_eval, node.args), strict=False))
                if given.get("choices"):
                    yield path.stem, predict(**given), given.get("ordered", False)


def test_no_place_among_the_choices_is_the_right_one_more_often_than_chance_allows():
    """Of n shuffled predictions the right choice is last (or first) in its share of them ± 2 √variance."""
    shuffled = [question for _, question, ordered in written() if not ordered]
    assert len(shuffled) >= 6
    shares = [1 / len(question.choices) for question in shuffled]
    most = sum(shares) + 2 * sum(p * (1 - p) for p in shares) ** 0.5
    for place in (0, -1):
        assert sum(question.choices[place] == question.right_answer for question in shuffled) <= most


def test_an_ordered_prediction_is_a_scale_and_most_are_not_ordered():
    kinds = [ordered for _, _, ordered in written()]
    assert sum(kinds) <= len(kinds) / 2
