"""An exercise is a record: inputs, a reference, a tolerance, and the mistakes that it knows by their values.

`judge` compares values with values. It trusts nothing that it is given: in the judge, a stranger made it.
"""

import functools
import hashlib
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rlcourse.grading.feedback import OPENINGS, Feedback, symptom, unknown_mistake
from rlcourse.grading.sandbox.inside import observer

INSTANCES = 64  # that an exercise with instances of their own has; a student's ID says which of them
Case = dict  # parameter name -> array, number or string: what crosses into the student's process
Answer = dict  # name -> float64 array, or {"error": text, "kind": word}


class Mistake:
    """A known mistake: its word, its hint, and how to recognise it.

    Each of `wrongs`, (**case) -> values, makes the mistake in another way: the answer's values are compared
    with theirs. Where it is made in more ways than can be listed, or answers are random, `shows`,
    (case, answer) -> bool or a `Trace`, sees what it leaves behind.
    """

    def __init__(self, word: str, hint: str, *wrongs: Callable, shows: "Callable | Trace | None" = None):
        self.word, self.hint, self.wrongs, self.shows = word, hint, wrongs, shows

    def __repr__(self):
        return f"Mistake({self.word!r}, {self.hint!r})"


@dataclass(frozen=True)
class Trace:
    """A property of wrong answers that tells one mistake, (case, answer, right) -> bool.

    rule: (case, answer, right, numbers) -> bool, of `rules/traces.py`, where no line of an answer stands;
    numbers: (**case) -> what it needs of the exercise for that case.
    """

    rule: Callable
    numbers: Callable = lambda **case: {}

    def __call__(self, case: Case, answer: Answer, right: Answer) -> bool:
        return self.rule(case, answer, right, self.numbers(**case))


