"""β = √(2δ / sᵀFs): the length with ½ (βs)ᵀF(βs) = δ.

s and Fs (F times s) [P], δ > 0 in nats; the answer is one number > 0. Schulman et al. 2015, appendix C.
"""

import numpy as np

from rlcourse.equations import solvers
from rlcourse.grading.record import Exercise, Mistake


def step_length(s, Fs, delta):
    return solvers.step_length(s, Fs, delta).item()


def draw(rng):
    cases = []
    for n, delta in ((3, 0.01), (5, 0.05), (2, 0.5), (4, 0.2), (6, 1.5)):
        root = rng.normal(0, 1, (n, n))
        s = rng.normal(0, 1, n)
        s = 0.7 * s / np.linalg.norm(s) if delta > 1 else s  # so short that β > 1
        cases.append({"s": s, "Fs": (root @ root.T / n + 0.3 * np.eye(n)) @ s, "delta": delta})
    return cases


def of(wrong):
    """Something else, made of sᵀFs and δ."""
    return lambda s, Fs, delta: wrong(s @ Fs, delta)


MISTAKES = (
    Mistake("root_missing", "The root is missing: β enters ½ (βs)ᵀF(βs) squared.",
        of(lambda c, d: 2 * d / c)),
    Mistake("two_missing", "The 2 is missing: the KL is ½ β² sᵀFs, so β² is 2δ/sᵀFs.",
        of(lambda c, d: np.sqrt(d / c))),
    Mistake("half_for_two", "The ½ stands where a 2 belongs: solve ½ β² sᵀFs = δ for β.",
        of(lambda c, d: np.sqrt(d / (2 * c)))),
    Mistake("inverted", "The fraction is upside down: the larger δ, the longer the step.",
        of(lambda c, d: np.sqrt(c / (2 * d))), of(lambda c, d: c / (2 * d)),
        of(lambda c, d: np.sqrt(2 * c / d))),
    Mistake("root_of_delta_only", "The root is taken of 2δ alone. sᵀFs stands under it, too.",
        of(lambda c, d: np.sqrt(2 * d) / c)),
    Mistake("root_of_curvature_only", "The root is taken of sᵀFs alone. 2δ stands under it, too.",
        of(lambda c, d: 2 * d / np.sqrt(c))),
    Mistake("two_outside", "The 2 stands before the root. It belongs under it.",
        of(lambda c, d: 2 * np.sqrt(d / c))),
    Mistake("product", "δ and sᵀFs are multiplied. δ is divided by sᵀFs.",
        of(lambda c, d: np.sqrt(2 * d * c)), of(lambda c, d: 2 * d * c)),
    Mistake("delta_as_length", "δ is taken for the length of the step. It bounds half its square in F.",
        of(lambda c, d: d / np.sqrt(c)), of(lambda c, d: d / c)),
    Mistake("metric_ignored",
        "The length of s is measured by sᵀs. The metric of the policies is F: sᵀFs.",
        lambda s, Fs, delta: np.sqrt(2 * delta / (s @ s)), lambda s, Fs, delta: np.sqrt(2 * delta) / (s @ s),
        lambda s, Fs, delta: delta / np.linalg.norm(s)),
    Mistake("fs_squared", "FsᵀFs takes the place of sᵀFs.",
        lambda s, Fs, delta: np.sqrt(2 * delta / (Fs @ Fs)),
        lambda s, Fs, delta: np.sqrt(2 * delta) / (Fs @ Fs)),
    Mistake("per_coordinate", "The products are not summed: sᵀFs is one number.",
        lambda s, Fs, delta: np.sqrt(2 * delta / (s * Fs)),
        lambda s, Fs, delta: np.sqrt(2 * delta / np.abs(s * Fs))),
    Mistake("mean_for_sum", "The products are averaged over the coordinates. sᵀFs is their sum.",
        lambda s, Fs, delta: np.sqrt(2 * delta / np.mean(s * Fs))),
    Mistake("step_returned", "This is the step βs. Its length factor β alone is asked, a number.",
        lambda s, Fs, delta: np.sqrt(2 * delta / (s @ Fs)) * s,
        lambda s, Fs, delta: np.sqrt(2 * delta / (s @ Fs)) * Fs),
    Mistake("negative", "β has the wrong sign. s points uphill already.",
        of(lambda c, d: -np.sqrt(2 * d / c))),
    Mistake("square_returned", "This is a power of β. β itself is asked.",
        of(lambda c, d: (2 * d / c) ** 2), of(lambda c, d: (2 * d / c) ** 0.25)),
    Mistake("curvature_returned", "This is the quadratic form. The β that makes it δ is asked.",
        of(lambda c, d: c), of(lambda c, d: c / 2), of(lambda c, d: np.sqrt(c))),
    Mistake("damped",
        "A number is added to sᵀFs. Damping belongs into F, which the solver had; here it is there already.",
        of(lambda c, d: np.sqrt(2 * d / (c + 0.1))), of(lambda c, d: np.sqrt(2 * d / (c + 0.01))),
        of(lambda c, d: np.sqrt(2 * d / (c + 1)))),
    Mistake("capped", "β is cut off at 1. It may be longer.",
        of(lambda c, d: min(1.0, np.sqrt(2 * d / c)))),
    Mistake("curvature_wrong",
        "sᵀFs is replaced by another number: by the sum of Fs, or of sizes. It is the sum of s · Fs.",
        lambda s, Fs, delta: np.sqrt(2 * delta / np.abs(Fs.sum())),
        lambda s, Fs, delta: np.sqrt(2 * delta / np.abs(s * Fs).sum()),
        lambda s, Fs, delta: np.sqrt(2 * delta / np.linalg.norm(Fs)),
        lambda s, Fs, delta: np.sqrt(2 * delta / (np.linalg.norm(s) * np.linalg.norm(Fs)))),
    Mistake("delta_returned", "δ comes back. It bounds the KL divergence; β is a factor of s.",
        of(lambda c, d: d), of(lambda c, d: np.sqrt(2 * d)), of(lambda c, d: np.sqrt(d)),
        of(lambda c, d: 2 * d)),
)  # fmt: skip

VIVA = (
    "Multiply s by 10. What happens to β, and what to the step βs?",
    "For s = F⁻¹g, write sᵀFs without s. What does that tell about a steep objective?",
    "The KL of the step is not exactly δ. Why, and who takes care of it?",
)

EXERCISE = Exercise(step_length, draw, points=1, minutes=5, stars=1, mistakes=MISTAKES, pure=True, viva=VIVA)
