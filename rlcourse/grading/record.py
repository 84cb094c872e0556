"""An exercise is a record: inputs, a reference, a tolerance, and the mistakes that it knows by their values.

`judge` compares values with values. It trusts nothing that it is given: in the judge, a stranger made it.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rlcourse.grading.sandbox.inside.observer import SIGNATURES

Case = dict  # parameter name -> array, number or string: what crosses into the student's process
Answer = dict  # name -> float64 array, or {"error": text, "kind": word}


@dataclass(frozen=True)
class Mistake:
    """A known mistake: recognised by its values on the same inputs, or by a trace that it leaves."""

    name: str
    hint: str
    gives: Callable | None = None  # (**case) -> the values that the mistake leads to
    shows: Callable | None = None  # (case, answer) -> bool, where values are random


@dataclass(frozen=True)
class Feedback:
    """What a check found: shown in the notebook, or written by the judge."""

    exercise: str
    passed: bool
    score: float
    misconception: str | None
    message: str

    def __repr__(self):
        return f"{'✓' if self.passed else '✗'} {self.exercise}: {self.message}"

    def _repr_html_(self):
        mark, colour = ("✓", "#009E73") if self.passed else ("✗", "#D55E00")
        text = html.escape(self.message).replace("\n", "<br>")
        return (
            f'<div style="border-left:4px solid {colour};padding:.3em .8em;line-height:1.5">'
            f'<b style="color:{colour}">{mark} {html.escape(self.exercise)}</b><br>{text}</div>'
        )


@dataclass(frozen=True)
class Exercise:
    """One coding exercise: everything that a notebook, a hint and a mark need."""

    name: str
    homework: int
    asks: str  # one line: what the function returns
    points: int
    minutes: int
    difficulty: int  # 1 a line, 2 some thought, 3 a page of the lecture
    draw: Callable  # (rng) -> list of cases that tell every known mistake from the right answer
    reference: Callable  # (**case) -> the right values
    mistakes: tuple[Mistake, ...]
    tolerance: float = 1e-4  # of the largest number in the answer: float32 passes, a mistake does not
    right: Callable | None = None  # (case, answer, tolerance) -> bool, where several answers are right
    remark: Callable | None = None  # (cases, answers) -> str: worth saying, costs nothing
    extras: frozenset[str] = frozenset()  # arrays that the driver adds to the answer
    random: bool = False  # answers may differ from call to call

    @property
    def signature(self) -> str:
        return f"{self.name}({SIGNATURES[self.name]})"

    def cases(self, seed: int) -> list[Case]:
        """Inputs from one seed; the first case comes twice, so that an answer which varies is seen."""
        cases = self.draw(np.random.default_rng([seed, *self.name.encode()]))
        return cases if self.random else [*cases, dict(cases[0])]

    def judge(self, cases: list[Case], answers: list[Answer]) -> Feedback:
        """Right on every case, or the likeliest mistake. `answers` may hold anything."""
        error = first_error(answers)
        if error:
            return self.refuse(*error)
        with np.errstate(all="ignore"):
            expected = [named(self.reference(**case)) for case in cases]
            refusal = unfit(answers, expected, self.extras)
            if refusal:
                return self.refuse("unreadable", refusal)
            return self.compare(cases, answers, expected)

    def compare(self, cases, answers, expected):
        right = [
            self.right(case, answer, self.tolerance) if self.right else close(answer, values, self.tolerance)
            for case, answer, values in zip(cases, answers, expected, strict=True)
        ]
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
        mistake = self.recognise(cases, answers, right)
        if mistake:
            return self.feedback(False, mistake.name, mistake.hint)
        return self.feedback(False, *unknown_mistake(cases, answers, expected, right))

    def varies(self, cases, answers):
        """Does a case that comes twice have two answers?"""
        if self.random:
            return False
        pairs = [(i, j) for j in range(1, len(cases)) for i in range(j) if same_inputs(cases[i], cases[j])]
        return any(not close(answers[i], answers[j], self.tolerance, nan=True) for i, j in pairs)

    def recognise(self, cases, answers, right):
        """The mistake that explains every wrong case; of several the one that fits most, then the first."""
        order = sorted(range(len(cases)), key=lambda i: right[i])  # wrong ones first: most mistakes end there
        best, most = None, 0
        for mistake in self.mistakes:
            fits = 0
            for i in order:
                fit = self.fits(mistake, cases[i], answers[i], right[i])
                if not fit and not right[i]:
                    break
                fits += fit
            else:
                if fits > most:
                    best, most = mistake, fits
        return best

    def fits(self, mistake, case, answer, right):
        """Does the answer look like the mistake? A trace says so of wrong answers only."""
        if mistake.shows:
            return not right and mistake.shows(case, answer)
        return close(answer, values_of(mistake, case), self.tolerance, nan=True)

    def refuse(self, kind: str, text: str) -> Feedback:
        """Feedback for an answer that could not be judged."""
        return self.feedback(False, None, OPENINGS.get(kind, "") + text)

    def feedback(self, passed, misconception, message):
        return Feedback(self.name, passed, float(passed), misconception, message)


OPENINGS = {
    "missing": "Nothing to check: ",
    "signature": "Wrong signature: ",
    "exception": "Your code stopped with ",
    "type": "No numbers to judge: ",
    "exit": "No answer: ",
    "timeout": "No answer: ",
}


def first_error(answers):
    """(kind, text) of the first answer that is an error, if any; both may come from a stranger."""
    for answer in answers if isinstance(answers, list) else ():
        if isinstance(answer, dict) and "error" in answer:
            kind, text = str(answer.get("kind", ""))[:20], str(answer["error"])[:500]
            if kind == "not_implemented":
                text += ": replace the line that raises NotImplementedError by your own."
            return kind, text
    return None


def unfit(answers, expected, extra):
    """Why `answers` are no answers at all (not their values), or None."""
    if not isinstance(answers, list) or len(answers) != len(expected):
        return f"No answer for some of the {len(expected)} cases."
    for answer, values in zip(answers, expected, strict=True):
        if not isinstance(answer, dict) or not set(values) <= set(answer) <= set(values) | extra:
            return "The answer is not of the form that was asked."
        for value in answer.values():
            if type(value) is not np.ndarray or value.dtype.kind not in "iuf" or value.size > 1_000_000:
                return "The answer is not an array of numbers."
    return None


def named(values) -> Answer:
    """Values as named arrays; a bare value is called "value"."""
    values = values if isinstance(values, dict) else {"value": values}
    return {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}


def values_of(mistake, case):
    """The values that a mistake leads to; a mistake that breaks down on a case fits nothing there."""
    try:
        return named(mistake.gives(**case))
    except (ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
        return {}


def close(answer, values, tolerance, nan=False):
    """Same names and shapes, and |a − b| ≤ tolerance · max(1e-3, largest |b|), everywhere."""
    return bool(values) and all(
        near(answer[name], values[name], tolerance, nan) if name in answer else False for name in values
    )


def near(a, b, tolerance, nan=False):
    if b.size == 1 and a.size == 1:  # a number is a number, however it is wrapped
        a, b = a.reshape(()), b.reshape(())
    if a.shape != b.shape:
        return False
    finite = b[np.isfinite(b)]
    scale = max(1e-3, float(np.max(np.abs(finite), initial=0.0)))
    return bool(np.allclose(a, b, rtol=0.0, atol=tolerance * scale, equal_nan=nan))


def same_inputs(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def unknown_mistake(cases, answers, expected, right):
    """(misconception, message) for values that no known mistake explains."""
    wrong = [i for i, ok in enumerate(right) if not ok]
    for i in wrong:
        for name in expected[i]:
            a, b = answers[i][name], expected[i][name]
            what = "Your answer" if name == "value" else f"The {name}"
            if a.shape != b.shape and not a.size == b.size == 1:
                cause = (
                    ": an extra dimension? (N, 1) against (N,) broadcasts to (N, N)"
                    if a.ndim > b.ndim
                    else ""
                )
                return "wrong_shape", f"{what} has shape {a.shape}, expected {b.shape}{cause}."
    for i in wrong:
        for name in expected[i]:
            if not np.all(np.isfinite(answers[i][name])):
                what = "NaN" if np.any(np.isnan(answers[i][name])) else "an infinity"
                return (
                    "not_finite",
                    f"Your answer holds {what} for {show(cases[i])}: is something divided by zero there?",
                )
    a, b = flat(answers, expected), flat(expected, expected)
    size = np.max(np.abs(b), initial=1e-12)
    if np.allclose(a, -b, rtol=0, atol=1e-4 * size):
        return (
            "sign",
            "Everywhere the right size with the wrong sign: look for one minus too many, or too few.",
        )
    factor = float(a @ b / max(b @ b, 1e-300))
    if np.any(np.abs(a) > 1e-4 * size) and np.allclose(a, factor * b, rtol=0, atol=1e-4 * abs(factor) * size):
        return (
            "constant_factor",
            f"Everywhere {factor:.4g} times the right answer: a factor is lost or counted twice.",
        )
    counted = f"Right in {sum(right)} of {len(right)} cases, and no mistake that I know."
    i = wrong[0]
    a, b = flat(answers[i : i + 1], expected[i : i + 1]), flat(expected[i : i + 1], expected[i : i + 1])
    k = int(np.argmax(np.abs(a - b)))
    which = f"entry {k} (counted from 0) of your answer" if b.size > 1 else "your answer"
    return None, f"{counted}\nFor {show(cases[i])}: {which} is {a[k]:.6g}, expected {b[k]:.6g}."


def flat(answers, expected):
    """All numbers of some answers in a row."""
    return np.concatenate([np.ravel(a[name]) for a, e in zip(answers, expected, strict=True) for name in e])


def show(case):
    """The inputs that fit on a line."""
    parts = []
    for name, value in case.items():
        value = np.asarray(value)
        if value.dtype.kind not in "fiub":
            continue
        if value.ndim == 0:
            parts.append(f"{name} = {value.item():.4g}")
        elif value.size <= 6 and value.ndim == 1:
            parts.append(f"{name} = [{', '.join(f'{v:.3g}' for v in value)}]")
        else:
            parts.append(f"{name} of shape {value.shape}")
    return ", ".join(parts)
