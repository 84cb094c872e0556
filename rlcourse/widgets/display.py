"""How panels reach the page: ipywidgets where it is, a still figure where it is not; their words as HTML."""

from __future__ import annotations

import base64
import html
import os
import threading
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from rlcourse import plots

try:
    import ipywidgets
except ImportError:  # the stills of the course need only matplotlib
    ipywidgets = None

# A page's callbacks, its cells and a live run draw in different threads: one at a time.
DRAWING = threading.Lock()
# An image of one pixel: its arrival starts a panel's script, wherever the panel is shown.
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
WIDE = 9  # inches: the numbers of a wider picture stand above it, or its type would be too small
SHARP = 2  # pixels of a resting picture for each pixel of the page: for large screens and projectors
SITE = "RLCOURSE_SITE"  # in the kernel of a page of the site: the folder that takes its pictures (frames.py)
NO_WIDGETS = "This page has no live kernel with ipywidgets: the figure is shown at its start values."
GONE = (
    "No kernel answers this panel: it is as it was last. To go on, run its cell again (Shift+Enter), "
    "or all cells (Run → Run All Cells)."
)


def image(width: float, height: float) -> Any:
    """The place of a picture, width × height inches of 100 pixels, narrower where the page is.

    Its height follows its width, whatever it holds: nothing jumps.
    """
    wide, high = round(100 * width), round(100 * height)
    limit = f"calc({wide}px * var(--rlcourse-scale, 1))"
    layout = {"width": "100%", "max_width": limit, "height": "auto", "min_width": "0"}
    place = ipywidgets.Image(format="png", width=wide, height=high, layout=layout)
    place.add_class("rlcourse-picture")
    return place


def body(picture: Any, beside: Any) -> Any:
    """A picture and what stands beside it, or above it where the page is narrow."""
    both = ipywidgets.HBox([picture, beside])
    beside.add_class("rlcourse-beside")
    both.add_class("rlcourse-body")
    return both


def panel(kind: str, parts: Sequence[Any]) -> Any:
    """The parts one below the other, as a panel of class rlcourse-KIND.

    It brings its style sheet along, and the script that names its controls and minds its keys: a saved or
    exported page has both.
    """
    gone = ipywidgets.HTML(f'<span role="note">{GONE}</span>')
    gone.add_class("rlcourse-gone")  # seen where ipywidgets finds its kernel gone
    brought = ipywidgets.HTML(_sheet_and_script(), layout={"display": "none"})
    root = ipywidgets.VBox([*parts, gone, brought])
    root.add_class("rlcourse-panel")
    root.add_class(f"rlcourse-{kind}")
    answer_while_cells_run(root)
    return root


def answer_while_cells_run(widget: Any) -> None:
    """A move of this control, or of those inside it, is answered in the subshell that the page asked for.

    ipykernel 7.4 sends a message for a widget not to the subshell named in its header but to the shell whose
    request made the kernel write to that widget last (`BaseComm._reply_subshell_for`, asked in
    `Kernel.shell_channel_thread_main`). A control is made by a cell, so its first move would wait in the main
    shell until the running cell ends. That route serves cells which await an answer; panels never do.
    """
    if hasattr(widget.comm, "_reply_subshell_for"):
        widget.comm._reply_subshell_for = None
    for child in getattr(widget, "children", ()):
        answer_while_cells_run(child)


