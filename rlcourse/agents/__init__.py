"""Floor 1: agents act and remember; algorithms learn. One agent holds all S seeds of a run, side by side.

An agent is made of `(algorithm, spaces, seeds)` and has

    advance(algorithm, stepper) → (steps taken per seed, metrics, finished episodes): act and learn, once
    policy()                    → a snapshot of the policies, to evaluate and to keep
    summarise(metrics)          → what to log, one number per seed
    state(), restore(state)     → all that the next steps depend on
    nets, envs_per_seed         → what the algorithm learns; how many environments a seed needs

One file per way of acting and remembering. What is kept by name is in the class's `saved`.
"""

from rlcourse.agents.episodic import EpisodicAgent
from rlcourse.agents.goals import reached_goals
from rlcourse.agents.greedy import GreedyAgent
from rlcourse.agents.imitator import ImitationAgent
from rlcourse.agents.lagged import LaggedAgent
from rlcourse.agents.off_policy import OffPolicyAgent
from rlcourse.agents.on_policy import OnPolicyAgent
from rlcourse.agents.policy import NetworkPolicy, Policy
from rlcourse.agents.population import Population, episode_returns
from rlcourse.agents.samples import Rollout, Samples, fit_policy, rows
from rlcourse.agents.vine import VineAgent
from rlcourse.parts.networks import Spaces

__all__ = [
    "EpisodicAgent", "GreedyAgent", "ImitationAgent", "LaggedAgent", "NetworkPolicy", "OffPolicyAgent",
    "OnPolicyAgent", "Policy", "Population", "Rollout", "Samples", "Spaces", "VineAgent", "episode_returns",
    "fit_policy", "reached_goals", "rows",
]  # fmt: skip
