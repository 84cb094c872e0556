"""Δ/4 if ρ < ¼;  min(2Δ, Δ_max) if ρ > ¾ and |p| = Δ;  else Δ: the radius of the next iteration.

Four numbers in, a number out; ρ is the actual over the predicted reduction.
"""

from rlcourse.equations import trust_region
from rlcourse.grading.record import Exercise, Mistake


def next_radius(radius, rho, step_length, max_radius):
    return trust_region.radius_rule(rho, step_length >= radius, radius, max_radius)


def draw(rng):
    def case(rho, radius, edge, room):
        return {
            "radius": radius,
            "rho": rho,
            "step_length": radius if edge else float(radius * rng.uniform(0.2, 0.7)),
            "max_radius": radius * room,
        }

    r = rng.uniform(0.5, 2, 12).tolist()
    return [
        case(float(rng.uniform(0.0, 0.2)), r[0], True, 10.0),
        case(float(rng.uniform(0.21, 0.24)), r[1], False, 10.0),
        case(float(rng.uniform(-3, -0.5)), r[2], True, 10.0),  # rejected
        case(float(rng.uniform(-3, -0.5)), r[3], False, 10.0),
        case(float(rng.uniform(0.8, 1.4)), r[4], True, 10.0),  # grows
        case(float(rng.uniform(0.8, 1.4)), r[5], True, 1.5),  # at most to the largest
        case(float(rng.uniform(0.8, 1.4)), r[6], False, 10.0),  # stays: the step did not need more room
        case(float(rng.uniform(0.26, 0.3)), r[7], True, 10.0),  # neither
        case(float(rng.uniform(0.68, 0.74)), r[8], True, 10.0),
        case(float(rng.uniform(0.35, 0.65)), r[8], False, 10.0),
        case(0.25, r[9], True, 10.0),  # neither: the inequalities are strict
        case(0.75, r[10], True, 10.0),
        case(float(rng.uniform(0.8, 1.4)), r[11], True, 1.0),
    ]


def but(
    shrinks=lambda rho, edge: rho < 0.25,
    grows=lambda rho, edge: rho > 0.75 and edge,
    smaller=lambda r, p: r / 4,
    larger=lambda r, p, m: min(2 * r, m),
):
    """The rule with one thing exchanged: when it shrinks or grows, by how much."""

    def wrong(radius, rho, step_length, max_radius):
        edge = step_length >= radius
        if shrinks(rho, edge):
            return smaller(radius, step_length)
        return larger(radius, step_length, max_radius) if grows(rho, edge) else radius

    return wrong


def never(rho, edge):
    return False


