"""Exercises that ask for the fault of a run, told from its curves: which run is called what."""

from collections.abc import Callable, Sequence

import numpy as np

from rlcourse.grading.record import Answer, Case, Mistake


def mistakes(faults: Sequence[str], shows: Sequence[str], labels: Callable) -> tuple[Mistake, ...]:
    """A run of one fault called another, for each pair. shows: what a run of each fault shows."""

    def mistaken(true, said):
        def wrong(**case):
            found = labels(**case)
            return np.where(found == true, said, found)

        hint = f"One of your names does not fit its run: {shows[said]}. Is that what you see there?"
        return Mistake(f"{faults[true]}_called_{faults[said]}", hint, wrong)

    pairs = ((a, b) for a in range(len(faults)) for b in range(len(faults)) if a != b)
    return tuple(mistaken(*pair) for pair in pairs)


def seen(cases: list[Case], answers: list[Answer], expected: list[Answer], right: list[bool]) -> str:
    """How many of the runs are named right; which, would be the answer."""
    i = right.index(False)
    answer, labels = answers[i]["value"], expected[i]["value"]
    runs = len(labels)
    if answer.shape != labels.shape:
        return f"{runs} numbers are asked, one a run; yours has shape {answer.shape}."
    right_ones = int((answer == labels).sum())
    return f"Of these {runs} runs, {right_ones} {'is' if right_ones == 1 else 'are'} named right."
