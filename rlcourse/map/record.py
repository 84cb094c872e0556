"""What the map knows of a method: its place, its paper, what it learns here, and how one can tell."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

BOXES = (
    "policy, on-policy", "policy, off-policy", "value, on-policy", "value, off-policy", "model", "imitation",
)  # fmt: skip


class Point(NamedTuple):
    """What has been learnt after so many steps, one row a seed."""

    steps: int  # of one seed
    measure: np.ndarray  # [S], what the curve shows; the record's `measure` says its name and units
    found: Mapping[str, Any]  # name -> [S, ...]: tables, parameters; what the oracle asks for


class Claim(NamedTuple):
    """found = truth, ≥ truth or ≤ truth, within `tolerance`, in every seed."""

    claim: str  # in words and symbols, as a receipt says it
    found: np.ndarray  # [S, ...]
    truth: np.ndarray | float  # of another source: a closed form, an enumeration, dynamic programming
    tolerance: float = 0.0
    relation: Literal["=", "≥", "≤"] = "="

    def holds(self) -> np.ndarray:
        """|found − truth| ≤ tolerance, found ≥ truth − tolerance, or found ≤ truth + tolerance: bool [S]."""
        gap = np.asarray(self.found, float) - self.truth
        gap = {"=": np.abs(gap), "≥": -gap, "≤": gap}[self.relation]
        return (gap <= self.tolerance).reshape(len(gap), -1).all(axis=1)  # NaN does not hold


def due(step: int, steps: int, points: int = 40) -> bool:
    """Is a point of the curve due after this step of `steps`? `points` times, and at the last step."""
    return step % max(1, steps // points) == 0 or step == steps


class Loop(NamedTuple):
    """`train(algorithm, env, steps, seeds, **options)`: a method that the course's loop moves.

    The Point that its oracle gets is the end of the run: measure is the last evaluation's mean return, found
    has "policy" (of all seeds, `Run.policy`), "returns" [S, E] (the curve) and "metrics".
    """

    algorithm: Any  # a frozen dataclass with agent, networks and update, as those of `algorithms` are
    env: str | Callable
    steps: int
    options: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Method:
    """A box of the map. `training.learn(method, seeds)` runs it, whichever kind it is.

    learn: a generator function `learn(seeds, steps=…, …)`; all parameters but the seeds have defaults. It
    learns for all seeds at once, seeds first in every array, and yields the curve's points one by one (`due`
    says when), so that whoever draws them decides when to stop. Or a Loop. Raises ValueError for a box that
    is not on the map.
    """

    name: str  # as its paper calls it
    box: str  # one of BOXES
    paper: str  # authors, year, title: one line
    idea: str  # what is new in it: one line
    task: str  # what it learns here: "the cliff"
    learn: Callable[..., Iterator[Point]] | Loop
    oracle: Callable[[Point], Sequence[Claim]]  # of the last point: what must hold
    measure: str = "return"  # what the curve shows, with units
    bounds: tuple[float | None, float | None] = (None, None)  # what it cannot leave, nor may any band

    def __post_init__(self) -> None:
        if self.box not in BOXES:
            raise ValueError(f"{self.name}: box is {self.box!r}; it must be one of {', '.join(BOXES)}")
