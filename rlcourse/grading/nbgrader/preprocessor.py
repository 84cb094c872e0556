"""nbgrader with the course's judge: its commands, formgrader, feedback and export, scores from the sandbox.

`configure(c)` in nbgrader_config.py puts two classes in: `SubmissionExporter` reads any submitted file as
data and lays it out on the instructor's cells, so nbgrader never meets a malformed notebook; `Judge` takes
the place of `Execute`, runs nothing in this process, and writes number and hint into the test cells.
"""

import base64
import fcntl
import gc
import os
import secrets
import sys
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    DeduplicateIds,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets import Bool, Float, Integer
from traitlets.config import Config

from rlcourse.grading.judging.judge import judge
from rlcourse.grading.judging.outputs import WHOSE, clean
from rlcourse.grading.judging.rows import Result, zero
from rlcourse.grading.judging.sanitise import picture, sanitised
from rlcourse.grading.judging.submission import Answers, Assignment, Cell, SourceCell, Unreadable, match
from rlcourse.grading.nbgrader.submitted import cells_of, prepare, remove_links
from rlcourse.grading.release import BLANK, BLANK_TEXT
from rlcourse.grading.sandbox.confinement import Limits, SandboxError, why_not

NOTICE = "The submitted file could not be read: "


def configure(c: Config) -> None:
    """Settings for nbgrader_config.py. Each of nbgrader's traps that one of them closes is named."""
    here = os.path.dirname(sys.executable)  # a new gradebook calls `alembic`, which lies beside this Python
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])
    c.Autograde.exporter_class = SubmissionExporter  # malformed files, deleted and duplicated cells
    nbgraders = (ClearMetadataPreprocessor, LimitOutput, SaveAutoGrades, AssignLatePenalties)
    c.Autograde.autograde_preprocessors = [Judge, *nbgraders, CheckCellMetadata]  # Judge in place of Execute
    # Without ClearOutput: what is there are the clean outputs that the exporter has kept for the marker.
    c.Autograde.sanitize_preprocessors = [
        DeduplicateIds,
        OverwriteKernelspec,
        OverwriteCells,
        CheckCellMetadata,
    ]
    c.Autograde.force = True  # without it, changed points or files skip regrading without a word
    c.ClearSolutions.code_stub = {"python": BLANK}  # the release that notebooks/homework holds
    c.ClearSolutions.text_stub = BLANK_TEXT
    c.ClearSolutions.enforce_metadata = False  # solution regions may stand in cells of any kind


