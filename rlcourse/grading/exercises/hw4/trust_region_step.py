"""x + argmin f(x) + f′(x)p + ½f″(x)p² over |p| ≤ Δ: the minimiser of the quadratic model within the radius.

f, df and d2f are functions of a number, x and radius (Δ) numbers; the answer is the new point, either one
where two are equally good.
"""

import numpy as np

from rlcourse.equations import trust_region
from rlcourse.grading.record import Exercise, Mistake
from rlcourse.grading.rules.trust_region_step import derivatives, is_minimiser


def trust_region_step(f, df, d2f, x, radius):
    return x + trust_region.exact_step(df(x), d2f(x), radius)


WELL = np.array([1.0, 0.0, -2.0, 0.0, 1.0])  # (x² − 1)²


def draw(rng):
    inside = float(rng.uniform(0.15, 0.4)) * rng.choice([-1, 1])
    outside = float(rng.uniform(1.2, 1.6)) * rng.choice([-1, 1])

    def case(coefficients, x, radius):
        return {"coefficients": np.asarray(coefficients, dtype=float), "x": x, "radius": radius}

    return [
        case(WELL, 0.0, 0.4),  # gradient 0, curvature −4: only the boundary descends
        case(WELL, inside, 0.3),  # concave, slope not 0: Newton would climb
        case(WELL, -inside, 1.3),  # the same with a wide region
        case(WELL, outside, 1.0),  # convex, Newton's step fits
        case(WELL, outside, 0.05),  # convex, Newton's step is too long
        case(WELL, 0.75, 0.1),  # convex, to the right
        case(rng.normal(0, 1, 4) + [0, 1, 0, 0], 0.3, 0.7),
        case([1.0, float(rng.choice([-1.5, 0.8]))], 1.2, 0.5),  # no curvature
        case([0.0, -2.0, 3.0], 2.5, 0.9),  # a parabola, wide
        case([0.0, -2.0, 3.0], 2.5, 5.0),
        case([0.0, 0.3, 0.15], 0.2, 1.6),  # a shallow one
        case([0.0, -0.2, -0.5, 1.0], 0.0, 0.8),  # f falls to the left, m to the right
        case([0.2, float(rng.choice([-0.4, 0.4])), -1.5], 0.0, 0.6),
    ]


def adaptor(function, case, plain, style):
    """f = Σ cₖ xᵏ and its two derivatives, as functions of a number, an array or a tensor."""

    def polynomial(coefficients):
        def f(x):
            total = 0.0 * x
            for c in reversed(coefficients):
                total = total * x + c
            return total

        return f

    def derivative(coefficients):
        return [k * c for k, c in enumerate(coefficients)][1:] or [0.0]

    coefficients = [float(c) for c in case["coefficients"]]
    first = derivative(coefficients)
    functions = [polynomial(c) for c in (coefficients, first, derivative(first))]
    return {"value": function(*functions, style(float(case["x"])), style(float(case["radius"])))}


# Wrong steps p(slope g, curvature h, radius r).


def step_by(rule):
    return lambda coefficients, x, radius: x + rule(*derivatives(coefficients, x), radius)


def where_concave(rule):
    """Newton's step, cut, where the model is convex; another rule (g, r) where it is not."""
    return step_by(lambda g, h, r: cut(-g / h, r) if h > 0 else rule(g, r))


def where_convex(rule):
    """The right step where f″ ≤ 0, another one where the model is convex."""
    return step_by(lambda g, h, r: rule(g, h, r) if h > 0 else trust_region.exact_step(g, h, r))


def cut(p, radius):
    return np.clip(p, -radius, radius)


def newton(g, h, fallback=0.0):
    return -g / h if h != 0 else fallback


def downhill(g, r):
    return -r * np.sign(g)


def step_alone(coefficients, x, radius):
    return trust_region.exact_step(*derivatives(coefficients, x), radius)


def point_cut(coefficients, x, radius):
    return cut(x + step_alone(coefficients, x, 10.0 * radius), radius)


def end_by_f(coefficients, x, radius):
    f, (g, h) = np.polynomial.Polynomial(coefficients), derivatives(coefficients, x)
    return x + cut(-g / h, radius) if h > 0 else min((x - radius, x + radius), key=f)


def lowest_f(coefficients, x, radius):
    f = np.polynomial.Polynomial(coefficients)
    inside = [p.real for p in f.deriv().roots() if abs(p.imag) < 1e-9 and abs(p.real - x) <= radius]
    return min([x - radius, *inside, x + radius], key=f)


