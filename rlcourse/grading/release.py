"""Homework sources to notebooks: the instructor's, with answers, and the students', with blanks.

The truth is `notebooks/source/homework/*.py` (py:percent with nbgrader's metadata) for statements and
answers, and the exercises' records for minutes, stars, points and the cells that test. `build` writes
`notebooks/homework/*.ipynb`, which students open, and `build/instructor/` (not in git), a course folder as
nbgrader expects it: `source/` with answers, `release/` without. `rehearse` runs a notebook in a kernel.
"""

import ast
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from rlcourse.grading.exercises import Exercise, find
from rlcourse.notebooks import KERNEL_STARTS, ROOT, cell_name, compile_source, notebook_bytes, shown

SOURCES = ROOT / "notebooks" / "source" / "homework"
RELEASED = ROOT / "notebooks" / "homework"
COURSE = ROOT / "build" / "instructor"
CONFIG = Path(__file__).parent / "nbgrader" / "nbgrader_config.py"  # nbgrader's settings for that folder
BLANK = (
    '# Your code here; then delete the next line.\nraise NotImplementedError("This one is yours to write.")'
)
BLANK_TEXT = "*Your answer here.*"
BY_HAND = re.compile(r"\((\d+) minutes, marked by hand\)")
HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
REGION = re.compile(r"^\s*### BEGIN SOLUTION\n(.*?)^\s*### END SOLUTION", re.DOTALL | re.MULTILINE)


def instructor(path: Path) -> NotebookNode:
    """The notebook with answers, from its source and its exercises' records. ValueError where they disagree.

    A record gives what the source leaves out: minutes and stars, at the end of the heading above an
    exercise's answer, and the test cell below it, with its points.
    """
    path, cells = Path(path), []
    notebook = compile_source(path)
    for cell in notebook.cells:
        before = cells[-1] if cells else None
        complaint = wrong_with(cell, before, path.stem)
        if complaint:
            raise ValueError(f"{shown(path)}: {complaint}")
        cells.append(cell)
        if solves(cell):
            exercise = find(solves(cell))
            before.source = announced(before.source, exercise)
            before.id = cell_name(before)
            cells.append(test_cell(exercise))
    notebook.cells = cells
    begin = cells[0]
    title, _, rest = begin.source.partition("\n")
    begin.source = f"{title}\n\n{head(cells, path.stem)}\n{rest}"
    begin.id = cell_name(begin)
    return notebook


