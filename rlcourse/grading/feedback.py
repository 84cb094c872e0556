"""What a check says: the record that a notebook shows, and the sentences for mistakes that are not listed."""

import html
from dataclasses import dataclass

import numpy as np

from rlcourse.grading.patterns import recognise

Named = dict[str, np.ndarray]  # the parts of an answer by name


@dataclass(frozen=True)
class Feedback:
    """What a check found: shown in the notebook, or written by the judge.

    Where `message` says how to repair a mistake, `symptom` says only what is seen of it. The first ✗ of an
    exercise shows the symptom and keeps the rest folded (`first`).
    """

    exercise: str
    passed: bool
    score: float
    misconception: str | None
    message: str
    symptom: str = ""
    first: bool = False

    @property
    def folded(self) -> bool:
        """Is the repair kept back until it is asked for?"""
        return self.first and bool(self.symptom)

    def __repr__(self):
        shown = f"{self.symptom}\n{ASK} (`feedback.message`)." if self.folded else self.message
        return f"{'✓' if self.passed else '✗'} {self.exercise}: {shown}"

    def _repr_html_(self):
        mark, colour = ("✓", "#009E73") if self.passed else ("✗", "#D55E00")
        text = lines(self.message)
        if self.folded:
            text = f"{lines(self.symptom)}<details><summary>{ASK}.</summary>{text}</details>"
        return (
            f'<div style="border-left:4px solid {colour};padding:.3em .8em;line-height:1.5">'
            f'<b style="color:{colour}">{mark} {html.escape(self.exercise)}</b><br>{text}</div>'
        )


ASK = "The next ✗ says what to mend; you may also ask for it now"


def lines(text: str) -> str:
    """Text as HTML, line by line."""
    return html.escape(text).replace("\n", "<br>")


OPENINGS = {
    "missing": "Nothing to check: ",
    "signature": "Wrong signature: ",
    "exception": "Your code stopped with ",
    "type": "No numbers to judge: ",
    "exit": "No answer: ",
    "timeout": "No answer: ",
}


def unknown_mistake(
    cases: list[dict], answers: list[dict], expected: list[dict], right: list[bool]
) -> tuple[str | None, str]:
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
            if np.any(~np.isfinite(answers[i][name]) & np.isfinite(expected[i][name])):
                what = "NaN" if np.any(np.isnan(answers[i][name])) else "an infinity"
                return (
                    "not_finite",
                    f"Your answer holds {what} for {show(cases[i])}: is something divided by zero there?",
                )
    names = [n for n in expected[wrong[0]] if any(differs(answers[i][n], expected[i][n]) for i in wrong)]
    factor = common_factor(
        [
            (a[n].ravel(), e[n].ravel())
            for a, e in zip(answers, expected, strict=True)
            for n in names
            if n in e
        ]
    )
    where_else = "" if len(names) == len(expected[wrong[0]]) else f"The {', '.join(names)}: "
    if factor is not None and abs(factor + 1) < 1e-4:
        return (
            "sign",
            f"{where_else}Everywhere the right size with the wrong sign: look for one minus too many, "
            "or too few.",
        )
    if factor is not None:
        return (
            "constant_factor",
            f"{where_else}Everywhere {factor:.4g} times the right answer: a factor is lost or counted twice.",
        )
    counted = f"Right in {sum(right)} of {len(right)} cases, and no mistake that I know."
    i = wrong[0]
    parts = expected[i]
    name = next((n for n in parts if differs(answers[i][n], parts[n])), next(iter(parts)))
    what = "your answer" if len(parts) == 1 else f"the {name.replace('_', ' ')}"
    a, b = answers[i][name].ravel(), parts[name].ravel()
    k = farthest(a, b)
    which = f"entry {k} (counted from 0) of {what}" if b.size > 1 else what
    example = f"For {show(cases[i])}: {which} is {a[k]:.6g}, expected {b[k]:.6g}."
    off = [(cases[j], answers[j][n], expected[j][n]) for j in wrong for n in expected[j]]
    word, sentence = recognise([pair for pair in off if differs(*pair[1:])]) or (None, counted)
    return word, f"{sentence}\n{example}"


