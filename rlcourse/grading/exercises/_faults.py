"""What exercises share that ask for the fault of a run, told from its curves: worlds, and the oracle."""

import numpy as np


def two_worlds(rng: np.random.Generator, faults: int, runs: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the faults that run in either of two worlds, so many in each, and every fault in one."""
    order = rng.permutation(faults)
    return order[:runs], order[-runs:]


def nearest(curves: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """The place of each curve among the runs of its world, by the largest distance: [n], as floats."""
    return np.array([np.argmin(np.abs(runs - one).max((1, 2))) for one in curves], dtype=float)
