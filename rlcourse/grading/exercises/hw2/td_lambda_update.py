"""z ← γλ z + x,  w ← w + α δ z: one step of TD(λ) with an accumulating trace, V(s) = w·x.

w, trace (z) and features (x) [D], the others numbers; the answer is the pair (w, trace), each [D]. Sutton &
Barto 2018, chapter 12.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def td_lambda_update(w, trace, features, delta, alpha, gamma, lam):
    trace = gamma * lam * trace + features
    return w + alpha * delta * trace, trace


def draw(rng):
    cases = []
    for n, gamma, lam in (
        (4, 0.9, 0.8),
        (3, 0.95, 0.6),
        (5, 0.8, 0.9),
        (2, 0.9, 0.5),
        (4, 0.9, 0.7),
        (3, 0.0, 0.8),
    ):
        features = rng.normal(0, 1, n) * (rng.random(n) < 0.7)
        features[rng.integers(n)] = 0.0
        features[0 if features[0] == 0 else rng.integers(n)] = rng.uniform(0.5, 1.5)
        cases.append(
            {
                "w": rng.normal(0, 1, n),
                "trace": rng.normal(0, 1, n),
                "features": features,
                "delta": float(rng.choice([-1, 1]) * rng.uniform(0.7, 2)),
                "alpha": rng.uniform(0.2, 0.6),
                "gamma": gamma,
                "lam": lam,
            }
        )
    return cases


def of(new_trace=None, step=None, trace_back=None):
    """The pair, with another trace, another step of w, or another trace handed back."""

    def wrong(w, trace, features, delta, alpha, gamma, lam):
        decay = gamma * lam
        z = (new_trace or (lambda z, x, decay, **_: decay * z + x))(
            trace, features, decay, gamma=gamma, lam=lam, alpha=alpha, delta=delta
        )
        change = (step or (lambda z, **_: alpha * delta * z))(
            z, old=trace, x=features, alpha=alpha, delta=delta, decay=decay
        )
        back = trace_back(z, trace, decay) if trace_back else z
        return {"w": w + change, "trace": back}

    return wrong


def with_trace(new_trace):
    return of(new_trace=lambda z, x, decay, **more: new_trace(z, x, decay))


MISTAKES = (
    Mistake("old_trace",
        "w moves along the old trace. Renew the trace first: the state just left must have its share of δ.",
        of(step=lambda z, old, x, alpha, delta, decay: alpha * delta * old),
        of(step=lambda z, old, x, alpha, delta, decay: alpha * delta * old,
           trace_back=lambda z, old, d: old)),
    Mistake("features_for_trace",
        "w moves along the features: that is TD(0). Earlier states get their share by z.",
        of(step=lambda z, old, x, alpha, delta, decay: alpha * delta * x)),
    Mistake("no_decay",
        "The trace does not fade: multiply the old one by γλ.",
        with_trace(lambda z, x, d: z + x)),
    Mistake("lambda_missing", "λ is missing: the trace fades by γλ.",
        of(new_trace=lambda z, x, decay, gamma, **_: gamma * z + x)),
    Mistake("discount_missing", "γ is missing: the trace fades by γλ.",
        of(new_trace=lambda z, x, decay, lam, **_: lam * z + x)),
    Mistake("trace_forgotten", "The old trace has no part in the new one: z ← γλz + x.",
        with_trace(lambda z, x, d: x)),
    Mistake("features_missing", "The features are not added to the trace: z ← γλz + x.",
        with_trace(lambda z, x, d: d * z)),
    Mistake("features_decayed", "The new features fade at once. Only the old trace is multiplied by γλ.",
        with_trace(lambda z, x, d: d * (z + x)), with_trace(lambda z, x, d: z + d * x),
        of(step=lambda z, old, x, alpha, delta, decay: alpha * delta * z,
           trace_back=lambda z, old, d: d * z)),
    Mistake("features_decayed", "The trace is faded after w moved, not before: z ← γλz + x comes first.",
        of(new_trace=lambda z, x, decay, **_: z + x, trace_back=lambda z, old, d: d * z)),
    Mistake("weighted_mean",
        "The features are multiplied by 1 − γλ, as in a running mean. Traces accumulate.",
        with_trace(lambda z, x, d: d * z + (1 - d) * x)),
    Mistake("replacing_trace",
        "Where a feature is active the trace is replaced by it. This update accumulates: z ← γλz + x.",
        with_trace(lambda z, x, d: np.where(x != 0, x, d * z)),
        with_trace(lambda z, x, d: np.maximum(d * z, x)),
        with_trace(lambda z, x, d: np.where(x != 0, 1.0, d * z)),
        with_trace(lambda z, x, d: np.minimum(d * z + x, 1))),
    Mistake("dutch_trace",
        "This is the dutch trace, of true online TD(λ). Asked is the accumulating one: γλz + x.",
        of(new_trace=lambda z, x, decay, alpha, **_: decay * z + (1 - alpha * decay * (z @ x)) * x)),
    Mistake("step_size_in_trace", "α or δ stands in the trace. They belong to the step of w alone.",
        of(new_trace=lambda z, x, decay, alpha, **_: decay * z + alpha * x,
           step=lambda z, delta, **_: delta * z),
        of(new_trace=lambda z, x, decay, alpha, **_: decay * z + alpha * x),
        of(new_trace=lambda z, x, decay, delta, **_: decay * z + delta * x,
           step=lambda z, alpha, **_: alpha * z),
        of(new_trace=lambda z, x, decay, delta, **_: decay * z + delta * x),
        of(new_trace=lambda z, x, decay, alpha, delta, **_: decay * z + alpha * delta * x,
           step=lambda z, **_: z)),
    Mistake("sign", "w moves the wrong way: a positive δ says that V was too low.",
        of(step=lambda z, alpha, delta, **_: -alpha * delta * z)),
    Mistake("sign_in_trace", "The sign in the trace is wrong: z ← γλz + x.",
        with_trace(lambda z, x, d: d * z - x), with_trace(lambda z, x, d: x - d * z)),
    Mistake("power_for_product", "γ is raised to the power λ. The trace fades by their product.",
        of(new_trace=lambda z, x, decay, gamma, lam, **_: gamma**lam * z + x)),
    Mistake("step_scaled", "The step of w has a factor that does not belong there: it is αδz.",
        lambda w, trace, features, delta, alpha, gamma, lam: of(
            step=lambda z, **_: alpha * gamma * delta * z)(w, trace, features, delta, alpha, gamma, lam),
        of(step=lambda z, x, alpha, delta, **_: alpha * delta * z / (x @ x)),
        of(step=lambda z, alpha, delta, **_: alpha * delta * z / (z @ z)),
        of(step=lambda z, alpha, delta, **_: alpha * delta * z / 2),
        of(step=lambda z, alpha, delta, **_: 2 * alpha * delta * z),
        of(step=lambda z, alpha, delta, **_: alpha * abs(delta) * z),
        of(step=lambda z, alpha, delta, **_: alpha * delta**2 * z)),
    Mistake("no_step_size", "α is missing in the step of w.", of(step=lambda z, delta, **_: delta * z)),
    Mistake("no_delta", "δ is missing in the step of w.", of(step=lambda z, alpha, **_: alpha * z)),
    Mistake("decay_twice", "γλ appears twice.", with_trace(lambda z, x, d: d**2 * z + x),
        of(step=lambda z, alpha, delta, decay, **_: alpha * delta * decay * z)),
    Mistake("decay_in_step", "The trace fades in the step of w only: hand back the renewed one.",
        of(new_trace=lambda z, x, decay, **_: decay * z + x, trace_back=lambda z, old, d: old)),
    Mistake("w_not_moved", "w comes back as it was: w ← w + αδz.", of(step=lambda z, **_: 0.0 * z)),
    Mistake("step_for_w", "The step alone comes back. Add it to w.",
        lambda w, **case: of()(w=0 * w, **case)),
    Mistake("parts_swapped", "The parts have changed places: first w, then the trace.",
        lambda **case: dict(zip(("trace", "w"), td_lambda_update(**case), strict=True))),
    Mistake("reduced", "The trace is summed to one number. Each weight has a trace of its own.",
        of(step=lambda z, alpha, delta, **_: alpha * delta * z.sum()),
        of(step=lambda z, x, alpha, delta, **_: alpha * delta * (z @ x))),
    Mistake("features_and_trace",
        "The step is multiplied by the features as well. The trace holds them already.",
        of(step=lambda z, x, alpha, delta, **_: alpha * delta * x * z)),
    Mistake("decay_inverted", "The trace fades by 1 − γλ, or by 1 − λ. It fades by γλ.",
        with_trace(lambda z, x, d: (1 - d) * z + x),
        of(new_trace=lambda z, x, decay, gamma, lam, **_: gamma * (1 - lam) * z + x)),
    Mistake("lambda_for_product", "γ and λ are added. The trace fades by their product.",
        of(new_trace=lambda z, x, decay, gamma, lam, **_: (gamma + lam) * z + x)),
)  # fmt: skip

VIVA = (
    "λ = 0: which update is left, and which number of your code shows it?",
    "An episode ends. What must become of the trace, and who does it?",
    "A state was visited three steps ago. With which factor does today's δ reach its weight?",
)

EXERCISE = Exercise(
    td_lambda_update,
    draw,
    points=3,
    minutes=10,
    stars=1,
    mistakes=MISTAKES,
    parts=("w", "trace"),
    pure=True,
    viva=VIVA,
)
