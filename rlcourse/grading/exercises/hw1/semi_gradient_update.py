"""w ← w + α [ r + γ (1 − terminated) w·x′ − w·x ] x: one step of semi-gradient TD(0), V(s) = w·x(s).

w, features (x) and next_features (x′) [D], the others numbers; the answer is the new w [D]. Sutton & Barto
2018, section 9.3.
"""

import numpy as np

from rlcourse.grading.exercises.hw1 import _td
from rlcourse.grading.record import Exercise, Mistake


def semi_gradient_update(w, features, reward, next_features, terminated, alpha, gamma):
    return w + alpha * _td.delta(reward, w @ features, w @ next_features, terminated, gamma) * features


def draw(rng):
    cases = []
    for n, end, gamma in ((4, False, 0.9), (3, True, 0.8), (5, False, 0.7), (2, False, 0.95), (4, True, 0.9),
                          (3, False, 0.0)):  # fmt: skip
        cases.append(
            {
                "w": rng.normal(0, 1, n),
                "features": rng.uniform(0.3, 1.5, n) * rng.choice([-1, 1], n),
                "reward": float(rng.choice([-1, 1]) * rng.uniform(1, 2)),
                "next_features": rng.uniform(0.3, 1.5, n) * rng.choice([-1, 1], n),
                "terminated": end,
                "alpha": rng.uniform(0.2, 0.5),
                "gamma": gamma,
            }
        )
    return cases


def but(along=lambda x, after, end, gamma: x, size=lambda alpha, delta, x: alpha * delta, **changes):
    """The same update along something else, of another size, or with something exchanged in δ."""

    def wrong(w, features, reward, next_features, terminated, alpha, gamma):
        delta = _td.delta(reward, w @ features, w @ next_features, terminated, gamma, **changes)
        return w + size(alpha, delta, features) * along(features, next_features, float(terminated), gamma)

    return wrong


def by_entry(w, features, reward, next_features, terminated, alpha, gamma):
    """Values w·x without the sum: one error for each feature."""
    delta = _td.delta(reward, w * features, w * next_features, terminated, gamma)
    return w + alpha * delta * features


def of_delta(make):
    def wrong(w, features, reward, next_features, terminated, alpha, gamma):
        delta = _td.delta(reward, w @ features, w @ next_features, terminated, gamma)
        return make(w, features, alpha, delta)

    return wrong


