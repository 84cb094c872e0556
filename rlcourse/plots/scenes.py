"""Worlds, drawn: the shapes of a `Scene` on a figure's axes, or as a short SVG string for a live panel."""

from __future__ import annotations

import html
import math
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from rlcourse.parts.shapes import Box, Disc, Line, Ring, Scene, Shape, Text, Turn
from rlcourse.parts.shapes import cart as cart_scene
from rlcourse.plots.looks import BLACK, BLUE, GREY, VERMILION


class Pen(NamedTuple):
    """How a role is drawn."""

    colour: str
    points: float = 1.0  # width of its lines on a figure
    width: float = 0.02  # their width in SVG, in the world's units
    edge: str = "none"  # around its discs on a figure

    @property
    def ink(self) -> str:
        """Its colour on a page: black is whatever the page writes in, so that a dark one shows it too."""
        return "currentColor" if self.colour == BLACK else self.colour


PENS = {
    "body": Pen(BLACK, 9, 0.13),
    "load": Pen(BLUE, 7, 0.12, edge="white"),
    "joint": Pen(GREY, edge=GREY),
    "ground": Pen(GREY, 1.5, 0.03),
    "reach": Pen(GREY, 1.0, 0.012),
    "force": Pen(VERMILION, 2.5, 0.05),
}


# On a figure ----------------------------------------------------------------------------------------------


def draw_scene(ax: Axes, scene: Scene) -> None:
    """The shapes of a scene on ax, whose limits become its view; a horizontal scale only where it has one."""
    left, right, bottom, top = scene.view
    ax.set(xlim=(left, right), ylim=(bottom, top), yticks=[], aspect="equal")
    ax.spines["left"].set_visible(False)
    if scene.scale:
        ax.set_xlabel(scene.scale)
    else:
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
    for depth, shape in enumerate(scene.shapes):
        _draw_shape(ax, shape, PENS[shape.role], 2 + depth / 100)


def _draw_shape(ax: Axes, shape: Shape, pen: Pen, depth: float) -> None:
    line = {"color": pen.colour, "linewidth": pen.points, "zorder": depth}
    match shape:
        case Line(_, x, y, to_x, to_y):
            ax.plot([x, to_x], [y, to_y], linestyle="-", solid_capstyle="round", **line)
        case Disc(_, x, y, radius):
            look = {"facecolor": pen.colour, "edgecolor": pen.edge, "linewidth": 1.5}
            ax.add_patch(Circle((x, y), radius, zorder=depth, **look))
        case Ring(_, x, y, radius):
            ax.add_patch(Circle((x, y), radius, fill=False, linestyle=(0, (1, 4)), **line))
        case Box(_, x, y, width, height):
            corner = x - width / 2, y - height / 2
            ax.add_patch(Rectangle(corner, width, height, color=pen.colour, zorder=depth))
        case Turn(_, x, y, radius, angle):
            start, bend = (x + radius, y), f"arc3,rad={math.tan(angle / 4):.3f}"
            head = {"arrowstyle": "-|>", "mutation_scale": 16, "connectionstyle": bend}
            ax.add_patch(FancyArrowPatch(start, shape.end, **head, **line))
        case Text(_, x, y, words):
            ax.text(x, y, words, ha="center", color=pen.colour, zorder=depth)


# As SVG, whose y points down ------------------------------------------------------------------------------


def scene_svg(scene: Scene, width: float, height: float, inside: str | None = None) -> str:
    """A scene as SVG in width × height pixels, in proportion: cheap enough for ten frames a second.

    inside: shapes to show in place of the scene's own, in its view and under its words.
    """
    left, right, bottom, top = scene.view
    size = f'width="{width:.0f}" height="{height:.0f}"'
    return (
        f'<svg viewBox="{left:g} {-top:g} {right - left:g} {top - bottom:g}" {size} role="img" '
        f'aria-label="{html.escape(scene.words)}">{frame_svg(scene) if inside is None else inside}</svg>'
    )


def frame_svg(scene: Scene) -> str:
    """The shapes of a scene as SVG, to stand inside a drawing of its view."""
    _, _, bottom, top = scene.view
    return "".join([_shape_svg(shape, PENS[shape.role], top - bottom) for shape in scene.shapes])


