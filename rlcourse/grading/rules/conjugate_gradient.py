"""Conjugate gradient on Ax = 0: zeros are right, and so is NaN, which is remarked on."""

import numpy as np

from rlcourse.grading.record import Answer, Case, near


def solves(case: Case, answer: Answer, expected: Answer, tolerance: float) -> bool:
    """The right iterate; for b = 0, zeros, or NaN: a remark, no fault."""
    value = answer["value"]
    undefined = not np.any(case["b"]) and value.shape == case["b"].shape and np.all(np.isnan(value))
    return undefined or near(value, expected["value"], tolerance)


def remark_on_zero(cases: list[Case], answers: list[Answer]) -> str:
    """What a right answer to b = 0 may still do better."""
    if all(np.all(np.isfinite(answer["value"])) for answer in answers):
        return ""
    return "(For b = 0 yours divides 0 by 0: stop when rᵀr is tiny, or a zero gradient ends the training.)"
