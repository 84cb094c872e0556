"""Every algorithm learns tiny problems; thresholds lie beyond the tail of 32 seeds (peers.md §6).

`python tests/training/test_learning.py` trains the 32 seeds and prints the table from which the thresholds
were set. "before" is the untrained policy: no threshold can be reached without learning.
"""

import pytest

from rlcourse.algorithms import discover
from rlcourse.algorithms.a2c import A2C
from rlcourse.algorithms.a3c import A3C
from rlcourse.algorithms.cem import CEM
from rlcourse.algorithms.cloning import Cloning
from rlcourse.algorithms.cmaes import CMAES
from rlcourse.algorithms.dagger import DAgger
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.impala import IMPALA
from rlcourse.algorithms.npg import NPG
from rlcourse.algorithms.opdac import OPDAC
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.algorithms.td3 import TD3
from rlcourse.algorithms.trpo import TRPO
from rlcourse.equations.baselines import mean_baseline
from rlcourse.map.own_methods import BATCH, EPISODES, REPLAY, ROUNDS, STEPS, TRAJECTORIES
from rlcourse.parts.aims import Aim, EightAims, Side, aims, takes_sides
from rlcourse.training import train

SMALL_STEPS = {**STEPS, "learning_rate": 3e-3}  # a batch of one worker is half as large
PROBLEMS = {
    "DDPG aims": (DDPG(**REPLAY), Aim, 800, -0.05),
    "TD3 aims": (TD3(**REPLAY), Aim, 800, -0.05),
    "A2C aims": (A2C(**STEPS), Aim, 12288, -0.05),
    "A2C takes sides": (A2C(**STEPS), Side, 16384, 0.85),
    "A3C aims": (A3C(workers=2, **SMALL_STEPS), Aim, 16384, -0.05),
    "A3C takes sides": (A3C(workers=2, **SMALL_STEPS), Side, 16384, 0.85),
    "IMPALA aims": (IMPALA(workers=2, **SMALL_STEPS), Aim, 16384, -0.05),
    "IMPALA takes sides": (IMPALA(workers=2, **SMALL_STEPS), Side, 16384, 0.85),
    "OPDAC aims": (OPDAC(**TRAJECTORIES), Aim, 3072, -0.05),
    "OPDAC aims, compatible": (OPDAC(**TRAJECTORIES, compatible=True), Aim, 3072, -0.05),
    "REINFORCE aims": (REINFORCE(**EPISODES, baseline=mean_baseline), Aim, 12288, -0.05),
    "REINFORCE takes sides": (REINFORCE(**EPISODES), Side, 8192, 0.85),
    "Cloning aims": (Cloning(**ROUNDS, expert=aims), Aim, 1024, -0.01),
    "Cloning aims, mixture": (Cloning(**ROUNDS, expert=aims, components=3), Aim, 1024, -0.01),
    "Cloning takes sides": (Cloning(**ROUNDS, expert=takes_sides), Side, 1024, 0.85),
    "DAgger aims": (DAgger(**ROUNDS, expert=aims), Aim, 1024, -0.01),
    "DAgger takes sides": (DAgger(**ROUNDS, expert=takes_sides), Side, 1024, 0.85),
    "PPO aims": (PPO(**BATCH, learning_rate=3e-3), Aim, 6144, -0.05),
    "TRPO aims": (TRPO(**BATCH), Aim, 8192, -0.05),
    "NPG aims": (NPG(**BATCH, max_kl=0.03), Aim, 12288, -0.05),
    "PPO takes sides": (PPO(**BATCH, learning_rate=3e-3), Side, 6144, 0.85),
    "TRPO takes sides": (TRPO(**BATCH), Side, 8192, 0.85),
    "CEM aims": (CEM(num_envs=64, hidden=(4,)), EightAims, 32768, -0.05),
    "CMA-ES aims": (CMAES(num_envs=64, hidden=(4,)), EightAims, 32768, -0.05),
    "NPG takes sides": (NPG(**BATCH, max_kl=0.03), Side, 12288, 0.85),
}
# Measured over n = 32 seeds, 20 evaluation episodes each:
#                    best untrained   worst trained   mean trained   threshold, for every seed
# DDPG aims              −0.16            −0.013         −0.003         −0.05
# TD3 aims               −0.16            −0.012         −0.004         −0.05
# A2C aims               −0.19            −0.017         −0.003         −0.05
# A2C takes sides         0.80             0.90           0.98           0.85
# A3C aims               −0.19            −0.013         −0.004         −0.05
# A3C takes sides         0.80             0.90           0.99           0.85
# IMPALA aims            −0.19            −0.013         −0.003         −0.05
# IMPALA takes sides      0.80             0.90           0.98           0.85
# OPDAC aims             −0.19            −0.002         −0.001         −0.05
#   compatible           −0.19            −0.004         −0.002         −0.05
# REINFORCE aims         −0.19            −0.007         −0.002         −0.05
# REINFORCE takes sides   0.75             0.90           0.98           0.85
# Cloning aims           −0.19            −0.001         −0.000         −0.01
#   mixture              −0.05            −0.001         −0.000         −0.01
# Cloning takes sides     0.80             0.95           0.99           0.85
# DAgger aims            −0.19            −0.001         −0.000         −0.01
# DAgger takes sides      0.80             0.95           0.99           0.85
# PPO aims               −0.19            −0.005         −0.003         −0.05
# TRPO aims              −0.19            −0.016         −0.009         −0.05
# PPO takes sides         0.80             0.90           0.99           0.85
# TRPO takes sides        0.80             0.95           0.99           0.85
# CEM aims               −0.30            −0.023         −0.005         −0.05
# CMA-ES aims            −0.30            −0.001         −0.000         −0.05
# NPG aims               −0.19            −0.002         −0.000         −0.05
# NPG takes sides         0.80             0.90           0.99           0.85


def learn(name, seeds):
    """Returns of each seed over 20 evaluation episodes, before and after: [S], [S]."""
    algorithm, env, steps, _ = PROBLEMS[name]
    run = train(algorithm, env, steps, seeds, evaluate_every=10**9, evaluation_episodes=20)
    return run.curve.returns[:, 0], run.curve.returns[:, -1]


def test_every_algorithm_that_discovery_finds_has_its_tiny_problem():
    assert {type(problem[0]) for problem in PROBLEMS.values()} == set(discover().values())


@pytest.mark.learning
@pytest.mark.parametrize("name", PROBLEMS)
def test_every_seed_learns(name):
    _, after = learn(name, [101, 102, 103])
    assert (after >= PROBLEMS[name][-1]).all(), after


if __name__ == "__main__":
    for name in PROBLEMS:
        before, after = learn(name, 32)
        print(f"{name:18} {before.max():8.3f} {after.min():8.3f} {after.mean():8.3f}", flush=True)
