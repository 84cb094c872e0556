"""A submitted notebook, read as data: nothing of it is executed here, and no malformed file stops a batch.

`read` returns cells, or raises `Unreadable` with one line: what, and what to do. `Assignment` is the
instructor's list of cells; `match` finds the student's answer to each by id, and forgives what it can.
"""

import base64
import binascii
import contextlib
import functools
import io
import itertools
import json
import os
import re
import stat
import textwrap
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath

from rlcourse.grading.judging.limited import OutOfBounds, within
from rlcourse.grading.judging.outputs import Output, read_outputs

LARGEST = 512 << 20  # bytes of one notebook; its outputs are dropped before it is parsed
SMALL = 4 << 20  # bytes that are read in this process: as JSON they take 100 MB at most
MOST = 256 << 20  # bytes that the reading of a larger one may take beside twice its size
DROP_OUTPUTS = 24 << 20  # above this size
KEEP_PICTURES = 32 << 20  # bytes of a file whose outputs are gone; above it, its attachments go too
PICTURES = 6  # of one cell
MOST_CELLS = 5_000
LONGEST_CELL = 1 << 20  # characters; of a longer cell of code nothing is kept, of text its beginning
TOO_LONG = "# too long to be read"
MOST_CODE = 8 << 20  # characters of code in all: to look for names in it takes time in this process


class Unreadable(ValueError):
    """The submission cannot be read; the message is one line for the student's row."""


@dataclass
class Cell:
    """One cell of a notebook: its type and text, the grade_id it claims, pictures pasted into it, and what it
    showed (`outputs.py`)."""

    kind: str  # "code" or "markdown"
    source: str
    grade_id: str | None = None
    attachments: dict[str, bytes] = field(default_factory=dict)  # as handed in, of whatever content
    outputs: list[Output] = field(default_factory=list)  # as handed in

    @functools.cached_property
    def lines(self) -> list[list[str]]:
        """The words of each line."""
        return [words(line) for line in self.source.split("\n")]

    @functools.cached_property
    def said(self) -> list[str]:
        """Its words."""
        return [word for line in self.lines for word in line]


@dataclass(frozen=True)
class SourceCell:
    """One cell of the instructor's notebook that has a grade_id."""

    grade_id: str
    role: str  # "solution", "test", "written", "given", or "not graded"
    kind: str
    source: str
    points: float = 0.0


@dataclass(frozen=True)
class Assignment:
    """The instructor's list of cells, in order."""

    name: str
    cells: tuple[SourceCell, ...]
    texts: tuple[tuple[str | None, str], ...] = ()  # (grade_id, text) of all its cells, also of those without

    @classmethod
    def of(cls, name: str, notebook: dict) -> "Assignment":
        """From the instructor's notebook (as in JSON). Cells tagged "not-graded" never run here."""
        cells, texts = [], []
        for cell in notebook["cells"]:
            meta, tags = cell["metadata"].get("nbgrader"), cell["metadata"].get("tags", [])
            texts.append(((meta or {}).get("grade_id"), text(cell["source"])))
            if not meta:
                continue
            graded, solution = meta.get("grade", False), meta.get("solution", False)
            role = {(0, 1): "solution", (1, 0): "test", (1, 1): "written"}.get((graded, solution), "given")
            role = "not graded" if "not-graded" in tags else role
            source, points = text(cell["source"]), float(meta.get("points", 0))
            cells.append(SourceCell(meta["grade_id"], role, cell["cell_type"], source, points))
        return cls(name, tuple(cells), tuple(texts))

    def of_role(self, role: str) -> list[SourceCell]:
        return [cell for cell in self.cells if cell.role == role]

    @property
    def tests(self) -> dict[str, float]:
        """{exercise name: points}, in the order of the notebook."""
        return {cell.grade_id.removeprefix("test-"): cell.points for cell in self.of_role("test")}

    @property
    def written_points(self) -> float:
        return sum(cell.points for cell in self.of_role("written"))

    @functools.cached_property
    def said(self) -> list[list[str]]:
        """The words of each of `texts`."""
        return [words(source) for _, source in self.texts]

    @functools.cached_property
    def given_words(self) -> set[tuple[str, ...]]:
        """What the cells say that were handed out."""
        asked = [words(question(cell)) for cell in self.of_role("written")]
        return {tuple(own) for own in [*self.said, *asked]}

    def added(self, cells: list[Cell]) -> set[int]:
        """Indices of a submission's cells of text that were not handed out."""
        known = {cell.grade_id for cell in self.cells}
        texts = [i for i, cell in enumerate(cells) if cell.kind != "code" and cell.grade_id not in known]
        return {i for i in texts if cells[i].said and tuple(cells[i].said) not in self.given_words}


