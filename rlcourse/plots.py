"""One style for every figure: matplotlib only, colour-blind-safe, readable at the back of a hall.

A colour means the same thing everywhere and is doubled by a line style: black truth, orange DDPG, blue TD3,
green TRPO, vermilion PPO. Figures are made without pyplot (`figure`, `axes`), so a slider or a thread can
draw them too.
"""

from __future__ import annotations

import base64
import math
import struct
import textwrap
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle
from matplotlib.ticker import MaxNLocator

from rlcourse.statistics import Interval, interval

# Okabe and Ito's palette: distinct for all common kinds of colour vision; in grey, the line styles tell
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE, GREY = "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#6E6E6E"
DASHES, DOTS, DASH_DOT, LONG = (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (9, 3))

LOOKS = {  # what the first word of a label means
    "truth": (BLACK, "-"),
    "DDPG": (ORANGE, DASHES),
    "TD3": (BLUE, "-"),
    "TRPO": (GREEN, DASH_DOT),
    "PPO": (VERMILION, LONG),
    "NPG": (SKY, DASHES),
    "A2C": (PURPLE, DASH_DOT),
    "REINFORCE": (PURPLE, DOTS),
    "OPDAC": (SKY, DOTS),
}
OTHERS = [(PURPLE, "-"), (SKY, "-"), (GREY, DASHES), (GREEN, DOTS), (ORANGE, DASH_DOT), (VERMILION, DOTS)]
# Further runs of one algorithm keep its colour and change the line.
VARIANTS = ["-", DASHES, DOTS, DASH_DOT, LONG]

STYLE = {
    "font.size": 13,
    "axes.titlesize": 15,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # where matplotlib would place it, once redrawn, is outside the picture
    "axes.labelsize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "legend.fontsize": 12,
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "axes.prop_cycle": matplotlib.cycler(
        color=[BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY],
        linestyle=["-", DASHES, DASH_DOT, LONG, DOTS, DASHES],
    ),
}


def use() -> None:
    """Set the course's style for this process, as the first cell of a notebook does."""
    matplotlib.rcParams.update(STYLE)


def style(label: str, variant: int = 0) -> dict:
    """Colour and line style of a label: `style("TD3 tau=0.1", 1)` is TD3's blue with the next line style."""
    word = _first_word(label)
    if word in LOOKS:
        colour, line = LOOKS[word]
        lines = [line] + [other for other in VARIANTS if other != line]
        return {"color": colour, "linestyle": lines[variant % len(lines)]}
    colour, line = OTHERS[variant % len(OTHERS)]
    return {"color": colour, "linestyle": line}


def _first_word(label: str) -> str:
    return label.split()[0].split("(")[0].rstrip(",:") if label.split() else ""


def styles(labels: Iterable[str]) -> list[dict]:
    """One look per label, no two alike: labels of one algorithm share its colour and differ in the line."""
    seen: dict[str, int] = {}
    looks = []
    for label in labels:
        word = _first_word(label)
        family = word if word in LOOKS else "other"
        looks.append(style(label, seen.get(family, 0)))
        seen[family] = seen.get(family, 0) + 1
    return looks


def figure(width: float = 8.0, height: float = 4.2, layout: str | None = "constrained") -> Figure:
    """An empty figure (inches of 100 pixels) with an Agg canvas: never pyplot, so any thread may own it."""
    fig = Figure(figsize=(width, height), dpi=STYLE["figure.dpi"], layout=layout)
    _Canvas(fig)
    return fig


