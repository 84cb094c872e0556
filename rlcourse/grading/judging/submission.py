"""A submitted notebook, read as data: nothing of it is executed here, and no malformed file stops a batch.

`read` returns cells, or raises `Unreadable` with one line: what, and what to do. `Assignment` is the
instructor's list of cells; `match` finds the student's answer to each by id, and forgives what it can.
"""

import io
import json
import os
import re
import stat
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath

LARGEST = 512 << 20  # bytes of one notebook; its outputs are dropped before it is parsed
DROP_OUTPUTS = 4 << 20  # above this size


class Unreadable(ValueError):
    """The submission cannot be read; the message is one line for the student's row."""


@dataclass
class Cell:
    """One cell of a notebook: its type and text, and the grade_id it claims."""

    kind: str  # "code" or "markdown"
    source: str
    grade_id: str | None = None


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

    @classmethod
    def of(cls, name: str, notebook: dict) -> "Assignment":
        """From the instructor's notebook (as in JSON). Cells tagged "not-graded" never run here."""
        cells = []
        for cell in notebook["cells"]:
            meta, tags = cell["metadata"].get("nbgrader"), cell["metadata"].get("tags", [])
            if not meta:
                continue
            graded, solution = meta.get("grade", False), meta.get("solution", False)
            role = {(0, 1): "solution", (1, 0): "test", (1, 1): "written"}.get((graded, solution), "given")
            role = "not graded" if "not-graded" in tags else role
            source, points = text(cell["source"]), float(meta.get("points", 0))
            cells.append(SourceCell(meta["grade_id"], role, cell["cell_type"], source, points))
        return cls(name, tuple(cells))

    def of_role(self, role: str) -> list[SourceCell]:
        return [cell for cell in self.cells if cell.role == role]

    @property
    def tests(self) -> dict[str, float]:
        """{exercise name: points}, in the order of the notebook."""
        return {cell.grade_id.removeprefix("test-"): cell.points for cell in self.of_role("test")}

    @property
    def written_points(self) -> float:
        return sum(cell.points for cell in self.of_role("written"))


@dataclass
class Answers:
    """What was found of an assignment in a submission."""

    cells: list[tuple[str, str, str]]  # (role, name, source) to run, in order; given: the instructor's
    place: dict[str, int] = field(default_factory=dict)  # grade_id -> index in the submission's cells
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
    notebooks = [info.filename for info in infos if info.filename.endswith(".ipynb")]
    return [name for name in notebooks if not hidden(PurePosixPath(name))]


def read_member(path: str | Path, name: str) -> list[Cell]:
    """The cells of one notebook in a zip archive, read in memory and never beyond the size limit."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
            data = stream.read(LARGEST // 4 + 1)  # what it unpacks to, whatever its header says
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError, EOFError):
        raise Unreadable("damaged inside its zip archive; hand in the .ipynb file itself") from None
    except Exception as error:  # zlib.error and its kin
        kind = type(error).__name__
        raise Unreadable(f"damaged inside its zip archive ({kind}); hand in the .ipynb file") from None
    if len(data) > LARGEST // 4:
        raise Unreadable(too_large(len(data), "at least "))
    return parse(data)


def too_large(size: int, least: str = "") -> str:
    return f"{least}{size >> 20} MB, too large to be read; clear all outputs, save, and hand in again"


def hidden(path: PurePath) -> bool:
    """Checkpoints and other files that no student means to hand in."""
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)


def parse(data: bytes) -> list[Cell]:
    """The cells of a notebook's bytes. Outputs, attachments and all metadata but grade_id are forgotten."""
    if not data.strip():
        raise Unreadable("an empty file; save the notebook and hand it in again")
    if len(data) > DROP_OUTPUTS:
        data = without_outputs(data)
    try:
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        notebook = json.loads(data.decode(encoding), parse_int=str)
    except (ValueError, RecursionError, MemoryError):
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
    return [parsed for cell in cells if (parsed := parse_cell(cell))]


