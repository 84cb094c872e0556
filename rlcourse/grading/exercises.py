"""All exercises of the course, by name."""

import difflib

from rlcourse.grading import exercises_hw3, exercises_hw4
from rlcourse.grading.record import Exercise, Feedback, Mistake

__all__ = ["EXERCISES", "Exercise", "Feedback", "Mistake", "find"]

EXERCISES = {e.name: e for e in (*exercises_hw3.EXERCISES, *exercises_hw4.EXERCISES)}


def find(name: str) -> Exercise:
    """The exercise of that name; KeyError with the nearest name otherwise."""
    if name in EXERCISES:
        return EXERCISES[name]
    nearest = difflib.get_close_matches(str(name), EXERCISES, n=1, cutoff=0.4)
    guess = f"; did you mean {nearest[0]!r}?" if nearest else "."
    raise KeyError(f"There is no exercise {name!r}{guess} There are: {', '.join(EXERCISES)}.")
