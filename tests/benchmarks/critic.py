"""TRPO's critic fitted with fewer, larger steps: what is earned, and what it costs. Twenty seeds, paired.

    OMP_NUM_THREADS=1 python3 tests/benchmarks/critic.py Pendulum-v1      # a line for each way as it ends

`critic.md` has what it said.
"""

import sys
import time
import warnings
from dataclasses import replace

import numpy as np

from rlcourse.algorithms.trpo import TRPO
from rlcourse.statistics import bootstrap_interval
from rlcourse.training import train

SEEDS, STEPS = 20, 61_440
WAYS = {
    "80 steps of 512 (default)": {},
    "40 of 1,024": {"minibatch_size": 1024},
    "40 of 1,024, rate doubled": {"minibatch_size": 1024, "critic_lr": 2e-3},
    "20 of 2,048, rate doubled": {"minibatch_size": 2048, "critic_lr": 2e-3},
    "20 of 1,024, 5 epochs, rate doubled": {"minibatch_size": 1024, "critic_epochs": 5, "critic_lr": 2e-3},
    "40 of 512, 5 epochs, rate doubled": {"critic_epochs": 5, "critic_lr": 2e-3},
}


def main(env):
    print("| task | steps on a batch | last return less the default's | mean of the curve, less | CPU s |")
    print("|---|---|---|---|---|")
    default = None
    for name, settings in WAYS.items():
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            algorithm = replace(TRPO(), **settings)
            run = train(algorithm, env, STEPS, SEEDS, evaluate_every=4096, evaluation_episodes=10)
        seconds, returns = time.process_time() - start, run.curve.returns
        found = returns[:, -1], returns[:, 1:].mean(axis=1)
        if default is None:
            default = found
        gains = [bootstrap_interval(new - old, np.mean) for new, old in zip(found, default, strict=True)]
        said = " | ".join(f"{gain.estimate:+.1f} [{gain.low:+.1f}, {gain.high:+.1f}]" for gain in gains)
        print(f"| {env} | {name} | {said} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["Pendulum-v1"]))
