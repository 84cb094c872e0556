"""What a lecture shows in a hall: its scenes, one question, lab, live run, picture or derivation at a time.

A page is a text with things in it. In a hall the things are shown, and the text is spoken. So every cell that
puts something up is a scene, and the texts before and after it are the notes of whoever speaks. `of_page`
finds them in the cells; `sheet` writes them down as a run-sheet: when each is due, what to ask before it is
revealed, what to fall back on. `python3 -m rlcourse stage` shows them (`rlcourse/stage/`), `build` writes the
run-sheets.

What a page already says is not said twice: minutes stand in headings, a question in its `predict`, a task in
the paragraph that begins with **Try**. A cell may add to it, or correct it, in its first line:

    # %% tags=["hide"] stage={"ask": "Which line bends first?", "fall_back": "section 3"}

`ask` and `fall_back` replace what was found; `"show": false` leaves the cell out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlcourse import form, notebooks

if TYPE_CHECKING:
    from nbformat import NotebookNode

SHEETS = notebooks.ROOT / "notebooks" / "run-sheets"
MAKERS = {"predict": "question", "explore": "lab", "live": "live", "atlas": "live"}  # what a call puts up
CONTROLS = {"Slider", "Choice", "Switch"}
LISTINGS = {"pseudocode", "show_source", "beside"}
SHARES = {"question": 2, "lab": 4, "live": 5, "picture": 2, "board": 2, "code": 2}  # of a section's minutes
OPTIONS = ("ask", "fall_back", "show")
LEFT_OUT = re.compile(r"(Further|Sources|Exercises|From here)\b")
DETAILS = re.compile(r"<details>.*?</details>", re.DOTALL)
BOARD = re.compile(r"^(\$\$|\d+\. |- |\||\*\*Step)|\$\$", re.MULTILINE)  # formulas, steps, lists, tables
TASK = re.compile(r"\*{0,2}Try\b.*", re.DOTALL)


@dataclass(frozen=True)
class Scene:
    """One thing that is shown, and what is said before and after it."""

    kind: str  # title, question, lab, live, picture, code or board
    cell: str  # the id of its cell
    number: int  # of its code cell, as [12] beside it when all have run; 0: a text
    section: str
    title: str
    minute: int  # when it is due
    before: tuple[str, ...] = ()  # ids of the texts since the scene before
    after: tuple[str, ...] = ()  # and to the next
    ask: str = ""
    answer: str = ""
    settings: tuple[str, ...] = ()  # prepared values of a lab, by name
    recorded: str = ""
    fall_back: str = ""


def of_page(cells: Sequence[NotebookNode]) -> list[Scene]:
    """The scenes of a page in its order: its core only, as what is folded is not shown in a hall.

    Raises ValueError for a cell whose `stage` says what is not known.
    """
    shown, section, title, out, number = [], "", "", False, 0
    for at, cell in enumerate(cells):
        number += cell.cell_type == "code"
        headings = []
        if cell.cell_type == "markdown":
            headings = re.findall(r"^(#{1,3}) (.+)$", DETAILS.sub("", cell.source), re.MULTILINE)
        for heading in headings[:1]:
            section, title, out = under(heading, section, out)
        wishes = dict(cell.metadata.get("stage", {}))
        if unknown := set(wishes).difference(OPTIONS):
            raise ValueError(
                f"stage of cell {at}: {', '.join(sorted(unknown))}; it takes {', '.join(OPTIONS)}"
            )
        kind = "" if out or wishes.get("show") is False else kind_of(cell)
        if kind:
            shown.append((at, kind, section, title, number if cell.cell_type == "code" else 0, wishes))
        for heading in headings[1:]:
            section, title, out = under(heading, section, out)
    return [_scene(cells, shown, place) for place in range(len(shown))]


def under(heading: tuple[str, str], section: str, out: bool) -> tuple[str, str, bool]:
    """Section, title and whether nothing is shown, from a heading on."""
    level, text = heading
    return (section, text, out) if len(level) == 3 else (text, text, bool(LEFT_OUT.match(text)))


def kind_of(cell: NotebookNode) -> str:
    """What a cell puts up; "" where that is nothing for a hall."""
    if cell.cell_type != "code":
        if "head" in form.tags(cell):
            return "title"
        return "board" if BOARD.search(DETAILS.sub("", cell.source)) else ""
    called = set(notebooks.calls(cell.source, {*MAKERS, *LISTINGS}))
    kinds = [kind for maker, kind in MAKERS.items() if maker in called]
    if kinds:
        return kinds[-1]
    if form.shows_picture(cell):
        return "picture"
    return "code" if called else ""


def _scene(cells: Sequence[NotebookNode], shown: list[tuple], place: int) -> Scene:
    at, kind, section, title, number, wishes = shown[place]
    start = shown[place - 1][0] + 1 if place else 0
    end = shown[place + 1][0] if place + 1 < len(shown) else len(cells)
    before, after = texts(cells[start:at]), texts(cells[at + 1 : end], to_fold=True)
    call = call_of(cells[at]) if number else None
    ask, answer, settings, recorded = "", "", (), ""
    if kind == "question":
        ask, answer = literal(call.args[0]), literal(argument(call, "answer"))
    elif kind in ("lab", "live"):
        ask = task([*before, *after]) or question(before) or question(after[:1]) or about(call)
        settings, recorded = names_in(argument(call, "settings")), literal(argument(call, "recorded"))
    elif kind == "picture":
        ask = question(before[-1:])
    return Scene(
        kind, cells[at].id, number, plain_title(section), plain_title(title), minute_of(shown, place),
        tuple(cell.id for cell in before), tuple(cell.id for cell in after), wishes.get("ask", ask), answer,
        settings, recorded, wishes.get("fall_back", fall_back(kind, recorded)),
    )  # fmt: skip


def minute_of(shown: list[tuple], place: int) -> int:
    """When a scene is due: a section's minutes are shared out among its scenes."""
    sections = list(dict.fromkeys(section for _, _, section, *_ in shown))
    mine = shown[place][2]
    begun = sum(form.minutes(section) for section in sections[: sections.index(mine)])
    shares = [SHARES.get(kind, 0) for _, kind, section, *_ in shown if section == mine]
    earlier = sum(SHARES.get(kind, 0) for _, kind, section, *_ in shown[:place] if section == mine)
    return begun + round(form.minutes(mine) * earlier / (sum(shares) or 1))


