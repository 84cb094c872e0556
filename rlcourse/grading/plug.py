"""A student's function as a trainer's equation. `train` does the same by itself for a plugged-in field."""

from collections.abc import Callable

from rlcourse.parts.plugged import Plugged


def plug_in(function: Callable) -> Plugged:
    """f(*arrays [S, B], *numbers) → tensor [S, B] from a function of rows [B], entry by entry."""
    return Plugged(function, "batch")


def plug_in_solver(function: Callable) -> Plugged:
    """solver(matvec, b [S, P], iterations) → [S, P] from a function of one vector b [P], seed by seed."""
    return Plugged(function, "seed")
