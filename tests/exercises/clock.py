"""A bound in a processor's seconds that a slower program breaks and a busy machine does not."""

import time

import numpy as np

SECONDS = 0.050  # that a check may take
NOMINAL = 0.0055  # seconds that `work` takes on an idle core of the machine where the bound was set
TRIES = 12


def work():
    """As a check does: small arrays and Python between them."""
    total, x = 0.0, np.arange(24.0)
    for i in range(1300):
        total += float(np.allclose(x, x, atol=1e-3)) if i % 8 == 0 else float(np.sort(x[::-1]).sum())
    return total


def cpu(function):
    begin = time.process_time()
    function()
    return time.process_time() - begin


def slowness():
    """How many times slower this machine is just now than the one on which the bound was set; 1 at least."""
    return max(1.0, min(cpu(work) for _ in range(3)) / NOMINAL)


def assert_quick(measure):
    """`measure()`, a processor's seconds, keeps the bound in one of TRIES, beside the machine's speed."""
    took = []
    for _ in range(TRIES):
        took.append(measure())
        if took[-1] <= SECONDS * slowness():
            return
    raise AssertionError(f"{1e3 * min(took):.0f} ms, at {slowness():.1f} times the usual seconds")
