"""`python3 -m rlcourse build`: the lectures, the homework (the same kind of source), the run-sheets."""

import os

from rlcourse import notebooks, scenes
from rlcourse.grading import release

PLACE = 5
DOES = "compile notebooks/source to .ipynb"
TAKES = "--check  fails when they differ"
EXTRAS = ["instructor", "test"]


def main(arguments: list[str]) -> int:
    os.chdir(str(notebooks.ROOT))
    status = notebooks.main(arguments, builders=(notebooks.build, release.build, scenes.build))
    if not status and "--check" not in arguments:
        print("For students: notebooks/   With answers, for nbgrader: build/instructor/ (not in git)")
    return status
