"""(F + λI)v with F = 1/N Σᵢ sᵢsᵢᵀ, without building F.

scores [N, P] holds sᵢ = ∇log π(aᵢ|sᵢ), v [P], damping λ a number; the answer is [P].
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def fisher_vector_product(scores, v, damping):
    return scores.T @ (scores @ v) / len(scores) + damping * v


def draw(rng):
    return [
        {
            "scores": rng.normal(0, 1, (n, p)) + 0.5 * rng.normal(0, 1, p),
            "v": rng.normal(0, 1, p),
            "damping": float(rng.uniform(0.1, 0.5)),
        }
        for n, p in ((6, 3), (4, 4), (10, 2), (3, 5), (7, 3))
    ]


def centred(normaliser):
    """The scores' covariance, its sum divided by normaliser(N)."""

    def wrong(scores, v, damping):
        deviations = scores - scores.mean(0)
        return deviations.T @ (deviations @ v) / normaliser(len(scores)) + damping * v

    return wrong


def inverse(scores, v, damping):
    return np.linalg.solve(scores.T @ scores / len(scores) + damping * np.eye(len(v)), v)


MISTAKES = (
    Mistake("missing_normaliser", "The samples are summed. F is an expectation: divide by N.",
        lambda scores, v, damping: scores.T @ (scores @ v) + damping * v),
    Mistake("damping_missing", "The damping is missing: add λv.",
        lambda scores, v, damping: scores.T @ (scores @ v) / len(scores)),
    Mistake("damping_twice", "The damping is added twice.",
        lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) + 2 * damping * v),
    Mistake("mean_then_outer",
        "The scores are averaged before the outer product, which leaves a matrix of rank one (and 0 in "
        "expectation). Average sᵢ(sᵢᵀv) over the samples.",
        lambda scores, v, damping: scores.mean(0) * (scores.mean(0) @ v) + damping * v),
    Mistake("mean_then_outer",
        "The scores are summed before the outer product. Average sᵢ(sᵢᵀv) over the samples.",
        lambda scores, v, damping: scores.sum(0) * (scores.sum(0) @ v) + damping * v),
    Mistake("mean_then_outer", "Two averages are multiplied. Average the products sᵢ(sᵢᵀv) instead.",
        lambda scores, v, damping: scores.sum(0) * (scores.sum(0) @ v) / len(scores) + damping * v),
    Mistake("damping_divided",
        "The damping is divided by N as well. Only the sum over samples is an average.",
        lambda scores, v, damping: (scores.T @ (scores @ v) + damping * v) / len(scores)),
    Mistake("wrong_normaliser",
        "The sum is divided by the number of parameters. Divide by the number of samples, N = len(scores).",
        lambda scores, v, damping: scores.T @ (scores @ v) / scores.shape[1] + damping * v),
    Mistake("wrong_normaliser",
        "The sum is divided by the number of all entries. Divide by the number of samples, N = len(scores).",
        lambda scores, v, damping: scores.T @ (scores @ v) / scores.size + damping * v),
    Mistake("wrong_normaliser", "The sum is divided by N². Divide by N once.",
        lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) ** 2 + damping * v),
    Mistake("wrong_normaliser", "The sum is divided by N − 1. F is a plain mean of s sᵀ: divide by N.",
        lambda scores, v, damping: scores.T @ (scores @ v) / max(1, len(scores) - 1) + damping * v),
    Mistake("diagonal_only", "Only the diagonal of F is used: parameters are coupled, sᵢ(sᵢᵀv) mixes them.",
        lambda scores, v, damping: (scores**2).mean(0) * v + damping * v),
    Mistake("centred",
        "The scores are centred first: that is their covariance. F is the second moment, E[s sᵀ].",
        centred(lambda n: n), centred(lambda n: max(1, n - 1))),
    Mistake("damping_without_v", "λ is added, not λv: the damping is λ times the identity, applied to v.",
        lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) + damping),
    Mistake("damping_multiplies", "The damping multiplies Fv. It is added: Fv + λv.",
        lambda scores, v, damping: (1 + damping) * scores.T @ (scores @ v) / len(scores),
        lambda scores, v, damping: damping * scores.T @ (scores @ v) / len(scores)),
    Mistake("damping_sign", "The damping is subtracted. It makes F safely invertible: add λv.",
        lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) - damping * v),
    Mistake("damping_everywhere", "λ is added to every entry of F. It is added to the diagonal: λv.",
        lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) + damping * v.sum()),
    Mistake("quadratic_form", "This is vᵀFv, a number. The product Fv is a vector.",
        lambda scores, v, damping: np.mean((scores @ v) ** 2) + damping * v @ v,
        lambda scores, v, damping: np.mean((scores @ v) ** 2)),
    Mistake("inverse", "This is F⁻¹v. The product Fv is asked; the inverse is conjugate gradient's work.",
        inverse),
    Mistake("dot_squared", "sᵢᵀv is squared: average sᵢ(sᵢᵀv), each score times one number.",
        lambda scores, v, damping: scores.T @ (scores @ v) ** 2 / len(scores) + damping * v),
    Mistake("gradient_for_fisher", "sᵢᵀv is left out: this is the mean score.",
        lambda scores, v, damping: scores.mean(0) + damping * v),
    Mistake("one_factor_only", "The second factor s is missing: after sᵢᵀv, multiply by sᵢ and average.",
        lambda scores, v, damping: scores @ v / len(scores)),
    Mistake("elementwise", "s² v is formed entry by entry: that drops the couplings. Use matrix products.",
        lambda scores, v, damping: (scores * v).sum(0) / len(scores) + damping * v),
    Mistake("damping_squared", "The damping is squared.",
        lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) + damping**2 * v),
    Mistake("missing_normaliser", "1/N and the damping are missing.",
        lambda scores, v, damping: scores.T @ (scores @ v)),
    Mistake("empirical_root", "The sum is divided by √N. Divide by N.",
        lambda scores, v, damping: scores.T @ (scores @ v) / np.sqrt(len(scores)) + damping * v),
)  # fmt: skip

VIVA = (
    "How many numbers does your code store for P = 10⁶ and N = 10³, and how many would F need?",
    "What is F v for a direction v that changes no probability, and what does damping do there?",
    "In which order do you multiply, and what does the other order cost?",
)

EXERCISE = Exercise(fisher_vector_product, draw, points=4, minutes=10, stars=2, mistakes=MISTAKES, viva=VIVA)