def axes(fig: Figure, rows: int = 1, columns: int = 1, **subplots) -> Axes | np.ndarray:
    """Clean axes on fig: one Axes for 1 × 1, otherwise an array as `fig.subplots` gives it.

    Called again with the same arguments it empties and returns the axes that are there, which costs a tenth
    of making them anew: a lab redraws in time. Titles, labels, limits and scales stay until they are set
    again, except that limits found by autoscaling are found again.
    """
    layout = (rows, columns, repr(sorted(subplots.items())))
    kept = getattr(fig, "_rlcourse_axes", None)
    if kept is not None and kept[0] == layout and fig.axes == list(np.ravel(kept[1])):
        for ax in fig.axes:
            _empty(ax)
        return kept[1]
    fig.clear()
    with matplotlib.rc_context(STYLE):
        made = fig.subplots(rows, columns, **subplots)
        for ax in np.ravel(made):
            ax.tick_params(labelsize=STYLE["xtick.labelsize"])
            if ax.name == "rectilinear":
                ax.locator_params(nbins=5)  # few, large tick labels: readable, and twice as fast to draw
    fig._rlcourse_axes = (layout, made)
    return made


def _empty(ax: Axes) -> None:
    for artist in [*ax.lines, *ax.collections, *ax.patches, *ax.texts, *ax.images, *ax.tables]:
        artist.remove()
    names = ax.get_legend()
    if names is not None and names is getattr(ax, "_rlcourse_legend", (None, None))[1]:
        names.set_visible(False)  # `legend` may show it again
    elif names is not None:
        names.remove()
    ax.set_prop_cycle(STYLE["axes.prop_cycle"])
    ax.relim()
    for axis in "xy":
        if getattr(ax, f"get_autoscale{axis}_on")():
            getattr(ax, f"set_{axis}lim")(auto=True)


def legend(ax: Axes, **options) -> None:
    """`ax.legend(**options)`, kept from one redraw to the next while its entries look the same.

    A legend costs as much as ten lines, and in a lab it rarely changes. `draw` draws it with the frame, below
    the lines: put it where there are none.
    """
    handles, labels = ax.get_legend_handles_labels()
    parts = ("color", "facecolor", "linestyle", "linewidth", "marker")
    looks = [
        (label, *(repr(getattr(handle, f"get_{part}", str)()) for part in parts))
        for label, handle in zip(labels, handles, strict=True)
    ]
    key, kept = (looks, options), getattr(ax, "_rlcourse_legend", None)
    if kept is not None and kept[0] == key and kept[1] is ax.get_legend():
        kept[1].set_visible(True)
    else:
        ax._rlcourse_legend = key, ax.legend(**options)


def round_limits(*values: float | np.ndarray, parts: int = 6) -> tuple[float, float]:
    """The narrowest limits around all finite values that are multiples of a step of 1, 2 or 5 × 10ᵏ.

    At most `parts` steps lie between them. For `ax.set_ylim`: while a slider moves, the frame stands still
    until a line would leave it, so the eye can compare (and `draw` keeps the frame it has drawn).
    """
    flat = np.concatenate([np.ravel(value).astype(float) for value in values])
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        raise ValueError("round_limits: no finite value among those given")
    ticks = MaxNLocator(parts, steps=(1, 2, 5, 10)).tick_values(flat.min(), flat.max())
    return float(ticks[0]), float(ticks[-1])


def learning_curve(
    ax: Axes,
    steps: np.ndarray,
    returns: np.ndarray,
    label: str,
    colour: str | None = None,
    linestyle=None,
    confidence: float = 0.95,
    seeds_width: float = 0.8,
) -> Interval:
    """All seeds thin, their mean (n < 10) or IQM (n ≥ 10) thick, its interval a band, named "label, n = …".

    steps [E] environment steps, returns [seeds, E] mean evaluation returns. One seed is drawn without a band.
    Returns the interval drawn, [E]. End the figure with `label_lines(ax)` (labels at the lines) or
    `ax.legend()`. Raises ValueError for mismatched shapes and for NaN returns (naming the seeds).
    """
    steps, returns = np.asarray(steps), np.atleast_2d(np.asarray(returns, dtype=float))
    if returns.ndim != 2 or returns.shape[1] != len(steps):
        raise ValueError(f"returns {returns.shape} do not fit steps {steps.shape}: give [seeds, E] and [E]")
    look = style(label)
    look = {"color": colour or look["color"], "linestyle": linestyle or look["linestyle"]}
    found = interval(returns, confidence)
    if len(returns) > 1:
        ax.plot(
            steps,
            returns.T,
            color=look["color"],
            linewidth=seeds_width,
            linestyle="-",
            alpha=0.4,
            label="_seeds",
        )
        ax.fill_between(
            steps, found.low, found.high, color=look["color"], alpha=0.18, linewidth=0, label="_band"
        )
    ax.plot(
        steps,
        found.estimate,
        label=f"{label}, n = {found.n}",
        linewidth=STYLE["lines.linewidth"],
        zorder=3,
        **look,
    )
    ax.set_xlabel("environment steps per seed")
    ax.set_ylabel("evaluation return")
    return found