@dataclass
class Answers:
    """What was found of an assignment in a submission."""

    cells: list[tuple[str, str, str]]  # (role, name, source) to run, in order; given: the instructor's
    place: dict[str, int] = field(default_factory=dict)  # grade_id -> index in the submission's cells
    joined: dict[str, Cell] = field(default_factory=dict)  # grade_id -> a proof that came in pieces
    pieces: set[int] = field(default_factory=set)  # indices in the submission's cells of such pieces
    until: dict[str, int] = field(
        default_factory=dict
    )  # exercise -> how many of `cells` stand above its test
    warnings: list[str] = field(default_factory=list)


def read(path: str | Path) -> list[Cell]:
    """The cells of the notebook at `path`."""
    try:
        status = os.lstat(path)
    except OSError as error:
        raise Unreadable(f"the file cannot be opened ({error.strerror}); hand it in again") from None
    if stat.S_ISLNK(status.st_mode):
        raise Unreadable("a symbolic link, which is not followed; hand in the notebook itself")
    if stat.S_ISDIR(status.st_mode):
        raise Unreadable("a folder with the name of a notebook; hand in the .ipynb file itself")
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("not a regular file; hand in the .ipynb file itself")
    if status.st_size > LARGEST:
        raise Unreadable(too_large(status.st_size))
    try:
        if status.st_size > SMALL:
            return apart(status.st_size, read_large, str(path))
        return parse(Path(path).read_bytes())
    except OSError as error:
        raise Unreadable(f"the file cannot be read ({error.strerror}); hand it in again") from None


def members(path: str | Path) -> list[str]:
    """Names of the notebooks in a zip archive; refuses one that would write outside its folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RecursionError, MemoryError):
        raise Unreadable("not a readable zip archive; hand in the .ipynb file itself") from None
    if len(infos) > 10_000:
        raise Unreadable(f"a zip archive of {len(infos)} files; hand in the .ipynb file itself")
    for info in infos:
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or re.match(r"[A-Za-z]:", info.filename):
            found = f"a path outside its folder, {info.filename[:80]!r}"
            raise Unreadable(f"the archive holds {found}; zip the notebook alone")
        if stat.S_ISLNK(info.external_attr >> 16):
            found = f"a symbolic link ({info.filename[:80]!r})"
            raise Unreadable(f"the archive holds {found}; zip the notebook alone")
    names = [info.filename for info in infos if re.search(r"(?i)\.ipynb(\.txt|\.json)?$", info.filename)]
    return [name for name in names if not hidden(PurePosixPath(name))]


def read_large(drop: int, path: str) -> list:
    return [as_data(cell) for cell in parse(Path(path).read_bytes(), drop)]


def read_large_member(drop: int, path: str, name: str) -> list:
    return [as_data(cell) for cell in parse(unpacked(path, name, LARGEST // 4), drop)]


def apart(size: int, function: Callable, *arguments: str) -> list[Cell]:
    """Cells that `function` finds in a process apart, with memory for a notebook of that size, no more.

    Where that is not enough, once more without its outputs.
    """
    bound = MOST + 2 * min(size, LARGEST)
    try:
        try:
            found = within(bound, function, DROP_OUTPUTS, *arguments)
        except OutOfBounds:
            found = within(bound, function, 0, *arguments)
    except OutOfBounds:
        what = "cannot be read in the memory that a notebook of its size needs"
        raise Unreadable(f"it {what}; clear all outputs, save, and hand in again") from None
    except ValueError as refusal:
        raise Unreadable(str(refusal)) from None
    return [from_data(cell) for cell in found]


def as_data(cell: Cell) -> list:
    pictures = {name: base64.b64encode(data).decode() for name, data in cell.attachments.items()}
    return [cell.kind, cell.source, cell.grade_id, pictures, cell.outputs]


def from_data(data: list) -> Cell:
    kind, source, grade_id, pictures, outputs = data
    pictures = {name: base64.b64decode(text) for name, text in pictures.items()}
    return Cell(kind, source, grade_id, pictures, [tuple(output) for output in outputs])


def read_member(path: str | Path, name: str) -> list[Cell]:
    """The cells of one notebook in a zip archive, read in memory and never beyond the size limit."""
    data = unpacked(path, name, SMALL)
    if len(data) <= SMALL:
        return parse(data)
    return apart(LARGEST // 4, read_large_member, str(path), name)


def unpacked(path: str | Path, name: str, limit: int) -> bytes:
    """What a member unpacks to, whatever its header says; a byte more than `limit` where it is larger."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
            data = stream.read(limit + 1)
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError, EOFError):
        raise Unreadable("damaged inside its zip archive; hand in the .ipynb file itself") from None
    except Exception as error:  # zlib.error and its kin
        kind = type(error).__name__
        raise Unreadable(f"damaged inside its zip archive ({kind}); hand in the .ipynb file") from None
    if len(data) > LARGEST // 4:
        raise Unreadable(too_large(len(data), "at least "))
    return data


