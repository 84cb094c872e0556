"""x ← x + αp,  r′ = r − αAp,  p ← r′ + βp;  α = rᵀr/pᵀAp,  β = r′ᵀr′/rᵀr: so many iterations on Ax = b.

matvec(v) = Av with A symmetric and positive definite, b [P], from x = 0 and r = p = b; the answer is x [P].
For b = 0 it may be zeros, or NaN, which costs nothing and is remarked on.
"""

import numpy as np

from rlcourse.equations import solvers
from rlcourse.grading.exercises.hw4._matrices import positive_definite
from rlcourse.grading.record import Exercise, Mistake
from rlcourse.grading.rules.conjugate_gradient import remark_on_zero, solves


def conjugate_gradient(matvec, b, iterations):
    return solvers.conjugate_gradient(matvec, b, iterations, tolerance=0.0)


def draw(rng):
    return [
        {"matrix": positive_definite(rng, n), "b": rng.normal(0, 1, n), "iterations": k}
        for n, k in ((5, 2), (4, 4), (6, 3), (5, 1), (8, 5), (3, 3))
    ] + [{"matrix": positive_definite(rng, 3), "b": np.zeros(3), "iterations": 2}]


def adaptor(function, case, plain, style):
    """matvec(v) = Av for a vector of either kind."""
    import sys

    import numpy as np

    matrix = np.array(case["matrix"], dtype=float)

    def matvec(v):
        if type(v).__module__.split(".")[0] == "torch":
            return sys.modules["torch"].as_tensor(matrix, dtype=v.dtype) @ v
        return matrix @ np.asarray(v)

    try:
        return {"value": function(matvec, style(case["b"]), int(case["iterations"]))}
    except ZeroDivisionError:
        if np.any(case["b"]):
            raise
        return {"value": np.full(case["b"].shape, np.nan)}  # 0/0 in Python's floats is NaN in NumPy's


# Wrong solutions of a case (matrix, b, iterations).


def solution(matrix, b, iterations):
    return conjugate_gradient(lambda v: matrix @ v, b, iterations)


def times(count):
    return lambda matrix, b, iterations: solution(matrix, b, max(0, count(iterations)))


def but(
    beta=lambda new, old: new / old,
    alpha=lambda rr, pap: rr / pap,
    aliased=False,
    start=np.zeros_like,
    residual_sign=-1.0,
    x_sign=1.0,
    direction=lambda r, beta, p: r + beta * p,
):
    """Conjugate gradient with one thing exchanged."""

    def wrong(matrix, b, iterations):
        b = np.asarray(b, dtype=float)
        x = start(b)
        r = b - matrix @ x
        p = r if aliased else r.copy()
        rr = r @ r
        for _ in range(iterations):
            ap = matrix @ p
            step = alpha(rr, p @ ap)
            x = x + x_sign * step * p
            if aliased:
                r += residual_sign * step * ap  # p is the same array as r until it is made anew
            else:
                r = r + residual_sign * step * ap
            new = r @ r
            p = direction(r, beta(new, rr), p)
            rr = new
            if not np.isfinite(rr) or rr < 1e-24:
                break
        return x

    return wrong


def late(matrix, b, iterations, direction=False):
    """x moves after p is renewed; or the direction itself."""
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    for _ in range(iterations):
        rr = r @ r
        step = rr / (p @ matrix @ p)
        r = r - step * matrix @ p
        p = r + (r @ r) / rr * p
        x = x + step * p
    return p if direction else x


def step_over(curvature):
    """α = rᵀr over something else than pᵀAp."""

    def wrong(matrix, b, iterations):
        x, r, p = np.zeros_like(b), b.copy(), b.copy()
        for _ in range(iterations):
            rr = r @ r
            step = rr / curvature(matrix, r, p)
            x, r = x + step * p, r - step * matrix @ p
            p = r + (r @ r) / rr * p
        return x

    return wrong


