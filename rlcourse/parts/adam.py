"""Adam, for all seeds of a network at once."""

import math
from collections.abc import Sequence

import numpy as np
import torch

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
        if active is None or all(active):
            self._step(slice(None), learning_rate)
        else:
            for seed in np.flatnonzero(active):
                self._step(slice(seed, seed + 1), learning_rate)

    def _step(self, seeds, learning_rate):
        self.t[seeds] += 1
        grad, m, v = self.network.grad[seeds], self.m[seeds], self.v[seeds]
        m.lerp_(grad, 1 - self.beta1)
        v.mul_(self.beta2).addcmul_(grad, grad, value=1 - self.beta2)
        for seed_or_all, t in self._counts(seeds):
            root = math.sqrt(1 - self.beta2**t)
            denominator = v[seed_or_all].sqrt().div_(root).add_(self.eps)
            rate = learning_rate / (1 - self.beta1**t)
            self.network.flat[seeds][seed_or_all].addcdiv_(m[seed_or_all], denominator, value=-rate)

    def _counts(self, seeds):
        """All seeds at once where their step counts agree, otherwise one by one."""
        t = self.t[seeds].tolist()
        return [(slice(None), t[0])] if len(set(t)) == 1 else [(slice(i, i + 1), c) for i, c in enumerate(t)]

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
        self.m.copy_(torch.from_numpy(state["m"]))
        self.v.copy_(torch.from_numpy(state["v"]))
        self.t = state["t"].copy()


@torch.no_grad()
def limit_norm(networks: Sequence[Network], limit: float) -> None:
    """∇ ← ∇ · min(1, limit / ‖∇‖₂), the norm of each seed's gradients in all the networks together."""
    norm = torch.stack([network.grad_norm() ** 2 for network in networks]).sum(0).sqrt()
    scale = (limit / (norm + 1e-6)).clamp(max=1)[:, None]
    for network in networks:
        network.grad.mul_(scale)
