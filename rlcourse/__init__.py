"""rlcourse: an interactive course on policy optimisation, and the small package behind it."""

__version__ = "0.1.0"
