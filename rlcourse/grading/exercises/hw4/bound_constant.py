"""C = 4εγ/(1 − γ)², in η(π′) ≥ L_π(π′) − C max KL(π ‖ π′), with ε = max |A^π|.

Two numbers in, a number out; η is unnormalised. Schulman et al. 2015, theorem 1 with D_TV² ≤ D_KL.
"""

from rlcourse.grading.record import Exercise, Mistake


def bound_constant(epsilon, gamma):
    return 4 * epsilon * gamma / (1 - gamma) ** 2


def draw(rng):
    return [
        {"epsilon": rng.uniform(0.3, 3), "gamma": g}
        for g in (0.9, 0.5, 0.99, *rng.uniform(0.6, 0.95, 3).tolist())
    ]


MISTAKES = (
    Mistake("two_for_four",
        "The constant is 4, not 2. (With the sharper D_TV² ≤ ½ KL a 2 would do; the bound asked uses D_TV² ≤ "
        "KL.)",
        lambda epsilon, gamma: 2 * epsilon * gamma / (1 - gamma) ** 2),
    Mistake("missing_square",
        "1 − γ is not squared: that constant belongs to the normalised (1 − γ)η. For the unnormalised η it "
        "is squared.",
        lambda epsilon, gamma: 4 * epsilon * gamma / (1 - gamma)),
    Mistake("missing_gamma",
        "γ is missing in the numerator: at t = 0 both policies are in the same states, so there is no error "
        "without it.",
        lambda epsilon, gamma: 4 * epsilon / (1 - gamma) ** 2),
    Mistake("epsilon_squared",
        "ε is squared. The largest advantage enters once; what is squared is the distance of the policies.",
        lambda epsilon, gamma: 4 * epsilon**2 * gamma / (1 - gamma) ** 2),
    Mistake("square_of_gamma", "The square is on γ, 1 − γ². It is on the whole of 1 − γ.",
        lambda epsilon, gamma: 4 * epsilon * gamma / (1 - gamma**2)),
    Mistake("missing_parentheses",
        "Without parentheses, x / 1 - gamma**2 is (x / 1) − γ². Write (1 - gamma)**2.",
        lambda epsilon, gamma: 4 * epsilon * gamma / 1 - gamma**2),
    Mistake("gamma_squared", "γ is squared in the numerator. It enters once.",
        lambda epsilon, gamma: 4 * epsilon * gamma**2 / (1 - gamma) ** 2),
    Mistake("cubed",
        "1 − γ is cubed. Two powers: one from the length of the episode, one from how states drift apart.",
        lambda epsilon, gamma: 4 * epsilon * gamma / (1 - gamma) ** 3),
    Mistake("missing_four", "The factor 4 is missing.",
        lambda epsilon, gamma: epsilon * gamma / (1 - gamma) ** 2),
    Mistake("eight_for_four", "A factor 2 is counted twice.",
        lambda epsilon, gamma: 8 * epsilon * gamma / (1 - gamma) ** 2),
    Mistake("missing_epsilon", "ε is missing.", lambda epsilon, gamma: 4 * gamma / (1 - gamma) ** 2),
    Mistake("two_for_four", "The constant is 4, and 1 − γ is squared.",
        lambda epsilon, gamma: 2 * epsilon * gamma / (1 - gamma)),
    Mistake("not_divided", "(1 − γ)² multiplies. It divides: long horizons make the bound looser.",
        lambda epsilon, gamma: 4 * epsilon * gamma * (1 - gamma) ** 2),
    Mistake("no_horizon", "The factor 1/(1 − γ)² is missing.", lambda epsilon, gamma: 4 * epsilon * gamma),
    Mistake("sign", "C is positive: it is subtracted in the bound.", lambda **case: -bound_constant(**case)),
    Mistake("plus_for_minus", "The denominator is (1 − γ)², not (1 + γ)².",
        lambda epsilon, gamma: 4 * epsilon * gamma / (1 + gamma) ** 2),
)  # fmt: skip

VIVA = (
    "Where do the two powers of 1/(1 − γ) come from, one each?",
    "Why does γ stand in the numerator? Think of γ = 0.",
    "For γ = 0.99 the constant is 40,000. What does one do with such a bound?",
)

EXERCISE = Exercise(bound_constant, draw, points=2, minutes=5, stars=1, mistakes=MISTAKES, viva=VIVA)