def parse_cell(cell: object) -> Cell | None:
    if not isinstance(cell, dict):
        return None
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    meta = cell.get("metadata")
    meta = meta.get("nbgrader") if isinstance(meta, dict) else None
    grade_id = meta.get("grade_id") if isinstance(meta, dict) else None
    if not isinstance(grade_id, str):
        grade_id = cell.get("id") if isinstance(cell.get("id"), str) else None
    return Cell(kind, text(cell.get("source", cell.get("input", ""))), grade_id)


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
BULK = re.compile(rb'"(?:outputs|attachments)"\s*:\s*([\[{])')


def without_outputs(data: bytes) -> bytes:
    """The same JSON with every "outputs": […] emptied, so that memory does not grow with what was printed."""
    kept, start, position = io.BytesIO(), 0, 0
    while opening := BULK.search(data, position):
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

    By grade_id. Of several with one id, the last that was filled in counts. Where an id is lost, or its
    cell was left blank, the last other cell that defines the function counts. Test and given cells are
    the instructor's.
    """
    given = [cell for cell in assignment.of_role("given") if cell.kind == "code"]
    found = Answers([("given", cell.grade_id, cell.source) for cell in given])
    known = {cell.grade_id: cell for cell in assignment.cells}
    claims = {name: [i for i, cell in enumerate(cells) if cell.grade_id == name] for name in known}
    free = [i for i, cell in enumerate(cells) if cell.grade_id not in known and cell.kind == "code"]
    tests = {name: len(claims[name]) for name, source in known.items() if source.role == "test"}
    missing, doubled = [n for n, k in tests.items() if k == 0], [n for n, k in tests.items() if k > 1]
    for said, names in (("missing", missing), ("doubled", doubled)):
        if names:
            found.warnings.append(f"test cells {said}: {', '.join(names)}; the instructor's are used")
    for name, source in known.items():
        places = claims[name]
        if source.role not in ("solution", "written"):
            continue
        if len(places) > 1:
            filled = [i for i in places if not blank(cells[i].source)]
            times = f"comes {len(places)} times"
            found.warnings.append(f"cell {name} {times}; the last one that is filled in counts")
            places = filled[-1:] or places[-1:]
        if source.role == "solution" and (not places or blank(cells[places[0]].source)):
            defines = re.compile(rf"(?m)^(?:def|class)\s+{re.escape(name)}\b|^{re.escape(name)}\s*=[^=]")
            others = [i for i in free if defines.search(cells[i].source) and not blank(cells[i].source)]
            if others:
                said = "was left blank" if places else "has lost its id or was deleted"
                found.warnings.append(f"cell {name} {said}; another cell that defines {name} counts")
                places = others[-1:]
            elif not places:
                found.warnings.append(f"cell {name} is missing")
        if source.role == "solution" and places and cells[places[0]].kind != "code":
            found.warnings.append(f"cell {name} was turned into text; it is read as code")
        if places:
            found.place[name] = places[0]
    solutions = {place: name for name, place in found.place.items() if known[name].role == "solution"}
    for i, cell in enumerate(cells):
        if i in solutions:
            found.cells.append(("solution", solutions[i], cell.source))
        elif i in free:
            found.cells.append(("helper", f"number {i + 1}", cell.source))
    return found


PLACEHOLDER = "your ID"


def typed_id(cells: list[Cell]) -> str | None:
    """What stands in `student = "…"`, read as data, in the cell for it; None where nothing was filled in."""
    for cell in cells:
        if cell.grade_id == "student-id" and cell.kind == "code":
            found = re.search(r"""(?m)^student\s*=\s*(["'])([^"'\n]{1,100})\1""", cell.source)
            if found and found.group(2).strip() and found.group(2) != PLACEHOLDER:
                return found.group(2)
    return None


def blank(source: str) -> bool:
    """Not filled in: it still raises NotImplementedError, or holds nothing at all."""
    return not source.strip() or re.search(r"(?m)^\s*raise NotImplementedError", source) is not None
