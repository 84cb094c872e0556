"""All exercises of the course, found by their files: `hw3/td3_target.py` is `td3_target` of homework 3.

A file reads from top to bottom: the equation, the right function (its parameters are the exercise's), `draw`
(inputs that tell every known mistake from the answer), the mistakes with their hints, the record. A file
whose name begins with an underscore is no exercise but what several of one homework share. All of them hold
answers: they never enter a student's process in the judge, nor a student's copy of the course, which has a
sheet in the place of each file (`hw3/td3_target.sheet`, see `grading/sheets.py`).
"""

import difflib
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from rlcourse.grading.feedback import Feedback
from rlcourse.grading.record import Exercise, Mistake
from rlcourse.grading.sheets import load

__all__ = ["EXERCISES", "Exercise", "Feedback", "Mistake", "find"]


def discover() -> dict[str, str]:
    """{exercise: its module, or the path of its sheet}, homework by homework."""
    found = [path for home in __path__ for path in sorted(Path(home).glob("hw*/*.sheet"))]
    return {path.stem: str(path) for path in found} | {
        file.name: f"{__name__}.{folder.name}.{file.name}"
        for folder in pkgutil.iter_modules(__path__)
        if folder.ispkg
        for file in pkgutil.iter_modules([f"{folder.module_finder.path}/{folder.name}"])
        if not file.name.startswith("_")
    }


class Found(Mapping):
    """name -> Exercise. A file is imported, or a sheet read, when its exercise is asked for."""

    def __init__(self, modules: dict[str, str]):
        self.modules, self.read = modules, {}

    def __getitem__(self, name: str) -> Exercise:
        if self.modules[name].endswith(".sheet"):
            self.read[name] = self.read.get(name) or load(self.modules[name])
            return self.read[name]
        return importlib.import_module(self.modules[name]).EXERCISE

    def __contains__(self, name) -> bool:
        return name in self.modules

    def __iter__(self) -> Iterator[str]:
        return iter(self.modules)

    def __len__(self) -> int:
        return len(self.modules)


EXERCISES = Found(discover())


def find(name: str) -> Exercise:
    """The exercise of that name; KeyError with the nearest name otherwise."""
    if name in EXERCISES:
        return EXERCISES[name]
    nearest = difflib.get_close_matches(str(name), EXERCISES, n=1, cutoff=0.4)
    guess = f"; did you mean {nearest[0]!r}?" if nearest else "."
    raise KeyError(f"There is no exercise {name!r}{guess} There are: {', '.join(EXERCISES)}.")
