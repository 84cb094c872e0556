"""Do the trainers learn what published implementations learn? One command regenerates the table.

    python tests/benchmarks/fidelity.py  # ten seeds each, minutes on two cores; rewrites fidelity.md

Final policies are played for 100 episodes of Gymnasium's *own* environments, not of the vectorised twins
they were trained on.
"""

import argparse
import functools
import time
from pathlib import Path

import gymnasium
import numpy as np

from rlcourse import statistics
from rlcourse.algorithms.a2c import A2C
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.algorithms.td3 import TD3
from rlcourse.algorithms.trpo import TRPO
from rlcourse.training import evaluate, train

# algorithm, environment, steps, return that counts as solved, SB3 zoo's benchmark.md (one run, tuned
# settings)
ROWS = [
    (TD3(), "Pendulum-v1", 20_000, -200, "−152 (20k)"),
    (DDPG(), "Pendulum-v1", 20_000, -200, "−152 (20k)"),
    (PPO(), "Pendulum-v1", 100_000, -200, "−172 (100k)"),
    (PPO(), "Pendulum-v1", 300_000, -200, "−172 (100k)"),
    (TRPO(), "Pendulum-v1", 100_000, -200, "−175 (100k)"),
    (TRPO(), "Pendulum-v1", 300_000, -200, "−175 (100k)"),
    (PPO(), "CartPole-v1", 100_000, 475, "500 (100k)"),
    (TRPO(), "CartPole-v1", 100_000, 475, "500 (100k)"),
    (A2C(), "CartPole-v1", 100_000, 475, "500 (500k)"),
    (REINFORCE(), "CartPole-v1", 100_000, 475, "—"),
]
HEAD = """# Fidelity

Final evaluation return of every seed, default settings, mean of 100 episodes of Gymnasium's own environment.
The interval is over seeds. Beside it the rl-zoo's published number: one run with settings tuned per
environment, so a place to look, not a test. Made by `python tests/benchmarks/fidelity.py`.

| algorithm | environment | steps | n | {centre} | worst | best | solved at | solved | rl-zoo | time |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def row(algorithm, env, steps, solved, published, seeds):
    run = train(algorithm, env, steps, seeds, evaluate_every=10**9, evaluation_episodes=1)
    returns = (
        evaluate(run.policy, functools.partial(gymnasium.make, env), 100, seed=1).reshape(seeds, -1).mean(1)
    )
    middle = statistics.interval(returns)
    name, count = type(algorithm).__name__, int((returns >= solved).sum())
    cells = (
        name, env, f"{steps:,}", seeds, f"{middle.estimate:.0f} [{middle.low:.0f}, {middle.high:.0f}]",
        f"{returns.min():.0f}", f"{returns.max():.0f}", solved, f"{count} of {seeds}", published,
        f"{run.curve.seconds[-1]:.0f} s",
    )  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("fidelity.md"))
    options = parser.parse_args()
    start, lines = time.perf_counter(), []
    for each in ROWS:
        lines.append(row(*each, options.seeds))
        print(lines[-1], flush=True)
    centre = statistics.interval(np.zeros(options.seeds) + np.arange(options.seeds)).method
    options.output.write_text(HEAD.format(centre=centre) + "\n".join(lines) + "\n")
    print(f"{options.output.name} written, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
