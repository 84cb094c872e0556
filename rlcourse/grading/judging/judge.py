"""Judge one submission: run its cells in a child that holds no answers, and compare values here.

The inputs are drawn here, from seeds that students do not see; the reference is computed here. Nothing that a
child produced is imported, unpickled or evaluated.
"""

import base64
import functools
import math
import re
import time

import numpy as np

from rlcourse.grading.exercises import Exercise, find
from rlcourse.grading.judging.rows import Result
from rlcourse.grading.judging.submission import Answers, Assignment, Cell, match, typed_id
from rlcourse.grading.sandbox.child import Child, ChildDied
from rlcourse.grading.sandbox.confinement import LIMITS, Limits

DRAWS = 3  # hidden draws per exercise, each of 6 to 14 cases


def judge(
    assignment: Assignment,
    cells: list[Cell],
    seed: int,
    limits: Limits = LIMITS,
    unsandboxed: bool = False,
    student: str = "",
) -> tuple[dict[str, Result], list[str]]:
    """(results by exercise, warnings) of a submission's cells. `SandboxError` is this machine's fault.

    `student`: by whom it was handed in; whose instances are judged is the ID that stands in it, if one does.
    """
    answers = match(assignment, cells)
    own, warnings = whose(assignment, cells, student)
    session = Session(assignment, answers, seed, limits, unsandboxed, own)
    results = session.judge_all()
    return {name: results[name] for name in assignment.tests}, answers.warnings + warnings


def whose(assignment: Assignment, cells: list[Cell], student: str) -> tuple[str, list[str]]:
    """(the ID whose instances count, warnings); an ID that is not that of the file is worth a look."""
    if not any(find(name).personal for name in assignment.tests):
        return student, []
    typed = typed_id(cells)
    if typed is None:
        return student, []
    if student and not (stands_in(typed, student) or stands_in(student, typed)):
        return typed, [f"solved the instances of {typed!r}, handed in by {student!r}"]
    return typed, []


def stands_in(name: str, other: str) -> bool:
    """Do the words of one name stand in another, whole and side by side? A letter of it is no word."""
    own, words = (re.findall(r"[^\W_]+", text.casefold()) for text in (name, other))
    return bool(own) and any(words[i : i + len(own)] == own for i in range(len(words)))