def head(cells: list[NotebookNode], homework: str) -> str:
    """What a student asks first: how many points, how long, what to hand in."""
    graded = [cell.metadata.nbgrader for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
    by_hand = sum(meta.points for meta in graded if meta.solution)
    by_check = sum(meta.points for meta in graded if not meta.solution)
    exercises = [find(solves(cell)) for cell in cells if solves(cell)]
    words = [int(minutes) for cell in cells for minutes in BY_HAND.findall(cell.source)]
    hours = round((sum(exercise.minutes for exercise in exercises) + sum(words)) / 30) / 2
    checked = f"{by_check} for {len(exercises)} exercises that are checked"
    work = f"{checked}, {by_hand} for {len(words)} questions"
    points = by_check + by_hand
    return (
        f"**{points} points**: {work} marked by hand. **About {hours:g} hours**; each heading says "
        "its minutes, and how hard it is, from ★ to ★★★.\n\n"
        f"**To hand in:** save the notebook and hand in the file `{homework}.ipynb` under this name. "
        "What you leave blank costs only its own points. Your answers run without your outputs, plots and "
        "trainings, and without `rlcourse`: write them with NumPy, SciPy or torch.\n"
    )


def solves(cell: NotebookNode) -> str | None:
    """The name of the exercise whose answer stands in a cell, or None."""
    meta = cell.metadata.get("nbgrader", {})
    return meta["grade_id"] if meta.get("solution") and not meta.get("grade") else None


def announced(statement: str, exercise: Exercise) -> str:
    """A statement whose last heading ends with the exercise's minutes and stars."""
    heading = HEADING.findall(statement)[-1]
    before, _, after = statement.rpartition(heading)
    return f"{before}{heading}  ({exercise.minutes} minutes, {'★' * exercise.stars}){after}"


def test_cell(exercise: Exercise) -> NotebookNode:
    """The cell that checks an answer in the notebook, and to which nbgrader gives the points."""
    whose = ", student=student" if exercise.personal else ""
    source = f'feedback = check("{exercise.name}", {exercise.name}{whose})\ndisplay(feedback)\n'
    source += f"{exercise.points} * feedback.score  # points"
    meta = {"schema_version": 3, "task": False, "grade": True, "locked": True, "solution": False}
    meta |= {"grade_id": f"test-{exercise.name}", "points": exercise.points}
    return new_code_cell(source, id=meta["grade_id"], metadata={"nbgrader": meta})


def wrong_with(cell: NotebookNode, before: NotebookNode | None, homework: str) -> str | None:
    """What a cell (below the cell `before`) promises that its exercise does not keep, or None."""
    meta = cell.metadata.get("nbgrader", {})
    name = meta.get("grade_id", "")
    if meta.get("solution") and not REGION.search(cell.source):
        return f"cell {name!r} has no region ### BEGIN SOLUTION … ### END SOLUTION"
    if meta.get("grade") and not meta.get("solution"):
        return f"cell {name!r} tests an answer: `build` writes such cells from the exercises, leave it out"
    if not solves(cell):
        return None
    try:
        exercise = find(name)
    except KeyError as unknown:
        return f"cell {name!r} solves no exercise, which its grade_id must name. {unknown.args[0]}"
    lines = sum(len(answer.strip().splitlines()) for answer in REGION.findall(cell.source))
    headings = HEADING.findall(before.source) if before and before.cell_type == "markdown" else []
    if homework != f"homework-{exercise.homework}":
        return f"cell {name!r} solves an exercise of homework {exercise.homework}"
    if lines > exercise.lines:
        return f"the answer to {name!r} takes {lines} lines, {exercise.lines} are allowed"
    if signature(cell.source, name) != exercise.signature:
        return f"cell {name!r} defines {signature(cell.source, name)}, asked is {exercise.signature}"
    if not headings:
        return f"above cell {name!r} a heading must stand in a cell of text: the statement of the exercise"
    if "★" in headings[-1] or "minutes" in headings[-1]:
        return f"the heading above {name!r} states minutes or stars: `build` adds them from the exercise"
    return None


def signature(source: str, name: str) -> str | None:
    """`name(parameters)` as a cell defines it, of a class those of __init__; None where it does not."""
    defined = {n.name: n for n in ast.parse(source).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    made = defined.get(name)
    if isinstance(made, ast.ClassDef):
        made = next((n for n in made.body if getattr(n, "name", "") == "__init__"), None)
        return f"{name}({ast.unparse(made.args).removeprefix('self, ')})" if made else None
    return f"{name}({ast.unparse(made.args)})" if made else None


def released(notebook: NotebookNode) -> NotebookNode:
    """The students' version: nbgrader's own steps of `generate_assignment`, without its database."""
    import copy

    from nbgrader.preprocessors import (
        CheckCellMetadata,
        ClearOutput,
        ClearSolutions,
        ComputeChecksums,
        LockCells,
    )

    steps = (
        LockCells(),
        ClearSolutions(code_stub={"python": BLANK}, text_stub=BLANK_TEXT),
        ClearOutput(),
        CheckCellMetadata(),
        ComputeChecksums(),
    )
    notebook, resources = copy.deepcopy(notebook), {}
    for step in steps:
        notebook, resources = step.preprocess(notebook, resources)
    return notebook


def build(
    check: bool = False, sources: Path = SOURCES, target: Path = RELEASED, course: Path = COURSE
) -> list[str]:
    """Write both versions, or (`check`) compare the students'. Returns one line for each stale file."""
    stale = []
    wanted = {Path(target) / f"{path.stem}.ipynb": path for path in sorted(Path(sources).glob("*.py"))}
    for file, path in wanted.items():
        answers = instructor(path)
        blanks = notebook_bytes(released(answers))
        if not check:
            write(Path(course) / "source" / path.stem / file.name, notebook_bytes(answers))
            write(Path(course) / "release" / path.stem / file.name, blanks)
        if file.exists() and file.read_bytes() == blanks:
            continue
        stale.append(f"{shown(file)} differs from {shown(path)}")
        if not check:
            write(file, blanks)
    if not check and not (config := Path(course) / CONFIG.name).exists():  # yours, once it is there
        write(config, CONFIG.read_bytes())
    for orphan in sorted(set(Path(target).glob("*.ipynb")) - set(wanted)):
        stale.append(f"{shown(orphan)} has no source in {shown(Path(sources))}: remove it")
    return stale


def write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def rehearse(
    notebook: NotebookNode, skip: Sequence[str] = ("trains",), timeout: float = 300
) -> dict[str, tuple]:
    """Run a notebook in a fresh kernel and read the marks as nbgrader would: {test cell: (score, points)}.

    Cells with a tag in `skip` are left out. Raises nbclient's CellExecutionError if any cell raises.
    """
    import copy

    from nbclient import NotebookClient
    from nbgrader.utils import determine_grade, is_grade, is_solution

    notebook = copy.deepcopy(notebook)
    notebook.cells = [c for c in notebook.cells if not set(c.metadata.get("tags", ())) & set(skip)]
    notebook.metadata.kernelspec.name = "python3"
    resources = {"metadata": {"path": str(ROOT)}}
    NotebookClient(notebook, timeout=timeout, startup_timeout=KERNEL_STARTS, resources=resources).execute()
    tests = [c for c in notebook.cells if is_grade(c) and not is_solution(c)]
    return {c.metadata.nbgrader.grade_id: determine_grade(c) for c in tests}


def answers(notebook: NotebookNode) -> tuple[list[str], dict[str, str]]:
    """The given cells' sources, and {exercise: source of its answer cell}, of an instructor's notebook."""
    given, solutions = [], {}
    for cell in notebook.cells:
        meta, tags = cell.metadata.get("nbgrader", {}), cell.metadata.get("tags", [])
        if meta.get("grade_id", "").startswith("given-") and "not-graded" not in tags:
            given.append(cell.source)
        if solves(cell):
            solutions[solves(cell)] = cell.source
    return given, solutions


def main() -> int:
    """`python3 -m rlcourse.grading.release`: the master scores full marks, the unsolved release zero."""
    for path in sorted(SOURCES.glob("*.py")):
        notebook = instructor(path)
        for version, nb in (("answers", notebook), ("blanks", released(notebook))):
            marks = rehearse(nb)
            score, points = (sum(column) for column in zip(*marks.values(), strict=True))
            right = score == (points if version == "answers" else 0)
            print(f"{path.stem}, {version}: {score:g} of {points:g} points{'' if right else '  ✗ WRONG'}")
            for test, (mark, most) in marks.items():
                if mark != (most if version == "answers" else 0):
                    print(f"  {test}: {mark:g} of {most:g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
