"""What the museum knows of a bug."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Exhibit:
    """A bug: the algorithm with it and without it differ in one field, or in their environment.

    field: a field of `algorithm`, or "env". right and wrong: what it holds without and with the bug; for
    "env", an id or a factory. catch(thing): raises AssertionError where thing is the wrong one, and nothing
    where it is the right one; it needs no training. Raises ValueError for a field that there is not.
    """

    name: str
    seen: str  # what the bug does to the curve, in a sentence
    cause: str  # why, in a sentence
    found: str  # where: project and issue
    algorithm: Any  # the healthy one
    env: str | Callable  # its environment
    field: str
    wrong: Any
    catch: Callable[[Any], None]
    steps: int = 20_480

    def __post_init__(self) -> None:
        if self.field != "env" and not hasattr(self.algorithm, self.field):
            raise ValueError(f"{self.name}: {type(self.algorithm).__name__} has no field {self.field!r}")

    @property
    def right(self) -> Any:
        return self.env if self.field == "env" else getattr(self.algorithm, self.field)

    def healthy(self) -> tuple[Any, str | Callable]:
        """(algorithm, environment) without the bug."""
        return self.algorithm, self.env

    def broken(self) -> tuple[Any, str | Callable]:
        """(algorithm, environment) with it."""
        if self.field == "env":
            return self.algorithm, self.wrong
        return replace(self.algorithm, **{self.field: self.wrong}), self.env