@dataclass(frozen=True)
class Exercise:
    """One coding exercise: everything that a notebook, a hint and a mark need."""

    reference: Callable  # the right function or class; its name and parameters are the exercise's
    draw: Callable  # (rng) -> list of cases that tell every known mistake from the right answer
    points: int
    minutes: int
    stars: int  # 1 a line, 2 some thought, 3 a page of the lecture
    mistakes: tuple[Mistake, ...]
    tolerance: float = 1e-4  # of the largest number in the answer: float32 passes, a mistake does not
    right: Callable | None = None  # (case, answer, expected, tolerance) -> bool, if not only one is
    choices: Callable | None = None  # (**case) -> which choices are right [.., n], where several may be
    remark: Callable | None = None  # (cases, answers) -> str: worth saying, costs nothing
    adaptor: Callable | None = None  # makes the call where a case is not the arguments: see the observer
    flat: bool = False  # an answer that works entry by entry may be written for arrays of one dimension
    parts: tuple[str, ...] = ()  # names of the parts of an answer that is a tuple, perhaps of unequal shapes
    truth: bool = False  # truth values are asked
    pure: bool = False  # the arguments must be left as they are
    gradient: tuple[str, ...] = ()  # inputs by which a value is differentiated that comes back with its graph
    measured: Callable | None = None  # (case, answer) -> what is compared of an answer that came raw
    certain: Callable | None = None  # (**case) -> what is sure of an answer that is drawn at random
    oracle: Callable | None = None  # (**case) -> the right values, found in another way than by `reference`
    seen: Callable | None = None  # (cases, answers, expected, right) -> the symptom, if values say too little
    nan: bool = False  # may NaN be the right value?
    personal: bool = False  # has each student an instance of their own, chosen by their ID?
    lines: int = 15  # that the answer may take
    viva: tuple[str, ...] = ()  # three questions of two minutes, for the instructor alone

    @property
    def name(self) -> str:
        return self.reference.__name__

    @property
    def homework(self) -> int:
        """The number of the folder in which the exercise's file lies: 3 for hw3."""
        return int(re.search(r"\.hw(\d+)\.", self.reference.__module__).group(1))

    @property
    def parameters(self) -> list[str]:
        return list(inspect.signature(self.reference).parameters)

    @property
    def signature(self) -> str:
        return f"{self.name}({', '.join(self.parameters)})"

    @functools.cached_property
    def spec(self) -> dict:
        """What the student's process is told of the exercise: plain data, without a line of an answer."""
        return {
            "name": self.name,
            "signature": self.parameters,
            "kind": "class" if inspect.isclass(self.reference) else "function",
            "adaptor": textwrap.dedent(inspect.getsource(self.adaptor)) if self.adaptor else None,
            "flat": self.flat,
            "parts": list(self.parts) or None,
            "truth": self.truth,
            "pure": self.pure,
            "gradient": list(self.gradient),
        }

    @property
    def random(self) -> bool:
        """May answers differ from call to call?"""
        return self.certain is not None

    def expected(self, case: Case) -> Answer:
        """The right values of one case: the reference, called as the student's function is."""
        if self.certain or self.oracle:
            return named((self.certain or self.oracle)(**case))
        style = as_tensor if self.gradient else lambda value: value
        answer = observer.call(self.spec, self.reference, case, style)
        answer.pop("changed", None)
        return answer

    def cases(self, seed: int, student: str | None = None) -> list[Case]:
        """Inputs from one seed; the first case comes twice, so that an answer which varies is seen.

        Of a personal exercise: the one instance of this student, whatever the seed.
        """
        if self.personal and student is not None:
            cases = [self.instance(instance_number(self.name, student))]
        else:
            cases = list(self.draw(np.random.default_rng([seed, *self.name.encode()])))
        return cases if self.random else [*cases, dict(cases[0])]

    def instance(self, number: int) -> Case:
        """One of the INSTANCES of a personal exercise. A student's numbers are those of float32: on a sheet
        they take half the room."""
        case = next(iter(self.draw(np.random.default_rng([number, *self.name.encode()]))))
        return case | {name: np.float64(np.float32(case[name])) for name in self.parameters}

    def judge(self, cases: list[Case], answers: list[Answer]) -> Feedback:
        """Right on every case, or the likeliest mistake. `answers` may hold anything."""
        error = first_error(answers)
        if error:
            return self.refuse(*error)
        with np.errstate(all="ignore"):
            expected = [self.expected(case) for case in cases]
            answers, changed = self.apart(answers)
            if self.measured:
                try:
                    answers = [self.measured(*pair) for pair in zip(cases, answers, strict=True)]
                except (ValueError, KeyError, TypeError, IndexError):
                    return self.refuse("unreadable", "The answer is not of the form that was asked.")
            refusal = unfit(answers, expected)
            if refusal:
                return self.refuse("unreadable", refusal)
            answers = [self.judged(answer) for answer in answers]
            expected = [{n: values[n] for n in a} for a, values in zip(answers, expected, strict=True)]
            return self.compare(cases, answers, expected, changed)

    def apart(self, answers: Any) -> tuple[Any, list[str]]:
        """(answers, names of the arguments that some call changed), where an exercise asks for that."""
        if not self.pure or not isinstance(answers, list) or not all(isinstance(a, dict) for a in answers):
            return answers, []
        told = [a["changed"] for a in answers if isinstance(a.get("changed"), np.ndarray)]
        numbers = {n for one in told if one.dtype.kind == "f" for n in one.ravel().tolist()}
        names = [name for i, name in enumerate(self.parameters) if i in numbers]
        return [{k: v for k, v in a.items() if k != "changed"} for a in answers], names

    def judged(self, answer: Answer) -> Answer:
        """What there is to judge: without gradients that did not come back (NaN)."""
        unknown = [n for name in self.gradient if np.all(np.isnan(answer.get(n := f"{name}_gradient", 0.0)))]
        return {name: value for name, value in answer.items() if name not in unknown}

    def compare(
        self, cases: list[Case], answers: list[Answer], expected: list[Answer], changed: list[str] = ()
    ) -> Feedback:
        """The judgement of answers of the right form: right, varying, a known mistake, or an unknown one."""
        right = [
            self.is_right(case, answer, values)
            for case, answer, values in zip(cases, answers, expected, strict=True)
        ]
        if all(right) and changed:
            return self.impure(changed)
        if all(right):
            remark = self.remark(cases, answers) if self.remark else ""
            return self.feedback(True, None, f"Right on all {len(cases)} cases. {remark}".strip())
        if self.varies(cases, answers):
            return self.feedback(
                False,
                "not_deterministic",
                "The same inputs gave two different answers. Use only the arguments: no noise drawn inside, "
                "nothing kept from one call to the next.",
            )
        mistake = self.recognise(cases, answers, expected, right)
        if self.seen:
            shown = self.seen(cases, answers, expected, right)
        else:
            shown = symptom(cases, answers, expected, right)
        if mistake:
            return replace(self.feedback(False, mistake.word, mistake.hint), symptom=shown)
        if changed:
            return self.impure(changed)
        if self.seen:  # the values themselves would tell the answer
            return self.feedback(False, None, shown)
        return self.feedback(False, *unknown_mistake(cases, answers, expected, right))

    def is_right(self, case: Case, answer: Answer, expected: Answer) -> bool:
        """Is the answer to one case right? As the exercise says, or by the distance from the right value."""
        if self.choices:
            return chosen(answer["value"], np.asarray(self.choices(**case)))
        if self.right:
            return self.right(case, answer, expected, self.tolerance)
        return close(answer, expected, self.tolerance, self.nan)

    def varies(self, cases: list[Case], answers: list[Answer]) -> bool:
        """Does a case that comes twice have two answers?"""
        if self.random:
            return False
        pairs = [(i, j) for j in range(1, len(cases)) for i in range(j) if same_inputs(cases[i], cases[j])]
        return any(not close(answers[i], answers[j], self.tolerance, nan=True) for i, j in pairs)

    def recognise(
        self, cases: list[Case], answers: list[Answer], expected: list[Answer], right: list[bool]
    ) -> Mistake | None:
        """The mistake that explains every wrong case; of several the one that fits most, then the first."""
        order = sorted(range(len(cases)), key=lambda i: right[i])  # wrong ones first: most mistakes end there
        best, most = None, 0
        for mistake, wrong in ((m, wrong) for m in self.mistakes for wrong in m.wrongs or [None]):
            fits = 0
            for i in order:
                fit = not (right[i] and mistake.shows) and self.fits(
                    mistake, wrong, cases[i], answers[i], expected[i]
                )
                if not fit and not right[i]:
                    break
                fits += fit
            else:
                if fits > most:
                    best, most = mistake, fits
        return best

    def fits(
        self, mistake: Mistake, wrong: Callable | None, case: Case, answer: Answer, right: Answer
    ) -> bool:
        """Does the answer look like the mistake? A trace is asked of wrong answers only."""
        if isinstance(mistake.shows, Trace):
            return mistake.shows(case, answer, right)
        if mistake.shows:
            return mistake.shows(case, answer)
        return close(answer, self.judged(values_of(wrong, case)), self.tolerance, nan=True)

    def impure(self, names: list[str]) -> Feedback:
        """Feedback for a function that changed its arguments."""
        said = ", ".join(f"`{name}`" for name in names)
        hint = (
            f"The function changes its argument {said}, which the caller may still need. Work on a copy: "
            "x = x + y makes a new array, x += y and x[i] = y write into the old one."
        )
        shown = f"After the call {said} no longer holds what it held before."
        return replace(self.feedback(False, "changes_arguments", hint), symptom=shown)

    def refuse(self, kind: str, text: str) -> Feedback:
        """Feedback for an answer that could not be judged."""
        return self.feedback(False, None, OPENINGS.get(kind, "") + text)

    def feedback(self, passed: bool, misconception: str | None, message: str) -> Feedback:
        """What a reader is told: all points or none."""
        return Feedback(self.name, passed, float(passed), misconception, message)


