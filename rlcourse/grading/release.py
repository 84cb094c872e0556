"""Homework sources to notebooks: the instructor's, with answers, and the students', with blanks.

The truth is `notebooks/source/homework/*.py` (py:percent with nbgrader's metadata). `build` writes
`notebooks/homework/*.ipynb`, which students open, and `build/instructor/` (not in git), a course folder
as nbgrader expects it: `source/` with answers, `release/` without. `rehearse` runs a notebook in a kernel.
"""

import re
import sys
from pathlib import Path

from rlcourse.grading.exercises import find
from rlcourse.grading.sandbox.inside.observer import SIGNATURES
from rlcourse.notebooks import ROOT, compile_source, notebook_bytes, shown

SOURCES = ROOT / "notebooks" / "source" / "homework"
RELEASED = ROOT / "notebooks" / "homework"
COURSE = ROOT / "build" / "instructor"
BLANK = (
    '# Your code here; then delete the next line.\nraise NotImplementedError("This one is yours to write.")'
)
BLANK_TEXT = "*Your answer here.*"
LONGEST = 15  # lines of one answer
REGION = re.compile(r"^\s*### BEGIN SOLUTION\n(.*?)^\s*### END SOLUTION", re.DOTALL | re.MULTILINE)


def instructor(path):
    """The notebook with answers, from its source. ValueError where source and exercise records disagree."""
    notebook = compile_source(path)
    for cell in notebook.cells:
        complaint = wrong_with(cell)
        if complaint:
            raise ValueError(f"{shown(Path(path))}: {complaint}")
    return notebook


def wrong_with(cell):
    """What a cell promises that its exercise does not keep, or None."""
    meta = cell.metadata.get("nbgrader", {})
    name = meta.get("grade_id", "")
    if meta.get("solution") and not REGION.search(cell.source):
        return f"cell {name!r} has no region ### BEGIN SOLUTION … ### END SOLUTION"
    if meta.get("solution") and not meta.get("grade"):
        if name not in SIGNATURES:
            return f"cell {name!r} solves no exercise: its grade_id must be an exercise's name"
        lines = sum(len(answer.strip().splitlines()) for answer in REGION.findall(cell.source))
        if lines > LONGEST:
            return f"the answer to {name!r} takes {lines} lines, {LONGEST} are allowed"
    if meta.get("grade") and not meta.get("solution"):
        try:
            points = find(name.removeprefix("test-")).points
        except KeyError as unknown:
            return f"cell {name!r} tests no exercise. {unknown.args[0]}"
        if meta.get("points") != points or f"{points} * feedback.score" not in cell.source:
            return f"cell {name!r} must give {points} points, in its metadata and in its last line"
    return None


def released(notebook):
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


def build(check=False, sources=SOURCES, target=RELEASED, course=COURSE):
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
    for orphan in sorted(set(Path(target).glob("*.ipynb")) - set(wanted)):
        stale.append(f"{shown(orphan)} has no source in {shown(Path(sources))}: remove it")
    return stale


def write(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def rehearse(notebook, skip=("trains",), timeout=300):
    """Run a notebook in a fresh kernel and read the marks as nbgrader would: {test cell: (score, points)}.

    Cells with a tag in `skip` are left out. Raises nbclient's CellExecutionError if any cell raises.
    """
    import copy

    from nbclient import NotebookClient
    from nbgrader.utils import determine_grade, is_grade, is_solution

    notebook = copy.deepcopy(notebook)
    notebook.cells = [c for c in notebook.cells if not set(c.metadata.get("tags", ())) & set(skip)]
    notebook.metadata.kernelspec.name = "python3"
    NotebookClient(notebook, timeout=timeout, resources={"metadata": {"path": str(ROOT)}}).execute()
    tests = [c for c in notebook.cells if is_grade(c) and not is_solution(c)]
    return {c.metadata.nbgrader.grade_id: determine_grade(c) for c in tests}


def answers(notebook):
    """{exercise: source of its answer cell}, and the given cells' source, of an instructor's notebook."""
    given, solutions = [], {}
    for cell in notebook.cells:
        meta, tags = cell.metadata.get("nbgrader", {}), cell.metadata.get("tags", [])
        if meta.get("grade_id", "").startswith("given-") and "not-graded" not in tags:
            given.append(cell.source)
        if meta.get("solution") and not meta.get("grade"):
            solutions[meta["grade_id"]] = cell.source
    return given, solutions


def main():
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
