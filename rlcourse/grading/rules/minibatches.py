"""What is said of minibatches that are not right: a property of many calls, for their indices are random."""

import numpy as np

from rlcourse.grading.record import Answer, Case


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