def texts(cells: Sequence[NotebookNode], to_fold: bool = False) -> list[NotebookNode]:
    """The texts among some cells; up to what is folded or left out, where asked."""
    found = []
    for cell in cells:
        if cell.cell_type != "markdown":
            continue
        if to_fold and re.match(rf"##? {LEFT_OUT.pattern}", cell.source):
            break
        if "head" not in form.tags(cell):
            found.append(cell)
    return found


def fall_back(kind: str, recorded: str) -> str:
    """What is left where a scene does not go as it should."""
    if kind == "live" and recorded:
        return f"the recorded run is on it from the start ({recorded})"
    return {
        "live": "no recording: begin it some minutes early, or leave it out",
        "lab": "its start values are drawn already; 0 brings them back",
        "question": "a show of hands, then the answer by word of mouth",
    }.get(kind, "")


# What a cell says of itself


def call_of(cell: NotebookNode) -> ast.Call | None:
    """The call of a cell that puts its panel up."""
    nodes = [node for node in ast.walk(ast.parse(notebooks.plain(cell.source))) if isinstance(node, ast.Call)]
    found = [node for node in nodes if getattr(node.func, "id", "") in MAKERS]
    return max(found, key=lambda node: node.lineno, default=None)


def argument(call: ast.Call | None, name: str) -> ast.expr | None:
    keywords = call.keywords if call else ()
    return next((keyword.value for keyword in keywords if keyword.arg == name), None)


def literal(node: ast.expr | None) -> str:
    """What an argument says: a text or number as it is, the fixed parts of a text that is put together."""
    if node is None:
        return ""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values)
    try:
        return str(ast.literal_eval(node))
    except ValueError:
        return ""


def names_in(node: ast.expr | None) -> tuple[str, ...]:
    return tuple(map(literal, node.keys)) if isinstance(node, ast.Dict) else ()