MISTAKES = (
    Mistake("no_beta",
        "The new direction is the residual alone: that is steepest descent. Keep some of the old one, "
        "p ← r + βp.",
        but(beta=lambda new, old: 0.0)),
    Mistake("aliasing",
        "p and r are the same array: `p = r` makes no copy, so `r -= …` changes p behind your back. Use "
        "r.copy().",
        but(aliased=True)),
    Mistake("beta_inverted", "β is upside down: new rᵀr over old rᵀr.",
        but(beta=lambda new, old: old / new if new else 0.0)),
    Mistake("beta_not_squared",
        "β is the ratio of the squared lengths of the residuals, r′ᵀr′/rᵀr, without a root.",
        but(beta=lambda new, old: np.sqrt(new / old))),
    Mistake("beta_is_one", "β is 1 in your directions. It is r′ᵀr′/rᵀr.", but(beta=lambda new, old: 1.0)),
    Mistake("beta_sign", "β has the wrong sign: p ← r + βp.", but(beta=lambda new, old: -new / old)),
    Mistake("alpha_inverted", "α is upside down: rᵀr over pᵀAp.", but(alpha=lambda rr, pap: pap / rr)),
    Mistake("alpha_not_squared", "α has the length of r where its square belongs: rᵀr/pᵀAp.",
        but(alpha=lambda rr, pap: np.sqrt(rr) / pap)),
    Mistake("alpha_is_one", "The step length is 1. It is α = rᵀr/pᵀAp.", but(alpha=lambda rr, pap: 1.0)),
    Mistake("residual_sign", "The residual is updated with the wrong sign: r ← r − αAp, as r = b − Ax.",
        but(residual_sign=1.0)),
    Mistake("sign", "x moves against its direction: x ← x + αp.", but(x_sign=-1.0)),
    Mistake("one_iteration_short",
        "One iteration is missing: check the range of the loop, and whether the last update is applied.",
        times(lambda k: k - 1)),
    Mistake("one_iteration_too_many", "One iteration too many: check the range of the loop.",
        times(lambda k: k + 1)),
    Mistake("ignores_iterations",
        "The number of iterations is ignored: this runs until it has converged. Stop after `iterations`.",
        lambda matrix, b, iterations: np.linalg.solve(matrix, b)),
    Mistake("one_iteration_only", "Only the first iteration is made.", times(lambda k: 1)),
    Mistake("ignores_iterations", "The number of iterations is ignored.", times(lambda k: 10)),
    Mistake("starts_at_b", "The iteration starts at x = b. Start at x = 0: then r = b.",
        but(start=lambda b: b.copy())),
    Mistake("starts_at_b", "The iteration starts at x = b, with r = b as if x were 0.",
        lambda matrix, b, iterations: b + solution(matrix, b, iterations)),
    Mistake("starts_elsewhere", "The iteration starts at x = 1. Start at x = 0: then r = b.",
        but(start=np.ones_like)),
    Mistake("out_of_order", "x moves along the new direction: take the step αp before p is renewed.", late),
    Mistake("returns_direction", "This is the direction p. The solution x is asked.",
        lambda **case: late(**case, direction=True)),
    Mistake("direction_wrong", "β multiplies the residual. It multiplies the old direction: p ← r + βp.",
        but(direction=lambda r, beta, p: beta * r + p)),
    Mistake("direction_wrong", "The new direction leaves the residual out: p ← r + βp.",
        but(direction=lambda r, beta, p: beta * p)),
    Mistake("direction_wrong", "The direction is never renewed: p ← r + βp after every step.",
        but(direction=lambda r, beta, p: p)),
    Mistake("residual_not_updated", "The residual is never updated: r ← r − αAp.", but(residual_sign=0.0)),
    Mistake("returns_residual", "This is the residual. The solution x is asked.",
        lambda matrix, b, iterations: b - matrix @ solution(matrix, b, iterations)),
    Mistake("returns_product", "This is A b. The solution of Ax = b is asked.",
        lambda matrix, b, iterations: matrix @ b),
    Mistake("returns_product", "This is A x. The solution x is asked.",
        lambda matrix, b, iterations: matrix @ solution(matrix, b, iterations)),
    Mistake("alpha_uses_residual", "α divides by rᵀAr. The direction is p: α = rᵀr/pᵀAp.",
        step_over(lambda matrix, r, p: r @ matrix @ r)),
    Mistake("alpha_uses_residual", "α divides by pᵀp, as if A were the identity: α = rᵀr/pᵀAp.",
        step_over(lambda matrix, r, p: p @ p)),
)  # fmt: skip

VIVA = (
    "Solve diag(1, 4) x = (1, 1) with one step, by hand.",
    "After how many steps is the answer exact, and for which matrices earlier?",
    "What does p = r without a copy do to your loop?",
)

EXERCISE = Exercise(
    conjugate_gradient,
    draw,
    points=5,
    minutes=20,
    stars=2,
    mistakes=MISTAKES,
    adaptor=adaptor,
    right=solves,
    remark=remark_on_zero,
    viva=VIVA,
)
