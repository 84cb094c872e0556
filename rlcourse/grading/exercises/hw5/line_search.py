"""The first θ + shrinkʲ · full_step, j = 0, 1, … backtracks − 1, with gain > 0 and KL ≤ max_kl; otherwise θ.

evaluate(θ) → (gain, KL), two numbers, may be called any number of times; a NaN gain is no gain. theta and
full_step [P], max_kl in nats, 0 < shrink < 1; the answer is [P]. Schulman et al. 2015, appendix C.

In the cases gain and KL depend on how far along the step θ lies: a cubic and a parabola, and beyond some
point the gain may be NaN.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def line_search(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        candidate = theta + shrink**j * full_step
        gain, kl = evaluate(candidate)
        if gain > 0 and kl <= max_kl:
            return candidate
    return theta


def draw(rng):
    """gain(t) = (b₁t + b₂t² + b₃t³) / units, NaN beyond `edge`; KL(t) = c t²; t = 1 is the full step."""

    def case(gain, kl, backtracks=8, shrink=0.5, max_kl=0.5, edge=9.0):
        n = int(rng.integers(2, 6))
        theta = rng.integers(-16, 17, n) / 8  # eighths: θ + step is exact in float32, too
        step = rng.choice([-1, 1], n) * rng.integers(4, 17, n) / 8
        return {
            "theta": theta, "full_step": step, "max_kl": max_kl, "backtracks": backtracks, "shrink": shrink,
            "gain": np.array(gain, dtype=float), "kl": kl, "edge": edge,
        }  # fmt: skip

    return [
        case([1.0, -0.25, 0.0], 0.25),  # the full step at once
        case([1.0, -0.1, 0.0], 4.0),  # KL too large at j = 0, 1: third trial
        case([1.0, -1.75, 0.0], 0.25, shrink=0.8),  # no gain until t < 0.571: fourth trial
        case([1.0, -2.5, 0.0], 1.0, shrink=0.7),  # KL holds from j = 1, the gain from j = 3
        case([-1.0, -0.5, 0.0], 0.25, backtracks=6),  # never a gain
        case([1.0, 0.0, 0.0], 0.5 * 4.0**5, backtracks=5),  # the sixth would hold: there are five
        case([1.0, 0.0, 0.0], 0.5 * 4.0**8, backtracks=5),  # the ninth would
        case([1.0, 0.0, 0.0], 0.5 * 4.0**4, backtracks=5),  # the last one holds, KL on its edge
        case([1.0, 0.0, 0.0], 0.5, max_kl=0.5),  # KL exactly max_kl at the full step
        case([1.0, -1.0, 0.0], 0.25, shrink=0.75),  # the gain is exactly 0 at the full step
        case([1.0, -0.1, 0.0], 0.25, edge=0.6, shrink=0.75),  # NaN until t < 0.6
        case([1.0, -0.9, 0.0], 0.25, backtracks=1),  # one trial
        case([1.0, -0.1, 0.0], 0.51),  # KL too large by little at the full step
        case([1e-5, 0.0, 0.0], 0.25),  # a gain, if a tiny one
    ]


def adaptor(function, case, plain, style):
    """evaluate out of a case; what comes back, and whether the arguments hold what they held (1 or 0)."""
    import numpy as np

    origin, step = np.array(case["theta"], dtype=float), np.array(case["full_step"], dtype=float)

    def evaluate(point):
        x = np.asarray(plain(point), dtype=float)
        if x.shape != origin.shape:
            raise ValueError(f"evaluate got parameters of shape {x.shape}; theta has shape {origin.shape}")
        t = float((x - origin) @ step / (step @ step))
        b1, b2, b3 = (float(b) for b in case["gain"])
        gain = b1 * t + b2 * t**2 + b3 * t**3 if t <= float(case["edge"]) else float("nan")
        kl = float(case["kl"]) * t**2
        if hasattr(point, "new_tensor"):
            return point.new_tensor(gain), point.new_tensor(kl)
        return np.float64(gain), np.float64(kl)

    given = [style(origin.copy()), style(step.copy())]
    found = function(evaluate, *given, float(case["max_kl"]), int(case["backtracks"]), float(case["shrink"]))
    kept = all(np.array_equal(plain(now), held) for now, held in zip(given, (origin, step), strict=True))
    return {"theta": plain(found), "arguments_kept": float(kept)}


def search(
    holds=lambda gain, kl, max_kl: gain > 0 and kl <= max_kl,
    trials=range,
    share=lambda shrink, j: shrink**j,
    failed=lambda theta, step, last: theta,
    found=lambda theta, t, step: theta + t * step,
    kept=lambda j: 1.0,
    choose=lambda fits: fits[0],
):
    """The search with something exchanged, on a case's own numbers; j is None where no trial holds."""

    def answer(theta, full_step, max_kl, backtracks, shrink, gain, kl, edge):
        fits, last = [], 0.0
        for j in trials(backtracks):
            last = t = share(shrink, j)
            g = gain @ [t, t**2, t**3] if t <= edge else np.nan
            if holds(g, kl * t**2, max_kl):
                fits.append((t, g, j))
        if not fits:
            return {"theta": failed(theta, full_step, last), "arguments_kept": kept(None)}
        t, _, j = choose(fits)
        return {"theta": found(theta, t, full_step), "arguments_kept": kept(j)}

    return answer


