"""d = √(2δ/gᵀF⁻¹g) F⁻¹g = argmax gᵀd subject to ½dᵀFd ≤ δ: the natural step.

F [P, P] symmetric and positive definite, g [P], delta a number; the answer is [P].
"""

import numpy as np

from rlcourse.grading.exercises.hw4._matrices import positive_definite
from rlcourse.grading.record import Exercise, Mistake


def natural_step(F, g, delta):
    direction = np.linalg.solve(F, g)
    return np.sqrt(2 * delta / (g @ direction)) * direction


def draw(rng):
    return [
        {"F": positive_definite(rng, n), "g": rng.normal(0, 1, n), "delta": delta}
        for n, delta in zip((3, 4, 2, 5), (0.05, 0.3, 0.1, 0.02), strict=True)
    ]


def step(length, direction=np.linalg.solve):
    """A wrong length(δ, F, g, d), or a wrong direction d(F, g)."""

    def wrong(F, g, delta):
        d = direction(F, g)
        return length(delta, F, g, d) * d

    return wrong


def root_solve(F, g):
    """F^(−½) g."""
    values, vectors = np.linalg.eigh(F)
    return vectors @ ((vectors.T @ g) / np.sqrt(values))


def solve_twice(F, g):
    return np.linalg.solve(F, np.linalg.solve(F, g))


MISTAKES = (
    Mistake("factor_two_lost", "The factor 2 is lost: the constraint is ½dᵀFd ≤ δ, so dᵀFd = 2δ.",
        step(lambda t, F, g, d: np.sqrt(t / (g @ d)))),
    Mistake("missing_sqrt", "The root is missing: the length enters ½dᵀFd squared.",
        step(lambda t, F, g, d: 2 * t / (g @ d))),
    Mistake("fisher_not_inverted", "F multiplies g where F⁻¹ belongs: the natural direction is F⁻¹g.",
        step(lambda t, F, g, d: np.sqrt(2 * t / (d @ F @ d)), lambda F, g: F @ g),
        step(lambda t, F, g, d: np.sqrt(2 * t / (g @ d)), lambda F, g: F @ g),
        step(lambda t, F, g, d: np.sqrt(2 * t / (g @ np.linalg.solve(F, g))), lambda F, g: F @ g)),
    Mistake("unscaled", "The direction is right, its length is not: scale it so that ½dᵀFd = δ.",
        step(lambda t, F, g, d: 1.0)),
    Mistake("sign", "This descends: gᵀd is to be as large as possible.",
        step(lambda t, F, g, d: -np.sqrt(2 * t / (g @ d)))),
    Mistake("plain_gradient", "This is the plain gradient, scaled to fit. The maximiser bends it by F⁻¹.",
        step(lambda t, F, g, d: np.sqrt(2 * t / (g @ F @ g)), lambda F, g: g)),
    Mistake("plain_gradient",
        "This is the plain gradient with a Euclidean length. The constraint measures length by F.",
        step(lambda t, F, g, d: np.sqrt(2 * t / (g @ g)), lambda F, g: g)),
    Mistake("plain_gradient", "This is the plain gradient. The maximiser bends it by F⁻¹.",
        step(lambda t, F, g, d: np.sqrt(2 * t / (g @ np.linalg.solve(F, g))), lambda F, g: g)),
    Mistake("euclidean_length", "The step has a Euclidean length. The constraint is ½dᵀFd = δ.",
        step(lambda t, F, g, d: np.sqrt(2 * t) / np.linalg.norm(d)),
        step(lambda t, F, g, d: t / np.linalg.norm(d)),
        step(lambda t, F, g, d: np.sqrt(t) / np.linalg.norm(d))),
    Mistake("wrong_norm", "Under the root stands gᵀFg. With d = F⁻¹g it must be dᵀFd = gᵀF⁻¹g.",
        step(lambda t, F, g, d: np.sqrt(2 * t / (g @ F @ g)))),
    Mistake("wrong_norm", "Under the root stands gᵀg. With d = F⁻¹g it must be dᵀFd = gᵀF⁻¹g.",
        step(lambda t, F, g, d: np.sqrt(2 * t / (g @ g)))),
    Mistake("delta_as_step_size", "δ is used as a step size. It bounds ½dᵀFd; the step size follows from it.",
        step(lambda t, F, g, d: t)),
    Mistake("not_normalised", "The length of F⁻¹g itself is not divided out: divide by √(gᵀF⁻¹g).",
        step(lambda t, F, g, d: np.sqrt(2 * t))),
    Mistake("factor_two_lost", "The factor 2 is on the wrong side: dᵀFd = 2δ, not δ/2.",
        step(lambda t, F, g, d: np.sqrt(t / (2 * (g @ d))))),
    Mistake("factor_two_lost", "A factor 2 is counted twice: dᵀFd = 2δ.",
        step(lambda t, F, g, d: np.sqrt(4 * t / (g @ d)))),
    Mistake("factor_two_lost", "The 2 stands outside the root: √(2δ/gᵀF⁻¹g).",
        step(lambda t, F, g, d: 2 * np.sqrt(t / (g @ d)))),
    Mistake("missing_sqrt", "The root covers 2δ only: √(2δ/gᵀF⁻¹g).",
        step(lambda t, F, g, d: np.sqrt(2 * t) / (g @ d))),
    Mistake("scale_inverted", "gᵀF⁻¹g multiplies under the root. It divides: √(2δ/gᵀF⁻¹g).",
        step(lambda t, F, g, d: np.sqrt(2 * t * (g @ d)))),
    Mistake("scale_inverted", "The scale is upside down: √(2δ/gᵀF⁻¹g).",
        step(lambda t, F, g, d: np.sqrt((g @ d) / (2 * t)))),
    Mistake("missing_sqrt", "The root is missing, and a factor 2: the length enters ½dᵀFd squared.",
        step(lambda t, F, g, d: t / (g @ d))),
    Mistake("diagonal_only", "Only the diagonal of F is inverted. Solve with the whole matrix.",
        step(lambda t, F, g, d: np.sqrt(2 * t / (g @ d)), lambda F, g: g / np.diag(F)),
        step(lambda t, F, g, d: np.sqrt(2 * t / (d @ F @ d)), lambda F, g: g / np.diag(F))),
    Mistake("root_of_fisher", "The direction is F^(−1/2) g, or 1/F entry by entry. It is F⁻¹g.",
        step(lambda t, F, g, d: np.sqrt(2 * t / (d @ F @ d)), root_solve)),
    Mistake("wrong_direction", "F⁻¹ is applied twice.",
        step(lambda t, F, g, d: np.sqrt(2 * t / (d @ F @ d)), solve_twice)),
)  # fmt: skip

VIVA = (
    "Double F. How does your step change, and why that way?",
    "Reparametrise θ = 2φ. Show that the policy makes the same step.",
    "What is the plain gradient's step of the same KL, and when are they equal?",
)

EXERCISE = Exercise(natural_step, draw, points=4, minutes=15, stars=2, mistakes=MISTAKES, viva=VIVA)
