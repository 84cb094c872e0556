"""Moments of a world one after the other: a short film in HTML, which plays without a kernel."""

from __future__ import annotations

import html
from collections.abc import Sequence

from rlcourse.parts.shapes import Scene
from rlcourse.plots.scenes import frame_svg, scene_svg


def film_html(moments: Sequence[Scene | str], seconds: float, size: tuple[float, float], caption: str) -> str:
    """moments, `seconds` apart, played once over a caption; the last one stays.

    moments: scenes of one world, or finished drawings as SVG. Each is an element of class `rlcourse-frame`
    with its number as --n: the page's style sheet shows it for --each from n · --each on. Where a reader has
    asked for less motion, or nothing knows the style, the last moment stands still.
    """
    last = moments[-1]
    if isinstance(last, Scene):
        frames = "".join(_numbered("g", n, frame_svg(moment)) for n, moment in enumerate(moments))
        picture = scene_svg(last, *size, inside=frames)
    else:
        picture = "".join(_numbered("div", n, moment) for n, moment in enumerate(moments))
    return (
        f'<figure class="rlcourse-film" style="--each:{seconds:g}s;margin:0">'
        f'<div style="display:grid">{picture}</div><figcaption>{html.escape(caption)}</figcaption></figure>'
    )


def _numbered(tag: str, n: int, content: str) -> str:
    return f'<{tag} class="rlcourse-frame" style="--n:{n}">{content}</{tag}>'
