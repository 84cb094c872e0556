"""Probabilities of two policies for the same actions, and the ratios that the exercises on them share."""


def probabilities(rng, n, steps):
    """(target, behaviour) [N, T], of one size: a ratio that is turned round or forgotten shows."""
    return rng.uniform(0.2, 0.9, (n, steps)), rng.uniform(0.3, 0.8, (n, steps))


def shares(weights):
    return weights / weights.sum(0)
