"""The form of a page: its head and foot, what is folded and hidden, what is a slide, and how long it may be.

A source in this form begins with its declaration, from which `build` makes the page's first and last cell:

    # %% [markdown] tags=["head"]
    # # Lecture 06 · DDPG
    #
    # question: One kind of noise gets the pendulum up and another does not move it. Why?
    # objectives:
    # - **derive** one line of code from an equation of Ornstein and Uhlenbeck
    # - **say** why a critic needs slow copies
    # needs:
    # - 04: the policy gradient
    # - expectations
    # symbols: s, a, \\gamma, Q, \\tau
    # - $\\theta$: rate at which the noise is pulled back
    # homework: 3

A text goes on over several lines. A need that begins with a lecture's number is a link to it; titles are
those of the sources, the page before and after are those of the folder. A symbol without a meaning has the
one of the glossary, `symbols.md` beside the sources. Minutes stand in headings: `## 1 · Noise (7 minutes)`.

What stands under a heading `## Further …` is folded until it is opened, and not counted. A code cell with
the tag `hide` hides its code.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from nbformat import NotebookNode

FIELDS = ("question", "objectives", "needs", "symbols", "homework")
ENTRY = re.compile(rf"({'|'.join(FIELDS)}):\s*(.*)")
TITLE = re.compile(r"^# # (.+)$", re.MULTILINE)
MINUTES = re.compile(r"\((\d+) minutes?\)$")
PICTURES = {
    "picture",
    "show",
    "mdp",
    "explore",
    "live",
    "atlas",
}  # functions whose call puts a picture on the page
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.DOTALL)
GREEK = re.compile(  # not π, which is also a number
    r"\\((?:var)?(?:alpha|beta|gamma|delta|epsilon|zeta|theta|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|chi|psi|omega"
    r"|eta|Gamma|Delta|Theta|Lambda|Xi|Sigma|Phi|Psi|Omega))(?![A-Za-z])"
)


@dataclass
class Head:
    """What a page declares of itself."""

    title: str
    question: str = ""
    objectives: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    symbols: dict[str, str] = field(default_factory=dict)  # TeX -> meaning
    homework: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Length:
    """How long a page is, or may be: what is folded, hidden or generated does not count."""

    words: int
    code: int  # visible lines
    picture: int  # the first one stands in this cell, the head not counted
    minutes: int


LIMITS = Length(words=2000, code=200, picture=5, minutes=90)


def is_new(cells: list) -> bool:
    """Does the page begin with a declaration, so that it is held to the form?"""
    return bool(cells) and "head" in tags(cells[0])


def dress(cells: list, path: Path) -> list:
    """The cells of a page with what `build` adds: head and foot, folds, hidden code, slides."""
    for cell in cells:
        if cell.cell_type == "code" and "hide" in tags(cell):
            cell.metadata.setdefault("jupyter", {})["source_hidden"] = True
        elif is_fold(cell):
            cell.metadata["jp-MarkdownHeadingCollapsed"] = True
    if not is_new(cells):
        return cells
    head = read_head(cells[0].source, glossary(path.parent / "symbols.md"))
    cells[0].source = head_text(head, cells, path)
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.metadata.setdefault("slideshow", {"slide_type": slide_type(cell.source)})
        elif "import" in tags(cell):
            cell.metadata.setdefault("slideshow", {"slide_type": "skip"})
    return [*cells, foot(head, cells, path)]


# Head and foot


def read_head(source: str, known: dict[str, str]) -> Head:
    """The declaration as a Head; `known` gives meanings. ValueError says what is wrong."""
    title, *lines = source.strip().splitlines()
    texts, items = dict.fromkeys(FIELDS, ""), {name: [] for name in FIELDS}
    name = None
    for line in filter(None, map(str.strip, lines)):
        entry = ENTRY.fullmatch(line)
        if entry:
            name, texts[entry[1]] = entry[1], entry[2]
        elif name is None:
            raise ValueError(f"the head has a line `{line}` under none of {', '.join(FIELDS)}")
        elif line.startswith("- "):
            items[name].append(line[2:])
        elif items[name]:
            items[name][-1] += f" {line}"
        else:
            texts[name] = f"{texts[name]} {line}".strip()
    for name in ("question", "objectives", "needs"):
        if not texts[name] and not items[name]:
            raise ValueError(f"the head says nothing of its {name}")
    symbols = read_symbols(split(texts["symbols"]), items["symbols"], known)
    needs, homework = split(texts["needs"]) + items["needs"], split(texts["homework"]) + items["homework"]
    objectives = [*filter(None, [texts["objectives"]]), *items["objectives"]]
    return Head(title.removeprefix("# "), texts["question"], objectives, needs, symbols, homework)


def split(text: str) -> list[str]:
    return [part for part in text.split(", ") if part]


def read_symbols(listed: list[str], declared: list[str], known: dict[str, str]) -> dict[str, str]:
    """TeX -> meaning, in the order given: those of the glossary, then those that the page declares."""
    pairs = []
    for name in map(bare, listed):
        if name not in known:
            raise ValueError(
                f"${name}$ is not in the glossary: add it to symbols.md, or `- ${name}$: meaning`"
            )
        pairs.append((name, known[name]))
    for item in declared:
        symbol = re.fullmatch(r"\$([^$]+)\$:\s*(.+)", item)
        if not symbol:
            raise ValueError(f"the symbol `- {item}` should read `- $…$: meaning`")
        pairs.append((bare(symbol[1]), symbol[2]))
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise ValueError(f"${name}$ has {times} meanings on this page: rename one")
    return dict(pairs)


def bare(symbol: str) -> str:
    """TeX without dollars and spaces that change nothing."""
    return " ".join(symbol.strip(" $").split())


def glossary(path: Path) -> dict[str, str]:
    """TeX -> meaning, from the rows `| $…$ | meaning |` of a file; ValueError where a symbol has two rows."""
    if not path.exists():
        return {}
    rows = re.findall(r"^\| \$([^$]+)\$ \| (.+?) \|$", path.read_text(encoding="utf-8"), re.MULTILINE)
    found = {bare(name): meaning for name, meaning in rows}
    if len(found) < len(rows):
        twice = [name for name, times in Counter(bare(name) for name, _ in rows).items() if times > 1]
        raise ValueError(f"{path.name}: {', '.join(twice)} has two rows")
    return found


def head_text(head: Head, cells: list, path: Path) -> str:
    """The first cell of a page: way, title, question, objectives, sections with minutes, needs, symbols."""
    objectives = "\n".join(f"- {objective}" for objective in head.objectives)
    parts = [f"# {head.title}", way(path), f"**Question.** {head.question}"]
    parts.append(f"**Afterwards you can**\n\n{objectives}")
    timed = [title for title in headings(cells) if MINUTES.search(title)]
    if timed:
        rows = [
            f"| [{MINUTES.sub('', title).strip()}](#{anchor(title)}) | {minutes(title)} |" for title in timed
        ]
        total = f"| together | {sum(map(minutes, timed))} |"
        parts.append("\n".join(["| section | minutes |", "|:---|---:|", *rows, total]))
    parts.append("**You need:** " + "; ".join(linked(need, path) for need in head.needs) + ".")
    if head.symbols:
        known = glossary(path.parent / "symbols.md")
        rows = []
        for name, meaning in head.symbols.items():
            here = "" if known.get(name, meaning) == meaning else f" (on other pages: {known[name]})"
            rows.append(f"| ${name}$ | {meaning}{here} |")
        table = "\n".join(["| symbol | meaning |", "|:---|:---|", *rows])
        parts.append(f"<details><summary><b>Symbols of this page</b></summary>\n\n{table}\n\n</details>")
    return "\n\n".join(filter(None, parts))


def foot(head: Head, cells: list, path: Path) -> NotebookNode:
    """The last cell of a page: where to go from here. Its heading ends a folded part above it."""
    from nbformat.v4 import new_markdown_cell

    before, after = neighbours(path)
    lines = [f"**Next:** {link(after)}"] if after else []
    lines += [f"**Practise:** {homework_link(number, path)}" for number in head.homework]
    if "Sources" in headings(cells):
        lines.append("**Read:** [sources of this page](#Sources)")
    lines += [f"**Back:** {link(before)}"] if before else []
    metadata = {"tags": ["foot"], "slideshow": {"slide_type": "skip"}}
    return new_markdown_cell(f"## From here\n\n{' · '.join(lines)}", metadata=metadata)


def way(path: Path) -> str:
    """Links to the page before and the page after."""
    before, after = neighbours(path)
    links = [f"← {link(before)}"] if before else []
    links += [f"{link(after)} →"] if after else []
    return " · ".join(links)


def neighbours(path: Path) -> tuple[Path | None, Path | None]:
    pages = sorted(path.parent.glob("[0-9][0-9]*.py"))
    at = pages.index(path) if path in pages else len(pages)
    return (pages[at - 1] if at else None), (pages[at + 1] if at + 1 < len(pages) else None)


def link(page: Path, folder: str = "") -> str:
    """A link to the notebook of a source, with its title."""
    title = TITLE.search(page.read_text(encoding="utf-8"))
    return f"[{title[1] if title else page.stem}]({folder}{page.stem}.ipynb)"


def linked(need: str, path: Path) -> str:
    """`07: the minimum` as a link to lecture 07, in plain words while that lecture has no source."""
    number = re.match(r"(\d\d[a-z]?)(?::\s*|$)", need)
    if not number:
        return need
    page = next(path.parent.glob(f"{number[1]}-*.py"), None)
    name, rest = link(page) if page else f"Lecture {number[1]}", need[number.end() :]
    return f"{name} ({rest})" if rest else name


def homework_link(number: str, path: Path) -> str:
    source = path.parent / "homework" / f"homework-{number}.py"
    if not source.exists():
        raise ValueError(f"the head names homework {number}, which has no source {source.name}")
    return link(source, "../homework/")


# What a page holds


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def is_fold(cell: NotebookNode) -> bool:
    """Is it the heading of a part that is folded until a reader opens it?"""
    first = cell.source.split("\n")[0]
    return cell.cell_type == "markdown" and bool(re.match(r"#+ Further\b", first) or "fold" in tags(cell))


def slide_type(text: str) -> str:
    """`# ` and `## ` begin a slide, `### ` one below it; other text appears on the slide that is shown."""
    level = re.match(r"#*", text)[0].count("#")
    return {0: "fragment", 1: "slide", 2: "slide"}.get(level, "subslide")


def headings(cells: list) -> list[str]:
    """The titles of the page's sections (`## …`), in their order."""
    return [line.text for line in lines_of(cells) if line.level == 2]


