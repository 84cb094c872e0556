"""Policies for answers with several modes: a mixture of Gaussians where one would take their mean."""

from collections.abc import Sequence

import numpy as np
import torch

from rlcourse.parts.distributions import Mixture
from rlcourse.parts.networks import LOG_STD_RANGE, Network, Spaces, StochasticPolicy, inverse_cdf
from rlcourse.parts.randomness import Streams


class MixturePolicy(Network):
    """π(·|s) = Σ_k w_k(s) N(μ_k(s), σ_k²): obs [S, B, O] → Mixture, for answers with several modes.

    The outputs are K logits of the weights, then K means of A numbers; log σ [K, A] does not depend on the
    state. The means start apart, between −½ and ½: alike components would stay alike.
    """

    extra_range = LOG_STD_RANGE

    def __init__(
        self, spaces: Spaces, hidden: Sequence[int], streams: Streams, components: int, log_std: float = -1.0,
        activation: str = "tanh",
    ):  # fmt: skip
        if spaces.discrete:
            raise ValueError("a mixture of Gaussians needs continuous actions; discrete ones have no means")
        K, A = components, spaces.action_size
        self.components, sizes = K, (spaces.obs_size, *hidden, K * (1 + A))
        super().__init__(
            sizes, (len(streams),), streams, activation, "orthogonal", final_gain=0.01,
            extra=K * A, extra_start=log_std,
        )  # fmt: skip
        self.layers[-1][1].data[..., K:] = torch.linspace(-0.5, 0.5, K).repeat_interleave(A)

    def __call__(self, obs: torch.Tensor) -> Mixture:
        output, extra = self.with_extra(obs)
        logits, means = self._parts(output)
        log_std = extra.clamp(*LOG_STD_RANGE).view(len(extra), 1, self.components, -1)
        return Mixture(torch.log_softmax(logits, dim=-1), means, log_std.expand_as(means))

    def _parts(self, output):
        K = self.components
        return output[..., :K], output[..., K:].reshape(*output.shape[:-1], K, -1)

    def mode(self, obs: np.ndarray) -> np.ndarray:
        """The mean of the component with the largest weight, [S, B, A]."""
        logits, means = self._parts(self.numpy(obs))
        return _chosen(means, logits.argmax(-1))

    def sample(self, obs: np.ndarray, streams: Streams) -> np.ndarray:
        """k ~ w(s), then a ~ N(μ_k(s), σ_k²), in NumPy."""
        logits, means = self._parts(self.numpy(obs))
        k = inverse_cdf(logits, streams.uniform(obs.shape[1]))
        log_std = self.extra.detach().numpy().clip(*LOG_STD_RANGE).reshape(len(obs), 1, *means.shape[2:])
        sigma = _chosen(np.exp(np.broadcast_to(log_std, means.shape)), k)
        mean = _chosen(means, k)
        return mean + sigma * streams.normal(*mean.shape[1:])


def policy_with(
    components: int, spaces: Spaces, hidden: Sequence[int], streams: Streams, log_std: float,
    activation: str = "tanh",
) -> StochasticPolicy | MixturePolicy:  # fmt: skip
    """A policy with one head for each kind of action: categorical, Gaussian, or a mixture of K Gaussians."""
    if components > 1 and not spaces.discrete:
        return MixturePolicy(spaces, hidden, streams, components, log_std, activation)
    return StochasticPolicy(spaces, hidden, streams, log_std, activation)


def _chosen(x, k):
    """x [S, B, K, A] of the component k [S, B]: [S, B, A]."""
    return np.take_along_axis(x, k[..., None, None], axis=2)[:, :, 0]