def too_large(size: int, least: str = "") -> str:
    return f"{least}{size >> 20} MB, too large to be read; clear all outputs, save, and hand in again"


def hidden(path: PurePath) -> bool:
    """Checkpoints and other files that no student means to hand in."""
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)


def parse(data: bytes, drop: int = DROP_OUTPUTS) -> list[Cell]:
    """The cells of a notebook's bytes, with their grade_id; above `drop` bytes without outputs."""
    if not data.strip():
        raise Unreadable("an empty file; save the notebook and hand it in again")
    if len(data) > drop:
        data = without(OUTPUTS, data)
    if len(data) > KEEP_PICTURES:
        data = without(ATTACHMENTS, data)
    try:
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        notebook = json.loads(data.decode(encoding), parse_int=str)
    except (ValueError, RecursionError):
        advice = "save it in Jupyter and hand it in again"
        raise Unreadable(f"not a notebook (its text is not JSON); {advice}") from None
    if not isinstance(notebook, dict):
        raise Unreadable("not a notebook (JSON of another kind); hand in the .ipynb file of the homework")
    major = str(notebook.get("nbformat", "4"))
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):  # nbformat 3
        sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets for cell in as_list(sheet.get("cells"))]
    if not isinstance(cells, list):
        advice = "save it in Jupyter and hand it in again"
        raise Unreadable(f"a notebook without cells (format {major[:8]}); {advice}")
    if len(cells) > MOST_CELLS:
        advice = "hand in the homework's own cells, with your answers"
        raise Unreadable(f"a notebook of {len(cells)} cells, more than {MOST_CELLS}; {advice}")
    found = [parsed for cell in cells if (parsed := parse_cell(cell))]
    if sum(len(cell.source) for cell in found if cell.kind == "code") > MOST_CODE:
        advice = "remove what is no answer, save, and hand in again"
        raise Unreadable(f"more than {MOST_CODE >> 20} MB of code; {advice}")
    return found


