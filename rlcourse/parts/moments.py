"""Running moments of what an agent has seen, to bring observations and rewards to a common scale."""

import math

import torch

from rlcourse.parts.saving import fitted


class RunningMoments:
    """Mean and variance of all the data seen so far, per seed, merged batch by batch.

    Before any data: mean 0, variance 1, so that normalising changes nothing. limit: normalised data stay
    within ±limit; None: wherever they are. Source: Chan et al. 1979, eq. 2.1.
    """

    def __init__(self, seeds: int, size: int, limit: float | None = 10.0):
        self.limit = math.inf if limit is None else limit
        self.count = 0
        self.mean = torch.zeros(seeds, size, dtype=torch.float64, device="cpu")
        self.var = torch.ones_like(self.mean)

    def update(self, x: torch.Tensor) -> None:
        """Add x [S, B, size]."""
        x = x.double()
        n, mean, var = x.shape[1], x.mean(1), x.var(1, correction=0)
        if self.count == 0:
            self.count, self.mean, self.var = n, mean, var
            return
        total, gap = self.count + n, mean - self.mean
        self.var = (self.count * self.var + n * var + gap**2 * self.count * n / total) / total
        self.mean = self.mean + gap * n / total
        self.count = total

    def normalise(self, x: torch.Tensor) -> torch.Tensor:
        """clip((x − mean) / std, ±limit), float32, x [S, B, size]."""
        if self.count == 0:
            return x
        scaled = (x - self.mean[:, None]) / (self.var[:, None] + 1e-8).sqrt()
        return scaled.clamp(-self.limit, self.limit).float()

    def state(self) -> dict:
        return {"count": self.count, "mean": self.mean.numpy().copy(), "var": self.var.numpy().copy()}

    def restore(self, state: dict) -> None:
        self.count = int(state["count"])
        self.mean, self.var = (torch.from_numpy(fitted(state[x], self.mean)) for x in ("mean", "var"))

    def copy(self, members: slice = slice(None)) -> "RunningMoments":
        """The moments of these seeds, with a life of their own."""
        other = object.__new__(RunningMoments)
        other.count, other.limit = self.count, self.limit
        other.mean, other.var = self.mean[members].clone(), self.var[members].clone()
        return other
