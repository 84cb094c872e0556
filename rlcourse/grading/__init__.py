"""Homework that grades itself: exercises, hints, the sandboxed judge."""

from rlcourse.grading.check import check
from rlcourse.grading.plug import plug_in, plug_in_solver

__all__ = ["check", "plug_in", "plug_in_solver"]


def main(argv=None):
    """`python3 -m rlcourse grade`; see `cli.py`."""
    from rlcourse.grading.__main__ import main

    return main(argv)