def parse_cell(cell: object) -> Cell | None:
    if not isinstance(cell, dict):
        return None
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    meta = cell.get("metadata")
    meta = meta.get("nbgrader") if isinstance(meta, dict) else None
    grade_id = meta.get("grade_id") if isinstance(meta, dict) else None
    if not isinstance(grade_id, str):
        grade_id = cell.get("id") if isinstance(cell.get("id"), str) else None
    pictures = attachments(cell.get("attachments")) if kind == "markdown" else {}
    shown = read_outputs(cell.get("outputs")) if kind == "code" else []
    source = text(cell.get("source", cell.get("input", "")))
    if kind == "markdown":
        source = apart_from_pictures(source, pictures)
    if len(source) > LONGEST_CELL:
        source = f"{TOO_LONG} ({len(source) >> 20} MB)" if kind == "code" else source[:LONGEST_CELL]
    return Cell(kind, source, grade_id, pictures, shown)


def attachments(given: object) -> dict[str, bytes]:
    """{name: content} of what was pasted into a cell, as far as it is of the form that Jupyter writes."""
    found = {}
    for name, bundle in given.items() if isinstance(given, dict) else ():
        kinds = bundle.items() if isinstance(bundle, dict) else ()
        content = next((text(value) for kind, value in kinds if str(kind).startswith("image/")), "")
        if content and re.fullmatch(r"[\w.\-]{1,100}", str(name)) and len(found) < PICTURES:
            with contextlib.suppress(binascii.Error, ValueError):
                found[str(name)] = base64.b64decode(content)
    return found


INLINE = re.compile(
    r"""!\[[^\]\n]{0,200}\]\(\s*<?data:image/[a-z+]{1,10};base64,([A-Za-z0-9+/=\s]*+)>?[^)\n]{0,200}\)"""
    r"""|<img\b[^<>]{0,200}?\bsrc\s*=\s*["']?data:image/[a-z+]{1,10};base64,([A-Za-z0-9+/=\s]*+)["']?[^<>]{0,200}>"""
)


def apart_from_pictures(source: str, pictures: dict[str, bytes]) -> str:
    """A text with the pictures that stand in it as data, as Colab pastes them, among its attachments."""

    def kept(found: re.Match) -> str:
        name = f"in-the-text-{len(pictures) + 1}.png"
        if len(pictures) >= PICTURES:
            return "(a picture more than can be kept)"
        try:
            pictures[name] = base64.b64decode(found.group(1) or found.group(2))
        except (binascii.Error, ValueError, TypeError):
            return "(a picture that is damaged)"
        return f"![a picture](attachment:{name})"

    return INLINE.sub(kept, source)


def text(source: object) -> str:
    """A cell's text, given as a string or a list of strings; lone surrogates become question marks."""
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    source = source if isinstance(source, str) else ""
    return source.encode("utf-8", "replace").decode()


def as_list(value: object) -> list:
    return value if isinstance(value, list) else []


# Possessive: no memory for going back.
TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)
OUTPUTS = re.compile(rb'"outputs"\s*:\s*([\[{])')
ATTACHMENTS = re.compile(rb'"attachments"\s*:\s*([\[{])')


def without(what: re.Pattern, data: bytes) -> bytes:
    """The same JSON with every "outputs": […] emptied, so that memory does not grow with what was printed."""
    kept, start, position = io.BytesIO(), 0, 0
    while opening := what.search(data, position):
        depth, end = 0, None
        for token in TOKEN.finditer(data, opening.start(1)):
            mark = token.group()
            depth += (mark in (b"[", b"{")) - (mark in (b"]", b"}"))
            if depth == 0:
                end = token.end()
                break
        if end is None:
            break
        kept.write(data[start : opening.start(1)] + (b"[]" if opening.group(1) == b"[" else b"{}"))
        start = position = end
    kept.write(data[start:])
    return kept.getvalue()


