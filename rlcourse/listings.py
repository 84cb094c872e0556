"""Code on a page: a source, two sources side by side, pseudocode beside the code that runs."""

from __future__ import annotations

import ast
import difflib
import html
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

# What only one side has: text and its background, readable in light and dark themes.
ONE, OTHER = ("#000000", "#F7C48A"), ("#000000", "#BBD9EE")  # pale orange, pale blue
CELL = (
    "text-align:left;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere;padding:0 6px;"
    "border:none;background:none"
)
ROW = '<tr style="background:none">'  # JupyterLab's own tables are striped
TABLE = (
    "width:100%;table-layout:fixed;border-collapse:collapse;margin:0;"
    "font:12px/1.5 var(--jp-code-font-family,monospace)"
)


@dataclass(frozen=True)
class Listing:
    """Code as a page shows it, and as plain text."""

    page: str  # HTML, or Markdown
    text: str
    kind: str = "text/html"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {self.kind: self.page, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def show_source(*things: Callable) -> Listing:
    """The sources of functions or classes, each under its file and line, in the page's own colours."""
    parts = []
    for thing in things:
        lines, first = inspect.getsourcelines(thing)
        parts.append((place(thing, first), textwrap.dedent("".join(lines)).rstrip()))
    page = "\n\n".join(f"`{where}`\n\n```python\n{source}\n```" for where, source in parts)
    return Listing(page, "\n\n".join(f"# {where}\n{source}" for where, source in parts), "text/markdown")


def place(thing: Callable, first: int) -> str:
    """`rlcourse/equations/returns.py, line 12`; of a function of the page only its name."""
    path = Path(inspect.getsourcefile(thing) or "")
    parts = path.parts
    if "rlcourse" not in parts:
        return thing.__qualname__
    from_here = len(parts) - 1 - parts[::-1].index("rlcourse")
    return f"{'/'.join(parts[from_here:])}, line {first}"


def beside(one: Callable, other: Callable) -> Listing:
    """Two functions' sources in two columns; lines of the algorithm that only one of them has are coloured.

    Docstrings, comments and indentation make no difference. Coloured lines have a − or a + as well.
    """
    left, right = algorithm_lines(one), algorithm_lines(other)
    rows, text = [], []
    for (line, coloured), (line_, coloured_) in paired(left, right):
        rows.append(f"{ROW}{column(line, '−' * coloured, ONE)}{column(line_, '+' * coloured_, OTHER)}</tr>")
        if not (coloured or coloured_):
            text.append(f"  {line or line_ or ''}".rstrip())
        else:
            text += [f"- {line}"] * (line is not None) + [f"+ {line_}"] * (line_ is not None)
    head = "".join(
        f'<th style="{CELL};font-weight:bold">{html.escape(f.__qualname__)}</th>' for f in (one, other)
    )
    page = f'<table class="rlcourse-beside" style="{TABLE}"><tr>{head}</tr>{"".join(rows)}</table>'
    return Listing(page, "\n".join(text))


def algorithm_lines(function: Callable) -> list[tuple[str, bool]]:
    """(line, does it belong to the algorithm) of a source; docstrings, comments and blank lines do not."""
    source = textwrap.dedent(inspect.getsource(function)).rstrip()
    words = docstrings(source)
    return [
        (line, number not in words and bool(line.split("#")[0].strip()))
        for number, line in enumerate(source.split("\n"), 1)
    ]


def docstrings(source: str) -> set[int]:
    """The numbers (from 1) of the lines of a source that are docstrings."""
    documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, documented)]
    first = [node.body[0] for node in nodes if ast.get_docstring(node) is not None]
    return {number for words in first for number in range(words.lineno, words.end_lineno + 1)}


def paired(left: list, right: list) -> Iterator[tuple]:
    """The rows of two columns: ((line or None, is it coloured), the same of the other)."""
    keys = [[line.split("  #")[0].strip() for line, _ in side] for side in (left, right)]
    for kind, a, b, c, d in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        nothing = (None, False)
        for one, other in zip_longest(left[a:b], right[c:d], fillvalue=nothing):
            yield (one, other) if kind != "equal" else ((one[0], False), (other[0], False))


def column(line: str | None, mark: str, colours: tuple[str, str]) -> str:
    style = f"{CELL};color:{colours[0]};background:{colours[1]}" if mark else CELL
    return f'<td style="{style};{hanging(line or "", 2)}">{mark or "&nbsp;"} {html.escape(line or "")}</td>'


def hanging(line: str, before: int = 0) -> str:
    """Style with which a line too long for its column goes on further to the right than it began."""
    deep = before + indent(line) + 4
    return f"padding-left:calc(6px + {deep}ch);text-indent:-{deep}ch"


def pseudocode(
    title: str, text: str, function: Callable | None = None, where: Mapping[int, str] | None = None
) -> Listing:
    """A box of numbered lines, in words and TeX, beside the code that runs.

    text: a step a line, indented as the steps are nested; mathematics between dollars. where: number of a
    step -> a piece of the function's source; that line of the code gets the step's number. Raises ValueError
    for a step or a piece that is not there, so that a changed source is noticed.
    """
    steps = textwrap.dedent(text).strip("\n").split("\n")
    whole = textwrap.dedent(inspect.getsource(function)).rstrip() if function else ""
    words = docstrings(whole)  # the box has said it
    source = [line for number, line in enumerate(whole.split("\n"), 1) if number not in words]
    numbers: dict[int, list[int]] = {}
    for step, piece in (where or {}).items():
        found = [number for number, line in enumerate(source) if piece in line]
        if not 1 <= step <= len(steps) or not found:
            raise ValueError(f"pseudocode: step {step}, `{piece}`: no such step, or not in the source")
        numbers.setdefault(found[0], []).append(step)
    boxed = "".join(
        f'{ROW}<td style="{CELL};width:2em;opacity:0.75">{number}</td><td style="{CELL};'
        f'padding-left:{6 + 9 * indent(step)}px">{html.escape(step.strip())}</td></tr>'
        for number, step in enumerate(steps, 1)
    )
    tags = [", ".join(map(str, numbers.get(number, ()))) for number in range(len(source))]
    code = "".join(
        f'{ROW}<td style="{CELL};width:3em;font-weight:bold">{tag}</td>'
        f'<td style="{CELL};{hanging(line)}">{html.escape(line) or "&nbsp;"}</td></tr>'
        for tag, line in zip(tags, source, strict=True)
    )
    box = f'<table style="{TABLE};font:14px/1.6 var(--jp-content-font-family,sans-serif)">{boxed}</table>'
    framed = f"{CELL};border:1px solid #8a8a8a;padding:6px" + (";width:42%" if function else "")
    right = f'<td style="{CELL}"><table style="{TABLE}">{code}</table></td>' if function else ""
    page = (
        f'<table class="rlcourse-pseudocode" style="{TABLE}">{ROW}<td style="{framed}">'
        f"<b>{html.escape(title)}</b>{box}</td>{right}</tr></table>"
    )
    told = [title] + [f"{number:2}  {step}" for number, step in enumerate(steps, 1)]
    plain = [f"{tag:>5}  {line}".rstrip() for tag, line in zip(tags, source, strict=True)]
    return Listing(page, "\n".join([*told, "", *plain]).rstrip())


def indent(step: str) -> int:
    return len(step) - len(step.lstrip())
