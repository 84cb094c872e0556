"""Traces of mistakes that come in more ways than can be listed: a rounded number, a walk that is too short.

Each is a function (case, answer, right, numbers) -> bool, asked only of answers that are not right. `right`
are the right values, `numbers` what the exercise computed for this case; on a student's sheet both stand for
the visible cases alone, as numbers.
"""

import numpy as np

from rlcourse.grading.record import Answer, Case, near

CLOSE = 1e-4  # of the largest number


def value_without_gradient(case: Case, answer: Answer, right: Answer, numbers: dict) -> bool:
    """The right value, and a gradient that is another one."""
    has_gradient = any(name.endswith("_gradient") for name in answer)
    return has_gradient and near(answer["value"], right["value"], CLOSE)


def cut_off(case: Case, answer: Answer, right: Answer, numbers: dict) -> bool:
    """Far from 1 on either side, and cut off on the way there."""
    value, whole = float(np.max(answer["value"])), float(right["value"])
    return (whole < 0.1 and value > whole) or (whole > 10 and 0 < value < whole)


def near_a_number(case: Case, answer: Answer, right: Answer, numbers: dict) -> bool:
    """A number that is near, as a simulation's or a rounded one is."""
    whole = float(right["value"])
    off = abs(float(answer["value"].ravel()[0]) - whole) if answer["value"].size == 1 else np.inf
    return off <= max(0.2 * whole, 0.6)


def near_shares(case: Case, answer: Answer, right: Answer, numbers: dict) -> bool:
    """Shares of a whole that are near, but no more than that."""
    v, d = answer["value"], right["value"]
    return v.shape == d.shape and abs(v.sum() - 1) < 1e-3 and bool(np.abs(v - d).max() < 0.12)


def multiple(case: Case, answer: Answer, right: Answer, numbers: dict) -> bool:
    """The right shares times a number."""
    v, d = answer["value"], right["value"]
    return v.shape == d.shape and bool(np.abs(v - v.sum() * d).max() < CLOSE * np.abs(v).max())


def other_eigenvector(case: Case, answer: Answer, right: Answer, numbers: dict) -> bool:
    """A left eigenvector of `numbers["matrix"]` with another eigenvalue than 1, or the real part of one."""
    v, P = answer["value"], numbers["matrix"]
    if v.shape != right["value"].shape or not np.abs(v).max() > 1e-6:
        return False
    if v.min() < -0.01 < 0.01 < v.max():
        return True  # no share of time is negative
    factor = (v @ P) @ v / (v @ v)
    return abs(factor - 1) > 1e-3 and np.abs(v @ P - factor * v).max() < CLOSE * np.abs(v).max()


def one_of(case: Case, answer: Answer, right: Answer, numbers: dict) -> bool:
    """One of the arrays in `numbers["among"]`: what comes out after some number of steps."""
    v, among = answer["value"], numbers["among"]
    if v.shape != right["value"].shape or not len(among):
        return False
    return bool(
        (np.abs(among - v).reshape(len(among), -1).max(1) <= CLOSE * max(1e-3, np.abs(v).max())).any()
    )


def nearly_settled(case: Case, answer: Answer, right: Answer, numbers: dict) -> bool:
    """One of those arrays, or what one step more changes by little: by M (right − value), M the "matrix"."""
    v = answer["value"]
    if v.shape != right["value"].shape:
        return False
    left = np.abs(numbers["matrix"] @ (right["value"] - v)).max()
    return bool(left <= 0.02 * max(1.0, np.abs(v).max())) or one_of(case, answer, right, numbers)


def on_the_way(case: Case, answer: Answer, right: Answer, numbers: dict) -> bool:
    """Goals that are states of the trajectory, beside the right states."""
    goal, states = answer["goals"], case["states"]
    if goal.shape != right["goals"].shape or not near(answer["states"], right["states"], CLOSE):
        return False
    return bool((np.abs(goal[:, None] - states).max(2).min(1) < CLOSE).all())