def match(assignment: Assignment, cells: list[Cell]) -> Answers:
    """The student's answer to each cell of the instructor's list.

    By grade_id. Jupyter copies it when a cell is split or pasted, so several cells may have one: of those
    that define the function, the last one above its test counts, as in a kernel; the others are helpers.
    Where none defines it, another cell that does counts. The pieces of a proof are joined. Test and given
    cells are the instructor's; what a student added to one is a helper.
    """
    found = Answers([(*how, cell.source) for cell in assignment.cells if (how := runs(cell))])
    known = {cell.grade_id: cell for cell in assignment.cells}
    claims = {name: [i for i, cell in enumerate(cells) if cell.grade_id == name] for name in known}
    tests = {name: len(claims[name]) for name, source in known.items() if source.role == "test"}
    missing, doubled = [n for n, k in tests.items() if k == 0], [n for n, k in tests.items() if k > 1]
    for said, names in (("missing", missing), ("doubled", doubled)):
        if names:
            found.warnings.append(f"test cells {said}: {', '.join(names)}; the instructor's are used")
    for i, cell in enumerate(cells):
        if cell.source.startswith(TOO_LONG):
            found.warnings.append(f"cell {cell.grade_id or f'number {i + 1}'} is {cell.source[2:60]}")
    for name, source in known.items():
        if source.role == "solution":
            find_solution(found, name, cells, claims, known)
        elif source.role == "written":
            find_written(found, source, cells, claims[name], assignment)
    found.warnings[:] = in_one_line(found.warnings)
    solutions = {place: name for name, place in found.place.items() if known[name].role == "solution"}
    positions = {}  # index in `cells` -> how many of the cells that run come before it
    for i, cell in enumerate(cells):
        positions[i] = len(found.cells)
        if i in solutions:
            found.cells.append(("solution", solutions[i], cell.source))
        elif cell.kind == "code" and not same_text(cell, known.get(cell.grade_id)):
            found.cells.append(("helper", f"number {i + 1}", cell.source))
    for name in assignment.tests:
        below = [i for i in claims.get(f"test-{name}", []) if i > found.place.get(name, len(cells))]
        found.until[name] = positions[below[0]] if below else len(found.cells)
    return found


LOST = re.compile(r"cell (\w+) has lost its id or was deleted; another cell that defines \1 counts")


def in_one_line(warnings: list[str]) -> list[str]:
    """Warnings in which all cells that have lost their id, as from Colab, share a line."""
    lost = [found.group(1) for line in warnings if (found := LOST.fullmatch(line))]
    if len(lost) < 2:
        return warnings
    names = ", ".join(lost)
    line = f"cells {names} have lost their ids or were deleted; other cells that define these names count"
    first = next(i for i, warning in enumerate(warnings) if LOST.fullmatch(warning))
    kept = [warning for warning in warnings if not LOST.fullmatch(warning)]
    return [*kept[:first], line, *kept[first:]]


def runs(cell: SourceCell) -> tuple[str, str] | None:
    """(role, name) of one of the instructor's own cells where it runs before the student's, or None.

    A cell that is "not graded" plays with answers: of it only what a student's code needs, its imports.
    """
    if cell.kind != "code" or cell.role not in ("given", "not graded"):
        return None
    return ("given" if cell.role == "given" else "helper"), cell.grade_id


def same_text(cell: Cell, source: SourceCell | None) -> bool:
    """Is it one of the instructor's cells as it was handed out?"""
    if source is None or source.role not in ("given", "not graded", "test"):
        return False
    return cell.source.split() == source.source.split()


def find_solution(found: Answers, name: str, cells: list[Cell], claims: dict, known: dict) -> None:
    """The place of the cell in which the answer to an exercise stands."""
    places, test = claims[name], claims.get(f"test-{name}", [])
    above = [i for i in range(len(cells)) if not test or i < test[-1]]

    def last(those):
        those = [i for i in those if cells[i].kind == "code" or i in places]
        return next((i for i in reversed(those) if i in above), those[-1] if those else None)

    defining = [i for i in places if defines(cells[i].source, name) and not blank(cells[i].source, name)]
    filled = [i for i in places if not blank(cells[i].source, name)]
    others = [
        i
        for i, cell in enumerate(cells)
        if (cell.grade_id not in known or known[cell.grade_id].role in ("given", "not graded"))
        and defines(cell.source, name)
        and not blank(cell.source, name)
    ]
    place = last(defining)
    if len(places) > 1:
        counts = "that defines it" if defining else "that is filled in"
        found.warnings.append(f"cell {name} comes {len(places)} times; the last one {counts} counts")
    if place is None and last(others) is not None:
        said = "was left blank" if places and not filled else "has lost its id or was deleted"
        said = "defines another name" if filled else said
        found.warnings.append(f"cell {name} {said}; another cell that defines {name} counts")
        place = last(others)
    if place is None:
        place = last(filled) if filled else last(places)
    if place is None:
        found.warnings.append(f"cell {name} is missing")
        return
    if cells[place].kind != "code":
        found.warnings.append(f"cell {name} was turned into text; it is read as code")
    found.place[name] = place


