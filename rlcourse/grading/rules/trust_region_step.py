"""Where a model is concave and level, both ends of the region are right."""

import numpy as np

from rlcourse.grading.record import Answer, Case


def derivatives(coefficients: np.ndarray, x: float) -> tuple[float, float]:
    """(f′(x), f″(x)) of the polynomial with these coefficients."""
    polynomial = np.polynomial.Polynomial(coefficients)
    return float(polynomial.deriv()(x)), float(polynomial.deriv(2)(x))


def is_minimiser(case: Case, answer: Answer, expected: Answer, tolerance: float) -> bool:
    """The right point; at f′ = 0, f″ < 0 both ends of the region are."""
    if answer["value"].size != 1:
        return False
    step, best = answer["value"].item() - case["x"], expected["value"].item() - case["x"]
    slope, curvature = derivatives(case["coefficients"], case["x"])
    if slope == 0 and curvature < 0:
        step, best = abs(step), abs(best)
    return abs(step - best) <= tolerance * max(1.0, abs(case["x"]), abs(best))
