"""Several networks that each say how sure they are, and differ where the data do not decide."""

from collections.abc import Sequence

import numpy as np
import torch

from rlcourse.parts.adam import Adam
from rlcourse.parts.networks import Network
from rlcourse.parts.randomness import INITIALISE, LEARN, Streams


class Ensemble(Network):
    """y ~ N(m_b(x), σ_b(x)²), b = 1 … B: inputs [S, B, M, D] → m, σ, [S, B, M, O] each.

    Var y = E_b[σ_b²] + Var_b[m_b]: what no data can take away (aleatoric), and what is not known yet
    (epistemic). Each network learns from a bootstrap sample of its own. Inputs and outputs are standardised
    by the data; log σ lies between −5 and 1 in units of the outputs' deviation.

    Source (from memory): Lakshminarayanan et al. 2017, "Simple and Scalable Predictive Uncertainty
    Estimation"; the bootstrap is that of Chua et al. 2018.
    """

    def __init__(
        self, inputs: int, outputs: int, streams: Streams, count: int = 5, hidden: Sequence[int] = (32, 32)
    ):
        super().__init__((inputs, *hidden, 2 * outputs), (len(streams), count), streams, "tanh")
        S = len(streams)
        self.centre, self.scale = torch.zeros(S, 1, 1, inputs), torch.ones(S, 1, 1, inputs)
        self.out_centre, self.out_scale = torch.zeros(S, 1, 1, outputs), torch.ones(S, 1, 1, outputs)

    def __call__(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean, log_std = self._standard((x - self.centre) / self.scale)
        return self.out_centre + self.out_scale * mean, self.out_scale * log_std.exp()

    def _standard(self, x):
        mean, raw = super().__call__(x).chunk(2, dim=-1)
        return mean, -2 + 3 * torch.tanh(raw)  # smooth bounds of log σ

    def fit(
        self, x: np.ndarray, y: np.ndarray, rng: Streams, steps: int = 400, batch_size: int = 64,
        learning_rate: float = 1e-2,
    ) -> None:  # fmt: skip
        """Descend E[½ ((y − m_b)/σ_b)² + log σ_b] of each network: x [S, n, D], y [S, n, O].

        By minibatches of Adam, whose rate falls to 0: what is left of the noise of the batches would count as
        disagreement.
        """
        (S, B), n = self.members, x.shape[1]
        for name, data in (("", x), ("out_", y)):
            centre, scale = data.mean(1), data.std(1) + 1e-6
            setattr(self, f"{name}centre", torch.from_numpy(centre.astype(np.float32))[:, None, None])
            setattr(self, f"{name}scale", torch.from_numpy(scale.astype(np.float32))[:, None, None])
        x, y = (torch.from_numpy(data.astype(np.float32)) for data in (x, y))
        bootstrap = torch.from_numpy((rng.uniform(B, n) * n).astype(np.int64))  # [S, B, n]
        chosen = torch.from_numpy((rng.uniform(steps, B, batch_size) * n).astype(np.int64))
        seed, optimiser = torch.arange(S)[:, None, None], Adam(self)
        for step, batch in enumerate(chosen.unbind(1)):
            own = bootstrap.gather(2, batch)  # [S, B, batch]
            mean, log_std = self._standard((x[seed, own] - self.centre) / self.scale)
            error = (y[seed, own] - self.out_centre) / self.out_scale - mean
            loss = 0.5 * (error * (-log_std).exp()) ** 2 + log_std
            loss.sum(-1).mean(-1).sum().backward()
            optimiser.step(learning_rate * (1 - step / steps))

    @torch.no_grad()
    def parts(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, aleatoric variance E_b[σ_b²] and epistemic variance Var_b[m_b]: x [S, M, D] → [S, M, O]."""
        rows = torch.from_numpy(x.astype(np.float32))[:, None].expand(-1, self.members[1], -1, -1)
        mean, std = (z.double().numpy() for z in self(rows.contiguous()))
        return mean.mean(1), (std**2).mean(1), mean.var(1)

    def coverage(self, x: np.ndarray, y: np.ndarray, deviations: float = 1.645) -> np.ndarray:
        """The share of y within so many deviations of the mean, 1.645 for 90 % of a Gaussian: → [S]."""
        mean, aleatoric, epistemic = self.parts(x)
        return (np.abs(y - mean) <= deviations * np.sqrt(aleatoric + epistemic)).mean((1, 2))


def with_known_noise(
    seeds: Sequence[int], n: int, noise: float = 0.2
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Aleatoric and epistemic variance, means over x, of an ensemble that saw n points; coverage: [S] each.

    y = sin 3x + σ ξ, x ~ U[−1, 1], with σ = `noise`: the first should be σ², the second go to 0, and of 1,000
    points more 90 % should lie within the intervals.
    """
    rng, ensemble = Streams(seeds, LEARN), Ensemble(1, 1, Streams(seeds, INITIALISE))

    def drawn(count):
        x = 2 * rng.uniform(count, 1) - 1
        return x, np.sin(3 * x) + noise * rng.normal(count, 1)

    ensemble.fit(*drawn(n), rng, steps=1000, learning_rate=2e-2)
    grid = np.broadcast_to(np.linspace(-1, 1, 101)[:, None], (len(seeds), 101, 1))
    _, aleatoric, epistemic = ensemble.parts(grid)
    return aleatoric.mean((1, 2)), epistemic.mean((1, 2)), ensemble.coverage(*drawn(1000))