def find_written(
    found: Answers, source: SourceCell, cells: list[Cell], places: list[int], assignment: Assignment
) -> None:
    """The place of a proof. Pieces of a split cell, and what was added right below it, are joined; a lost id
    is made good by the heading, or else by the cells above and below."""
    name = source.grade_id
    known, added = {cell.grade_id for cell in assignment.cells}, assignment.added(cells)
    if not places:
        wanted = heading(source)
        free = [i for i, cell in enumerate(cells) if cell.kind != "code" and cell.grade_id not in known]
        places = [i for i in free if wanted and wanted in cells[i].lines]
        if places:
            found.warnings.append(f"cell {name} has lost its id and was found by its heading: needs a person")
    if not places:
        places = sorted(added & set(between(assignment, name, cells)))
        said = "what was written in its place is taken for it" if places else "it was not found"
        found.warnings.append(f"cell {name} has lost its id and its heading, {said}: needs a person")
    if not places:
        return
    found.place[name] = places[-1]
    below = list(itertools.takewhile(added.__contains__, range(places[-1] + 1, len(cells))))
    if below:
        found.warnings.append(f"what was written below cell {name} counts as a part of it")
    pieces = []
    for i in [*places, *below]:
        if not any(cells[i].said == cells[k].said for k in pieces):
            pieces.append(i)
    if len(places) > 1 and len(pieces) > 1:
        found.warnings.append(f"cell {name} comes in {len(places)} pieces, which are joined in their order")
    if len(pieces) > 1:
        pictures = {key: data for i in pieces for key, data in cells[i].attachments.items()}
        joined = "\n\n".join(cells[i].source for i in pieces)
        found.joined[name] = Cell("markdown", joined, name, pictures)
        found.pieces.update(pieces)
    answer = found.joined.get(name) or cells[places[-1]]
    elsewhere = [link for link in LINKED.findall(answer.source) if not link.lower().startswith("attachment:")]
    if elsewhere:
        found.warnings.append(
            f"cell {name} shows a picture that is not in the notebook ({elsewhere[0][:60]}): needs a person"
        )


LINKED = re.compile(r"""!\[[^\]\n]*\]\(\s*<?([^)\s>]+)""")


def heading(source: SourceCell) -> list[str] | None:
    """The words of a written cell's first heading."""
    lines = re.findall(r"(?m)^#+\s.*$", source.source)
    return words(lines[0]) if lines else None


def between(assignment: Assignment, name: str, cells: list[Cell]) -> range:
    """Where a cell that was not found would stand: between the nearest of the instructor's that are there."""
    names = [own for own, _ in assignment.texts]
    here = names.index(name) if name in names else 0
    said = [cell.said for cell in cells]

    def place(number: int, last: bool) -> int | None:
        own, given = names[number], assignment.said[number]
        fits = [
            i for i, cell in enumerate(cells) if own and cell.grade_id == own or given and said[i] == given
        ]
        return (fits[-1] if last else fits[0]) if fits else None

    above = next((p for k in range(here - 1, -1, -1) if (p := place(k, True)) is not None), None)
    below = (place(k, False) for k in range(here + 1, len(names)))
    end = next((p for p in below if p is not None and p > (-1 if above is None else above)), len(cells))
    return range(0, 0) if above is None else range(above + 1, end)


GUIDE = re.compile(r"(?ms)^\s*### BEGIN SOLUTION\n(.*?)^\s*### END SOLUTION[^\n]*")


def question(source: SourceCell) -> str:
    """What a written cell asks, as it was handed out, without the line in which the answer goes."""
    return GUIDE.sub("", source.source).strip()