def curve_note(n: int, confidence: float = 0.95) -> str:
    """What the lines of a learning curve are: the sentence that every such figure owes its reader."""
    if n == 1:
        return "one seed: no interval"
    centre = "mean and t-interval" if n < 10 else "IQM and bootstrap interval"
    return f"thin: each seed; thick and band: {centre}, {100 * confidence:g} %"


def label_lines(ax: Axes, gap: float = 0.075, wrap: int = 32) -> None:
    """Each line's label at its right end, in its colour, pushed apart where they would touch."""
    lines = [line for line in ax.lines if not line.get_label().startswith("_") and len(line.get_xdata())]
    if not lines:
        return
    labels = [textwrap.fill(line.get_label().replace(" = ", "\u00a0=\u00a0"), wrap) for line in lines]
    ends = []
    for line in lines:
        x, y = (np.asarray(values, dtype=float) for values in line.get_data())
        last = np.flatnonzero(np.isfinite(y))[-1:]
        point = (
            ax.transData.transform((x[last[0]], y[last[0]]))
            if len(last)
            else ax.transAxes.transform((1, 0.5))
        )
        ends.append(min(1.0, max(0.0, ax.transAxes.inverted().transform(point)[1])))
    order = np.argsort(ends, kind="stable")
    heights = [gap * (labels[i].count("\n") + 1) for i in order]
    places = [ends[i] for i in order]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + (heights[i - 1] + heights[i]) / 2)
    top = 1.0 + gap / 2  # a line of text may be centred on the frame's edge
    for i in reversed(range(len(places))):  # shift a pile that passed the top back down, keeping the gaps
        places[i] = min(places[i], top - heights[i] / 2)
        top = places[i] - heights[i] / 2
    for place, i in zip(places, order, strict=True):
        ax.text(
            1.015, place, labels[i], color=lines[i].get_color(), transform=ax.transAxes,
            va="center", ha="left", fontsize=STYLE["legend.fontsize"], fontweight="bold", linespacing=1.05,
        )  # fmt: skip


# The environments, drawn ----------------------------------------------------------------------------------


def pendulum(ax: Axes, theta: float, torque: float = 0.0, max_torque: float = 2.0) -> None:
    """The rod to (−sin θ, cos θ), as Gymnasium's Pendulum: θ = 0 upright, torque > 0 counter-clockwise."""
    ax.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), xticks=[], yticks=[], aspect="equal")
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    tip = (-math.sin(theta), math.cos(theta))
    ax.add_patch(Circle((0, 0), 1.0, fill=False, linestyle=(0, (1, 4)), color=GREY))
    ax.plot([0, tip[0]], [0, tip[1]], color=BLACK, linewidth=9, linestyle="-", solid_capstyle="round")
    ax.add_patch(Circle(tip, 0.12, facecolor=BLUE, edgecolor="white", linewidth=1.5, zorder=4))
    ax.add_patch(Circle((0, 0), 0.06, color=GREY, zorder=4))
    share = max(-1.0, min(1.0, torque / max_torque))
    if abs(share) > 0.02:
        start, end = (0.5, 0.0), (0.5 * math.cos(2.4 * share), 0.5 * math.sin(2.4 * share))
        arrow = FancyArrowPatch(
            start, end, connectionstyle=f"arc3,rad={math.tan(0.6 * share):.3f}", arrowstyle="-|>",
            mutation_scale=16, color=VERMILION, linewidth=2.5, zorder=3,
        )  # fmt: skip
        ax.add_patch(arrow)
    ax.text(0, -1.3, f"torque {torque:+.2f} N m", ha="center", color=VERMILION)


