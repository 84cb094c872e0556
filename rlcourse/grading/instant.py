"""Instant feedback in a notebook: the visible cases of an exercise, judged in this process."""

import copy
import functools
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace

from rlcourse.grading.exercises import find
from rlcourse.grading.feedback import Feedback
from rlcourse.grading.sandbox.inside import observer

PLACEHOLDER = "your ID"  # what stands where a student writes an ID
NOBODY = f"This is nobody's instance: write your own ID in place of {PLACEHOLDER!r}, then run this again."
VISIBLE = 0  # the seed that students see; the judge draws others
crosses = defaultdict(Counter)  # {exercise: {mistake: how many ✗ since the last ✓}}, while the kernel lives


def instance(name: str, student: str) -> dict:
    """The inputs of an exercise that are this student's own."""
    if student == PLACEHOLDER:
        print(NOBODY)
    return find(name).cases(VISIBLE, student)[0]


@functools.lru_cache(maxsize=256)
def drawn(name: str, seed: int, student: str | None) -> list[dict]:
    """The cases of an exercise; to draw some of them takes longer than to judge an answer."""
    return find(name).cases(seed, student)


def check(
    name: str, function: Callable | None = None, seed: int = VISIBLE, student: str | None = None
) -> Feedback:
    """Try `function` on the exercise's cases and say what is right, or which mistake it looks like.

    Shows as ✓ or ✗ with a sentence; `.passed`, `.score` in [0, 1], `.misconception` (a short word or None)
    and `.message` say the same. The first ✗ shows what is seen of the mistake (`.symptom`), the second, or a
    click, how to repair it (`.message`). `student`: whose instance, where each has their own.
    Never raises for a mistake in `function`; a loop without end it cannot stop (interrupt the kernel).
    """
    try:
        exercise = find(name)
    except KeyError as unknown:
        return Feedback(str(name), False, 0.0, None, unknown.args[0])
    cases = copy.deepcopy(drawn(name, seed, student))  # an answer may change its arguments
    feedback = exercise.judge(cases, observer.observe(exercise.spec, function, cases))
    if feedback.passed:
        crosses.pop(name, None)
    elif feedback.symptom:  # an answer that is not written, or that stops, costs no hint
        crosses[name][feedback.misconception] += 1
    if exercise.personal and student == PLACEHOLDER:
        feedback = replace(feedback, message=f"{feedback.message}\n{NOBODY}")
    return replace(feedback, first=crosses[name][feedback.misconception] == 1)