def minutes(title: str) -> int:
    found = MINUTES.search(title)
    return int(found[1]) if found else 0


def anchor(title: str) -> str:
    """Where JupyterLab finds a heading."""
    return title.replace(" ", "-")


class Line(NamedTuple):
    """One line of a page."""

    cell: dict
    kind: str  # "text", "heading" or "code"
    text: str
    level: int = 0  # of a heading


def lines_of(cells: list) -> Iterator[Line]:
    """The lines of a page, in order."""
    for cell in cells:
        fenced = False
        for line in cell.source.split("\n"):
            fenced ^= line.lstrip().startswith("```")
            heading = re.match(r"(#+) (.+)", line)
            if cell.cell_type == "code":
                yield Line(cell, "code", line)
            elif heading and not fenced:
                yield Line(cell, "heading", heading[2].strip(), len(heading[1]))
            else:
                yield Line(cell, "text", line)


def core(cells: list) -> Iterator[Line]:
    """`lines_of` without what a reader need not read: Further, Sources, hidden code, head and foot."""
    left_out = 0  # the level of the heading under which nothing counts
    for line in lines_of(cells):
        if line.level and (not left_out or line.level <= left_out):
            folded = re.match(r"(Further|Sources)\b", line.text) or "fold" in tags(line.cell)
            left_out = line.level if folded else 0
        hidden = line.cell.metadata.get("jupyter", {}).get("source_hidden", False)
        if not (left_out or hidden or {"head", "foot"} & set(tags(line.cell))):
            yield line