def guide(source: SourceCell) -> str:
    """What a full answer to a written cell says."""
    return "\n".join(GUIDE.findall(source.source)).strip()


def own_words(source: SourceCell, answer: str) -> str:
    """An answer without the question, where that still stands above it."""
    asked = question(source)
    if not answer.lstrip().startswith(asked):
        return answer
    rest = answer.lstrip()[len(asked) :]
    return re.sub(r"(?m)\A\s*^\*Your answer here\.\*$", "", rest).strip() or answer


def left_blank(source: SourceCell, answer: Cell | str) -> bool:
    """Is a proof as it was handed out, or empty?"""
    said = words(answer if isinstance(answer, str) else answer.source)
    asked = words(question(source))
    pictures = not isinstance(answer, str) and answer.attachments
    return not pictures and (not said or said in (asked, [*asked, "Your", "answer", "here"]))


def experiment(assignment: Assignment, cells: list[Cell], place: int) -> list[Output]:
    """What the cells above a written answer showed, back to the heading of its part (`## …`).

    Tests and answers apart: the judge looks at those.
    """
    judged = {cell.grade_id for cell in assignment.cells if cell.role in ("test", "solution")}
    begin = next((i for i in range(place - 1, -1, -1) if PART.search(cells[i].source)), 0)
    return [out for cell in cells[begin:place] if cell.grade_id not in judged for out in cell.outputs]


PART = re.compile(r"(?m)\A#{1,2} \S")


def words(text: str) -> list[str]:
    """What a text says, whatever its spaces and marks."""
    return re.findall(r"\w+", text)


PLACEHOLDER = "your ID"


def typed_id(cells: list[Cell]) -> str | None:
    """What stands in `student = "…"`, read as data, in the cell for it; None where nothing was filled in."""
    for cell in cells:
        if cell.grade_id == "student-id" and cell.kind == "code":
            found = re.search(r"""(?m)^student\s*=\s*(["'])([^"'\n]{1,100})\1""", cell.source)
            if found and found.group(2).strip() and found.group(2) != PLACEHOLDER:
                return found.group(2)
    return None


def defines(source: str, name: str) -> bool:
    """Does a cell bind this name at its top level? Told from its lines: nothing is parsed here."""
    if name not in source:
        return False
    name = re.escape(name)
    pattern = rf"(?m)^(?:(?:async +)?(?:def|class)\s+{name}\b|{name}\s*(?::[^=\n]+)?=(?!=))"
    return re.search(pattern, textwrap.dedent(source.expandtabs())) is not None


STUB = re.compile(r"(?m)^[ \t]*raise[ \t]+NotImplementedError\b")


def blank(source: str, name: str = "") -> bool:
    """Not filled in: a function of it still begins by raising NotImplementedError, or it holds nothing.

    `name`: whose function or class; "": of any.
    """
    if "NotImplementedError" not in source:
        return not source.strip()
    source = textwrap.dedent(source.expandtabs())
    if name:
        found = list(re.finditer(rf"(?m)^(?:async +)?(?:def|class)\s+{re.escape(name)}\b", source))
        if not found:
            return not has_code(STUB.sub("", source)) and STUB.search(source) is not None
        body = source[found[-1].end() :]
        end = re.search(r"(?m)^(?=[^\s#)\]}])", body[body.find("\n") :]) if "\n" in body else None
        source = "def it" + (body[: body.find("\n") + end.start()] if end else body)
    for stub in itertools.islice(STUB.finditer(source), 100):
        if not has_code(source[: stub.start()].rpartition("def ")[2].partition(":\n")[2]):
            return True
    return False


def has_code(text: str) -> bool:
    """Is there more than comments and a docstring?"""
    text = re.sub(r"(?s)\A\s*[rR]?(\"{3}|'{3}).*?\1", "", text)
    text = re.sub(r"\A\s*([\"']).*?\1[ \t]*$", "", text, flags=re.MULTILINE)
    return re.search(r"(?m)^[ \t]*[^#\s]", text) is not None
