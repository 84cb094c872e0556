"""The course's own methods, called as they are. Each has its lecture; here its place and a tiny task.

The tasks have one step: see x, aim at it (best return 0, at random −1/3 and worse), or say in which third it
lies (best return 1, at random 1/3). The tolerances are those of `tests/training/test_learning.py`, from 32
seeds, and no untrained policy reaches them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from rlcourse.algorithms.a2c import A2C
from rlcourse.algorithms.cloning import Cloning
from rlcourse.algorithms.dagger import DAgger
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.npg import NPG
from rlcourse.algorithms.opdac import OPDAC
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.algorithms.td3 import TD3
from rlcourse.algorithms.trpo import TRPO
from rlcourse.map.record import Claim, Loop, Method
from rlcourse.parts.aims import Aim, Side, aims

REPLAY = {"warmup": 100, "hidden": (32, 32), "batch_size": 64, "capacity": 5000, "tau": 0.02}
BATCH = {"num_envs": 8, "horizon": 64, "minibatch_size": 128, "hidden": (32, 32)}
STEPS = {"num_envs": 32, "horizon": 1, "hidden": (32, 32), "learning_rate": 5e-3}
TRAJECTORIES = {"num_envs": 64, "actor_lr": 0.05, "critic_steps": 20}
EPISODES = {"num_envs": 64, "learning_rate": 2e-2}
ROUNDS = {"num_envs": 8, "horizon": 16, "hidden": (32, 32), "learning_rate": 5e-3}
END = {"evaluation_episodes": 20}
AIMING = "aiming: see a number, answer it; one step, which costs the squared error"
SIDES = "taking sides: see a number, say in which third of its range it lies; one step"


def own(
    name: str, box: str, paper: str, idea: str, algorithm: Any, env: Callable, steps: int,
    options: Mapping[str, Any] = END,
) -> Method:  # fmt: skip
    """The record of an algorithm on one of the two tasks, with its best return as the oracle."""
    best, slack, task = (1.0, 0.15, SIDES) if env is Side else (0.0, 0.05, AIMING)
    return Method(
        name, box, paper, idea, task, Loop(algorithm, env, steps, options),
        lambda end: [Claim("the best return, in closed form", end.measure, best, slack)],
        bounds=(None, best),
    )  # fmt: skip


ON, OFF = "policy, on-policy", "policy, off-policy"
PPO_PAPER = "Schulman et al. 2017, “Proximal Policy Optimization Algorithms”"
RATE = 3e-3
METHODS = {
    "reinforce": own(
        "REINFORCE", ON, "Williams 1992, “Simple Statistical Gradient-Following Algorithms”",
        "make what was followed by much reward more probable", REINFORCE(**EPISODES), Side, 8192,
    ),
    "a2c": own(
        "A2C", ON, "Mnih et al. 2016, “Asynchronous Methods for Deep Reinforcement Learning”",
        "a critic says which part of the reward was the action's", A2C(**STEPS), Side, 16384,
    ),
    "npg": own(
        "NPG", ON, "Kakade 2001, “A Natural Policy Gradient”",
        "measure a step by how far the policy moves", NPG(**BATCH, max_kl=0.03), Side, 12288,
    ),
    "trpo": own(
        "TRPO", ON, "Schulman et al. 2015, “Trust Region Policy Optimization”",
        "the best step within a trust region, checked before it is taken", TRPO(**BATCH), Side, 8192,
    ),
    "ppo_kl": own(
        "PPO-KL", ON, PPO_PAPER, "a price on leaving the old policy, which finds its own height",
        PPO(**BATCH, learning_rate=RATE, objective="adaptive_kl"), Side, 6144,
    ),
    "ppo_clip": own(
        "PPO-Clip", ON, PPO_PAPER, "nothing to gain from leaving the old policy far behind",
        PPO(**BATCH, learning_rate=RATE), Side, 6144,
    ),
    "opdac": own(
        "OPDAC", OFF, "Silver et al. 2014, “Deterministic Policy Gradient Algorithms”",
        "move the action up the slope of the critic", OPDAC(**TRAJECTORIES), Aim, 3072,
    ),
    "ddpg": own(
        "DDPG", OFF, "Lillicrap et al. 2016, “Continuous control with deep reinforcement learning”",
        "OPDAC with networks, replay and slow targets", DDPG(**REPLAY), Aim, 800,
    ),
    "td3": own(
        "TD3", OFF, "Fujimoto et al. 2018, “Addressing Function Approximation Error in Actor-Critic Methods”",
        "DDPG with three remedies for overestimation", TD3(**REPLAY), Aim, 800,
    ),
    "cloning": own(
        "Behaviour cloning", "imitation", "Pomerleau 1989, “ALVINN”",
        "fit the teacher's answers", Cloning(**ROUNDS, expert=aims), Aim, 1024,
    ),
    "dagger": own(
        "DAgger", "imitation", "Ross, Gordon and Bagnell 2011, “A Reduction of Imitation Learning”",
        "ask the teacher where the student went", DAgger(**ROUNDS, expert=aims), Aim, 1024,
    ),
}  # fmt: skip