def cart(ax: Axes, position: float, angle: float | None = None, limit: float = 2.4) -> None:
    """A cart at x, and a pole to (x + sin φ, cos φ) if φ is given (CartPole: φ = 0 upright, > 0 right)."""
    ax.set(
        xlim=(-limit - 0.5, limit + 0.5), ylim=(-0.6, 1.5), yticks=[], aspect="equal", xlabel="position (m)"
    )
    ax.spines["left"].set_visible(False)
    ax.axhline(0, color=GREY, linewidth=1.5, linestyle="-")
    for edge in (-limit, limit):
        ax.plot([edge, edge], [-0.15, 0.15], color=GREY, linewidth=1.5, linestyle="-")
    ax.add_patch(Rectangle((position - 0.3, -0.15), 0.6, 0.3, color=BLACK, zorder=2))
    if angle is not None:
        tip = (position + math.sin(angle), math.cos(angle))
        ax.plot(
            [position, tip[0]],
            [0, tip[1]],
            color=BLUE,
            linewidth=7,
            linestyle="-",
            solid_capstyle="round",
            zorder=3,
        )


def pendulum_svg(theta: float, torque: float = 0.0, max_torque: float = 2.0, size: int = 260) -> str:
    """The drawing of `pendulum` as a short SVG string: cheap enough for ten frames a second."""
    x, y = 0.0 - math.sin(theta), 0.0 - math.cos(theta)  # the page's y points down
    share = max(-1.0, min(1.0, torque / max_torque))
    turn = 2.4 * share
    arc = ""
    if abs(share) > 0.02:
        end_x, end_y = 0.5 * math.cos(turn), -0.5 * math.sin(turn)
        way = math.copysign(1.0, share)
        head_x, head_y = -math.sin(turn) * way, -math.cos(turn) * way  # the direction of travel at the end
        points = [
            (end_x + 0.16 * head_x, end_y + 0.16 * head_y),
            (end_x - 0.09 * head_y, end_y + 0.09 * head_x),
            (end_x + 0.09 * head_y, end_y - 0.09 * head_x),
        ]
        arc = (
            f'<path d="M 0.5 0 A 0.5 0.5 0 0 {int(share < 0)} {end_x:.3f} {end_y:.3f}" '
            f'fill="none" stroke="{VERMILION}" stroke-width="0.05"/>'
            f'<polygon points="{" ".join(f"{a:.3f},{b:.3f}" for a, b in points)}" fill="{VERMILION}"/>'
        )
    return (
        f'<svg viewBox="-1.35 -1.35 2.7 2.7" width="{size}" height="{size}" role="img" '
        f'aria-label="pendulum {math.degrees(theta):.0f} degrees from upright, '
        f'torque {torque:+.2f} newton metres">'
        f'<circle r="1" fill="none" stroke="{GREY}" stroke-width="0.012" stroke-dasharray="0.02 0.07"/>{arc}'
        f'<line x2="{x:.4f}" y2="{y:.4f}" stroke="{BLACK}" stroke-width="0.13" stroke-linecap="round"/>'
        f'<circle cx="{x:.4f}" cy="{y:.4f}" r="0.12" fill="{BLUE}"/><circle r="0.06" fill="{GREY}"/>'
        f'<text y="1.3" text-anchor="middle" font-size="0.16" font-family="sans-serif" fill="{VERMILION}">'
        f"torque {torque:+.2f} N m</text></svg>"
    )


def cart_svg(position: float, angle: float | None = None, limit: float = 2.4, size: int = 260) -> str:
    """The drawing of `cart` as a short SVG string."""
    width = 2 * limit + 1
    pole = ""
    if angle is not None:
        pole = (
            f'<line x1="{position:.4f}" x2="{position + math.sin(angle):.4f}" y2="{-math.cos(angle):.4f}" '
            f'stroke="{BLUE}" stroke-width="0.12" stroke-linecap="round"/>'
        )
    tilt = "" if angle is None else f", pole {math.degrees(angle):.0f} degrees"
    return (
        f'<svg viewBox="{-width / 2} -1.6 {width} 2.2" width="{size * 1.4:.0f}" height="{size}" '
        f'role="img" aria-label="cart at {position:.2f}{tilt}">'
        f'<line x1="{-limit}" x2="{limit}" y1="0" y2="0" stroke="{GREY}" stroke-width="0.03"/>'
        f'<rect x="{position - 0.3:.4f}" y="-0.15" width="0.6" height="0.3" fill="{BLACK}"/>{pole}</svg>'
    )


