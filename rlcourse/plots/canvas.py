"""Figures that are drawn again and again in time: an Agg canvas that remembers text, axes and frames.

Figures are made without pyplot, so a slider or a thread can draw them too: `figure()`, then `axes(fig)` at
the start of every redraw, then `to_png(fig)`. What is remembered changes no pixel of a picture.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine

from rlcourse.plots.looks import STYLE


@dataclass
class Kept:
    """What is left of a figure's last drawing for the next one."""

    layout: tuple | None = None  # the arguments with which `axes` was called
    axes: Axes | np.ndarray | None = None  # and what it made
    fitted: list | None = None  # the frames whose ticks and names were on the picture
    # By dots per inch: what the background depends on; frames, ticks and labels, as pixels.
    backgrounds: dict[float, tuple[list, Any]] = field(default_factory=dict)


def kept(fig: Figure) -> Kept:
    """The memory of fig, which lives and dies with it."""
    if not hasattr(fig, "_rlcourse"):
        fig._rlcourse = Kept()
    return fig._rlcourse


def figure(width: float = 8.0, height: float = 4.2, layout: str | None = "constrained") -> Figure:
    """An empty figure (inches of 100 pixels) with an Agg canvas: never pyplot, so any thread may own it."""
    fig = Figure(figsize=(width, height), dpi=STYLE["figure.dpi"], layout=layout)
    _Canvas(fig)
    return fig


def axes(fig: Figure, rows: int = 1, columns: int = 1, **subplots: Any) -> Axes | np.ndarray:
    """Clean axes on fig: one Axes for 1 × 1, otherwise an array as `fig.subplots` gives it.

    Called again with the same arguments it empties and returns the axes that are there, which costs a tenth
    of making them anew: a lab redraws in time. Titles, labels, limits and scales stay until they are set
    again, except that limits found by autoscaling are found again.
    """
    layout = (rows, columns, repr(sorted(subplots.items())))
    memory = kept(fig)
    if memory.layout == layout and fig.axes == list(np.ravel(memory.axes)):
        for ax in fig.axes:
            _empty(ax)
        return memory.axes
    fig.clear()
    with matplotlib.rc_context(STYLE):
        made = fig.subplots(rows, columns, **subplots)
        for ax in np.ravel(made):
            ax.tick_params(labelsize=STYLE["xtick.labelsize"])
            if ax.name == "rectilinear":
                ax.locator_params(nbins=5)  # few, large tick labels: readable, and twice as fast to draw
    memory.layout, memory.axes = layout, made
    return made


def _empty(ax: Axes) -> None:
    for artist in [*ax.lines, *ax.collections, *ax.patches, *ax.texts, *ax.images, *ax.tables]:
        artist.remove()
    ax.containers.clear()  # of bars and error bars: a legend would name each that ever was
    names = ax.get_legend()
    if names is not None and names is _kept_legend(ax)[1]:
        names.set_visible(False)  # `legend` may show it again
    elif names is not None:
        names.remove()
    ax.set_prop_cycle(STYLE["axes.prop_cycle"])
    ax.relim()
    for axis in "xy":
        if getattr(ax, f"get_autoscale{axis}_on")():
            getattr(ax, f"set_{axis}lim")(auto=True)


def begin(fig: Figure) -> None:
    """What a redraw starts with: an empty figure, unless its axes came from `axes`, which empties them."""
    if kept(fig).axes is None:
        fig.clear()


def legend(ax: Axes, **options: Any) -> None:
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
    key, (former, names) = (looks, options), _kept_legend(ax)
    if names is not None and former == key and names is ax.get_legend():
        names.set_visible(True)
    else:
        ax._rlcourse_legend = key, ax.legend(**options)


def _kept_legend(ax: Axes) -> tuple:
    """(what its entries looked like, the legend) that `legend` made on ax last, or (None, None)."""
    return getattr(ax, "_rlcourse_legend", (None, None))


def shade(ax: Axes, values: np.ndarray, cmap: str = "Greys", darkest: float = 0.4, bands: int = 12) -> None:
    """Fill ax with values [rows, columns] on an even grid from corner to corner, the first row below.

    Between the points it interpolates linearly, in bands of equal colour, as filled contours: the lowest has
    the colour at 0 of `cmap`, the highest that at `darkest`, pale, so that words on it can be read.
    `pcolormesh`, `contourf` and `imshow` cost five times as much, which a lab has not.
    """
    values = np.asarray(values, dtype=float)
    low, high = values.min(), values.max()
    image = _Shade(ax)
    image.set_data((values - low) / (high - low) if high > low else np.zeros_like(values))
    image.look = cmap, darkest, bands
    image.set_zorder(0)
    image.set_clip_path(ax.patch)
    ax.add_image(image)


class _Shade(AxesImage):
    """Values in [0, 1] at an even grid over its axes, as pixels, without matplotlib's resampling."""

    look: tuple[str, float, int]

    def draw(self, renderer: Any) -> None:
        """Whole pixels, set at the axes' lower left corner."""
        if not self.get_visible():
            return
        left, bottom, right, top = (round(side) for side in self.axes.bbox.extents)
        values = np.ma.getdata(self.get_array())
        pixels = _shades(values.tobytes(), values.shape, (top - bottom, right - left), self.look)
        pen = renderer.new_gc()
        renderer.draw_image(pen, left, bottom, pixels)
        pen.restore()