MISTAKES = (
    Mistake("stuck_at_stationary",
        "Where f′ = 0 and f″ < 0 you stay. The model is a hill there: both ends of the region are lower, go "
        "to one.",
        where_concave(lambda g, r: downhill(g, r))),
    Mistake("newton_climbs",
        "Newton's step is taken where f″ ≤ 0, where −f′/f″ is the top of the model. There the minimiser is "
        "on the boundary.",
        step_by(lambda g, h, r: cut(newton(g, h), r)),
        step_by(lambda g, h, r: cut(newton(g, h, -g * np.inf if g else 0.0), r))),
    Mistake("not_cut", "The step is not cut at the radius: the model is trusted within |p| ≤ Δ only.",
        where_convex(lambda g, h, r: -g / h)),
    Mistake("not_cut",
        "The step is not cut at the radius, and at f′ = 0, f″ < 0 you stay: go to the boundary there.",
        step_by(lambda g, h, r: -g / h if h > 0 else downhill(g, r))),
    Mistake("newton_climbs", "This is Newton's method: it climbs where f″ < 0, and it knows no radius.",
        step_by(lambda g, h, r: newton(g, h)), step_by(lambda g, h, r: newton(g, h, downhill(g, r)))),
    Mistake("always_to_the_edge",
        "Every step goes to the boundary. Where f″ > 0 the model may have its minimum inside.",
        step_by(lambda g, h, r: downhill(g, r)),
        step_by(lambda g, h, r: downhill(g, r) if g else -r),
        step_by(lambda g, h, r: downhill(g, r) if g else r)),
    Mistake("gradient_step", "This is a gradient step: the curvature is not used.",
        step_by(lambda g, h, r: cut(-g, r))),
    Mistake("gradient_step",
        "Where f″ ≤ 0 this is a gradient step. The model falls all the way to the boundary there.",
        where_concave(lambda g, r: cut(-g, r))),
    Mistake("gradient_step", "This is a gradient step: neither curvature nor radius is used.",
        step_by(lambda g, h, r: -g)),
    Mistake("sign",
        "The step goes uphill: the minimiser of the model is at −f′/f″, or at the lower end of the region.",
        step_by(lambda g, h, r: cut(g / h, r) if h > 0 else -downhill(g, r))),
    Mistake("sign", "The step goes uphill where f″ > 0: the model's minimum is at −f′/f″.",
        where_convex(lambda g, h, r: cut(g / h, r))),
    Mistake("wrong_edge",
        "Where f″ < 0 the wrong end of the region is chosen: compare the model at both, or step against f′.",
        where_concave(lambda g, r: -downhill(g, r)), where_concave(lambda g, r: -downhill(g, r) if g else r)),
    Mistake("wrong_edge", "Where f″ ≤ 0 you always step to the right. Compare the model at both ends.",
        where_concave(lambda g, r: r)),
    Mistake("wrong_edge", "Where f″ ≤ 0 you always step to the left. Compare the model at both ends.",
        where_concave(lambda g, r: -r)),
    Mistake("absolute_curvature",
        "|f″| takes the place of f″. Where f″ < 0 the model falls to the boundary, not to f′/|f″|.",
        step_by(lambda g, h, r: cut(-g / abs(h), r) if h else downhill(g, r)),
        step_by(lambda g, h, r: cut(-g / abs(h), r) if h else 0.0)),
    Mistake("half_lost",
        "The ½ of the quadratic term is lost: m(p) = f + f′p + ½f″p², so m′ = 0 at p = −f′/f″.",
        where_convex(lambda g, h, r: cut(-g / (2 * h), r))),
    Mistake("half_lost",
        "The ½ of the quadratic term is counted twice: m(p) = f + f′p + ½f″p², so m′ = 0 at p = −f′/f″.",
        where_convex(lambda g, h, r: cut(-2 * g / h, r))),
    Mistake("returns_step", "This is the step p. The new point x + p is asked.", step_alone),
    Mistake("minimises_f",
        "This minimises f itself. The model is asked: it is all that a method sees after one evaluation.",
        lowest_f),
    Mistake("minimises_f",
        "Where f″ ≤ 0 the ends are compared by f itself. Compare the model: f is not known there.",
        end_by_f),
    Mistake("clips_the_point",
        "The new point is clipped to [−Δ, Δ]. The step is what the radius bounds: |p| ≤ Δ around x.",
        point_cut),
    Mistake("radius_ignored_inside", "You stay where f″ ≤ 0. The model falls towards the boundary there: go.",
        where_concave(lambda g, r: 0.0)),
    Mistake("does_not_move", "The point does not move.", lambda coefficients, x, radius: x),
    Mistake("linear_model",
        "Only the slope is used for the length of the step. The model has curvature: p = −f′/f″ where f″ > "
        "0.",
        step_by(lambda g, h, r: -r * g)),
)  # fmt: skip

VIVA = (
    "Draw the model for f″ < 0 and f′ = 0, and show your step.",
    "Which case of yours does Newton's method get wrong?",
    "Why is the model compared at the ends, and not f itself?",
)

EXERCISE = Exercise(
    trust_region_step,
    draw,
    points=5,
    minutes=20,
    stars=3,
    mistakes=MISTAKES,
    adaptor=adaptor,
    right=is_minimiser,
    viva=VIVA,
)