# Out of the process ---------------------------------------------------------------------------------------


@lru_cache(maxsize=2000)
def _stamp(text: str, font, angle: float, mathematical, rgb, shift: tuple[float, float], dpi: float):
    """text as pixels [h, w, 4] from below, set `shift` past a pixel's corner; the offsets to that pixel."""
    probe = RendererAgg(1, 1, dpi)
    width, height, _ = probe.get_text_width_height_descent(text, font, mathematical)
    reach = math.ceil(width + height) + 4
    page = RendererAgg(2 * reach, 2 * reach, dpi)
    pen = page.new_gc()
    pen.set_foreground(rgb, isRGBA=True)
    page.draw_text(pen, reach + shift[0], reach + shift[1], text, font, angle, mathematical)
    pixels = np.array(page.buffer_rgba())
    rows, columns = pixels[..., 3].any(1).nonzero()[0], pixels[..., 3].any(0).nonzero()[0]
    if not len(rows):
        return pixels[:0], 0, 0
    top, left = rows[0], columns[0]
    return pixels[top : rows[-1] + 1, left : columns[-1] + 1][::-1].copy(), left - reach, rows[-1] + 1 - reach


class _Renderer(RendererAgg):
    """Agg with a memory for text: setting it in type anew is most of the cost of a frame."""

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        special = mtext is not None and (mtext.get_fontfeatures() or mtext.get_language())
        if special or gc.get_alpha() != 1.0 or not gc.get_antialiased():
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        shift = round(64 * (x % 1)) / 64, round(64 * (y % 1)) / 64
        pixels, left, bottom = _stamp(s, prop.copy(), angle, ismath, tuple(gc.get_rgb()), shift, self.dpi)
        if pixels.size:
            self.draw_image(gc, math.floor(x) + left, self.height - (math.floor(y) + bottom), pixels)


class _Canvas(FigureCanvasAgg):
    """An Agg canvas whose renderer remembers text."""

    _made_for = None

    def get_renderer(self):
        key = (*self.get_width_height(physical=True), self.figure.dpi)
        if self._made_for != key:
            self.renderer, self._made_for = _Renderer(*key), key
        return self.renderer


def draw(fig: Figure) -> None:
    """Draw fig on its canvas; where frames, ticks and labels are as last time, only what is inside them.

    Ticks and labels are most of the cost of a picture. They are drawn once into a background, and again when
    limits, scales, ticks or labels change: for figures with axes from `axes` and a settled layout.
    """
    key, contents = _frames(fig)
    if key is None:
        fig.canvas.draw()
        return
    kept = getattr(fig, "_rlcourse_background", None)
    if kept is None or kept[0] != key:
        for _, artist in contents:
            artist.set_visible(False)
        fig.canvas.draw()
        for _, artist in contents:
            artist.set_visible(True)
        fig._rlcourse_background = kept = (_frames(fig)[0], fig.canvas.copy_from_bbox(fig.bbox))
    fig.canvas.restore_region(kept[1])
    for ax, artist in contents:
        ax.draw_artist(artist)


