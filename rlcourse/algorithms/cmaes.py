"""Covariance matrix adaptation: search among policies by their returns, with correlated steps.

The search is the library `cma`'s. Source: Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch

from rlcourse.agents import EpisodicAgent, Population, Rollout, Spaces, episode_returns
from rlcourse.parts.networks import Networks, StochasticPolicy
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import fixed


@dataclass(frozen=True)
class CMAES:
    """θ_n ~ N(m, σ²C); m, σ and C follow the ranks of the returns, C so that good steps become likely.

    C has P² numbers, and the more parameters, the more generations it takes to learn them: for small
    networks. No gradient, no critic, no discount: a generation is one episode of each of N policies.
    """

    num_envs: int = fixed(32)  # N  candidates, each with an environment of its own
    std: float = fixed(0.5)  # σ of the first candidates, around the initial weights
    activation: Literal["tanh", "relu"] = fixed("tanh")
    hidden: tuple[int, ...] = fixed((16,))  # widths of the hidden layers

    agent: ClassVar = EpisodicAgent
    usual_steps: ClassVar = 100_000
    look: ClassVar = ("sky", "dashes")

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        centre = StochasticPolicy(spaces, self.hidden, streams, activation=self.activation)
        policy = Population(centre, self.num_envs)
        dice = [int(generator.integers(2**62)) for generator in streams.generators]
        search = Searches(
            [Search(m, self.std, self.num_envs, d) for m, d in zip(centre.flat, dice, strict=True)]
        )
        for s, one in enumerate(search.each):
            policy.candidates[s].copy_(one.asked())
        return Networks(policy=policy, search=search)

    @torch.no_grad()
    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """One generation of one seed: rollout holds an episode of each candidate, end to end."""
        returns, search = episode_returns(rollout, nets.policy.count), nets.search.each[0]
        search.tell(returns.numpy())
        nets.policy.centre.flat[0].copy_(torch.from_numpy(search.strategy.mean))
        nets.policy.candidates[0].copy_(search.asked())
        return {"population_return": returns.mean(), "parameter_std": torch.tensor(search.strategy.sigma)}


class Search:
    """One seed's `cma.CMAEvolutionStrategy`, which minimises −return, with random numbers of its own.

    What was told is kept: asking and telling the same again leads to the same place, and so a run is resumed.
    """

    def __init__(self, centre: torch.Tensor, std: float, count: int, seed: int):
        self.start, self.std, self.count, self.seed = centre.double().numpy().copy(), std, count, seed
        self.begin()

    def begin(self) -> None:
        """The first generation."""
        import cma  # it takes a second to import

        rng = np.random.default_rng(self.seed)
        options = {"popsize": self.count, "seed": np.nan, "randn": lambda *shape: rng.standard_normal(shape),
                   "verbose": -9, "tolfun": 0, "tolx": 0}  # fmt: skip
        self.strategy = cma.CMAEvolutionStrategy(self.start, self.std, options)
        self.told, self._asked = [], self.strategy.ask()

    def asked(self) -> torch.Tensor:
        """The candidates of this generation, [N, P] float32."""
        return torch.from_numpy(np.array(self._asked, np.float32))

    def tell(self, returns: np.ndarray) -> None:
        """What each candidate earned, [N]; the next are asked for."""
        self.told.append(np.array(returns, np.float64))
        self.strategy.tell(self._asked, list(-self.told[-1]))
        self._asked = self.strategy.ask()


class Searches:
    """The searches of all seeds, as the rest of the course sees them: by seed, and as arrays."""

    def __init__(self, each: list[Search]):
        self.each = each

    def member(self, index: int) -> Self:
        return Searches([self.each[index]])

    def state(self) -> dict[str, Any]:
        kept = {}
        for s, one in enumerate(self.each):
            kept |= {f"start {s}": one.start, f"seed {s}": one.seed, f"told {s}": np.array(one.told)}
        return kept

    def restore(self, state: dict[str, Any]) -> None:
        """Asks and tells again what was told: the same as if never interrupted."""
        for s, one in enumerate(self.each):
            one.start, one.seed = np.array(state[f"start {s}"]), int(state[f"seed {s}"])
            one.begin()
            for returns in np.array(state[f"told {s}"]):
                one.tell(returns)
