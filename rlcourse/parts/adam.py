"""Adam, for all seeds of a network at once."""

import math
from collections.abc import Sequence

import numpy as np
import torch

from rlcourse.parts import saving
from rlcourse.parts.networks import Network


class Adam:
    """m ← β₁m + (1 − β₁)∇,  v ← β₂v + (1 − β₂)∇²,  θ ← θ − α m̂ / (√v̂ + ε).

    Here m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).

    Equal to PyTorch's (tested), for all seeds at once; with a step count t per seed, so that a seed whose
    epochs have stopped stays exactly where it is. Source: Kingma & Ba 2015, algorithm 1.
    """

    beta1, beta2 = 0.9, 0.999

    def __init__(self, network: Network, eps: float = 1e-8):
        self.network, self.eps = network, eps
        self.m, self.v = torch.zeros_like(network.flat), torch.zeros_like(network.flat)
        self.t = np.zeros(len(network.flat), dtype=np.int64)

    @torch.no_grad()
    def step(self, learning_rate: float, active: Sequence[bool] | None = None) -> None:
        """One step down `network.grad`, for the seeds that are active (a list of bool [S]; all if None)."""
        self.t += 1 if active is None else np.asarray(active)
        arrays = self.network.flat, self.network.grad, self.m, self.v
        t = self.t.tolist()
        if (active is None or all(active)) and min(t) == max(t):
            self._move(*arrays, t[0], learning_rate)
        else:
            for seed in range(len(t)) if active is None else np.flatnonzero(active):
                self._move(*(array[seed] for array in arrays), t[seed], learning_rate)
        self.network.keep_in_range()

    def _move(self, theta, grad, m, v, t, learning_rate):
        m.lerp_(grad, 1 - self.beta1)
        v.mul_(self.beta2).addcmul_(grad, grad, value=1 - self.beta2)
        denominator = v.sqrt().div_(math.sqrt(1 - self.beta2**t)).add_(self.eps)
        theta.addcdiv_(m, denominator, value=-learning_rate / (1 - self.beta1**t))

    def member(self, index: int) -> "Adam":
        """The optimiser of one seed's network, in the same memory: its moments and its count are here."""
        one = slice(index, index + 1)
        twin = object.__new__(Adam)
        twin.network, twin.eps = self.network.member(index), self.eps
        twin.m, twin.v, twin.t = self.m[one], self.v[one], self.t[one]
        return twin

    def state(self) -> dict:
        return {"m": self.m.numpy().copy(), "v": self.v.numpy().copy(), "t": self.t.copy()}

    def restore(self, state: dict) -> None:
        for name in ("m", "v"):
            moment = getattr(self, name)
            moment.copy_(torch.from_numpy(saving.fitted(state[name], moment)))
        self.t = saving.fitted(state["t"], self.t)


@torch.no_grad()
def limit_norm(networks: Sequence[Network], limit: float) -> None:
    """∇ ← ∇ · min(1, limit / ‖∇‖₂), the norm of each seed's gradients in all the networks together."""
    norm = torch.stack([network.grad_norm() ** 2 for network in networks]).sum(0).sqrt()
    scale = (limit / (norm + 1e-6)).clamp(max=1)[:, None]
    for network in networks:
        network.grad.mul_(scale)
