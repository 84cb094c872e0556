"""Viva cards: three questions an exercise, printed for the instructor, in no released notebook."""

import pytest

from rlcourse.commands import viva
from rlcourse.grading.exercises import EXERCISES


@pytest.mark.parametrize("name", list(EXERCISES))
def test_each_exercise_has_three_questions_of_its_own(name):
    cards = EXERCISES[name].viva
    assert len(set(cards)) == 3
    assert all(20 <= len(card) <= 160 and card[-1] in "?." for card in cards)


def test_the_command_prints_all_cards_of_a_homework_or_those_asked_for(capsys):
    assert viva.main(["3"]) == 0
    printed = capsys.readouterr().out
    for exercise in EXERCISES.values():
        assert all((card in printed) == (exercise.homework == 3) for card in exercise.viva)
    assert viva.main(["4", "natural_step"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "natural_step"
    assert viva.main(["9"]) == 1
    assert "no homework 9" in capsys.readouterr().out
    assert viva.main(["4", "natural_step", "natural_stop"]) == 1
    assert "no exercise natural_stop in homework 4; there are: " in capsys.readouterr().out
    with pytest.raises(SystemExit):
        viva.main([])
    assert capsys.readouterr().err.endswith("required: homework\n")


def test_no_card_is_in_a_released_notebook_or_in_what_a_child_is_told():
    pytest.importorskip(
        "nbgrader", reason="NOT CHECKED: nbgrader is not installed (python3 -m rlcourse test brings it)"
    )
    from rlcourse.grading import release

    text = "".join(path.read_text() for path in release.RELEASED.glob("*.ipynb"))
    for exercise in EXERCISES.values():
        assert not any(card in text or card in str(exercise.spec) for card in exercise.viva)