class Session:
    """The children of one submission: after each death a new one, without the cell or exercise to blame.

    Twice at most. First as a kernel does on Run All: cells in order, down to an exercise's test, and of
    them what the exercises need. Where an answer is not right then and more of the cells could have a part
    in it (a loop that fills a table, a helper below the test), once more with all of that. The better
    outcome counts.
    """

    def __init__(
        self, assignment: Assignment, answers: Answers, seed: int, limits: Limits, unsandboxed: bool,
        student: str,
    ):  # fmt: skip
        self.assignment, self.seed, self.limits, self.unsandboxed = assignment, seed, limits, unsandboxed
        self.student, self.until = student, answers.until
        self.cells = [{"role": role, "name": name, "source": source} for role, name, source in answers.cells]
        self.errors = {}  # index of a cell -> its first error
        self.deadly = set()  # indices of cells that ended a child
        self.results = {}
        self.left = {"cells": limits.total, "exercises": limits.total}  # seconds: neither eats the other's
        self.starved = False  # was there a time-out that other processes may have caused?

    def judge_all(self) -> dict[str, Result]:
        """{exercise: its result}, by the position of its test in the submission."""
        names = sorted(self.assignment.tests, key=lambda name: self.until.get(name, 0))
        more = self.judge_some(names, whole=False)
        again = [name for name in names if name in more and not self.results[name].passed]
        if again:
            first, errors = dict(self.results), dict(self.errors)
            self.judge_some(again, whole=True)
            better = {name for name in again if self.results[name].passed}
            self.results |= {name: first[name] for name in again if name not in better}
            self.errors = errors
        return self.results

    def judge_some(self, names: list[str], whole: bool) -> set[str]:
        """Fill in the results of these exercises; returns those for which more of the cells could run."""
        pending, more = list(names), set()
        while pending:
            if self.left["exercises"] <= 0:
                seconds = f"{self.limits.total:g} s"
                text = f"the {seconds} for the whole submission were used up before this exercise"
                self.results |= {name: self.refuse(name, text) for name in pending}
                return more
            judged = 0
            try:
                with Child(self.limits, self.unsandboxed) as child:
                    more |= self.prepare(child, whole)
                    done = 0
                    while pending:
                        until = len(self.cells) if whole else self.until.get(pending[0], len(self.cells))
                        self.run(child, range(done, until))
                        done = max(done, until)
                        self.results[pending[0]] = self.judge_one(child, pending[0])
                        pending.pop(0)
                        judged += 1
            except Ended as ended:
                if ended.cell is not None:
                    culprit = self.culprit(ended.cell)
                    if culprit is None:  # without any cell no child lives: nothing can be judged
                        self.results |= {name: self.refuse(name, str(ended)) for name in pending}
                        return more
                    self.deadly.add(culprit)
                    self.errors[culprit] = str(ended)
                elif ended.kind in ("crash", "protocol") and judged:
                    continue  # perhaps an exercise before it is to blame: once more, as a child's first
                else:
                    self.results[pending[0]] = self.refuse(pending[0], str(ended))
                    pending.pop(0)
        return more

    def culprit(self, cell: int) -> int | None:
        """The cell to blame for a death at `cell`: that one, or, where it is blank already, the nearest above
        it that is not. Each death thus leaves a cell less; None where none is left."""
        return next((i for i in range(cell, -1, -1) if i not in self.deadly), None)

    def ask(self, child: Child, message: dict, cell: int | None = None) -> dict:
        """The child's answer to a message; Ended, with the cell to blame, where it died of it."""
        budget = "exercises" if cell is None else "cells"
        begin = time.monotonic()
        try:
            return child.ask(message, max(0.05, min(self.limits.seconds, self.left[budget])))
        except ChildDied as death:
            self.starved |= death.starved
            raise Ended(str(death), cell, death.kind) from None
        finally:
            self.left[budget] -= time.monotonic() - begin

    def prepare(self, child: Child, whole: bool) -> set[str]:
        """Send the cells, without those that ended a child, and what is wanted of them."""
        for i, cell in enumerate(self.cells):
            self.ask(child, {"cell": cell | {"source": ""} if i in self.deadly else cell}, cell=i)
        if whole:
            return set()
        positions = {name: self.until.get(name, len(self.cells)) + 1 for name in self.assignment.tests}
        more = self.ask(child, {"plan": positions}).get("more")  # cell number 0 was the sandbox's own
        return {name for name in more if isinstance(name, str)} if isinstance(more, list) else set()

    def run(self, child: Child, indices: range) -> None:
        """Run cells in order. A failure costs what it costs; a death costs that cell."""
        for i in indices:
            helper = self.cells[i]["role"] == "helper"
            if helper and self.left["cells"] <= 0:
                self.errors[i] = "not run: the time for helper cells was used up"
                continue
            error = self.ask(child, {"run": i + 1}, cell=i).get("error")
            if error:
                self.errors[i] = str(error)[:300]

    def judge_one(self, child: Child, name: str) -> Result:
        """Send the hidden cases of an exercise, judge what comes back, and say which cell failed."""
        if self.own(name) & self.deadly:
            return self.refuse(name, "your cell could not be run")
        spec = find(name).spec
        answers = decode_answers(self.ask(child, {"observe": spec, "cases": []}).get("answers"))
        if any("error" in answer for answer in answers):  # blank: no inputs need be drawn
            return self.result(name, find(name), [], answers)
        exercise, cases, encoded = hidden_cases(name, self.seed, self.student)
        answers = decode_answers(self.ask(child, {"observe": exercise.spec, "cases": encoded}).get("answers"))
        return self.result(name, exercise, cases, answers)

    def result(self, name: str, exercise: Exercise, cases: list[dict], answers: list[dict]) -> Result:
        try:
            feedback = exercise.judge(cases, answers)
        except Exception:  # answers are a stranger's
            feedback = exercise.refuse("unreadable", "the answer is of a form that cannot be judged.")
        message = feedback.message
        if not feedback.passed and any("error" in answer for answer in answers):
            message += self.explain(name, "NameError" in message)
        points = self.assignment.tests[name]
        return Result(points, feedback.score, feedback.passed, feedback.misconception, message)

    def refuse(self, name: str, text: str) -> Result:
        """No points, with the reason."""
        message = find(name).refuse("timeout", text).message + self.explain(name, False)
        return Result(self.assignment.tests[name], 0.0, False, None, message, again=self.starved)

    def own(self, name: str) -> set[int]:
        """Indices of the cells in which the exercise's answer stands."""
        return {i for i, cell in enumerate(self.cells) if (cell["role"], cell["name"]) == ("solution", name)}

    def explain(self, name: str, also_others: bool) -> str:
        """What went wrong in the exercise's own cell, or, where a name was missing, in others."""
        own = self.own(name)
        lines = [f"Your cell: {error}" for i, error in self.errors.items() if i in own]
        others = [f"{self.cells[i]['name']}: {error}" for i, error in self.errors.items() if i not in own]
        if also_others and not lines and others:
            lines.append(f"Another cell failed, {others[0]}")
        if any("'rlcourse" in error for error in self.errors.values()):
            lines.append("rlcourse is not there when homework is graded: use NumPy or torch alone.")
        return "".join(f"\n{line}" for line in lines)