def symptom(cases: list[dict], answers: list[Named], expected: list[Named], right: list[bool]) -> str:
    """What is seen of a mistake, told from the values alone, so that it cannot say how to repair it.

    How many cases are right; which part of an answer is wrong; where, or in which direction; one example.
    """
    wrong = [i for i, ok in enumerate(right) if not ok]
    seen = [f"Right in {sum(right)} of {len(right)} cases."]
    i, name = next(((i, n) for i in wrong for n in expected[i] if differs(answers[i][n], expected[i][n])),
                   (wrong[0], next(iter(expected[wrong[0]]))))  # fmt: skip
    fine = [n for n in expected[i] if not any(differs(answers[j][n], expected[j][n]) for j in wrong)]
    what = "your answer" if name == "value" and len(expected[i]) == 1 else f"the {name.replace('_', ' ')}"
    if fine:
        seen.append(f"The {', '.join(fine).replace('_', ' ')} came out right, {what} did not.")
    a, b = answers[i][name], expected[i][name]
    if a.shape != b.shape and not a.size == b.size == 1:
        return " ".join([*seen, f"For {show(cases[i])}: {what} has shape {a.shape}, expected {b.shape}."])
    alike = [j for j in wrong if answers[j][name].size == expected[j][name].size]
    pattern = where(cases, answers, expected, alike, name) + direction(
        np.concatenate([answers[j][name].ravel() for j in alike]),
        np.concatenate([expected[j][name].ravel() for j in alike]),
    )
    k = farthest(a.ravel(), b.ravel())
    which = f"entry {k} (counted from 0) of {what}" if b.size > 1 else what
    example = f"For {show(cases[i])}: {which} is {a.ravel()[k]:.6g}, expected {b.ravel()[k]:.6g}."
    return " ".join([*seen, *pattern, example])


def differs(a: np.ndarray, b: np.ndarray) -> bool:
    """Not the same within what float32 keeps."""
    size = max(1e-3, float(np.max(np.abs(b[np.isfinite(b)]), initial=0.0)))
    same_shape = a.shape == b.shape or a.size == b.size == 1
    return not (same_shape and np.allclose(a.ravel(), b.ravel(), rtol=0, atol=1e-4 * size, equal_nan=True))


def farthest(a: np.ndarray, b: np.ndarray) -> int:
    """The place at which they differ most; NaN differs from each number, and not from NaN."""
    off = np.where(np.isnan(a) & np.isnan(b), 0.0, np.nan_to_num(np.abs(a - b), nan=np.inf))
    return int(np.argmax(off))


def where(
    cases: list[dict], answers: list[Named], expected: list[Named], wrong: list[int], name: str
) -> list[str]:
    """Of inputs that are 0 or 1, entry by entry: is the answer wrong only where one of them is 1, or 0?"""
    for key, value in cases[wrong[0]].items():
        if not (isinstance(value, np.ndarray) and set(np.unique(value)) == {0, 1}):
            continue
        values = set()
        for i in wrong:
            a, b, mask = answers[i][name], expected[i][name], np.asarray(cases[i][key])
            if not a.shape == b.shape == mask.shape:
                return []
            off = np.abs(a - b) > 1e-4 * max(1e-3, float(np.max(np.abs(b))))
            values |= set(np.unique(mask[off]).tolist())
        if len(values) == 1:
            return [f"It is wrong only where `{key}` is {int(values.pop())}."]
    return []


def direction(a: np.ndarray, b: np.ndarray) -> list[str]:
    """One sentence on how numbers differ, where there is one to say."""
    size = 1e-4 * np.max(np.abs(b[np.isfinite(b)]), initial=1e-12)
    off = np.abs(a - b) > size
    a, b = a[off], b[off]
    if not len(a) or not np.all(np.isfinite(a)):
        return []
    if np.all(np.abs(a) <= size):
        return ["Where it is wrong it is 0."]
    if len(a) > 1 and np.all(a * b < 0):
        return ["Where it is wrong it has the opposite sign."]
    if len(a) > 1 and np.all(a > b):
        return ["Where it is wrong it is too large."]
    if len(a) > 1 and np.all(a < b):
        return ["Where it is wrong it is too small."]
    return []


def common_factor(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float | None:
    """The c with answer = c · right in every pair, judged by each pair's own size; None where there is none.

    Where NaN is right there is nothing to compare.
    """
    kept = [(np.where(np.isfinite(a), a, 0.0)[np.isfinite(b)], b[np.isfinite(b)]) for a, b in pairs]
    sizes = [float(np.max(np.abs(b), initial=0.0)) for _, b in kept]
    told = [float(a @ b / (b @ b)) for (a, b), size in zip(kept, sizes, strict=True) if size > 1e-12]
    factor = told[0] if told else 0.0
    if abs(factor) < 1e-4 or abs(factor - 1) < 1e-4:
        return None
    alike = all(
        np.allclose(a, factor * b, rtol=0, atol=1e-4 * max(1e-3, abs(factor) * size))
        for (a, b), size in zip(kept, sizes, strict=True)
    )
    return factor if alike else None


def show(case: dict) -> str:
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
