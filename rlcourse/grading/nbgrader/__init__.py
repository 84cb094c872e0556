"""nbgrader with the course's judge in the place of its `Execute`: `configure(c)` in nbgrader_config.py.

Inside this package `import nbgrader` is the real one: imports of the course are absolute.
"""

from rlcourse.grading.nbgrader.preprocessor import configure

__all__ = ["configure"]
