"""rlcourse: an interactive course on policy optimisation, and the small package behind it."""

__version__ = "0.1.0"

from rlcourse.parts import classic as _classic  # noqa: E402, F401  registers rlcourse/… with Gymnasium; imports no torch