MISTAKES = (
    Mistake("grows_on_interior_step",
        "The radius grows although the step stayed inside. The region was no obstacle there: keep the "
        "radius.",
        but(grows=lambda rho, edge: rho > 0.75)),
    Mistake("no_max", "The radius grows past max_radius: min(2Δ, Δ_max).", but(larger=lambda r, p, m: 2 * r)),
    Mistake("grows_on_rejection",
        "The radius grows where the model predicted badly. A small ρ means: trust it less, shrink.",
        but(shrinks=lambda rho, edge: rho > 0.75 and edge, grows=lambda rho, edge: rho < 0.25),
        but(shrinks=lambda rho, edge: rho > 0.75, grows=lambda rho, edge: rho < 0.25 and edge),
        but(shrinks=never, grows=lambda rho, edge: rho < 0.25 or (rho > 0.75 and edge)),
        but(shrinks=lambda rho, edge: rho > 0.75, grows=lambda rho, edge: rho < 0.25)),
    Mistake("thresholds_swapped", "The thresholds are swapped: shrink below ¼, grow above ¾.",
        but(shrinks=lambda rho, edge: rho < 0.75, grows=lambda rho, edge: rho > 0.25 and edge)),
    Mistake("thresholds_swapped",
        "The thresholds are swapped: grow above ¾ (not ¼) and shrink below ¼ (not ¾).",
        but(shrinks=lambda rho, edge: rho <= 0.25 or (rho < 0.75 and not edge),
            grows=lambda rho, edge: rho > 0.25 and edge)),
    Mistake("grow_threshold", "The radius grows already above ¼. It needs ρ > ¾.",
        but(grows=lambda rho, edge: rho > 0.25 and edge)),
    Mistake("grow_threshold", "The radius grows already above ½. It needs ρ > ¾.",
        but(grows=lambda rho, edge: rho > 0.5 and edge)),
    Mistake("shrink_threshold", "The radius shrinks already below ¾. It takes ρ < ¼.",
        but(shrinks=lambda rho, edge: rho < 0.75)),
    Mistake("shrink_threshold",
        "The radius shrinks on a negative ρ only. A poor prediction, ρ < ¼, is reason enough.",
        but(shrinks=lambda rho, edge: rho < 0)),
    Mistake("shrink_threshold", "The radius shrinks below ½. It takes ρ < ¼.",
        but(shrinks=lambda rho, edge: rho < 0.5)),
    Mistake("shrink_factor", "The radius shrinks by ½. The rule asks for ¼.",
        but(smaller=lambda r, p: r / 2)),
    Mistake("shrink_factor", "The radius shrinks to ¾. The rule asks for ¼.",
        but(smaller=lambda r, p: 0.75 * r)),
    Mistake("grow_factor", "The radius grows by 4. The rule asks for 2.",
        but(larger=lambda r, p, m: min(4 * r, m))),
    Mistake("grow_factor", "The radius grows by 1.5. The rule asks for 2.",
        but(larger=lambda r, p, m: min(1.5 * r, m))),
    Mistake("grow_factor", "The radius jumps to max_radius. It grows by 2 at a time.",
        but(larger=lambda r, p, m: m)),
    Mistake("never_grows", "The radius never grows: above ¾, and with a step to the edge, double it.",
        but(grows=never)),
    Mistake("shrink_threshold",
        "The radius stays when ρ is negative. Then the step went uphill, the poorest prediction of all: "
        "shrink for every ρ < ¼.",
        but(shrinks=lambda rho, edge: 0 <= rho < 0.25)),
    Mistake("never_shrinks", "The radius never shrinks: below ¼, quarter it.", but(shrinks=never)),
    Mistake("step_for_radius", "The length of the step is quartered. This rule quarters the radius.",
        but(smaller=lambda r, p: p / 4)),
    Mistake("step_for_radius", "The new radius is made from the step's length. The rule changes the radius.",
        but(smaller=lambda r, p: p / 4,
            grows=lambda rho, edge: rho > 0.75, larger=lambda r, p, m: min(2 * p, m))),
    Mistake("edge_inverted",
        "The radius grows when the step stayed inside. It must grow when the step reached the edge.",
        but(grows=lambda rho, edge: rho > 0.75 and not edge)),
    Mistake("max_for_min",
        "max(2Δ, Δ_max) is never smaller than Δ_max. The cap is a minimum: min(2Δ, Δ_max).",
        but(larger=lambda r, p, m: max(2 * r, m))),
    Mistake("or_for_and", "The radius grows if ρ > ¾ or the step reached the edge. Both must hold.",
        but(grows=lambda rho, edge: rho > 0.75 or edge)),
    Mistake("ratio_ignored", "The radius grows whenever the step reaches the edge. ρ > ¾ must hold as well.",
        but(shrinks=lambda rho, edge: not edge, grows=lambda rho, edge: edge)),
    Mistake("shrinks_inside", "The radius shrinks only when the step reached the edge. ρ < ¼ is enough.",
        but(shrinks=lambda rho, edge: rho < 0.25 and edge)),
    Mistake("shrinks_in_between",
        "Between ¼ and ¾, or after a good step that stayed inside, the radius shrinks. Keep it.",
        but(shrinks=lambda rho, edge: not (rho > 0.75 and edge))),
    Mistake("grows_in_between",
        "Everything that does not shrink grows. Between ¼ and ¾, and after a step that stayed inside, keep "
        "the radius.",
        but(grows=lambda rho, edge: True)),
    Mistake("cap_everywhere",
        "The radius is set to max_radius when it would outgrow it by no reason: keep it where the rule says "
        "keep.",
        lambda radius, rho, step_length, max_radius: max_radius),
    Mistake("boundary_included", "At exactly ρ = ¼ or ρ = ¾ the radius stays: both inequalities are strict.",
        but(shrinks=lambda rho, edge: rho <= 0.25, grows=lambda rho, edge: rho >= 0.75 and edge)),
    Mistake("boundary_included", "At exactly ρ = ¼ the radius stays: the inequality is strict.",
        but(shrinks=lambda rho, edge: rho <= 0.25)),
    Mistake("boundary_included", "At exactly ρ = ¾ the radius stays: the inequality is strict.",
        but(grows=lambda rho, edge: rho >= 0.75 and edge)),
    Mistake("ratio_inverted",
        "ρ is turned upside down somewhere: it is actual over predicted, and large is good.",
        but(shrinks=lambda rho, edge: rho < 0 or rho > 4, grows=lambda rho, edge: 0 <= rho < 4 / 3 and edge)),
    Mistake("radius_unchanged", "The radius never changes.", but(shrinks=never, grows=never)),
)  # fmt: skip

VIVA = (
    "ρ = −2: what has happened, and what do you do with the point and with the radius?",
    "Why does the radius not grow after a good step that stayed inside?",
    "Replace the factors ¼ and 2 by others: what must still hold so that the method ends?",
)

EXERCISE = Exercise(next_radius, draw, points=3, minutes=10, stars=1, mistakes=MISTAKES, viva=VIVA)
