"""`python3 -m rlcourse build`: the lectures, then the homework, which has the same kind of source."""

import os

from rlcourse import notebooks
from rlcourse.grading import release

PLACE = 5
DOES = "compile notebooks/source to .ipynb"
TAKES = "--check  fails when they differ"
EXTRAS = ["instructor", "test"]


def main(arguments: list[str]) -> int:
    os.chdir(str(notebooks.ROOT))
    return notebooks.main(arguments, builders=(notebooks.build, release.build))