class SubmissionExporter(NotebookExporter):
    """Reads submissions as data. In nbgrader's first stage it lays them out on the instructor's cells."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        reason = None if Judge(parent=self).unsandboxed else why_not(private_folders(self.parent))
        if reason:
            raise self.refusal(f"Student code is not run without a sandbox: {reason}.")
        try:
            lock = lock_gradebook(Path(self.parent.coursedir.root) / ".grading-lock")
        except BlockingIOError as held:
            raise self.refusal(held) from None
        weakref.finalize(self, os.close, lock)
        prepare(self.parent)

    def refusal(self, line: object) -> NbGraderException:
        """nbgrader prints nothing of an exception that ends a run: it must stand in the log."""
        self.log.error(str(line))
        return NbGraderException(str(line))

    def from_filename(
        self, filename: str, resources: dict | None = None, **kw: Any
    ) -> tuple[NotebookNode, dict]:
        if not self.parent._sanitizing:  # the second stage reads what the first one wrote
            return super().from_filename(filename, resources=resources, **kw)
        laid_out = self.lay_out(filename, resources["nbgrader"])
        return self.from_notebook_node(laid_out, resources=resources, **kw)

    def lay_out(self, filename: str, where: dict) -> NotebookNode:
        """The instructor's cells in order with the student's answers, and the other cells between them."""
        assignment = source_assignment(self.parent.coursedir, where)
        with Gradebook(where["db_url"]) as gradebook:
            notebook = gradebook.find_notebook(where["notebook"], where["assignment"])
            released = {cell.name: (cell.cell_type, cell.source) for cell in notebook.source_cells}
        coursedir = self.parent.coursedir
        folders = [coursedir.submitted_directory, coursedir.autograded_directory]
        remove_links(
            *(Path(coursedir.format_path(f, where["student"], where["assignment"])) for f in folders)
        )
        try:
            (cells, said), problem = cells_of(filename), None
        except Unreadable as unreadable:
            cells, said, problem = [], [], str(unreadable)
            self.log.warning("%s: %s", filename, problem)
        found = match(assignment, cells)
        found.warnings[:0] = said
        for warning in found.warnings if not problem else []:
            self.log.warning("%s: %s", filename, warning)
        notebook = new_notebook(cells=arrange(assignment, cells, found, released))
        if problem:
            notebook.metadata["rlcourse"] = {"problem": problem}
            notebook.cells.insert(0, new_markdown_cell(f"**{NOTICE}{plain_markdown(problem)}.**"))
        elif found.warnings:
            lines = "".join(f"\n- {plain_markdown(warning)}" for warning in found.warnings)
            notebook.cells.insert(0, new_markdown_cell(f"While reading this submission:\n{lines}"))
        return notebook


def private_folders(converter: BaseConverter) -> tuple[str, ...]:
    """What no child may see: the course, and nbgrader's exchange, where others' submissions lie."""
    exchange = converter.config.Exchange.get("root") or "/usr/local/share/nbgrader/exchange"
    return (str(Path(converter.coursedir.root).resolve()), str(exchange))


def arrange(
    assignment: Assignment, cells: list[Cell], found: Answers, released: dict[str, tuple[str, str]]
) -> list[NotebookNode]:
    """Cells for nbgrader: each of the instructor's once, with their metadata, and the others as they came."""
    result, position = [], 0
    ids = {cell.grade_id for cell in assignment.cells}
    where = {cell.grade_id: i for i, cell in enumerate(cells)} | found.place
    others = set(range(len(cells))) - set(found.place.values()) - found.pieces
    others = {i for i in others if cells[i].grade_id not in ids}
    for source in assignment.cells:
        kind, text = released.get(source.grade_id, (source.kind, ""))
        answer = Cell(kind, text)
        if source.grade_id in found.place:
            answer = found.joined.get(source.grade_id) or cells[found.place[source.grade_id]]
        end = where.get(source.grade_id, 0)
        result += [as_cell(cells[i]) for i in range(position, end) if i in others]
        position = max(position, end)
        made = as_cell(replace(answer, kind=kind), is_ours=answer.source == text)
        made.metadata["nbgrader"] = metadata(source, kind, recorded=source.grade_id in released)
        result.append(made)
    return result + [as_cell(cells[i]) for i in range(position, len(cells)) if i in others]


def metadata(source: SourceCell, kind: str, recorded: bool) -> dict:
    """nbgrader's, for one of the instructor's cells. It records no cell that is open and ungraded, and
    refuses a locked one that it did not record."""
    graded = source.role in ("test", "written")
    return {
        "grade_id": source.grade_id,
        "grade": graded,
        "solution": source.role in ("solution", "written"),
        "locked": recorded and source.role in ("test", "given", "not graded"),
        "task": False,
        "schema_version": 3,
        "cell_type": kind,
    } | ({"points": source.points} if graded else {})


def as_cell(cell: Cell, is_ours: bool = False) -> NotebookNode:
    """A cell for nbgrader's files: Markdown is sanitised, as Formgrader shows it in your session."""
    if cell.kind == "code":
        return new_code_cell(cell.source, outputs=stored_outputs(cell))
    if is_ours and not cell.attachments:
        return new_markdown_cell(cell.source)
    pictures = {name: made for name, data in cell.attachments.items() if (made := picture(data))}
    stored = new_markdown_cell(sanitised(cell.source, pictures))
    if pictures:
        encoded = {name: {"image/png": base64.b64encode(png).decode()} for name, png in pictures.items()}
        stored["attachments"] = nbformat.from_dict(encoded)
    return stored


