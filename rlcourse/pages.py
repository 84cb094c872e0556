"""What a page of the course says with its own numbers: claims, checked where they are made.

And, handed on from `listings`, the code that it shows: `show_source`, `beside`, `pseudocode`.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from rlcourse.listings import beside, pseudocode, show_source

__all__ = ["Receipt", "Receipts", "beside", "pseudocode", "receipt", "receipts", "show_source"]


def receipt(
    claim: str,
    left: ArrayLike,
    right: ArrayLike,
    tolerance: float = 1e-12,
    names: tuple[str, str] = ("left", "right"),
) -> None:
    """max |left − right| ≤ tolerance, printed with the first numbers of both sides.

    left and right: numbers, or arrays of one shape (one of them may be a single number); names: what they
    are. Raises AssertionError, naming the claim and the difference, where they differ by more or a side holds
    NaN; ValueError where the shapes do not fit. Several of them are one table: `receipts`.
    """
    row = Receipt(claim, left, right, tolerance)
    print(f"{claim}\n   {names[0]} {row.left}   {names[1]} {row.right}   {row.difference}")
    row.must_hold()


class Receipt:
    """One claim with both of its sides, as a row of a table."""

    def __init__(self, claim: str, left: ArrayLike, right: ArrayLike, tolerance: float):
        left, right = (np.asarray(side, dtype=float) for side in (left, right))
        if left.size > 1 and right.size > 1 and left.shape != right.shape:
            raise ValueError(
                f"{claim}: left is {left.shape}, right is {right.shape}; compare arrays of one shape"
            )
        self.claim, self.left, self.right = claim, _first(left), _first(right)
        off = float(np.max(np.abs(left - right), initial=0.0))
        self.holds = bool(off <= tolerance)  # NaN does not hold
        self.difference = f"off by {off:.1e}, allowed {tolerance:.1e}"

    def must_hold(self) -> None:
        if not self.holds:
            raise AssertionError(f"{self.claim}: {self.difference}")


@dataclass
class Receipts:
    """Receipts that become one table where their `with` ends. Made by `receipts`."""

    names: tuple[str, str]
    rows: list[Receipt] = field(default_factory=list)

    def __call__(self, claim: str, left: ArrayLike, right: ArrayLike, tolerance: float = 1e-12) -> None:
        """One more row: max |left − right| ≤ tolerance, or AssertionError, as `receipt` says."""
        row = Receipt(claim, left, right, tolerance)
        self.rows.append(row)
        row.must_hold()

    def __enter__(self) -> Receipts:
        return self

    def __exit__(self, *failure: object) -> None:
        """Shows the table, whether or not a claim failed: the last row is the one that did."""
        from IPython import get_ipython
        from IPython.display import display

        if get_ipython() is None:
            print(self)
        else:
            display(self)

    def __repr__(self) -> str:
        """As text, with columns."""
        rows = [("", *self.names, "")]
        rows += [(f"{'✓' if r.holds else '✗'} {r.claim}", r.left, r.right, r.difference) for r in self.rows]
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("   ".join(map(str.ljust, row, wide)).rstrip() for row in rows)

    def _repr_html_(self) -> str:
        """As a table; mathematics between dollars in claims and names is set in type."""
        cell = '<td style="text-align:left">'
        head = "".join(f'<th style="text-align:left">{html.escape(n)}</th>' for n in ("", *self.names, ""))
        body = ""
        for row in self.rows:
            mark = "✓" if row.holds else '<b style="color:#D55E00">✗</b>'
            claim = f"{cell}{mark} {html.escape(row.claim)}</td>"
            numbers = "".join(f"{cell}{side}</td>" for side in (row.left, row.right))
            body += f"<tr>{claim}{numbers}{cell}<small>{row.difference}</small></td></tr>"
        return f'<table class="rlcourse-receipts"><tr>{head}</tr>{body}</table>'


def receipts(side: str, *, oracle: str) -> Receipts:
    """Claims as one table, a line each: `with receipts("simulation", oracle="closed form") as same: same(…)`.

    side: what is checked; oracle: what it is checked against, which must not share its way of computing. Each
    `same(claim, left, right, tolerance)` is a row, and raises as `receipt` does where its sides differ.
    """
    return Receipts((side, oracle))


def _first(side: np.ndarray, count: int = 4) -> str:
    numbers = " ".join(f"{x + 0:.5g}" for x in side.ravel()[:count])  # 0 for −0
    return numbers.replace("-", "−") + (" …" if side.size > count else "")
