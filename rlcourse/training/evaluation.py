"""How good a policy is: whole episodes in environments that training never touches."""

from collections.abc import Callable, Sequence

import numpy as np

from rlcourse.agents import Policy
from rlcourse.parts.environments import Stepper, make
from rlcourse.parts.randomness import EVALUATE, derived
from rlcourse.training.run import Run

LONGEST_EPISODE = 100_000  # steps after which an evaluation episode that does not end is cut


def evaluate(agent: Policy | Run, env: str | Callable, episodes: int = 100, seed: int = 0) -> np.ndarray:
    """Undiscounted return of each of `episodes` fresh episodes, without exploration noise.

    They are played in environments of their own. agent: `run.agent(seed)`, or anything with `act(obs [B, O])`
    → returns [episodes]; `run.policy` with S > 1 seeds → [S, episodes]. Raises ValueError for episodes < 1.
    """
    if episodes < 1:
        raise ValueError(f"evaluate: episodes must be at least 1, got {episodes}")
    policy = agent.policy if isinstance(agent, Run) else agent
    S = getattr(policy, "members", 1)
    returns = play(policy, env, episodes, [derived(seed, EVALUATE)] * S)
    return returns[0] if S == 1 else returns


def play(policy: Policy, env: str | Callable, episodes: int, seeds: Sequence[int]) -> np.ndarray:
    """Return of one episode in each of S × episodes environments, [S, episodes].

    Faults of the policy or the environment are raised.
    """
    S = len(seeds)
    batch = (S, episodes) if hasattr(policy, "members") else (episodes,)
    stepper = Stepper(make(env, S * episodes, seeds))
    returns, playing = np.full(S * episodes, np.nan), S * episodes
    for _ in range(LONGEST_EPISODE):
        action = np.asarray(policy.act(stepper.obs.reshape(*batch, -1)))
        step = stepper.step(action.reshape(S * episodes, *action.shape[len(batch) :]))
        for index, episode_return, _ in step.finished:
            if np.isnan(returns[index]):
                returns[index] = episode_return
                playing -= 1
        if playing == 0:
            return returns.reshape(S, episodes)
    raise ValueError(
        f"{stepper.name}: an evaluation episode did not end within {LONGEST_EPISODE} steps; add a time limit"
    )
