"""A prediction: the page asks before it answers, in an order of choices that gives nothing away."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Mapping, Sequence
from numbers import Real
from string import ascii_uppercase
from typing import Any

from rlcourse import plots
from rlcourse.widgets import display
from rlcourse.widgets.controls import number


class Prediction:
    """A question answered before the page goes on, as `predict` makes it: given, correct, answer(x).

    reasons: choice -> why it is wrong, said to who chose it.
    """

    def __init__(
        self, question: str, choices: Sequence | None, answer: Any, tolerance: float, unit: str, why: str,
        reasons: Mapping[Any, str] | None = None,
    ):  # fmt: skip
        self.question, self.choices, self.why, self.unit = question, choices, why, unit
        self.reasons = dict(reasons or {})
        self.right_answer, self.tolerance = answer, tolerance
        self.given: object = None
        self._root = None
        if display.ipywidgets is not None:
            self._build()

    @property
    def correct(self) -> bool | None:
        """None until answered, then whether the answer was right (a number: within the tolerance)."""
        if self.given is None:
            return None
        if self.choices is not None:
            return self.given == self.right_answer
        return abs(self.given - self.right_answer) <= self.tolerance

    def answer(self, given: Any) -> Prediction:
        """Answer as a reader would. The first answer stays: a prediction is made once."""
        if self.given is None:
            if self.choices is None:
                given = number(given)
            elif given not in self.choices:
                raise ValueError(f"{given!r} is not among the choices: {', '.join(map(str, self.choices))}")
            self.given = given
            if self._root is not None:
                self._reveal()
        return self

    def _build(self) -> None:
        ipywidgets = display.ipywidgets
        lettered = self.lettered()  # the buttons of a choice set no mathematics: it stands above them
        above = "".join(f"<br>{letter}. {html.escape(str(choice))}" for letter, choice in lettered)
        title = ipywidgets.HTMLMath(
            f'<span style="font-size:16px"><b>Predict.</b> {emphasised(self.question)}{above}</span>'
        )
        if self.choices is not None:
            self._input = ipywidgets.RadioButtons(
                options=lettered or [(str(c), c) for c in self.choices],
                value=None,
                layout={"width": "max-content"},
            )
        else:
            self._input = ipywidgets.Text(placeholder="a number", layout={"width": "140px"})
            self._input.on_msg(lambda _, said, __: said.get("event") == "submit" and self._submit())  # Enter
        self._button = ipywidgets.Button(description="Answer", button_style="primary")
        self._button.on_click(lambda _: self._submit())
        self._said = ipywidgets.HTMLMath()
        unit = ipywidgets.HTML(html.escape(self.unit))
        row = [self._input, unit, self._button] if self.choices is None else [self._input]
        below = [] if self.choices is None else [self._button]
        self._root = display.panel("predict", [title, ipywidgets.HBox(row), *below, self._said])

    def lettered(self) -> list[tuple[str, Any]]:
        """(letter, choice) of each, where one holds mathematics; empty otherwise."""
        mathematical = any("$" in str(choice) for choice in self.choices or ())
        return list(zip(ascii_uppercase, self.choices, strict=False)) if mathematical else []

    def _submit(self) -> None:
        try:
            if self._input.value in (None, ""):
                first = "Choose" if self.choices else "Write a number"
                self._said.value = f"{first} first: a guess is enough."
                return
            self.answer(self._input.value)
        except ValueError:
            self._said.value = "That is not a number the page can read. Write it like −1.5 or 2e3."

    def _reveal(self) -> None:
        self._input.disabled = self._button.disabled = True
        if self.choices is not None:
            self._input.value = self.given
        else:
            self._input.value = plots.shown(self.given)
        self._said.value = self.verdict()

    def verdict(self) -> str:
        """What the page says after the answer, as HTML: the answer given, the right one, and why."""
        right = self.right_answer if self.choices is not None else plots.shown(self.right_answer)
        given = self.given if self.choices is not None else plots.shown(self.given)
        unit = f" {self.unit}" if self.unit else ""
        colour, word = (plots.BLUE, "Not quite, and worth knowing why.")
        if self.correct:
            colour, word = (plots.GREEN, "Yes.")
        answer = f" The answer: <b>{html.escape(str(right))}{unit}</b>."
        if self.correct and self.choices is not None:
            answer = ""
        reason = "" if self.correct or self.choices is None else self.reasons.get(self.given, "")
        said = emphasised(" ".join(filter(None, (word, reason, answer.strip(), self.why))))
        return (
            f'<div role="status" class="rlcourse-verdict" data-correct="{str(self.correct).lower()}" '
            f'style="border-left:4px solid {colour};padding:4px 10px;line-height:1.5">'
            f"You predicted <b>{html.escape(str(given))}{unit}</b>. {said}</div>"
        )

    def still(self) -> str:
        """The question for a page without a kernel, as HTML: the answer is folded until a reader opens it."""
        right = self.right_answer if self.choices is not None else plots.shown(self.right_answer)
        unit = f" {html.escape(self.unit)}" if self.unit else ""
        items = "".join(f"<li>{html.escape(str(choice))}</li>" for choice in self.choices or ())
        wrong = "".join(
            f"<li>{html.escape(str(choice))}: {emphasised(reason)}</li>"
            for choice, reason in self.reasons.items()
            if choice != self.right_answer and reason
        )
        question, why = emphasised(self.question), emphasised(self.why)
        return (
            f'<div class="rlcourse-predict-still"><p><b>Predict.</b> {question}</p><ul>{items}</ul>'
            f"<details><summary>The answer</summary><p><b>{html.escape(str(right))}{unit}</b>. {why}</p>"
            f"<ul>{wrong}</ul></details></div>"
        ).replace("<ul></ul>", "")

    def _ipython_display_(self) -> None:
        choices = "" if self.choices is None else "\n" + "\n".join(f"  ( ) {c}" for c in self.choices)
        text = f"Predict. {self.question}{choices}"
        display.publish(self._root, None, (0, 0), text, "Answer before you read on.", still=self.still())


def predict(
    question: str, choices: Sequence | Mapping[Any, str] | None = None, *, answer: Any,
    tolerance: float | None = None, unit: str = "", why: str = "", ordered: bool = False,
) -> Prediction:  # fmt: skip
    """A question with choices, or for a number within a tolerance, answered before the next cell answers it.

    choices may say of each wrong one why it is wrong: {"the max": "It …", "the mean": "It …", "both": ""}.
    They are shuffled, in the same way each time (by the question's words), unless they are `ordered`, as a
    scale is: "below", "at", "above"; numbers stay in order too. question, choices, reasons and why may hold
    mathematics between dollars, question, reasons and why also *emphasis* and HTML. The first answer stays on
    the page, with the right one and why. Without a page it stays unanswered and costs nothing. Raises
    ValueError when the answer is not among the choices, or a number has no tolerance.
    """
    if choices is not None and answer not in choices:
        raise ValueError(f"predict: the answer {answer!r} is not among the choices {list(choices)}")
    if choices is None and (tolerance is None or tolerance < 0):
        raise ValueError("predict: a number needs a tolerance ≥ 0, such as tolerance=0.1")
    reasons = choices if isinstance(choices, Mapping) else None
    if choices is not None:
        choices = list(choices)
        if not (ordered or all(isinstance(choice, Real) for choice in choices)):
            random.Random(question).shuffle(choices)
    return Prediction(question, choices, answer, tolerance or 0.0, unit, why, reasons)


def emphasised(text: str) -> str:
    """*word* as HTML's emphasis, as in a page's own sentences; stars in mathematics stay."""
    parts = re.split(r"(\$[^$]*\$)", text)
    parts[::2] = [re.sub(r"\*(\w[^*]*)\*", r"<em>\1</em>", part) for part in parts[::2]]
    return "".join(parts)
