"""How wide should a policy begin? Final returns of PPO and TRPO against σ₀, ten seeds each, three tasks.

    OMP_NUM_THREADS=1 python3 tests/benchmarks/spread.py ppo      # a line for each task and σ₀ as it ends

Actions lie in [−1, 1], and σ₀ is the initial standard deviation there. `spread.md` has what it said.
"""

import dataclasses
import sys
import warnings

import numpy as np

from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.trpo import TRPO
from rlcourse.training import train

SEEDS = 10
TASKS = {"Pendulum-v1": 40_960, "rlcourse/DoubleIntegrator-v0": 40_960, "MountainCarContinuous-v0": 24_576}
LOG_STD = (0.0, -0.5, -1.1)


def final_returns(algorithm, env, steps):
    """Mean return of five episodes at the end, and the mean over the four points of the curve, [S] each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = train(algorithm, env, steps, SEEDS, evaluation_episodes=5, evaluate_every=steps // 4)
    return run.curve.returns[:, -1], run.curve.returns[:, 1:].mean(1)


def main(name):
    algorithm = {"ppo": PPO(), "trpo": TRPO()}[name]
    print(
        "| task, steps | log σ₀ | last return: mean ± standard error | worst, best seed | mean of the curve |"
    )
    print("|---|---|---|---|---|")
    for env, steps in TASKS.items():
        for log_std in LOG_STD:
            last, whole = final_returns(dataclasses.replace(algorithm, log_std=log_std), env, steps)
            error = last.std(ddof=1) / np.sqrt(SEEDS)
            print(
                f"| {env}, {steps:,} | {log_std} | {last.mean():.1f} ± {error:.1f} "
                f"| {last.min():.1f}, {last.max():.1f} | {whole.mean():.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["ppo"]))