@cache
def _sheet_and_script() -> str:
    here = Path(__file__).parent
    sheet, script = ((here / f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    run = html.escape(f"({script[script.index('mark =>') :].rstrip()})(this)")  # without its first comment
    scale = os.environ.get("RLCOURSE_SCALE", "1")  # `python3 -m rlcourse lab --presentation`
    sheet += f":root {{ --rlcourse-scale: {float(scale):g}; }}"
    return f'<style>{sheet}</style><img src="{PIXEL}" alt="" onload="{run}">'


def tools() -> Any:
    """The place of a panel's own buttons, which the page makes: full screen, ghost, picture, settings."""
    return ipywidgets.HTML('<span class="rlcourse-tools"></span>')


def code_html(call: str, values: Mapping[str, Any], name: str = "") -> str:
    """call(…, value by value), the line of Python that a reader copies, with its name: nothing to see."""
    settings = ", ".join(f"{key}={value!r}" for key, value in values.items())
    code = f"{call}{settings})" + (f"  # {name}" if name else "")
    return f'<span data-code="{html.escape(code)}"></span>'


def name_of(thing: Any) -> str | None:
    """The variable of the notebook that holds this thing, if one does."""
    try:
        from IPython import get_ipython

        names = list(get_ipython().user_ns.items())
    except (ImportError, AttributeError):
        return None
    return next((name for name, value in names if value is thing and not name.startswith("_")), None)


def numbers_html(numbers: Mapping[str, object]) -> str:
    """Named numbers as a table, each cell with its name and value as data for tests."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td>"
        f'<td><b data-number="{html.escape(name)}" '
        f'data-value="{html.escape(str(value))}">'
        f"{html.escape(plots.shown(value))}</b></td></tr>"
        for name, value in numbers.items()
    )
    return f'<table class="rlcourse-numbers">{rows}</table>' if rows else ""


def view_html(png: bytes, size: tuple[float, float], words: str, beside: str, at: str = "") -> str:
    """A picture, in words too for those who hear the page, and what stands beside it, in one message.

    at: the position of the controls that it belongs to (`ahead.Frames`); "" for none.
    """
    wide, high = (round(100 * side) for side in size)
    picture = (
        f'<img class="rlcourse-picture" alt="{html.escape(words)}" width="{wide}" height="{high}" '
        f'style="max-width:calc({wide}px * var(--rlcourse-scale, 1))" decoding="sync" '
        f'src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    )
    shape = "rlcourse-body rlcourse-wide" if size[0] > WIDE else "rlcourse-body"
    return f'<div class="{shape}" data-at="{at}">{picture}<div class="rlcourse-beside">{beside}</div></div>'


def error_html(error: BaseException, note: str = "") -> str:
    """What went wrong and in which line of the reader's code, in a red box that screen readers announce."""
    here = Path(__file__).parent
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).parent != here]
    where = f"{frames[-1].name}, line {frames[-1].lineno}: {frames[-1].line or ''}" if frames else ""
    text = html.escape(f"{type(error).__name__}: {error}")
    return (
        f'<div role="alert" class="rlcourse-error"><b>{text}</b> {note}<br>'
        f"<code>{html.escape(where)}</code></div>"
    )


def publish(
    root: Any,
    png: bytes | None,
    size: tuple[float, float],
    text: str,
    note: str = NO_WIDGETS,
    still: str = "",
) -> None:
    """Show root in a notebook; pages that cannot show widgets get the picture, `still` (HTML) or the text.

    size: of the picture in inches of 100 pixels, however many pixels it has. A page of the site has no
    kernel: it gets `still`.
    """
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return
    if get_ipython() is None:
        return
    bundle = {"text/plain": f"{text}\n{note}"}
    if os.environ.get(SITE):
        display({"text/plain": text, "text/html": still}, raw=True)
        return
    if still:
        bundle["text/html"] = still
    if png is not None:
        bundle["image/png"] = base64.b64encode(png).decode()
    wide, high = (round(100 * side) for side in size)
    metadata = {"image/png": {"width": wide, "height": high}} if png is not None else {}
    if root is None:
        display(bundle, metadata=metadata, raw=True)
        display({"text/plain": note}, raw=True)
    else:
        bundle = {**bundle, **root._repr_mimebundle_(), "text/plain": bundle["text/plain"]}
        display(bundle, metadata=metadata, raw=True)


def running_cell() -> str | None:
    """The id of the notebook cell that runs now, where there is one."""
    try:
        from IPython import get_ipython

        return get_ipython().get_parent()["metadata"]["cellId"]
    except (ImportError, AttributeError, KeyError, TypeError):
        return None
