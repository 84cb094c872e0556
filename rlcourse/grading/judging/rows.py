"""A row for each submission: what it scored and why; as a line of rows.jsonl, and as one of grades.csv."""

import contextlib
import csv
import io
import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from rlcourse.checkpoints import write_atomically
from rlcourse.grading.judging.submission import Assignment

UNKNOWN = "?"  # the homework of a file that could not be read


def credit(score: object, points: float) -> float:
    """score · points as nbgrader may be given it: a finite number in [0, points]; anything else is 0.

    (nbgrader gives full marks for NaN, for a negative number and for no number.)
    """
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not math.isfinite(score):
        return 0.0
    return min(max(float(score), 0.0), 1.0) * points


@dataclass
class Result:
    """One exercise of one submission."""

    points: float
    score: float  # in [0, 1]
    passed: bool
    misconception: str | None
    message: str
    again: bool = False  # it ran out of time while other processes kept it waiting: to be judged again, alone

    @property
    def credit(self) -> float:
        return credit(self.score, self.points)


@dataclass
class Row:
    """One submission, whatever happened to it."""

    student: str
    submission: str
    homework: str
    status: str = "graded"  # "graded", "unreadable", or "error" (ours: graded again at the next run)
    note: str = ""
    results: dict[str, Result] = field(default_factory=dict)
    written_points: float = 0.0  # to be marked by hand
    warnings: list[str] = field(default_factory=list)
    sandboxed: bool = True
    seed: int = 0
    seconds: float = 0.0
    digest: str = ""
    late: str = ""  # by how much, in words
    written: dict[str, str] = field(default_factory=dict)  # cell -> what was written, to be marked by hand
    shown: dict[str, list] = field(
        default_factory=dict
    )  # cell -> what the experiment that it is about showed
    pictures: dict[str, list[str]] = field(default_factory=dict)  # cell -> JPEGs in base64
    blank: list[str] = field(default_factory=list)  # of `written`, the cells that are as they were handed out
    by_hand: dict[str, float] = field(default_factory=dict)  # cell -> points that a person gave
    comments: dict[str, str] = field(default_factory=dict)  # cell -> what that person said

    @property
    def total(self) -> float:
        """Points from code and by hand."""
        return self.score + sum(self.by_hand.values())

    @property
    def score(self) -> float:
        return sum(result.credit for result in self.results.values())

    @property
    def points(self) -> float:
        return sum(result.points for result in self.results.values())

    def as_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict) -> "Row":
        results = {name: Result(**result) for name, result in data["results"].items()}
        return cls(**{**data, "results": results})


def zero(assignment: Assignment, message: str, misconception: str | None = None) -> dict[str, Result]:
    """A result of nought, for the same reason, for every exercise."""
    of = assignment.tests.items()
    return {name: Result(points, 0.0, False, misconception, message) for name, points in of}


def load_rows(path: Path) -> list[Row]:
    """The finished rows; a last line that a kill cut short is not one."""
    rows = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError, TypeError, KeyError):
                rows.append(Row.from_dict(json.loads(line)))
    return rows


def append_row(file: TextIO, row: Row) -> None:
    """One more line, on the disk before this returns: a finished row survives a kill."""
    file.write(json.dumps(row.as_dict()) + "\n")
    file.flush()
    os.fsync(file.fileno())


def write_csv(path: Path, rows: list[Row]) -> None:
    """One line each: totals, then score and misconception by exercise."""
    names = list(dict.fromkeys(name for row in rows for name in row.results))
    text = io.StringIO(newline="")
    table = csv.writer(text)
    head = totals(Row("", "", ""))  # for its keys
    table.writerow([*head, *(column for name in names for column in (name, f"{name}: misconception"))])
    for row in rows:
        line = list(totals(row).values())
        for result in map(row.results.get, names):
            line += [f"{result.credit:g}", result.misconception or ""] if result else ["", ""]
        table.writerow([harmless(value) for value in line])
    write_atomically(path, lambda file: file.write(text.getvalue().encode("utf-8")))


def totals(row: Row) -> dict[str, object]:
    """The columns of grades.csv that stand before those of the exercises."""
    return {
        "student": row.student,
        "homework": row.homework,
        "status": row.status,
        "score": f"{row.score:g}",
        "points": f"{row.points:g}",
        "to mark by hand": f"{row.written_points:g}",
        "by hand": f"{sum(row.by_hand.values()):g}" if row.by_hand else "",
        "total": f"{row.total:g}",
        "late": row.late,
        "note": row.note,
        "warnings": "; ".join(row.warnings),
        "sandbox": "yes" if row.sandboxed else "NO, run unsandboxed",
        "submission": row.submission,
        "seed": row.seed,
    }


def harmless(value: object) -> str:
    """Text that a spreadsheet does not take for a formula."""
    value = str(value)
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
