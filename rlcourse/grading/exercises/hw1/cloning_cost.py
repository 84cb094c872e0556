"""C(T) = Σ_{t = 1}^{T} [ 1 − (1 − ε)^t ]: mistakes that a clone makes on the tightrope in T steps.

On the rope it errs with probability ε in each step; the step of the error counts, and so does every later
one. epsilon from 0 to 1, horizon a whole number ≥ 0; the answer is a number, at most ε T (T + 1)/2 ≤ ε T².
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake, Trace
from rlcourse.grading.rules import traces


def cloning_cost(epsilon, horizon):
    return float((1 - (1 - epsilon) ** np.arange(1, horizon + 1)).sum())


def draw(rng):
    """Few and many mistakes; ε = 0 and 1; a horizon of 1 and of 0."""
    return [
        {"epsilon": float(e), "horizon": int(T)}
        for e, T in (
            (rng.uniform(0.01, 0.03), rng.integers(20, 40)),
            (rng.uniform(0.05, 0.15), rng.integers(8, 15)),
            (rng.uniform(0.3, 0.6), rng.integers(4, 8)),
            (rng.uniform(0.02, 0.1), 60),
            (1.0, rng.integers(3, 7)),
            (0.0, rng.integers(3, 7)),
            (rng.uniform(0.2, 0.4), 1),
            (rng.uniform(0.2, 0.4), 0),
        )
    ]


def of(wrong):
    return lambda epsilon, horizon: wrong(epsilon, horizon, np.arange(1, horizon + 1))


MISTAKES = (
    Mistake("bound", "This is the bound εT², or near it. The expected number itself is asked, and it is "
        "smaller.",
        of(lambda e, T, t: e * T**2), of(lambda e, T, t: min(e * T**2, T)),
        of(lambda e, T, t: e * T * (T + 1) / 2), of(lambda e, T, t: e * T * (T - 1) / 2),
        of(lambda e, T, t: e * T**2 / 2), of(lambda e, T, t: min(e * T * (T + 1) / 2, T)),
        of(lambda e, T, t: np.minimum(e * t, 1).sum())),
    Mistake("recovers", "After an error the clone is back on the rope here. It has fallen: every later step "
        "counts as well.", of(lambda e, T, t: e * T)),
    Mistake("error_not_counted", "The step of the error itself does not count here. It is a mistake, too: "
        "who falls at t errs T − t + 1 "
        "times.",
        of(lambda e, T, t: (1 - (1 - e) ** (t - 1)).sum())),
    Mistake("fall_too_late",
        "The chance that the fall comes at step t is ε(1 − ε)^{t − 1}: before it lie t − 1 steps without "
        "an error.",
        of(lambda e, T, t: (e * (1 - e) ** t * (T - t + 1)).sum()),
        of(lambda e, T, t: (e * (1 - e) ** t * (T - t)).sum())),
    Mistake("one_step_too_many", "The sum has one step too many: t = 1 … T.",
        of(lambda e, T, t: (1 - (1 - e) ** np.arange(1, T + 2)).sum()),
        of(lambda e, T, t: (1 - (1 - e) ** (t + 1)).sum())),
    Mistake("chance_of_falling", "This is the chance of having fallen by the end. Add up the steps since.",
        of(lambda e, T, t: 1 - (1 - e) ** T)),
    Mistake("falls_at_the_start", "If it falls, all T steps count here. Those before the fall are no "
        "mistakes.",
        of(lambda e, T, t: T * (1 - (1 - e) ** T))),
    Mistake("on_the_rope", "These are the steps on the rope. Those off it are mistakes.",
        of(lambda e, T, t: ((1 - e) ** t).sum()), of(lambda e, T, t: ((1 - e) ** (t - 1)).sum())),
    Mistake("epsilon_for_rest", "ε and 1 − ε have changed places: on the rope it stays with 1 − ε.",
        of(lambda e, T, t: (1 - e**t).sum())),
    Mistake("first_error_only", "Each term is the chance that the fall comes at t. From then on every step "
        "counts: T − t + 1 of them.", of(lambda e, T, t: (t * e * (1 - e) ** (t - 1)).sum())),
    Mistake("mean", "This is a mean over the steps. Their number is asked: a sum.",
        of(lambda e, T, t: (1 - (1 - e) ** t).sum() / max(T, 1))),
    Mistake("exponential", "(1 − ε)^t is replaced by exp(−εt). That is only near for a small ε.",
        of(lambda e, T, t: (1 - np.exp(-e * t)).sum())),
    Mistake("second_order", "The power is cut off after its second term. It has to hold for every ε.",
        of(lambda e, T, t: (e * t - e**2 * t * (t - 1) / 2).sum())),
    Mistake("rounds_to_one", "Where an error is certain, all T steps are mistakes; where it is impossible, "
        "none.",
        of(lambda e, T, t: 0.0 if e in (0.0, 1.0) else (1 - (1 - e) ** t).sum()),
        of(lambda e, T, t: np.nan if e == 0.0 else (1 - (1 - e) ** t).sum())),
    Mistake("by_step", "One number a step comes back. Their sum is asked.",
        of(lambda e, T, t: 1 - (1 - e) ** t)),
    Mistake("chance_forgotten", "The chance ε that the error comes at step t is missing from each term.",
        of(lambda e, T, t: ((1 - e) ** (t - 1) * (T - t + 1)).sum()),
        of(lambda e, T, t: ((1 - e) ** t * (T - t)).sum()), of(lambda e, T, t: (T - t + 1).sum())),
    Mistake("always_errs",
        "ε^t is the chance of t errors in a row. To have fallen by t takes one: 1 − (1 − ε)^t.",
        of(lambda e, T, t: (e**t).sum())),
    Mistake("expected_fall",
        "The fall is put at its expected time, 1/ε. Average the number of mistakes over when it comes.",
        of(lambda e, T, t: T - 1 / e if e else 0.0), of(lambda e, T, t: max(T - 1 / e, 0.0) if e else 0.0),
        of(lambda e, T, t: max(T - 1 / e + 1, 0.0) if e else 0.0)),
    Mistake("rounded", "The number is rounded. An expected number need not be whole.",
        of(lambda e, T, t: round((1 - (1 - e) ** t).sum()))),
    Mistake("not_exact",
        "Near, but not exact: is it simulated? There is a formula without chance.",
        shows=Trace(traces.near_a_number)),
)  # fmt: skip

VIVA = (
    "For which T is your number near εT²/2, and where does it leave that curve? What is it near then?",
    "Let the clone climb back on the rope after each error. Which of your lines changes, and to what?",
    "An expert corrects the clone wherever it stands. Why does that not help on this rope?",
)

EXERCISE = Exercise(cloning_cost, draw, points=3, minutes=15, stars=2, mistakes=MISTAKES, viva=VIVA)
