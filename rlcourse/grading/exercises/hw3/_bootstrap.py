"""What the exercises on targets share: a terminal mask, and the mistakes of y = r + γ(1 − terminated) v."""

import numpy as np

from rlcourse.grading.record import Mistake

TERMINAL = (
    "The target bootstraps from terminal states. After termination there is no further reward: multiply by "
    "1 − terminated."
)
REWARD_MASKED = (
    "The mask also removes the reward. The last reward of an episode is real: mask only γ·Q(s′, a′)."
)


def terminal_mask(rng, n):
    """Zeros and ones, at least one of each."""
    mask = rng.random(n) < 0.4
    mask[:2] = (True, False)
    return rng.permutation(mask)


def bootstrap_mistakes(value):
    """Mistakes of y = r + γ(1 − t) v, for a rule `value` that makes v of a case's next values."""

    def of(y):
        def wrong(reward, terminated, gamma, **next_values):
            return y(reward, np.asarray(terminated, dtype=float), value(**next_values), gamma)

        return wrong

    return (
        Mistake("bootstrap_on_terminal", TERMINAL, of(lambda r, t, v, g: r + g * v)),
        Mistake("mask_inverted",
            "The mask is inverted: it keeps terminal states and drops the others. Multiply by "
            "1 − terminated.",
            of(lambda r, t, v, g: r + g * t * v)),
        Mistake("reward_masked", REWARD_MASKED, of(lambda r, t, v, g: (1 - t) * (r + g * v))),
        Mistake("no_discount", "γ is missing: the value of the next state comes one step later.",
            of(lambda r, t, v, g: r + (1 - t) * v)),
        Mistake("mask_on_reward", REWARD_MASKED, of(lambda r, t, v, g: (1 - t) * r + g * v)),
        Mistake("reward_discounted",
            "The reward is discounted too. It is received now; only the next value comes one step later.",
            of(lambda r, t, v, g: g * (r + (1 - t) * v))),
        Mistake("no_bootstrap", "Nothing is bootstrapped: add γ(1 − terminated)·Q(s′, a′).",
            of(lambda r, t, v, g: r)),
        Mistake("no_reward", "The reward is missing: y = r + γ(1 − terminated)·Q(s′, a′).",
            of(lambda r, t, v, g: g * (1 - t) * v)),
        Mistake("sign", "The bootstrap is subtracted: y = r + γ(1 − terminated)·Q(s′, a′).",
            of(lambda r, t, v, g: r - g * (1 - t) * v)),
        Mistake("one_minus_gamma", "Q is multiplied by 1 − γ. The discount is γ; 1 − γ only normalises.",
            of(lambda r, t, v, g: r + (1 - g) * (1 - t) * v)),
        Mistake("discount_squared", "γ is applied twice.", of(lambda r, t, v, g: r + g**2 * (1 - t) * v)),
        Mistake("averaged_over_batch",
            "The batch became one number. Each transition has its own target: average in the loss, not here.",
            of(lambda r, t, v, g: np.mean(r + g * (1 - t) * v)),
            of(lambda r, t, v, g: r + g * (1 - t) * np.mean(v))),
        Mistake("bootstrap_on_terminal", TERMINAL + " (The discount is missing, too.)",
            of(lambda r, t, v, g: r + v)),
        Mistake("discount_on_terminal",
            "The mask took the place of γ: for states that go on, Q must still be multiplied by γ.",
            of(lambda r, t, v, g: r + np.where(t > 0, g * v, v))),
        Mistake("reward_only_at_end", "Rewards of transitions that go on are lost. Every transition has one.",
            of(lambda r, t, v, g: t * r + (1 - t) * g * v)),
        Mistake("mask_added", "The mask is subtracted, not multiplied: γ(1 − terminated)·Q.",
            of(lambda r, t, v, g: r + g * v - t), of(lambda r, t, v, g: r + g * (v - t))),
        Mistake("wrong_shape",
            "The answer has one row per transition and one column per transition: a column (B, 1) met a row "
            "(B,). Print the shapes.",
            of(lambda r, t, v, g: r + (g * (1 - t) * v)[:, None])),
    )  # fmt: skip
