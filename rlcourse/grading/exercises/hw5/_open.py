"""What the exercises share whose answer may come back with its gradient."""

import numpy as np


def left_open(value, /, **inputs):
    """A wrong value; its gradients by these inputs are left open (NaN)."""
    return {"value": value} | {f"{name}_gradient": np.full(np.shape(x), np.nan) for name, x in inputs.items()}


def ratios(rng, n, clip):
    """(ratio, advantage), [6n] each: below, inside and above [1 − ε, 1 + ε], with Â of both signs.

    No ratio lies on an edge, so that the slope is sure.
    """
    below, above = 1 - clip - rng.uniform(0.1, 0.4, 2 * n), 1 + clip + rng.uniform(0.1, 0.8, 2 * n)
    inside = 1 + clip * rng.uniform(0.2, 0.9, 2 * n) * rng.choice([-1, 1], 2 * n)
    size = rng.uniform(0.4, 2.0, 6 * n) * np.tile([1, -1], 3 * n)
    order = rng.permutation(6 * n)
    return np.concatenate([below, inside, above])[order], size[order]