def stored_outputs(cell: Cell) -> list[NotebookNode]:
    """What a cell showed, for the marker: text and pictures, and whose they are."""
    kept = clean(cell.outputs)
    if not kept:
        return []
    made = [new_output("stream", name="stdout", text=f"[{WHOSE}]\n")]
    for kind, data in kept:
        if kind == "text":
            made.append(new_output("stream", name="stdout", text=data))
        else:
            made.append(new_output("display_data", data={"image/png": data}))
    return made


def plain_markdown(text: str) -> str:
    """Text that Markdown and HTML leave as it is."""
    escaped = {c: f"\\{c}" for c in r"\`*_{}[]()#+-.!|~"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
    return "".join(escaped.get(c, c) for c in text)


def source_assignment(coursedir: CourseDirectory, where: dict) -> Assignment:
    """The instructor's list of cells, from the course's source folder."""
    folder = coursedir.format_path(coursedir.source_directory, ".", where["assignment"])
    path = Path(folder) / f"{where['notebook']}.ipynb"
    if not path.is_file():
        advice = "build it with: python3 -m rlcourse build"
        raise NbGraderException(f"The judge needs the instructor's notebook {path}; {advice}")
    return Assignment.of(where["notebook"], nbformat.read(path, as_version=4))


def lock_gradebook(path: Path) -> int:
    """A descriptor that holds the lock until it is closed or this process ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o660)
    for last in (False, True):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            gc.collect()  # an earlier run of this same process may not have been forgotten yet
            if last:
                holder = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
                os.close(descriptor)
                line = f"Another grader (process {holder}) is at work on this course; wait until it is done."
                raise BlockingIOError(line) from None
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def grade_id(cell: NotebookNode) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


class Judge(NbGraderPreprocessor):
    """In the place of nbgrader's Execute: judges each exercise in a sandbox; nothing runs in this process."""

    unsandboxed = Bool(False, config=True, help="Run without bubblewrap, and say so in every graded cell.")
    seconds = Float(10.0, config=True, help="Time limit of one exercise.")
    seed = Integer(0, config=True, help="Of the hidden inputs; 0 draws a fresh one for each submission.")

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        where = resources["nbgrader"]
        assignment = source_assignment(self.parent.parent.coursedir, where)
        with Gradebook(where["db_url"]) as gradebook:  # points as released: nbgrader's own book decides
            notebook = gradebook.find_notebook(where["notebook"], where["assignment"])
            points = {cell.name: float(cell.max_score) for cell in notebook.grade_cells}
        seed = self.seed or secrets.randbits(63)
        problem = nb.metadata.get("rlcourse", {}).get("problem")
        if problem:
            results = zero(assignment, NOTICE + problem)
        else:
            cells = [Cell(cell.cell_type, cell.source, grade_id(cell)) for cell in nb.cells]
            total, private = max(90.0, 3 * self.seconds), private_folders(self.parent.parent)
            limits = Limits(seconds=self.seconds, total=total, private=private)
            try:
                results, _ = judge(
                    assignment, cells, seed, limits, self.unsandboxed, where.get("student", "")
                )
            except SandboxError as error:
                raise NbGraderException(str(error)) from None
        for cell in nb.cells:
            name = grade_id(cell) or ""
            if cell.cell_type == "code" and name.startswith("test-"):
                cell.outputs, cell.execution_count = [], None
                if name in points:
                    self.write(cell, results.get(name.removeprefix("test-")), points[name], seed)
        return nb, resources

    def write(self, cell: NotebookNode, result: Result | None, points: float, seed: int) -> None:
        """The hint on standard output, then a number as the cell's result: nbgrader's partial credit."""
        if result is None:
            score, text = 0.0, "✗ This exercise could not be judged."
        else:
            result.points = points
            score, text = result.credit, f"{'✓' if result.passed else '✗'} {result.message}"
        text += f"\n(hidden inputs of seed {seed})"
        if self.unsandboxed:
            text += "\nGRADED WITHOUT A SANDBOX"
        cell.outputs = [
            new_output("stream", name="stdout", text=text + "\n"),
            new_output("execute_result", data={"text/plain": f"{score:.6g}"}, execution_count=1),
        ]
        cell.execution_count = 1
