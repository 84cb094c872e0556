"""What a world looks like, in its own coordinates: a few plain shapes, each with the role that it plays.

A world says *where* its rod and its cart are; how a role looks (colour, width of the pen) is the matter of
whoever draws, on a figure or as SVG (`plots.scenes`). Lengths are in the world's units, y points up.
"""

import math
from typing import NamedTuple

ROLES = (
    "body",  # what the action moves: a pendulum's rod, a cart
    "load",  # what the body carries or swings: a bob, a pole
    "joint",  # where parts are hinged
    "ground",  # what stands still and bears
    "reach",  # how far a part can come
    "force",  # what the action does
)


class Line(NamedTuple):
    """A straight stroke with round ends from (x, y) to (to_x, to_y)."""

    role: str
    x: float
    y: float
    to_x: float
    to_y: float


class Disc(NamedTuple):
    """A filled disc around (x, y)."""

    role: str
    x: float
    y: float
    radius: float


class Ring(NamedTuple):
    """A circle around (x, y), not filled."""

    role: str
    x: float
    y: float
    radius: float


class Box(NamedTuple):
    """A filled rectangle around (x, y)."""

    role: str
    x: float
    y: float
    width: float
    height: float


class Turn(NamedTuple):
    """An arrow along a circle around (x, y), from its right by `angle` rad, > 0 counter-clockwise."""

    role: str
    x: float
    y: float
    radius: float
    angle: float

    @property
    def end(self) -> tuple[float, float]:
        """The arrow's point."""
        return self.x + self.radius * math.cos(self.angle), self.y + self.radius * math.sin(self.angle)


class Text(NamedTuple):
    """Words whose baseline is centred on (x, y)."""

    role: str
    x: float
    y: float
    words: str


Shape = Line | Disc | Ring | Box | Turn | Text


class Scene(NamedTuple):
    """One moment of a world: its shapes from back to front, the part of the plane to show, and words."""

    shapes: list[Shape]
    view: tuple[float, float, float, float]  # left, right, bottom, top
    words: str  # for those who hear the page
    scale: str = ""  # the label of a horizontal scale; without one, none is drawn


def cart(position: float, angle: float | None = None, limit: float = 2.4) -> Scene:
    """A cart at x m between stops at ±limit, and a pole to (x + sin φ, cos φ) if its angle φ is given."""
    edge = limit + 0.5
    shapes = [Line("ground", -edge, 0, edge, 0)]
    shapes += [Line("ground", stop, -0.15, stop, 0.15) for stop in (-limit, limit)]
    shapes.append(Box("body", position, 0, 0.6, 0.3))
    words = f"cart at {position:.2f}"
    if angle is not None:
        shapes.append(Line("load", position, 0, position + math.sin(angle), math.cos(angle)))
        words += f", pole {math.degrees(angle):.0f} degrees"
    return Scene(shapes, (-edge, edge, -0.6, 1.5), words, "position (m)")
