"""Judge one submission: run its cells in a child that holds no answers, compare values here, return one row.

The inputs are drawn here, from seeds that students do not see; the reference is computed here. Nothing that a child
produced is imported, unpickled or evaluated.
"""

import base64
import functools
import math
import time
from dataclasses import asdict, dataclass, field

import numpy as np

from rlcourse.grading.exercises import find
from rlcourse.grading.sandbox import Child, ChildDied, Limits
from rlcourse.grading.submission import match

DRAWS = 3  # hidden draws per exercise, each of 6 to 14 cases


@dataclass
class Result:
    """One exercise of one submission."""

    points: float
    score: float  # in [0, 1]
    passed: bool
    misconception: str | None
    message: str

    @property
    def credit(self):
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

    @property
    def score(self):
        return sum(result.credit for result in self.results.values())

    @property
    def points(self):
        return sum(result.points for result in self.results.values())

    def as_dict(self):
        return asdict(self)

    @classmethod
    def from_dict(cls, data):
        results = {name: Result(**result) for name, result in data["results"].items()}
        return cls(**{**data, "results": results})


def credit(score, points):
    """score · points as nbgrader may be given it: a finite number in [0, points]; anything else is 0.

    (nbgrader gives full marks for NaN, for a negative number and for no number.)
    """
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not math.isfinite(score):
        return 0.0
    return min(max(float(score), 0.0), 1.0) * points


def zero(assignment, message, misconception=None):
    """A result of nought, for the same reason, for every exercise."""
    return {name: Result(points, 0.0, False, misconception, message) for name, points in assignment.tests.items()}


def judge(assignment, cells, seed, limits=Limits(), unsandboxed=False):
    """(results by exercise, warnings) of a submission's cells. Raises `SandboxError` only for faults of this machine."""
    answers = match(assignment, cells)
    session = Session(assignment, answers, seed, limits, unsandboxed)
    results = session.judge_all()
    return {name: results[name] for name in assignment.tests}, answers.warnings


class Session:
    """The children of one submission: a new one after each death, without the cell or exercise that caused it."""

    def __init__(self, assignment, answers, seed, limits, unsandboxed):
        self.assignment, self.seed, self.limits, self.unsandboxed = assignment, seed, limits, unsandboxed
        self.cells = [{"role": role, "name": name, "source": source} for role, name, source in answers.cells]
        self.errors = {}  # index of a cell -> its first error
        self.deadly = set()  # indices of cells that ended a child
        self.results = {}
        self.end = time.monotonic() + limits.total

    def judge_all(self):
        pending = list(self.assignment.tests)
        while pending:
            try:
                with Child(self.limits, self.unsandboxed) as child:
                    self.prepare(child)
                    while pending:
                        self.results[pending[0]] = self.judge_one(child, pending[0])
                        pending.pop(0)
            except Ended as ended:
                if ended.cell is not None:
                    self.deadly.add(ended.cell)
                    self.errors[ended.cell] = str(ended)
                elif pending:
                    self.results[pending[0]] = self.refuse(pending[0], ended.kind, str(ended))
                    pending.pop(0)
        return self.results

    def ask(self, child, message, cell=None):
        seconds = min(self.limits.seconds, self.end - time.monotonic())
        try:
            if seconds <= 0:
                raise ChildDied("timeout", f"the {self.limits.total:g} s for the whole submission were used up before")
            return child.ask(message, seconds)
        except ChildDied as death:
            raise Ended(death.kind, str(death), cell) from None

    def prepare(self, child):
        """Run the cells, in order. A failure costs what it costs; a death costs that cell."""
        self.ask(child, {"cells": self.cells})
        for i, cell in enumerate(self.cells):
            if i in self.deadly:
                continue
            error = self.ask(child, {"run": i}, cell=i).get("error")
            if error:
                self.errors[i] = str(error)[:300]

    def judge_one(self, child, name):
        if any(cell["name"] == name and i in self.deadly for i, cell in enumerate(self.cells)):
            return self.refuse(name, "missing", "your cell could not be run")
        exercise, cases, encoded = hidden_cases(name, self.seed)
        message = {"observe": exercise.name, "function": exercise.name, "cases": encoded}
        answers = decode_answers(self.ask(child, message).get("answers"))
        feedback = exercise.judge(cases, answers)
        message = feedback.message
        if not feedback.passed and any(isinstance(a, dict) and "error" in a for a in answers):
            message += self.explain(name)
        points = self.assignment.tests[name]
        return Result(points, feedback.score, feedback.passed, feedback.misconception, message)

    def refuse(self, name, kind, text):
        feedback = find(name).refuse(kind, text)
        return Result(self.assignment.tests[name], 0.0, False, None, feedback.message + self.explain(name))

    def explain(self, name):
        """What went wrong in the exercise's own cell, else in cells before it: often the cause of an error."""
        own = [e for i, e in self.errors.items() if self.cells[i]["role"] == "solution" and self.cells[i]["name"] == name]
        rest = [
            f"cell {self.cells[i]['name']}: {e}" for i, e in self.errors.items() if self.cells[i]["name"] != name
        ]
        lines = [f"Your cell: {e}" for e in own] or [f"Another cell failed before ({e})" for e in rest[:1]]
        if any("'rlcourse" in e for e in self.errors.values()):
            lines.append("rlcourse is not there when homework is graded: use NumPy or torch alone.")
        return "".join(f"\n{line}" for line in lines)


class Ended(Exception):
    """A child ended: while running a cell (its index), or while answering for an exercise."""

    def __init__(self, kind, message, cell=None):
        super().__init__(message)
        self.kind, self.cell = kind, cell


@functools.lru_cache(maxsize=256)
def hidden_cases(name, seed):
    """(the exercise, its hidden cases for this grading run, the same encoded for the child)."""
    exercise = find(name)
    seeds = np.random.SeedSequence(seed).generate_state(DRAWS, dtype=np.uint32)
    cases = [case for s in seeds for case in exercise.cases(int(s) + 1)]  # never 0, the visible draw
    return exercise, cases, [{key: encode(value) for key, value in case.items()} for case in cases]


def encode(value):
    """An array as {"dtype", "shape", "data"}; numbers, truth values and strings as themselves."""
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, np.ndarray):
        return value
    data = np.ascontiguousarray(value)
    return {"dtype": data.dtype.str, "shape": list(value.shape), "data": base64.b64encode(data.tobytes()).decode()}


def decode_answers(answers):
    """Arrays and texts out of whatever the child sent; what is not of that form becomes an error answer."""
    unreadable = [{"error": "the answer is not readable data", "kind": "protocol"}]
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        return unreadable
    try:
        return [{name: decode(value) for name, value in answer.items()} for answer in answers]
    except (ValueError, TypeError, KeyError, OverflowError, MemoryError):
        return unreadable


def decode(value):
    if isinstance(value, str):
        return value[:500]
    shape = value["shape"]
    if not isinstance(shape, list) or len(shape) > 8 or not all(type(n) is int and 0 <= n < 2**31 for n in shape):
        raise ValueError("shape")
    data = base64.b64decode(value["data"], validate=True)
    if math.prod(shape) * 8 != len(data):
        raise ValueError("size")
    return np.frombuffer(data, "<f8").reshape(shape).copy()
