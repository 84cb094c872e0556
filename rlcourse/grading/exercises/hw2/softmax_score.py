"""∇_z log π(a) = 1{·=a} − π: the score of a softmax policy with respect to its logits z.

logits [A], action an integer from 0 to A − 1; the answer is [A]. Logits may be large: π = exp(z − max z)/Σ.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def softmax_score(logits, action):
    score = -softmax(logits)
    score[action] += 1
    return score


def softmax(logits):
    weights = np.exp(logits - np.max(logits))
    return weights / weights.sum()


def draw(rng):
    cases = []
    for n, shift in ((3, 0.0), (4, 0.0), (2, 0.0), (5, 0.0), (4, -2.0), (3, 120.0)):  # e^120: no float32
        logits = shift + rng.normal(0, 1.2, n)
        # Never the first action nor the likeliest alone: an index that is lost would not be seen.
        action = int(rng.choice(np.flatnonzero(np.arange(n) != np.argmax(logits))))
        cases.append({"logits": logits, "action": action})
    likeliest = rng.normal(0, 1, 4)
    return [*cases, {"logits": likeliest, "action": int(np.argmax(likeliest))}]


def chosen(logits, action):
    one = np.zeros(len(logits))
    one[action] = 1
    return one


def of(wrong):
    """Something else than the score, made of 1{·=a}, π and the logits."""
    return lambda logits, action: wrong(chosen(logits, action), softmax(logits), logits)


def single(logits, action, normalised=True):
    """Exponentials without the shift, in float32: they overflow."""
    with np.errstate(all="ignore"):
        weights = np.exp(logits.astype(np.float32))
        return chosen(logits, action) - weights / weights.sum()


MISTAKES = (
    Mistake("sign",
        "This is the gradient of −log π, as a cross-entropy loss has it. The score is that of +log π.",
        of(lambda one, p, z: p - one)),
    Mistake("probability_for_log", "This is ∇π(a). The score is ∇log π(a) = ∇π(a)/π(a).",
        of(lambda one, p, z: (one @ p) * (one - p))),
    Mistake("probability_for_log", "This is −∇π(a). The score is ∇log π(a) = ∇π(a)/π(a).",
        of(lambda one, p, z: (one @ p) * (p - one))),
    Mistake("no_normaliser",
        "The normaliser log Σ e^z depends on every logit: its gradient, π, is missing.",
        of(lambda one, p, z: one)),
    Mistake("action_ignored", "The action appears nowhere: its own logit has one more, 1 − π(a).",
        of(lambda one, p, z: -p), of(lambda one, p, z: p), of(lambda one, p, z: 1 - p)),
    Mistake("own_logit_only",
        "Only the chosen logit has a gradient. Raising any other logit lowers π(a): its entry is −π.",
        of(lambda one, p, z: one * (1 - p)), of(lambda one, p, z: one @ (1 - p)),
        of(lambda one, p, z: one * p), of(lambda one, p, z: -one * p)),
    Mistake("log_probability", "This is log π itself. Its gradient by the logits is asked.",
        of(lambda one, p, z: one @ np.log(p)), of(lambda one, p, z: np.log(p)),
        of(lambda one, p, z: one * np.log(p)), of(lambda one, p, z: -one @ np.log(p))),
    Mistake("logits_for_probabilities", "The logits are subtracted as they are. Subtract π = softmax(z).",
        of(lambda one, p, z: one - z), of(lambda one, p, z: one - z / z.sum()),
        of(lambda one, p, z: one - np.log(p))),
    Mistake("not_normalised", "e^z is no probability yet: divide by its sum.",
        of(lambda one, p, z: one - np.exp(z)), of(lambda one, p, z: one - np.exp(z - z.max()))),
    Mistake("by_probabilities",
        "This is the gradient by the probabilities, 1/π(a). The logits are the parameters here.",
        of(lambda one, p, z: one / p), of(lambda one, p, z: one / p - 1), of(lambda one, p, z: (one - p) / p),
        of(lambda one, p, z: (one - p) / (one @ p))),
    Mistake("sigmoid_for_softmax",
        "Each logit goes through a sigmoid of its own. Softmax divides by the sum over all.",
        of(lambda one, p, z: one - 1 / (1 + np.exp(-z)))),
    Mistake("one_probability_for_all",
        "π(a) is subtracted everywhere. Each logit has the probability of its own action.",
        of(lambda one, p, z: one - one @ p), of(lambda one, p, z: one - p.max())),
    Mistake("uniform_subtracted", "1/A is subtracted. Subtract the probabilities of this policy.",
        of(lambda one, p, z: one - 1 / len(p))),
    Mistake("likeliest_action", "The likeliest action has the 1. It belongs to the action taken.",
        of(lambda one, p, z: (p == p.max()) - p)),
    Mistake("action_shifted", "The 1 stands one place off: actions are counted from 0.",
        of(lambda one, p, z: np.roll(one, -1) - p), of(lambda one, p, z: np.roll(one, 1) - p)),
    Mistake("softmax_twice", "Softmax is applied twice. Probabilities are no logits.",
        of(lambda one, p, z: one - softmax(p))),
    Mistake("plus_for_minus", "π is added. The normaliser stands below the fraction: log π = z − log Σ e^z.",
        of(lambda one, p, z: one + p), of(lambda one, p, z: one + p - 2 * one * p)),
    Mistake("jacobian", "This is the whole matrix ∂π/∂z. Asked is the gradient of one log-probability, [A].",
        of(lambda one, p, z: np.diag(p) - np.outer(p, p)), of(lambda one, p, z: np.eye(len(p)) - p)),
    Mistake("overflow",
        "e^z overflows for large logits. Subtract the largest logit first: π does not change.", single),
)  # fmt: skip

VIVA = (
    "What do the entries of the score sum to, and what does that say about adding a constant to all logits?",
    "What is the mean of the score under π, and why?",
    "π(a) is almost 1: how large is the score, and what does that mean for learning?",
)

EXERCISE = Exercise(
    softmax_score, draw, points=2, minutes=10, stars=1, mistakes=MISTAKES, pure=True, viva=VIVA
)
