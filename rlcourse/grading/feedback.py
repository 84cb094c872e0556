"""What a check says: the record that a notebook shows, and the sentences for mistakes that are not listed."""

import html
from dataclasses import dataclass

import numpy as np


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


def flat(answers: list[dict], expected: list[dict]) -> np.ndarray:
    """All numbers of some answers in a row."""
    return np.concatenate([np.ravel(a[name]) for a, e in zip(answers, expected, strict=True) for name in e])


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
