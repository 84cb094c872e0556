"""Made-up batches and networks that the tests of all algorithms share."""

import numpy as np
import torch

from rlcourse.agents import Rollout, Spaces
from rlcourse.parts.memory import Batch
from rlcourse.parts.randomness import INITIALISE, Streams

SPACES = Spaces(3, 2, False)


def replayed(S=2, B=16, seed=0):
    g = torch.Generator().manual_seed(seed)
    obs, next_obs = torch.randn(2, S, B, 3, generator=g)
    action = torch.rand(S, B, 2, generator=g) * 2 - 1
    return Batch(
        obs, action, torch.randn(S, B, generator=g), (torch.rand(S, B, generator=g) < 0.3).float(), next_obs
    )


def nets_of(algorithm, spaces=SPACES, S=2):
    return algorithm.networks(spaces, Streams(range(S), INITIALISE))


def apart(algorithm):
    """Nets whose targets differ from the online networks, with actions that reach the bounds."""
    nets, g = nets_of(algorithm), torch.Generator().manual_seed(1)
    for net in (nets.target_actor, nets.target_critics):
        net.flat.copy_(2 * torch.randn(net.flat.shape, generator=g))
    return nets


class Still:
    """A stream whose normal draws are chosen."""

    def __init__(self, draws):
        self.draws = draws

    def normal(self, *shape):
        return np.broadcast_to(self.draws, (2, *shape)).astype(np.float32)


def flat_gradient_of(loss, net):
    gradients = torch.autograd.grad(loss, net.parameters)
    return torch.cat([g.flatten(1) for g in gradients], dim=1)


def rollout(discrete=False, T=12, S=2, N=3, seed=0, reward=None):
    g = torch.Generator().manual_seed(seed)
    obs, next_obs = torch.randn(2, T, S, N, 3, generator=g)
    action = torch.randint(2, (T, S, N), generator=g) if discrete else torch.randn(T, S, N, 2, generator=g)
    zero = torch.zeros(T, S, N)
    reward = torch.randn(T, S, N, generator=g) if reward is None else torch.full((T, S, N), float(reward))
    return Rollout(obs, action, reward, zero, zero.clone(), next_obs)
