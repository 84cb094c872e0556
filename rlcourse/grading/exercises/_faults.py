"""What exercises share that ask for the fault of a run, told from its curves: which run is called what."""

from collections.abc import Callable, Sequence

import numpy as np

from rlcourse.grading.record import Mistake


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


def seen(runs: int, labels: Callable) -> Callable:
    """How many of so many runs are named right, as an exercise's `seen`; which, would be the answer."""

    def said(cases, answers, right):
        case, answer = next((c, a["value"]) for c, a, ok in zip(cases, answers, right, strict=True) if not ok)
        if answer.shape != (runs,):
            return f"{runs} numbers are asked, one a run; yours has shape {answer.shape}."
        right_ones = int((answer == labels(**case)).sum())
        return f"Of these {runs} runs, {right_ones} {'is' if right_ones == 1 else 'are'} named right."

    return said
