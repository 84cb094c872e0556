"""What a page of the course says with its own numbers: claims, checked where they are made."""

import numpy as np
from numpy.typing import ArrayLike


def receipt(claim: str, left: ArrayLike, right: ArrayLike, tolerance: float = 1e-12) -> None:
    """max |left − right| ≤ tolerance, printed with the first numbers of both sides.

    left and right: numbers, or arrays of one shape (one of them may be a single number). Raises
    AssertionError, naming the claim and the difference, where they differ by more or a side holds NaN;
    ValueError where the shapes do not fit.
    """
    left, right = (np.asarray(side, dtype=float) for side in (left, right))
    if left.size > 1 and right.size > 1 and left.shape != right.shape:
        raise ValueError(
            f"{claim}: left is {left.shape}, right is {right.shape}; compare arrays of one shape"
        )
    off = float(np.max(np.abs(left - right), initial=0.0))
    print(
        f"{claim}\n   left {_first(left)}   right {_first(right)}   off by {off:.1e}, allowed {tolerance:.1e}"
    )
    if not off <= tolerance:
        raise AssertionError(f"{claim}: off by {off:.1e}, allowed {tolerance:.1e}")


def _first(side: np.ndarray, count: int = 4) -> str:
    numbers = " ".join(f"{x:.5g}" for x in side.ravel()[:count])
    return numbers.replace("-", "−") + (" …" if side.size > count else "")
