"""Homework that grades itself: exercises, hints, the sandboxed judge. README.md says what to read first."""

from rlcourse.grading.instant import check, instance
from rlcourse.grading.plug import plug_in, plug_in_solver

__all__ = ["check", "instance", "plug_in", "plug_in_solver"]


def main(argv: list[str] | None = None) -> int:
    """`python3 -m rlcourse grade`; see `__main__.py`."""
    from rlcourse.grading.__main__ import main

    return main(argv)