def _shape_svg(shape: Shape, pen: Pen, tall: float) -> str:
    """One shape; `tall` is the height of the view, of which words take a share."""
    match shape:
        case Line(_, x, y, to_x, to_y):
            return (
                f'<line {_at(x, y, "x1", "y1")}x2="{to_x:.4f}" y2="{-to_y:.4f}" stroke="{pen.ink}" '
                f'stroke-width="{pen.width}" stroke-linecap="round"/>'
            )
        case Disc(_, x, y, radius):
            return f'<circle {_at(x, y)}r="{radius}" fill="{pen.ink}"/>'
        case Ring(_, x, y, radius):
            return (
                f'<circle {_at(x, y)}r="{radius}" fill="none" stroke="{pen.ink}" '
                f'stroke-width="{pen.width}" stroke-dasharray="0.02 0.07"/>'
            )
        case Box(_, x, y, width, height):
            return (
                f'<rect x="{x - width / 2:.4f}" y="{-y - height / 2:.4f}" width="{width}" height="{height}" '
                f'fill="{pen.ink}"/>'
            )
        case Turn():
            return _turn_svg(shape, pen)
        case Text(_, x, y, words):
            return (
                f'<text x="{x:.4f}" y="{-y:.4f}" text-anchor="middle" font-size="{0.06 * tall:.3f}" '
                f'font-family="sans-serif" fill="currentColor">{html.escape(words)}</text>'
            )


def _at(x: float, y: float, across: str = "cx", down: str = "cy") -> str:
    """SVG's own default is the origin."""
    return f'{across}="{x:.4f}" {down}="{0.0 - y:.4f}" ' if x or y else ""


def _turn_svg(turn: Turn, pen: Pen) -> str:
    """An arc and the triangle of its head, which points along the circle."""
    end_x, end_y = turn.end[0], -turn.end[1]
    way = math.copysign(pen.width, turn.angle)
    head_x, head_y = -math.sin(turn.angle) * way, -math.cos(turn.angle) * way  # the direction of travel
    points = (
        f"{end_x + 3.2 * head_x:.3f},{end_y + 3.2 * head_y:.3f} "
        f"{end_x - 1.8 * head_y:.3f},{end_y + 1.8 * head_x:.3f} "
        f"{end_x + 1.8 * head_y:.3f},{end_y - 1.8 * head_x:.3f}"
    )
    flags = f"{int(abs(turn.angle) > math.pi)} {int(turn.angle < 0)}"
    return (
        f'<path d="M {turn.x + turn.radius:g} {-turn.y:g} A {turn.radius} {turn.radius} 0 {flags} '
        f'{end_x:.3f} {end_y:.3f}" fill="none" stroke="{pen.ink}" stroke-width="{pen.width}"/>'
        f'<polygon points="{points}" fill="{pen.ink}"/>'
    )


# The worlds of most pages, by their numbers ---------------------------------------------------------------


def pendulum_scene(theta: float, torque: float = 0.0, max_torque: float = 2.0) -> Scene:
    """`worlds.pendulum.picture`, imported when it is needed: a figure without a world needs no Gymnasium."""
    from rlcourse.parts.worlds.pendulum import picture

    return picture(theta, torque, max_torque)


def pendulum(ax: Axes, theta: float, torque: float = 0.0, max_torque: float = 2.0) -> None:
    """The rod to (−sin θ, cos θ), as Gymnasium's Pendulum: θ = 0 upright, torque > 0 counter-clockwise."""
    draw_scene(ax, pendulum_scene(theta, torque, max_torque))


def cart(ax: Axes, position: float, angle: float | None = None, limit: float = 2.4) -> None:
    """A cart at x, and a pole to (x + sin φ, cos φ) if φ is given (CartPole: φ = 0 upright, > 0 right)."""
    draw_scene(ax, cart_scene(position, angle, limit))


def pendulum_svg(theta: float, torque: float = 0.0, max_torque: float = 2.0, size: int = 260) -> str:
    """The drawing of `pendulum` as a short SVG string, size × size pixels."""
    return scene_svg(pendulum_scene(theta, torque, max_torque), size, size)


def cart_svg(position: float, angle: float | None = None, limit: float = 2.4, size: int = 260) -> str:
    """The drawing of `cart` as a short SVG string, 1.4 size × size pixels."""
    return scene_svg(cart_scene(position, angle, limit), 1.4 * size, size)
