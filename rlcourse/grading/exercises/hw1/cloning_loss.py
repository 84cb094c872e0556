"""−1/N Σ_n log π(a_n|s_n), π = softmax(logits): behaviour cloning as maximum likelihood.

logits [N, A], actions [N], whole numbers; the answer is a number to minimise. Logits may be large.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake, Trace
from rlcourse.grading.rules import traces


def cloning_loss(logits, actions):
    import torch

    logits = torch.as_tensor(logits)
    return -torch.log_softmax(logits, dim=1)[torch.arange(len(actions)), torch.as_tensor(actions)].mean()


def draw(rng):
    cases = []
    for n, m, shift in ((5, 3, 0.0), (4, 4, 0.0), (6, 2, 0.0), (1, 3, 0.0), (4, 3, 120.0), (3, 4, -2.0)):
        cases.append({"logits": shift + rng.normal(0, 1.5, (n, m)), "actions": rng.integers(m, size=n)})
    surprised = rng.normal(0, 1.5, (4, 3)) + 45 * np.eye(3)[rng.integers(3, size=4)]
    return [*cases, {"logits": surprised, "actions": (surprised.argmax(1) + [0, 1, 2, 1]) % 3}]  # π near e⁻⁴⁵


def of(wrong):
    """Something else, made of log π [N, A], 1{a} [N, A] and the logits."""

    def loss(logits, actions):
        L = logits - logits.max(1, keepdims=True)
        L = L - np.log(np.exp(L).sum(1, keepdims=True))
        value = float(wrong(L, np.eye(logits.shape[1])[actions], logits))
        return {"value": value, "logits_gradient": np.full(logits.shape, np.nan)}  # the gradient is left open

    return loss


def overflowing(logits, actions):
    """Exponentials without the shift, in float32."""
    with np.errstate(all="ignore"):
        p = np.exp(logits.astype(np.float32))
        p = p / p.sum(1, keepdims=True)
        value = -np.log(p[np.arange(len(actions)), actions]).mean()
    return {"value": value, "logits_gradient": np.full(logits.shape, np.nan)}


def by_sample(logits, actions):
    z = logits - logits.max(1, keepdims=True)
    L = z - np.log(np.exp(z).sum(1, keepdims=True))
    value = -L[np.arange(len(actions)), actions]
    return {"value": value, "logits_gradient": np.full(logits.shape, np.nan)}


def over_rows(L, one, z):
    """Softmax over the batch in the place of the actions."""
    w = np.exp(z - z.max(0))
    return -(one * np.log(w / w.sum(0))).sum(1).mean()


def twice(L, one, z):
    p = np.exp(L)
    return -(one * np.log(np.exp(p) / np.exp(p).sum(1, keepdims=True))).sum(1).mean()


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def floored(L, one, floor, keep):
    """log of a probability that is kept away from 0: by adding to it, or by cutting it off."""
    p = (one * np.exp(L)).sum(1)
    return -np.log(p + floor if keep == "add" else np.maximum(p, floor)).mean()


def smoothed(L, one, share):
    return -((1 - share) * (one * L).sum(1) + share * L.mean(1)).mean()


MISTAKES = (
    Mistake("sign", "This is the log-likelihood. A loss is minimised: put a minus before it.",
        of(lambda L, one, z: (one * L).sum(1).mean())),
    Mistake("sum_for_mean", "The samples are summed. Their mean is asked.",
        of(lambda L, one, z: -(one * L).sum())),
    Mistake("mean_over_entries", "The mean runs over all entries, [N, A]. One term a sample: divide by N.",
        of(lambda L, one, z: -(one * L).mean())),
    Mistake("all_actions", "All actions' logarithms are added up. Only that of the expert's action counts.",
        of(lambda L, one, z: -L.mean()), of(lambda L, one, z: -L.sum(1).mean()),
        of(lambda L, one, z: -L.sum())),
    Mistake("no_softmax", "The logits are taken for log-probabilities. Normalise them: log π = z − log Σ "
        "e^z.",
        of(lambda L, one, z: -(one * z).sum(1).mean())),
    Mistake("probability_for_log", "π stands where log π is asked.",
        of(lambda L, one, z: -(one * np.exp(L)).sum(1).mean()),
        of(lambda L, one, z: 1 - (one * np.exp(L)).sum(1).mean()),
        of(lambda L, one, z: (one * np.exp(L)).sum(1).mean())),
    Mistake("log_of_mean", "The logarithm is taken of the mean. Each sample has its own: mean of the "
        "logarithms.",
        of(lambda L, one, z: -np.log((one * np.exp(L)).sum(1).mean()))),
    Mistake("squared_error", "This is a squared error. Maximum likelihood has −log π.",
        of(lambda L, one, z: ((np.exp(L) - one) ** 2).mean()),
        of(lambda L, one, z: ((np.exp(L) - one) ** 2).sum(1).mean()),
        of(lambda L, one, z: ((z - one) ** 2).mean())),
    Mistake("share_of_errors", "This counts errors: it has no slope, so nothing can be learnt from it.",
        of(lambda L, one, z: (L.argmax(1) != one.argmax(1)).mean()),
        of(lambda L, one, z: (L.argmax(1) == one.argmax(1)).mean())),
    Mistake("over_rows", "The softmax runs over the batch. It runs over the actions of one state: dim=1.",
        of(over_rows)),
    Mistake("softmax_twice", "Softmax is applied twice: `cross_entropy` takes logits, not probabilities.",
        of(twice)),
    Mistake("likeliest_action", "log π of the likeliest action is taken. Take the expert's.",
        of(lambda L, one, z: -L.max(1).mean())),
    Mistake("sigmoid", "Each logit goes through a sigmoid of its own. Softmax divides by the sum over all.",
        of(lambda L, one, z: -(one * np.log(sigmoid(z))).sum(1).mean()),
        of(lambda L, one, z: -(one * np.log(sigmoid(z)) + (1 - one) * np.log(sigmoid(-z))).mean()),
        of(lambda L, one, z: -(one * np.log(sigmoid(z)) + (1 - one) * np.log(sigmoid(-z))).sum(1).mean())),
    Mistake("entropy", "This is the entropy of the policy. The expert's actions have no part in it.",
        of(lambda L, one, z: -(np.exp(L) * L).sum(1).mean()),
        of(lambda L, one, z: (np.exp(L) * L).sum(1).mean())),
    Mistake("other_base", "The logarithm has another base. The natural one is asked.",
        of(lambda L, one, z: -(one * L).sum(1).mean() / np.log(2))),
    Mistake("by_sample", "One number a sample comes back. Their mean is asked.", by_sample),
    Mistake("overflow",
        "e^z overflows for large logits. Subtract the largest logit first (log_softmax does): π does not "
        "change.",
        overflowing),
    Mistake("floor",
        "A probability is kept away from 0 before the logarithm: an action that surprises most costs too "
        "little. Take log_softmax of the logits.",
        *(of(lambda L, one, z, e=e, keep=keep: floored(L, one, e, keep))
          for e in (1e-8, 1e-6, 1e-10, 1e-12, 1e-7, 1e-5, 1e-3, 1e-4, 1e-9, 1e-15, 1e-16)
          for keep in ("add", "cut"))),
    Mistake("crossed", "Every state is paired with every action, [N, N]. Sample n has state n and action n: "
        "`L[range(N), actions]`.",
        of(lambda L, one, z: -(L @ one.T).mean()), of(lambda L, one, z: -(L @ one.T).sum(1).mean())),
    Mistake("smoothed",
        "A share of the weight goes to the other actions. Only that of the expert's action counts.",
        *(of(lambda L, one, z, s=s: smoothed(L, one, s)) for s in (0.1, 0.05, 0.2, 0.01))),
    Mistake("one_action", "Always the same action is looked at. Take the expert's, sample by sample.",
        *(of(lambda L, one, z, a=a: -L[:, a].mean()) for a in (0, 1, -1))),
    Mistake("one_sample", "One sample alone counts. The mean over all is asked.",
        of(lambda L, one, z: -(one * L).sum(1)[-1]), of(lambda L, one, z: -(one * L).sum(1)[0])),
    Mistake("perplexity", "This is the exponential of the loss. The loss itself is asked.",
        of(lambda L, one, z: np.exp(-(one * L).sum(1).mean()))),
    Mistake("normaliser_wrong",
        "The logits are normalised by something else than log Σ e^z: log π = z − log Σ e^z.",
        of(lambda L, one, z: -((one * z).sum(1) / z.sum(1)).mean()),
        of(lambda L, one, z: (z.max(1) - (one * z).sum(1)).mean()),
        of(lambda L, one, z: (np.exp(z).sum(1) - (one * z).sum(1)).mean()),
        of(lambda L, one, z: (z.sum(1) - (one * z).sum(1)).mean()),
        of(lambda L, one, z: (z.mean(1) - (one * z).sum(1)).mean()),
        of(lambda L, one, z: (z - L)[:, 0].mean())),
    Mistake("gradient_lost",
        "The value is right, its gradient by the logits is not: is something detached, or written outside "
        "the graph?",
        shows=Trace(traces.value_without_gradient)),
)  # fmt: skip

VIVA = (
    "Which π makes your loss smallest on a state that comes ten times, seven times with action 1?",
    "What is the gradient by one logit, in words?",
    "The loss is 0 on the data. What does that say about states that are not in the data?",
)

EXERCISE = Exercise(
    cloning_loss,
    draw,
    points=2,
    minutes=10,
    stars=1,
    mistakes=MISTAKES,
    pure=True,
    gradient=("logits",),
    viva=VIVA,
)
