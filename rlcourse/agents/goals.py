"""Demonstrations for every place that they came by: what was reached becomes the goal."""

import torch

from rlcourse.agents.samples import Rollout
from rlcourse.equations.imitation import later_in_episode


def reached_goals(rollout: Rollout, uniform: torch.Tensor) -> Rollout:
    """Each step gets as its goal a place that its episode came to, then or later, drawn uniformly.

    For worlds whose observations are a place and then a goal, of equal width. uniform [T, S, N] in [0, 1)
    draws. Raises ValueError for observations of an odd width.
    """
    width = rollout.obs.shape[-1]
    if width % 2:
        raise ValueError(f"observations of {width} numbers are not a place and a goal of equal width")
    over = (rollout.terminated + rollout.truncated).clamp(max=1)
    later = torch.from_numpy(later_in_episode(over.numpy(), uniform.numpy()))
    place, after = rollout.obs[..., : width // 2], rollout.next_obs[..., : width // 2]
    goal = after.gather(0, later[..., None].expand_as(after))
    return rollout._replace(obs=torch.cat([place, goal], dim=-1))