def _frames(fig: Figure) -> tuple[list | None, list]:
    """What the frames of fig's axes depend on (None: draw all of it); the artists inside, lowest first."""
    settled = not isinstance(fig.get_layout_engine(), ConstrainedLayoutEngine)
    plain = not (fig.texts or fig.lines or fig.patches or fig.legends or fig.images or fig.subfigs)
    if not (settled and plain and hasattr(fig, "_rlcourse_axes")):
        return None, []
    key, contents = [], []
    for ax in fig.axes:
        if ax.name != "rectilinear" or ax.child_axes or ax.tables or ax.artists or not ax.get_visible():
            return None, []
        inside = [*ax.lines, *ax.collections, *ax.patches, *ax.texts, *ax.images]
        inside += [ax.title, ax._left_title, ax._right_title]
        names, kept = ax.get_legend(), getattr(ax, "_rlcourse_legend", (None, None))[1]
        if names is not None and names is kept:
            key += [id(names), names.get_visible()]
        elif names is not None:
            inside.append(names)
        contents += [(ax, a) for a in sorted(inside, key=lambda a: a.get_zorder()) if a.get_visible()]
        spines = [
            (spine.get_visible(), spine.get_edgecolor(), spine.get_linewidth())
            for spine in ax.spines.values()
        ]
        key += [ax.get_xlim(), ax.get_ylim(), ax.axison, ax.get_facecolor(), ax.get_aspect(), spines]
        for axis in (ax.xaxis, ax.yaxis):
            form = axis.get_major_formatter()
            ticks = tuple(axis.get_majorticklocs()), form.__class__.__name__, tuple(getattr(form, "seq", ()))
            key += [axis.get_scale(), axis.get_label_text(), ticks, repr(axis.get_tick_params())]
    return key, contents


def to_png(fig: Figure) -> bytes:
    """fig as a PNG, quickly: one zlib pass at its fastest level, no filters."""
    draw(fig)
    pixels = np.asarray(fig.canvas.buffer_rgba())
    height, width, _ = pixels.shape
    rows = np.zeros((height, 3 * width + 1), np.uint8)  # each row starts with its filter: 0, none
    for channel in range(3):
        rows[:, 1 + channel :: 3] = pixels[..., channel]

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 1))
        + chunk(b"IEND", b"")
    )


def save_png(fig: Figure, path: str | Path, title: str, made_by: str, **metadata: str) -> Path:
    """Write fig to path; the file carries its title and the command that makes it (PNG text: Title,
    Source)."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(
        path,
        dpi=STYLE["savefig.dpi"],
        metadata={"Title": title, "Source": made_by, "Software": "rlcourse", **metadata},
    )
    return path


class Picture:
    """A still figure with its alternative text and named numbers: shown by a notebook, read by a script."""

    def __init__(self, fig: Figure, alt: str = "", numbers: Mapping[str, float] | None = None):
        self.figure, self.alt, self.numbers = fig, alt, dict(numbers or {})
        self.png = to_png(fig)

    def _repr_mimebundle_(self, include=None, exclude=None):
        lines = [f"{name} = {shown(value)}" for name, value in self.numbers.items()]
        bundle = {
            "image/png": base64.b64encode(self.png).decode(),
            "text/plain": "\n".join([self.alt or "figure", *lines]),
        }
        return bundle, {"image/png": {"alt": self.alt}}


def show(fig: Figure, alt: str = "") -> Picture:
    """The last line of a cell that drew on `figure()`: shows it, with alt as its text for screen readers."""
    return Picture(fig, alt)


def picture(
    draw: Callable[..., Mapping[str, float] | None],
    alt: str = "",
    size: tuple[float, float] = (8.0, 4.2),
    **values,
) -> Picture:
    """The still of a lab: draw(fig, **values) once, at draw's own defaults where no value is given."""
    fig = figure(*size)
    with matplotlib.rc_context(STYLE):
        numbers = draw(fig, **values)
        return Picture(fig, alt or title_of(fig), numbers)


def title_of(fig: Figure) -> str:
    """The titles of fig's axes, as its alternative text."""
    titles = [ax.get_title(loc) for ax in fig.axes for loc in ("left", "center", "right")]
    return "; ".join(title for title in titles if title)


def shown(value: float | str) -> str:
    """A number as a reader wants it: four significant digits, integers whole, text unchanged."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    value = float(value)
    if value == int(value) and abs(value) < 1e6 if math.isfinite(value) else False:
        return str(int(value)).replace("-", "−")
    return f"{value:.4g}".replace("-", "−")