@lru_cache(maxsize=8)
def _shades(data: bytes, shape: tuple, pixels: tuple, look: tuple[str, float, int]) -> np.ndarray:
    """The colours of the values in data, interpolated, [*pixels, 4]: labs often draw the same ones again."""
    cmap, darkest, bands = look
    colours = matplotlib.colormaps[cmap](np.linspace(0, darkest, bands), bytes=True)
    down, across = (_weights(n, size) for n, size in zip(shape, pixels, strict=True))
    share = down @ np.frombuffer(data).reshape(shape).astype(np.float32) @ across.T
    return colours[np.minimum(bands * share, bands - 1).astype(np.uint8)]


@lru_cache(maxsize=16)
def _weights(points: int, pixels: int) -> np.ndarray:
    """[pixels, points]: what each of the points gives to each pixel between the first and the last."""
    place = (np.arange(pixels) + 0.5) / pixels * (points - 1)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(points))).astype(np.float32)


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
        # Matplotlib 3.11 has these; Colab and the oldest that the course asks for have 3.10.
        special = any(getattr(mtext, name, str)() for name in ("get_fontfeatures", "get_language"))
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
    _whole_dots(fig)
    key, contents = _frames(fig)
    if key is None:
        fig.canvas.draw()
        return
    memory = kept(fig)
    frames, background = memory.backgrounds.get(fig.dpi, (None, None))
    if frames != key:
        for _, artist in contents:
            artist.set_visible(False)
        fig.canvas.draw()
        for _, artist in contents:
            artist.set_visible(True)
        background = fig.canvas.copy_from_bbox(fig.bbox)
        memory.backgrounds[fig.dpi] = _frames(fig)[0], background
    fig.canvas.restore_region(background)
    for ax, artist in contents:
        ax.draw_artist(artist)


def _whole_dots(fig: Figure) -> None:
    """A dot on the edge of its frame, where a slider at its end puts it, is not cut in half."""
    for ax in fig.axes:
        for line in ax.lines:
            x, y = line.get_data(orig=False)
            if len(x) == 1 and line.get_transform() == ax.transData:
                (left, right), (low, high) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
                line.set_clip_on(not (left <= x[0] <= right and low <= y[0] <= high))


def _frames(fig: Figure) -> tuple[list | None, list]:
    """What the frames of fig's axes depend on (None: draw all of it); the artists inside, lowest first."""
    settled = not isinstance(fig.get_layout_engine(), ConstrainedLayoutEngine)
    plain = not (fig.texts or fig.lines or fig.patches or fig.legends or fig.images or fig.subfigs)
    if not (settled and plain and kept(fig).axes is not None):
        return None, []
    key, contents = [], []
    for ax in fig.axes:
        if ax.name != "rectilinear" or ax.child_axes or ax.tables or ax.artists or not ax.get_visible():
            return None, []
        inside = [*ax.lines, *ax.collections, *ax.patches, *ax.texts, *ax.images]
        inside += [ax.title, ax._left_title, ax._right_title]
        names = ax.get_legend()
        if names is not None and names is _kept_legend(ax)[1]:
            key += [id(names), names.get_visible()]
        elif names is not None:
            inside.append(names)
        contents += [(ax, a) for a in sorted(inside, key=lambda a: a.get_zorder()) if a.get_visible()]
        spines = [
            (spine.get_visible(), spine.get_edgecolor(), spine.get_linewidth())
            for spine in ax.spines.values()
        ]
        key += [
            ax.get_position().bounds,
            ax.get_xlim(),
            ax.get_ylim(),
            ax.axison,
            ax.get_facecolor(),
            ax.get_aspect(),
            spines,
        ]
        for axis in (ax.xaxis, ax.yaxis):
            form = axis.get_major_formatter()
            ticks = tuple(axis.get_majorticklocs()), form.__class__.__name__, tuple(getattr(form, "seq", ()))
            key += [axis.get_scale(), axis.get_label_text(), ticks, repr(axis.get_tick_params())]
    return key, contents


def labels_fit(fig: Figure) -> bool:
    """Whether ticks and names of all axes, as fig was drawn last, are on the picture."""
    right = fig.bbox.x1
    frames = [(ax.get_position().bounds, ax.get_xlim(), ax.get_ylim()) for ax in fig.axes]
    if kept(fig).fitted == frames:
        return True
    for ax in fig.axes:
        for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
            name = axis.label.get_window_extent()  # along its axis it may be too long: no layout helps that
            if axis.get_label_text() and (name.y0 if axis is ax.xaxis else name.x0) < 0:
                return False
            low, high = sorted(axis.get_view_interval())
            ticks = axis.majorTicks[: len(axis.get_majorticklocs())]
            drawn = [
                tick.label1 for tick in ticks if low <= tick.get_loc() <= high and tick.label1.get_text()
            ]
            boxes = [label.get_window_extent() for label in drawn[:1] + drawn[1:][-1:]]
            if any(box.x0 < 0 or box.x1 > right for box in boxes):
                return False
    kept(fig).fitted = frames
    return True


def to_png(fig: Figure, scale: float = 1) -> bytes:
    """fig as a PNG, quickly: one zlib pass at its fastest level, no filters. scale: pixels per pixel."""
    dpi = fig.dpi
    fig.set_dpi(scale * dpi)
    try:
        draw(fig)
        pixels = np.asarray(fig.canvas.buffer_rgba())
    finally:
        fig.set_dpi(dpi)
    return _png(pixels)


def _png(pixels: np.ndarray) -> bytes:
    """pixels [height, width, 4 or 3] as a PNG without transparency."""
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