def next_trial(theta, full_step, max_kl, backtracks, shrink, gain, kl, edge):
    right = search()(theta, full_step, max_kl, backtracks, shrink, gain, kl, edge)
    return right | {"theta": theta + shrink * (right["theta"] - theta)}


MISTAKES = (
    Mistake("kl_ignored", "The KL is not looked at. A step that gains outside the region is not accepted.",
        search(lambda g, kl, d: g > 0)),
    Mistake("gain_ignored",
        "The gain is not looked at. The quadratic model promised one; see if it is there.",
        search(lambda g, kl, d: kl <= d)),
    Mistake("either_is_enough", "One of the two conditions is taken to be enough. Both must hold.",
        search(lambda g, kl, d: g > 0 or kl <= d)),
    Mistake("gain_sign", "The sign of the gain is the wrong way round: it is new minus old, to be > 0.",
        search(lambda g, kl, d: g < 0 and kl <= d)),
    Mistake("kl_sign", "The KL is to be at most max_kl, not at least.",
        search(lambda g, kl, d: g > 0 and kl >= d), search(lambda g, kl, d: g > 0 and kl > d)),
    Mistake("kl_edge", "A KL of exactly max_kl is within the region: ≤.",
        search(lambda g, kl, d: g > 0 and kl < d)),
    Mistake("zero_gain", "A gain of exactly 0 is no gain: >.",
        search(lambda g, kl, d: g >= 0 and kl <= d)),
    Mistake("nan_accepted",
        "A gain that is NaN is accepted: every comparison with NaN is false. Ask for what you want, "
        "gain > 0, "
        "not for the opposite of what you do not want.",
        search(lambda g, kl, d: not g <= 0 and kl <= d), search(lambda g, kl, d: not g < 0 and kl <= d),
        search(lambda g, kl, d: not (g <= 0 or kl > d))),
    Mistake("one_trial_too_many", "One trial too many: j ends at backtracks − 1.",
        search(trials=lambda n: range(n + 1))),
    Mistake("one_trial_too_few", "One trial too few: j ends at backtracks − 1.",
        search(trials=lambda n: range(n - 1))),
    Mistake("full_step_untried", "The full step is not tried: j begins at 0.",
        search(trials=lambda n: range(1, n)), search(trials=lambda n: range(1, n + 1))),
    Mistake("backtracks_ignored", "The search goes on past `backtracks` trials.",
        search(trials=lambda n: range(60)), search(trials=lambda n: range(10)),
        search(trials=lambda n: range(100)), search(trials=lambda n: range(20))),
    Mistake("best_of_all", "The trial with the largest gain is chosen. The first that holds is asked.",
        search(choose=lambda fits: max(fits, key=lambda fit: fit[1]))),
    Mistake("last_of_all", "The last trial that holds is chosen. Stop at the first.",
        search(choose=lambda fits: fits[-1])),
    Mistake("last_trial_kept", "Where no trial holds, the last one comes back. θ is asked, unchanged.",
        search(failed=lambda theta, step, last: theta + last * step)),
    Mistake("full_step_on_failure", "Where no trial holds, the full step is taken. θ is asked, unchanged.",
        search(failed=lambda theta, step, last: theta + step)),
    Mistake("step_returned", "This is the step. The new θ is asked.",
        search(found=lambda theta, t, step: t * step, failed=lambda theta, step, last: 0 * step),
        search(found=lambda theta, t, step: t * step)),
    Mistake("always_full_step", "The full step is taken, whatever evaluate says.",
        search(holds=lambda g, kl, d: True)),
    Mistake("wrong_direction", "The step is subtracted. It points uphill: add it.",
        search(found=lambda theta, t, step: theta - t * step)),
    Mistake("shrinks_linearly", "The steps shrink by the wrong rule: by the factor `shrink` from each to the "
        "next.",
        search(share=lambda s, j: 1 / (j + 1)), search(share=lambda s, j: max(1 - j * (1 - s), 0)),
        search(share=lambda s, j: s * j), search(share=lambda s, j: (1 - s) ** j)),
    Mistake("shrinks_too_fast",
        "The factors multiply up: shrinkʲ is applied to a step that was shrunk already.",
        search(share=lambda s, j: s ** (j * (j + 1) / 2))),
    Mistake("shrink_ignored", "`shrink` is not used.",
        search(share=lambda s, j: 0.5**j), search(share=lambda s, j: 0.8**j)),
    Mistake("next_trial_returned", "The step is shrunk once more after it was accepted.",
        next_trial),
    Mistake("steps_add_up", "Each trial starts where the last one ended. All start at θ.",
        search(share=lambda s, j: (1 - s ** (j + 1)) / (1 - s),
               failed=lambda theta, step, last: theta + last * step)),
    Mistake("first_only", "Only the full step is tried.", search(trials=lambda n: range(1))),
    Mistake("penalised", "Gain and KL are put into one number. They are two conditions.",
        search(lambda g, kl, d: g > kl), search(lambda g, kl, d: g > 0 and kl <= g)),
    Mistake("never_moves", "θ comes back in every case.", search(holds=lambda g, kl, d: False)),
    Mistake("changes_arguments",
        "theta or full_step is changed on the way: x += y and x *= y write into the caller's array. Make a "
        "new one: x = x + y.",
        search(kept=lambda j: 0.0), search(kept=lambda j: float(j == 0)),
        search(kept=lambda j: float(j is None))),
    Mistake("tolerance",
        "A tolerance is built in: a KL a little above max_kl is accepted, or a small gain is not.",
        *(search(lambda g, kl, d, m=m: g > 0 and kl <= m * d) for m in (1.5, 1.1, 1.2, 2.0, 1.05)),
        *(search(lambda g, kl, d, e=e: g > e and kl <= d) for e in (0.1, 0.01, 1e-3, 1e-4))),
    Mistake("other_shares",
        "The step shrinks in another way: trial j has the share shrinkʲ of the full step.",
        search(share=lambda c, j: 1 - j * c), search(share=lambda c, j: c ** (2 * j)),
        search(share=lambda c, j: np.exp(-j))),
    Mistake("backwards", "The step is subtracted. It points uphill already: θ + shrinkʲ · full_step.",
        search(share=lambda c, j: -(c**j))),
    Mistake("pair_swapped", "Gain and KL have changed places: evaluate gives (gain, KL).",
        search(lambda g, kl, d: kl > 0 and g <= d)),
)  # fmt: skip

VIVA = (
    "How often does your search call evaluate when the third trial holds, and what does one call cost?",
    "The policy has diverged and everything is NaN. What comes back, and why?",
    "Conjugate gradient has promised a KL of exactly δ. How can the full step fail both conditions?",
)

EXERCISE = Exercise(
    line_search,
    draw,
    points=4,
    minutes=20,
    stars=2,
    mistakes=MISTAKES,
    adaptor=adaptor,
    oracle=search(),
    viva=VIVA,
)
