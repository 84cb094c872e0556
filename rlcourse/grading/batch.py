"""The door that the guide names, `from rlcourse.grading.batch import grade`: see `judging/batch.py`."""

from rlcourse.grading.judging.batch import Refused, grade

__all__ = ["Refused", "grade"]
