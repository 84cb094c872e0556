"""Symmetric matrices for the exercises on linear systems."""

import numpy as np


def positive_definite(rng, n, low=0.5, high=4.0):
    """A random symmetric matrix with eigenvalues spread over [low, high]."""
    q, _ = np.linalg.qr(rng.normal(0, 1, (n, n)))
    return (q * np.linspace(low, high, n)) @ q.T
