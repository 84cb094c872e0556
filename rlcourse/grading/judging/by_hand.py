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

COLUMNS = ("student", "homework", "cell", "of", "points", "comment")


def merge(path: Path, rows: list[Row], by_name: dict[str, Assignment]) -> None:
    """Count in the points that stand in the file at `path`, and add lines for proofs that have none."""
    lines = read(path)
    for row in rows:
        assignment = by_name.get(row.homework)
        for cell in assignment.of_role("written") if assignment else ():
            if cell.grade_id not in row.written:
                continue
            key = (harmless(row.student), row.homework, cell.grade_id)
            line = lines.setdefault(key, dict(zip(COLUMNS, (*key, "", "", ""), strict=True)))
            line["of"] = f"{cell.points:g}"
            mark = number(line["points"], cell.points)
            if mark is None and line["points"].strip():
                row.warnings.append(f"by hand, {cell.grade_id}: {line['points'][:20]!r} is no number")
            elif mark is not None:
                row.by_hand[cell.grade_id] = mark
            if line["comment"].strip():
                row.comments[cell.grade_id] = line["comment"]
    if lines:
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, COLUMNS)
        table.writeheader()
        table.writerows(line for _, line in sorted(lines.items()))
        write_atomically(path, lambda file: file.write(text.getvalue().encode("utf-8")))


def read(path: Path) -> dict[tuple, dict]:
    """{(student, homework, cell): line} of the file, as far as there is one."""
    if not path.exists():
        return {}
    text = path.read_bytes().decode("utf-8-sig", "replace")
    first = text.splitlines()[0] if text.strip() else ""
    found = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    lines = [{name: line.get(name) or "" for name in COLUMNS} for line in found]
    return {(line["student"], line["homework"], line["cell"]): line for line in lines}


def number(text: str, most: float) -> float | None:
    """Points as a person writes them (a decimal comma too), in [0, most]; None where it is no number."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return min(max(value, 0.0), most) if math.isfinite(value) else None
