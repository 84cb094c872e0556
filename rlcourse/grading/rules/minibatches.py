"""What is said of minibatches that are not right: a property of many calls, for their indices are random."""

import numpy as np

from rlcourse.grading.record import Answer, Case

AGAIN = 8  # calls of a second generator of the same seed, and of one of another


def measured(case: Case, answer: Answer) -> Answer:
    """What many calls show of contents and order. ValueError for what is no record of such calls."""
    n = int(case["n"])
    many = 400 if n <= 16 else 60
    calls = split(answer, many + 2 * AGAIN)
    calls, twin, other = calls[:many], calls[many : many + AGAIN], calls[many + AGAIN :]
    orders, again, others = ([row(pieces) for pieces in group] for group in (calls, twin, other))
    indices = set(range(n))
    whole = all(set(order) == indices and len(order) == n for order in orders)
    few = [piece for pieces in calls[:20] for piece in pieces]
    open_pieces = [piece for piece in few if 2 <= len(piece) < n - 1]
    counts = np.zeros((n, n))
    if whole and n <= 16:
        for order in orders:
            counts[np.arange(n), np.array(order, dtype=int)] += 1
    sets = {tuple(sorted(piece.tolist())) for piece in open_pieces}
    long = [piece for piece in few if len(piece) > 2]
    found = {
        "short_one_last": all(len(p) >= len(pieces[-1]) for pieces in calls for p in pieces),
        "some_missing": any(indices - set(order) for order in orders),
        "some_repeated": any(len(order) > len(set(order)) for order in orders),
        "out_of_range": any(set(order) - indices for order in orders),
        "another_order": any(order != orders[0] for order in orders),
        "same_for_same_rng": orders[:AGAIN] == again,
        "other_for_other_rng": orders[:AGAIN] != others,
        "other_members": not open_pieces or len(sets) > len(calls[0]),
        "neighbours_parted": not open_pieces or not all(is_run(piece, n) for piece in open_pieces),
        "shuffled_inside": not long or any(np.diff(p).min() < 0 < np.diff(p).max() for p in long),
        "places_alike": n > 16 or not whole or bool(counts.min() > 0 and counts.max() <= 400 / n + 45),
    }
    lengths = sorted((float(len(piece)) for piece in calls[0]), reverse=True)
    return {"lengths": np.array(lengths)} | {name: np.array(float(held)) for name, held in found.items()}


def split(answer: Answer, calls: int) -> list[list[np.ndarray]]:
    """The pieces of each call; ValueError where lengths and numbers do not fit."""
    sizes, pieces = (whole_numbers(answer[name]) for name in ("sizes", "pieces"))
    fits = len(pieces) == calls and pieces.sum() == len(sizes) and sizes.sum() == answer["indices"].size
    if not fits:
        raise ValueError("not a record of so many calls")
    parts = np.split(answer["indices"].ravel(), np.cumsum(sizes)[:-1]) if len(sizes) else []
    ends = np.cumsum(pieces)
    return [parts[end - count : end] for end, count in zip(ends, pieces, strict=True)]


def whole_numbers(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=float).ravel()
    if not np.all((values >= 0) & (values <= 1e6) & (values == np.round(values))):
        raise ValueError("no lengths")
    return values.astype(int)


def row(pieces: list[np.ndarray]) -> list[float]:
    return np.concatenate(pieces).tolist() if pieces else []


def is_run(piece: np.ndarray, n: int) -> bool:
    """Is it a run of neighbours, perhaps round the end?"""
    s = np.sort(piece)
    return bool((np.diff(np.append(s, s[0] + n)) == 1).sum() >= len(s) - 1)


def seen(cases: list[Case], answers: list[Answer], expected: list[Answer], right: list[bool]) -> str:
    """What the calls of the first case that is not right show."""
    i = right.index(False)
    case, answer, sure = cases[i], answers[i], expected[i]
    begin = f"For n = {case['n']}, size = {case['size']}:"
    if answer["lengths"].shape != np.shape(sure["lengths"]) or any(answer["lengths"] != sure["lengths"]):
        got = ", ".join(f"{k:g}" for k in answer["lengths"][:12]) or "none"
        return f"{begin} pieces of these lengths came back: {got}."
    sentences = {
        "short_one_last": "a shorter piece stood before a longer one.",
        "some_missing": "some index was in no piece.",
        "some_repeated": "some index came more than once in one call.",
        "out_of_range": "some index was not among 0 … n − 1.",
        "another_order": "all calls gave one and the same order.",
        "same_for_same_rng": "two generators of equal seed gave different orders.",
        "other_for_other_rng": "two generators of different seeds gave equal orders.",
        "other_members": "the same indices were together in every call.",
        "neighbours_parted": "every piece was a run of neighbours.",
        "shuffled_inside": "every piece was in rising or falling order.",
        "places_alike": "some index came to some place far too often, or never.",
    }
    return f"{begin} " + next(
        sentence for name, sentence in sentences.items() if float(answer[name]) != sure[name]
    )
