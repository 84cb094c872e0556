"""`python3 -m rlcourse grade SUBMISSIONS/`: the judge's own command line (`grading/__main__.py`)."""

from rlcourse import grading

PLACE = 4
DOES = "grade homework, safely"
TAKES = "grade --help"
EXTRAS = ["instructor"]


def main(arguments: list[str]) -> int:
    return grading.main(arguments)