def length(cells: list) -> Length:
    """How long a page is. A formula is one word; folded hints and answers (`<details>`) are not read."""
    kinds = {"heading": [], "text": [], "code": []}
    for line in core(cells):
        kinds[line.kind].append(line.text)
    prose = "\n".join(kinds["heading"] + kinds["text"])
    for pattern, instead in (
        (r"<details.*?</details>", " "),
        (FORMULA.pattern, " formula "),
        (r"<[^>]+>", " "),
        (r"\]\([^)]*\)", " "),  # where a link leads
    ):
        prose = re.sub(pattern, instead, prose, flags=re.DOTALL)
    return Length(
        words=sum(bool(re.search(r"\w", word)) for word in prose.split()),
        code=sum(bool(line.strip()) for line in kinds["code"]),
        picture=next((at for at, cell in enumerate(cells[1:], 1) if shows_picture(cell)), len(cells)),
        minutes=sum(map(minutes, kinds["heading"])),
    )


def shows_picture(cell: NotebookNode) -> bool:
    """An image in the text, or a call of what draws that is not only the body of a function."""
    if cell.cell_type != "code":
        return bool(re.search(r"!\[|<img", cell.source))
    source = re.sub(r"^[%!].*$", "", cell.source, flags=re.MULTILINE)
    statements = [s for s in ast.parse(source).body if not isinstance(s, ast.FunctionDef | ast.ClassDef)]
    called = [node.func for s in statements for node in ast.walk(s) if isinstance(node, ast.Call)]
    return any(getattr(func, "attr", getattr(func, "id", None)) in PICTURES for func in called)