class Ended(Exception):
    """A child ended: while running a cell (its index), or while answering for an exercise."""

    def __init__(self, message: str, cell: int | None = None, kind: str = ""):
        super().__init__(message)
        self.cell, self.kind = cell, kind


@functools.lru_cache(maxsize=256)
def hidden_cases(name: str, seed: int, student: str = "") -> tuple[Exercise, list[dict], list[dict]]:
    """(the exercise, its hidden cases for this grading run, the same encoded for the child)."""
    exercise = find(name)
    if exercise.personal:
        cases = exercise.cases(0, student)
        return exercise, cases, [{key: encode(value) for key, value in case.items()} for case in cases]
    seeds = np.random.SeedSequence(seed).generate_state(DRAWS, dtype=np.uint32)
    cases = [case for s in seeds for case in exercise.cases(int(s) + 1)]  # never 0, the visible draw
    return exercise, cases, [{key: encode(value) for key, value in case.items()} for case in cases]


def encode(value: object) -> object:
    """An array as {"dtype", "shape", "data"}; numbers, truth values and strings as themselves."""
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, np.ndarray):
        return value
    array = np.ascontiguousarray(value)
    data = base64.b64encode(array.tobytes()).decode()
    return {"dtype": array.dtype.str, "shape": list(value.shape), "data": data}


def decode_answers(answers: object) -> list[dict]:
    """Arrays and texts out of whatever the child sent; what is not of that form becomes an error answer."""
    unreadable = [{"error": "the answer is not readable data", "kind": "protocol"}]
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        return unreadable
    try:
        return [{name: decode(value) for name, value in answer.items()} for answer in answers]
    except (ValueError, TypeError, KeyError, OverflowError, MemoryError):
        return unreadable


def decode(value: object) -> str | np.ndarray:
    """A text of at most 500 letters, or the array of {"shape", "data"} in float64. Raises on all else."""
    if isinstance(value, str):
        return value[:500]
    shape = value["shape"]
    is_short_list = isinstance(shape, list) and len(shape) <= 8
    if not is_short_list or not all(type(n) is int and 0 <= n < 2**31 for n in shape):
        raise ValueError("shape")
    data = base64.b64decode(value["data"], validate=True)
    if math.prod(shape) * 8 != len(data):
        raise ValueError("size")
    return np.frombuffer(data, "<f8").reshape(shape).copy()