def first_error(answers: Any) -> tuple[str, str] | None:
    """(kind, text) of the first answer that is an error, if any; both may come from a stranger."""
    for answer in answers if isinstance(answers, list) else ():
        if isinstance(answer, dict) and "error" in answer:
            kind, text = str(answer.get("kind", ""))[:20], str(answer["error"])[:500]
            if kind == "not_implemented":
                text += ": replace the line that raises NotImplementedError by your own."
            return kind, text
    return None


def unfit(answers: Any, expected: list[Answer]) -> str | None:
    """Why `answers` are no answers at all (not their values), or None."""
    if not isinstance(answers, list) or len(answers) != len(expected):
        return f"No answer for some of the {len(expected)} cases."
    for answer, values in zip(answers, expected, strict=True):
        if not isinstance(answer, dict) or set(answer) != set(values):
            return "The answer is not of the form that was asked."
        for value in answer.values():
            if type(value) is not np.ndarray or value.dtype.kind not in "iuf" or value.size > 1_000_000:
                return "The answer is not an array of numbers."
    return None


def named(values: Any) -> Answer:
    """Values as named arrays; a bare value is called "value"."""
    values = values if isinstance(values, dict) else {"value": values}
    return {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}


def values_of(wrong: Callable, case: Case) -> Answer:
    """The values that a wrong function leads to; one that breaks down on a case fits nothing there."""
    try:
        return named(wrong(**case))
    except (ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
        return {}


def instance_number(name: str, student: str) -> int:
    """Which instance of an exercise is this student's: the same for each way to write an ID."""
    own = " ".join(student.lower().split())
    return int.from_bytes(hashlib.sha256(f"{name} {own}".encode()).digest()[:8], "big") % INSTANCES


def chosen(value: np.ndarray, allowed: np.ndarray) -> bool:
    """Is each entry of `value` the number of a choice that is right? allowed [.., n], value [..]."""
    if value.shape != allowed.shape[:-1] or not np.isin(value, np.arange(allowed.shape[-1])).all():
        return False
    return bool(np.take_along_axis(allowed, value.astype(int)[..., None], -1).all())


def close(answer: Answer, values: Answer, tolerance: float, nan: bool = False) -> bool:
    """Same names and shapes, and |a − b| ≤ tolerance · max(1e-3, largest |b|), everywhere."""
    return bool(values) and all(
        near(answer[name], values[name], tolerance, nan) if name in answer else False for name in values
    )


def near(a: np.ndarray, b: np.ndarray, tolerance: float, nan: bool = False) -> bool:
    """One array of an answer: same shape, and |a − b| ≤ tolerance · max(1e-3, largest |b|) everywhere."""
    if b.size == 1 and a.size == 1:  # a number is a number, however it is wrapped
        a, b = a.reshape(()), b.reshape(())
    if a.shape != b.shape:
        return False
    finite = b[np.isfinite(b)]
    scale = max(1e-3, float(np.max(np.abs(finite), initial=0.0)))
    return bool(np.allclose(a, b, rtol=0.0, atol=tolerance * scale, equal_nan=nan))


def as_tensor(value: Any) -> Any:
    """An array of floating numbers as a tensor, for a reference that is differentiated; all else as it is."""
    import torch

    is_array = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return torch.tensor(value, dtype=torch.float64) if is_array else value


def same_inputs(one: Case, other: Case) -> bool:
    """Are these the same case?"""
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)
