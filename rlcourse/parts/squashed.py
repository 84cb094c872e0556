"""A policy whose spread depends on the state, and whose actions cannot leave [−1, 1]."""

from collections.abc import Sequence

import numpy as np
import torch

from rlcourse.parts.distributions import SquashedGaussian
from rlcourse.parts.networks import LOG_STD_RANGE, Network, Spaces
from rlcourse.parts.randomness import Streams


class SquashedPolicy(Network):
    """a = tanh(u), u ~ N(μ(s), σ(s)²): obs [S, B, O] → SquashedGaussian.

    The outputs are A means, then A numbers log σ, which are kept within [−20, 2].
    """

    def __init__(self, spaces: Spaces, hidden: Sequence[int], streams: Streams):
        super().__init__((spaces.obs_size, *hidden, 2 * spaces.action_size), (len(streams),), streams)

    def __call__(self, obs: torch.Tensor) -> SquashedGaussian:
        mean, log_std = super().__call__(obs).chunk(2, dim=-1)
        return SquashedGaussian(mean, log_std.clamp(*LOG_STD_RANGE))

    def mode(self, obs: np.ndarray) -> np.ndarray:
        """tanh μ(s), the median: actions [S, B, A]. What is evaluated."""
        return np.tanh(np.split(self.numpy(obs), 2, axis=-1)[0])

    def sample(self, obs: np.ndarray, streams: Streams) -> np.ndarray:
        """a ~ π(·|s) in NumPy, [S, B, A]."""
        mean, log_std = np.split(self.numpy(obs), 2, axis=-1)
        sigma = np.exp(log_std.clip(*LOG_STD_RANGE))
        return np.tanh(mean + sigma * streams.normal(*mean.shape[1:]))
