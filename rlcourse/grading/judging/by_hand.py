"""Marks that a person gives for proofs: one CSV that the grader fills with lines and a person with points.

A line a proof: student, homework, cell, of (how many points there are), points, comment. The last two are the
person's; every run keeps them, adds lines for what is new, and counts them in.
"""

import csv
import io
import math
from pathlib import Path

from rlcourse.checkpoints import write_atomically
from rlcourse.grading.judging.rows import Row, harmless
from rlcourse.grading.judging.submission import Assignment
from rlcourse.grading.judging.tables import read_table, same_id

COLUMNS = ("student", "homework", "cell", "of", "points", "comment")


def merge(path: Path, rows: list[Row], by_name: dict[str, Assignment]) -> list[str]:
    """Count in the points that stand in the file at `path`, and add lines for proofs that have none.

    Returns a sentence for each line whose points count for nobody.
    """
    lines = read(path)
    wanted = {}
    for row in rows:
        assignment = by_name.get(row.homework)
        for cell in assignment.of_role("written") if assignment else ():
            if cell.grade_id in row.written:
                wanted[harmless(row.student), row.homework, cell.grade_id] = (row, cell)
    lines = {renamed(key, wanted, lines): line for key, line in lines.items()}
    for key, (row, cell) in wanted.items():
        line = lines.setdefault(key, dict(zip(COLUMNS, (*key, "", "", ""), strict=True)))
        line |= {"student": key[0], "of": f"{cell.points:g}"}
        mark, given = number(line["points"], cell.points), line["points"].strip()
        if mark is None and given:
            row.warnings.append(f"by hand, {cell.grade_id}: {given[:20]!r} is no number")
        elif mark is not None:
            row.by_hand[cell.grade_id] = mark
            if mark != number(given, math.inf):
                row.warnings.append(f"by hand, {cell.grade_id}: {given[:20]} is counted as {mark:g}")
        if line["comment"].strip():
            row.comments[cell.grade_id] = line["comment"]
    if lines:
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, COLUMNS)
        table.writeheader()
        table.writerows(line for _, line in sorted(lines.items()))
        # With a mark, by which a spreadsheet knows UTF-8.
        write_atomically(path, lambda file: file.write(text.getvalue().encode("utf-8-sig")))
    return [
        f"{path.name}: the {line['points'].strip()} points of {line['student']}, {cell} of {homework}, count "
        "for nobody: no such answer was handed in"
        for (_, homework, cell), line in lines.items()
        if line["points"].strip() and (_, homework, cell) not in wanted
    ]


def renamed(key: tuple, wanted: dict, lines: dict) -> tuple:
    """The key that is meant, where a spreadsheet has changed how an ID is written and only one fits."""
    if key in wanted:
        return key
    student, *rest = key
    fit = [k for k in wanted if list(k[1:]) == rest and same_id(k[0], student) and k not in lines]
    return fit[0] if len(fit) == 1 else key


def read(path: Path) -> dict[tuple, dict]:
    """{(student, homework, cell): line} of the file, as far as there is one."""
    if not path.exists():
        return {}
    lines = [{name: line.get(name, "") for name in COLUMNS} for line in read_table(path)[1]]
    return {(line["student"], line["homework"], line["cell"]): line for line in lines}


def number(text: str, most: float) -> float | None:
    """Points as a person writes them (a decimal comma too), in [0, most]; None where it is no number."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return min(max(value, 0.0), most) if math.isfinite(value) else None