def task(found: Sequence[NotebookNode]) -> str:
    """The paragraph that sends a reader to the lab, without its first word."""
    for cell in reversed(found):
        for paragraph in DETAILS.sub("", cell.source).split("\n\n"):
            said = TASK.search(paragraph)
            if said:
                words = re.sub(r"^\*{0,2}Try\*{0,2}[.:,]?\*{0,2}\s*", "", one_line(said[0]))
                return words[:1].upper() + words[1:]
    return ""


def question(found: Sequence[NotebookNode]) -> str:
    """The last question that some texts ask."""
    for cell in reversed(found):
        prose = one_line(re.sub(r"^#.*$", "", DETAILS.sub("", cell.source), flags=re.MULTILINE))
        asked = [s for s in re.split(r"(?<=[.?!:])\s+(?=[A-Z*(])", prose) if s.endswith("?")]
        if asked:
            return asked[-1]
    return ""


def about(call: ast.Call | None) -> str:
    """What can be asked of any panel: what its first control will do."""
    keywords = call.keywords if call else ()
    controls = [word.value for word in keywords if is_control(word.value)]
    name = literal(controls[0].args[1]) if controls and len(controls[0].args) > 1 else ""
    return f"What will change with {name}?" if name else ""


def is_control(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in CONTROLS


def one_line(text: str) -> str:
    return " ".join(text.split())


def plain_title(heading: str) -> str:
    """A heading without its minutes."""
    return form.MINUTES.sub("", heading.strip()).strip()


# Files


def read(path: Path) -> list[Scene]:
    """The scenes of a notebook's file."""
    import nbformat

    return of_page(nbformat.read(path, as_version=4).cells)


def as_data(scenes: Sequence[Scene]) -> list[dict[str, Any]]:
    return [asdict(scene) for scene in scenes]


def sheet(path: Path) -> str:
    """The run-sheet of a source, as Markdown."""
    cells = notebooks.compile_source(path).cells
    scenes = of_page(cells)
    lines = [
        f"# Run-sheet: {scenes[0].title if scenes else path.stem}",
        "",
        f"Made from [the page](../lectures/{path.stem}.ipynb) by `python3 -m rlcourse build`; "
        f"`python3 -m rlcourse stage {path.stem.split('-')[0]}` shows its scenes. "
        "A cell is named by its number after *Run All*.",
    ]
    section = None
    for scene in scenes:
        if scene.kind == "title":
            continue
        if scene.section != section:
            section = scene.section
            lines += [
                "",
                f"## {section}",
                "",
                "| minute | what | ask first | fall back on |",
                "|---:|---|---|---|",
            ]
        lines.append(row(scene))
    return "\n".join(lines) + "\n"


def row(scene: Scene) -> str:
    where = f"cell [{scene.number}]" if scene.number else "the text"
    what = f"{scene.kind}, {where}" + (f": {scene.title}" if scene.title != scene.section else "")
    asked = scene.ask + (f" *({scene.answer})*" if scene.answer else "")
    if scene.kind in ("lab", "live"):
        named = ", ".join(f"{key} {name}" for key, name in enumerate(scene.settings, 1))
        asked += f" Keys: {named or '1 to 9 for the ends of its controls'}."
    cells = (str(scene.minute), what, asked, scene.fall_back)
    return "| " + " | ".join(re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in cells) + " |"


def build(check: bool = False, sources: Path = notebooks.SOURCES, sheets: Path = SHEETS) -> list[str]:
    """Write the run-sheet of every lecture, or (`check`) compare; a line for each file that was stale."""
    wanted = {sheets / f"{path.stem}.md": path for path in sorted(Path(sources).glob("[0-9][0-9]*.py"))}
    stale = []
    for target, path in wanted.items():
        content = sheet(path)
        if target.exists() and target.read_text(encoding="utf-8") == content:
            continue
        stale.append(f"{notebooks.shown(target)} differs from {notebooks.shown(path)}")
        if not check:
            sheets.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
    for orphan in sorted(set(sheets.glob("*.md")) - set(wanted)):
        stale.append(f"{notebooks.shown(orphan)} has no source in {notebooks.shown(sources)}: remove it")
    return stale
