"""Hints come in two stages: what is seen of a mistake first; its repair at the second ✗, or when asked."""

import difflib
import html
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from rlcourse.grading import check, instant
from rlcourse.grading.exercises import EXERCISES, find

sys.path.insert(0, str(Path(__file__).parent))
import kill_matrix

sys.path.pop(0)

NAMES = list(EXERCISES)


@pytest.fixture(autouse=True)
def fresh_kernel(monkeypatch):
    monkeypatch.setattr(instant, "crosses", defaultdict(Counter))


def wrong(name):
    return [(n, solution) for n, solution in kill_matrix.bank(name) if n.startswith("wrong_")]


def visible(feedback):
    """The text that a reader sees before asking, as the notebook shows it."""
    shown = re.sub(r"(?s)<details>.*?</details>", "", feedback._repr_html_())
    return html.unescape(re.sub(r"<[^>]+>", " ", shown))


@pytest.mark.parametrize("name", NAMES)
def test_the_first_cross_shows_the_symptom_and_the_second_the_repair(name):
    hints = {mistake.word: [m.hint for m in find(name).mistakes if m.word == mistake.word]
             for mistake in find(name).mistakes}  # fmt: skip
    named = 0
    for solution_name, solution in wrong(name):
        instant.crosses.clear()
        one, two = (kill_matrix.quietly(name, solution) for _ in range(2))
        assert (one.misconception, one.message) == (two.misconception, two.message), solution_name
        if one.misconception not in hints or not one.symptom:
            continue
        named += 1
        assert one.message in hints[one.misconception], solution_name
        assert one.symptom in visible(one) and one.message not in visible(one), solution_name
        assert one.message not in repr(one) and one.message in repr(two), solution_name
        assert one.message in visible(two), solution_name
    assert named >= 4


@pytest.mark.parametrize("name", NAMES)
def test_the_symptom_gives_no_part_of_the_repair_away(name):
    """No six words in a row of any hint of the exercise, no line of an answer's mathematics."""
    hints = " ".join(mistake.hint for mistake in find(name).mistakes)
    for solution_name, solution in wrong(name):
        shown = kill_matrix.quietly(name, solution).symptom
        match = difflib.SequenceMatcher(None, shown.split(), hints.split(), autojunk=False)
        longest = match.find_longest_match()
        assert longest.size < 6, (solution_name, shown)
        assert not re.search(r"[γδετρσθπημ]|←|\bmultiply\b|\bshould\b|\bmust\b|\buse\b|\btake\b", shown), (
            shown
        )


def test_two_mistakes_with_the_same_values_have_the_same_symptom_whatever_is_known_of_them():
    """The symptom is told from values: it is the same for an exercise that knows no mistake."""
    from dataclasses import replace

    from rlcourse.grading.sandbox.inside.observer import observe

    for name in NAMES:
        exercise = find(name)
        cases = exercise.cases(0)
        for _, solution in wrong(name)[:4]:
            answers = observe(exercise.spec, solution, cases)
            known = exercise.judge(cases, answers)
            mute = (type(m)(m.word, "Another text.", *m.wrongs, shows=m.shows) for m in exercise.mistakes)
            blind = replace(exercise, mistakes=tuple(mute))
            assert blind.judge(cases, answers).symptom == known.symptom


def test_a_right_answer_begins_the_count_anew_and_a_blank_one_costs_no_hint():
    def blank(target, online, tau):
        raise NotImplementedError

    def swapped(target, online, tau):
        return tau * target + (1 - tau) * online

    assert not check("polyak", blank).folded
    assert check("polyak", swapped).folded
    assert not check("polyak", swapped).folded
    assert check("polyak", lambda target, online, tau: target + tau * (online - target)).passed
    assert check("polyak", swapped).folded


def test_each_exercise_has_its_own_count():
    assert check("polyak", lambda target, online, tau: tau * target + (1 - tau) * online).folded
    assert check("ddpg_target", lambda reward, terminated, next_q, gamma: reward + gamma * next_q).folded


def test_a_symptom_says_where_and_which_way_a_number_is_wrong():
    masked = check("ddpg_target", lambda reward, terminated, next_q, gamma: reward + gamma * next_q)
    assert "wrong only where `terminated` is 1" in masked.symptom
    larger = check(
        "td3_target", lambda r, t, a, b, g: r + g * (1 - t) * (a > b) * a + g * (1 - t) * (a <= b) * b
    )
    assert "too large" in larger.symptom
    detached = check("actor_loss", lambda critic, actor, o, a: -critic(o, actor(o).detach()).mean())
    assert "The value came out right, the gradient did not." in detached.symptom


def test_the_judge_says_the_repair_at_once():
    from rlcourse.grading.sandbox.inside.observer import observe

    exercise = find("ddpg_target")
    cases = exercise.cases(3)
    answers = observe(exercise.spec, lambda reward, terminated, next_q, gamma: reward + gamma * next_q, cases)
    assert "1 − terminated" in exercise.judge(cases, answers).message
