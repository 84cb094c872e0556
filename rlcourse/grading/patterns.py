"""What values show of a mistake that nobody listed: a lost sign, a size, an order, a place.

Each pattern is (word, sentence, test): a test looks at all wrong parts of all wrong cases at once, as pairs
(case, answer, expected) of one shape. Nothing here knows an exercise.
"""

import itertools
from collections.abc import Callable

import numpy as np

Pair = tuple[dict, np.ndarray, np.ndarray]


def recognise(pairs: list[Pair]) -> tuple[str, str] | None:
    """(misconception, what it looks like) of the first pattern that fits every pair, or None."""
    if not pairs or any(a.shape != b.shape or not np.all(np.isfinite(a)) for _, a, b in pairs):
        return None
    for word, sentence, fits in PATTERNS:
        found = fits(pairs)
        if found:
            return word, sentence.format(found) if isinstance(found, str) else sentence
    return None


def alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal within what float32 keeps of the largest number."""
    return a.shape == b.shape and np.allclose(
        a, b, rtol=0, atol=1e-4 * max(1e-3, np.max(np.abs(b), initial=0))
    )


def every(test: Callable, least: int = 1) -> Callable:
    """A test of each pair's (answer, expected), all with at least so many numbers."""
    return lambda pairs: all(a.size >= least and test(a, b) for _, a, b in pairs)


def row(test: Callable, least: int) -> Callable:
    """The same for answers of one dimension."""
    return every(lambda a, b: a.ndim == 1 and test(a, b), least)


def sizes(case: dict) -> dict[tuple[str, int], int]:
    """{(input, axis): its length}."""
    return {
        (k, i): n for k, v in case.items() for i, n in enumerate(np.shape(v)) if isinstance(v, np.ndarray)
    }


FACTORS = {  # of lengths n and m
    "multiplied by {}": lambda n: n,
    "divided by {}": lambda n: 1 / n,
    "divided by {} less one, where the whole number belongs": lambda n: n / (n - 1) if n > 1 else np.nan,
    "divided by {} less one": lambda n: 1 / (n - 1) if n > 1 else np.nan,
    "multiplied by {}, with its sign turned round,": lambda n: -n,
    "divided by {}, with its sign turned round,": lambda n: -1 / n,
}


def by_a_size(pairs: list[Pair]) -> str | bool:
    """Is every answer the right one times, or over, a length of an input? Says which."""
    lengths = [sizes(case) for case, _, _ in pairs]
    keys = set.intersection(*(set(found) for found in lengths))
    for form, factor in FACTORS.items():
        for key in sorted(keys):
            if len({found[key] for found in lengths}) > 1 and all(
                alike(a, factor(found[key]) * b) for found, (_, a, b) in zip(lengths, pairs, strict=True)
            ):
                return form.format(f"the length of `{key[0]}` along axis {key[1]}")
    for one, other in itertools.combinations(sorted(keys), 2):
        if all(
            alike(a, b / (found[one] * found[other])) for found, (_, a, b) in zip(lengths, pairs, strict=True)
        ):
            both = f"`{one[0]}` along axis {one[1]} and `{other[0]}` along axis {other[1]}"
            return f"divided by the lengths of {both}"
    return False


def scaled(a: np.ndarray, b: np.ndarray) -> bool:
    factor = float(a.ravel() @ b.ravel() / max(b.ravel() @ b.ravel(), 1e-300))
    return abs(factor) > 1e-3 and alike(a, factor * b)


def affine(a: np.ndarray, b: np.ndarray) -> bool:
    if np.ptp(b) < 1e-9 or np.ptp(a) < 1e-9:
        return False
    line = np.polyfit(b.ravel(), a.ravel(), 1)
    return alike(a, np.polyval(line, b))


def same_offset(pairs: list[Pair]) -> bool:
    """Off by the same number everywhere, in three cases at least."""
    off = np.concatenate([(a - b).ravel() for _, a, b in pairs])
    return len(pairs) >= 3 and np.ptp(off) < 1e-4 * np.abs(off).max()


def cut_off(pairs: list[Pair]) -> bool:
    """max(right, c) or min(right, c) for one c."""
    off = [a[~np.isclose(a, b, rtol=0, atol=1e-4)] for _, a, b in pairs]
    bounds = np.concatenate(off)
    if len(bounds) < 2 or np.ptp(bounds) > 1e-6:
        return False
    return any(all(alike(a, keep(b, bounds[0])) for _, a, b in pairs) for keep in (np.maximum, np.minimum))


def only_at(place: int) -> Callable:
    def fits(a, b):
        wrong = np.flatnonzero(np.abs(a - b) > 1e-4 * max(1e-3, np.abs(b).max()))
        return wrong.tolist() == [place % a.size]

    return row(fits, 3)


def wrong_where(pairs: list[Pair]) -> str | bool:
    """Is it wrong only where an input of zeros and ones is 0, or 1? Says which."""
    for key, value in pairs[0][0].items():
        if not (isinstance(value, np.ndarray) and set(np.unique(value)) <= {0, 1}):
            continue
        seen = set()
        for case, a, b in pairs:
            mask = np.asarray(case[key])
            if mask.shape != a.shape:
                return False
            seen |= set(np.unique(mask[np.abs(a - b) > 1e-4 * max(1e-3, np.abs(b).max())]).tolist())
        if len(seen) == 1:
            return f"`{key}` is {int(seen.pop())}"
    return False


PATTERNS = (
    ("sign_lost", "The signs are lost: everywhere the right size, and nowhere a minus.",
     every(lambda a, b: alike(a, np.abs(b)))),
    ("some_signs", "Everywhere the right size, and in some places the wrong sign.",
     every(lambda a, b: alike(np.abs(a), np.abs(b)))),
    ("squared", "This is the square of the right answer.", every(lambda a, b: alike(a, b**2))),
    ("square_root", "This is the square root of the right answer.",
     every(lambda a, b: alike(a, np.sqrt(np.abs(b))))),
    ("reversed", "The right numbers in reverse order.", row(lambda a, b: alike(a, b[::-1]), 2)),
    ("shifted", "The right numbers, one place off.",
     row(lambda a, b: alike(a[1:], b[:-1]) or alike(a[:-1], b[1:]), 3)),
    ("reduced_by_a_size",
     "Everywhere the right answer, {}. Is it a sum where a mean is asked, or a mean for a sum?",
     by_a_size),
    ("scaled", "In each case the right answer times another number: is it normalised where it must not be?",
     every(scaled, 2)),
    ("same_offset", "Everywhere off by the same number: something is added or subtracted once too often.",
     same_offset),
    ("shifted_by_a_number",
     "In each case everything is off by one number: is a mean subtracted, or a baseline?",
     every(lambda a, b: np.ptp(a - b) < 1e-4 * np.abs(a - b).max(), 3)),
    ("shifted_and_scaled", "In each case the right numbers, shifted and scaled: are they standardised?",
     every(affine, 4)),
    ("cut_off", "The right numbers, cut off at a bound.", cut_off),
    ("last_entry", "Only the last entry is wrong, in every case that is.", only_at(-1)),
    ("first_entry", "Only the first entry is wrong, in every case that is.", only_at(0)),
    ("wrong_where", "It is wrong only where {}.", wrong_where),
)  # fmt: skip