def too_long(found: Length) -> list[str]:
    """What exceeds the limits, in words."""
    return [
        f"{name.name}: {getattr(found, name.name)}, at most {getattr(LIMITS, name.name)}"
        for name in fields(Length)
        if getattr(found, name.name) > getattr(LIMITS, name.name)
    ]


def undeclared(cells: list, head: Head) -> list[str]:
    """Greek letters in the formulas of a page's core that its symbols do not name."""
    text = "\n".join(line.text for line in core(cells) if line.kind == "text")
    used = {letter for formula in FORMULA.findall(text) for letter in GREEK.findall(formula)}
    return sorted(used - set(GREEK.findall(" ".join(head.symbols))))


def table(pages: dict[str, list]) -> str:
    """A line for each page (name -> cells): how long it is; what is over the limit has a mark."""
    columns = [column.name for column in fields(Length)]
    rows = [["page", *columns, ""], ["at most", *(str(getattr(LIMITS, name)) for name in columns), ""]]
    for name, cells in pages.items():
        found, new = length(cells), is_new(cells)
        over = {complaint.split(":")[0] for complaint in too_long(found)}
        numbers = [f"{getattr(found, c)}" + "!" * (c in over) for c in columns]
        rows.append([name, *numbers, "" if new else "NOT IN THE FORM OF A PAGE: it has no head"])
    wide = max(len(row[0]) for row in rows)
    return "\n".join(
        f"{name:{wide}} " + "".join(f"{cell:>10}" for cell in numbers) + f"   {note}".rstrip()
        for name, *numbers, note in rows
    )
