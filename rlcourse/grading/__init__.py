"""Homework that grades itself: exercises, hints, the sandboxed judge."""

from rlcourse.grading.check import check

__all__ = ["check"]