MISTAKES = (
    Mistake("full_gradient",
        "The target's gradient is taken, too: that is the residual gradient. The target is data; only V(s) "
        "is "
        "differentiated, and that gives x.",
        but(along=lambda x, after, end, g: x - g * (1 - end) * after),
        but(along=lambda x, after, end, g: x - g * after)),
    Mistake("full_gradient",
        "The target's gradient is taken, with the sign of V(s). The target is data: the step goes along x.",
        but(along=lambda x, after, end, g: x + g * (1 - end) * after),
        but(along=lambda x, after, end, g: g * (1 - end) * after - x)),
    Mistake("full_gradient", "The target's gradient is taken, too, and δ² is not halved. The target is data.",
        but(along=lambda x, after, end, g: 2 * (x - g * (1 - end) * after))),
    Mistake("full_gradient", "The target's gradient is taken, too, and it bootstraps from a terminal state.",
        but(along=lambda x, after, end, g: x - g * after, bootstraps=lambda end: 1.0)),
    Mistake("value_detached",
        "V(s) is held fixed and the target is moved. It is the other way round: the target is data, and "
        "V(s) has the gradient.",
        but(along=lambda x, after, end, g: -g * (1 - end) * after),
        but(along=lambda x, after, end, g: g * (1 - end) * after),
        but(along=lambda x, after, end, g: -2 * g * (1 - end) * after)),
    Mistake("error_missing", "The error δ is missing: the step is α δ x.",
        of_delta(lambda w, x, alpha, delta: w + alpha * x),
        of_delta(lambda w, x, alpha, delta: w + alpha * x * w)),
    Mistake("features_changed",
        "The features are scaled, or only their signs are used. The gradient of w·x is x.",
        but(along=lambda x, after, end, g: x / np.linalg.norm(x)),
        but(along=lambda x, after, end, g: np.sign(x)),
        but(along=lambda x, after, end, g: np.abs(x))),
    Mistake("difference_of_features", "The step goes along x − x′. It goes along x.",
        but(along=lambda x, after, end, g: x - after), but(along=lambda x, after, end, g: after - x)),
    Mistake("next_features", "The step goes along x′. V(s) is corrected: along x.",
        but(along=lambda x, after, end, g: after), but(along=lambda x, after, end, g: g * after)),
    Mistake("features_missing", "The features are missing: every weight moves by the share that its x has.",
        but(along=lambda x, after, end, g: np.ones_like(x))),
    Mistake("weights_for_features", "The step goes along w. The gradient of w·x by w is x.",
        of_delta(lambda w, x, alpha, delta: w + alpha * delta * w)),
    Mistake("bootstrap_on_terminal", _td.TERMINAL, but(bootstraps=lambda end: 1.0)),
    Mistake("no_bootstrap", _td.NEVER, but(bootstraps=lambda end: 0.0)),
    Mistake("mask_inverted", _td.INVERTED, but(bootstraps=lambda end: end)),
    Mistake("discount_missing", _td.DISCOUNT, but(discount=lambda g: 1.0)),
    Mistake("discount_squared", _td.DOUBLED, but(discount=lambda g: g**2),
        lambda **case: but(own=case["gamma"])(**case)),
    Mistake("own_value_missing", _td.OWN, but(own=0.0)),
    Mistake("own_value_added", _td.ADDED, but(own=-1.0)),
    Mistake("sign", _td.SIGN, but(size=lambda alpha, delta, x: -alpha * delta)),
    Mistake("step_size_missing", _td.RATE, but(size=lambda alpha, delta, x: delta)),
    Mistake("reward_masked", _td.REWARD, but(reward_kept=lambda end: 1.0 - end)),
    Mistake("terminal_unmoved", _td.UNMOVED,
        but(size=lambda alpha, delta, x: alpha * delta, reward_kept=lambda end: 1.0 - end,
            own_kept=lambda end: 1.0 - end)),
    Mistake("own_value_masked", "At a terminal step V(s) is not subtracted. Only V(s′) is masked.",
        but(own_kept=lambda end: 1.0 - end)),
    Mistake("scaled", _td.SCALED, but(size=lambda alpha, delta, x: 2 * alpha * delta),
        but(size=lambda alpha, delta, x: alpha * delta / 2),
        but(size=lambda alpha, delta, x: alpha * delta / (x @ x)),
        but(size=lambda alpha, delta, x: alpha * delta / len(x)),
        but(size=lambda alpha, delta, x: alpha * delta**2), but(size=lambda alpha, delta,
        x: alpha * abs(delta)),
        but(size=lambda alpha, delta, x: alpha * np.sign(delta)),
        lambda **case: but(size=lambda alpha, delta, x: case["gamma"] * alpha * delta)(**case)),
    Mistake("not_summed", "w·x is a sum over the features: one value, one error for all weights.", by_entry),
    Mistake("error_alone", "The error δ comes back, or the step. The new w is asked, [D].",
        of_delta(lambda w, x, alpha, delta: delta), of_delta(lambda w, x, alpha, delta: alpha * delta),
        of_delta(lambda w, x, alpha, delta: alpha * delta * x),
        of_delta(lambda w, x, alpha, delta: delta * x)),
    Mistake("unchanged", "w comes back as it was.", lambda w, **case: w),
    Mistake("features_swapped", "x and x′ have changed places.",
        lambda features, next_features, **case: semi_gradient_update(
            features=next_features, next_features=features, **case)),
)  # fmt: skip

VIVA = (
    "Write down a loss of which your step is the gradient. Why does it not exist?",
    "Features are rows of the identity. Which exercise is this then?",
    "Where would the full gradient settle, and why is that not the better answer when s′ is drawn at random?",
)

EXERCISE = Exercise(
    semi_gradient_update, draw, points=3, minutes=10, stars=2, mistakes=MISTAKES, pure=True, viva=VIVA
)
