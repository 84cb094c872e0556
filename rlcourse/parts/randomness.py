"""Randomness: the one place where a seed becomes random numbers.

A run has S seeds. For each purpose (first weights, acting, learning, environments, evaluation) a seed has a
stream of its own, so that evaluating more often, say, leaves the training's draws as they were. And seed s
draws the same numbers whether it is trained by itself or beside seven others.
"""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch

# What a stream is for.
INITIALISE, ACT, LEARN, ENVIRONMENT, EVALUATE, PROBE, SCHEDULE, BRANCH = range(8)


class Seeds(Sequence):
    """The seeds of a run, made once where it begins: a count (8 means 0 … 7) or different integers ≥ 0.

    Raises ValueError for anything else, and for more than MOST.
    """

    MOST = 100_000  # each has generators, networks and environments of its own

    def __init__(self, seeds: "int | Sequence[int] | Seeds"):
        got = " ".join(repr(seeds).split())
        wrong = f"seeds must be a count ≥ 1, or different integers from 0 to 2⁶³ − 1; got {got}"
        if _is_whole(seeds):
            values = list(range(min(seeds, self.MOST + 1)))
        elif isinstance(seeds, str | bytes) or not isinstance(seeds, Iterable) or _has_no_dimension(seeds):
            raise ValueError(wrong)
        else:
            values = list(itertools.islice(seeds, self.MOST + 1))
        if len(values) > self.MOST:
            raise ValueError(f"seeds must be at most {self.MOST:,}, got {got[:40]}")
        whole = all(map(_is_whole, values)) and all(0 <= value < 2**63 for value in values)
        if not values or not whole or len({int(value) for value in values}) < len(values):
            raise ValueError(wrong)
        self.values = [int(value) for value in values]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index):
        return self.values[index]

    def streams(self, purpose: int) -> "Streams":
        """One random stream per seed for this purpose."""
        return Streams(self, purpose)

    def derived(self, purpose: int) -> list[int]:
        """One further seed per seed, for what makes its own generators: environments, and their episodes."""
        return [derived(seed, purpose) for seed in self]

    @contextlib.contextmanager
    def pytorch(self) -> Iterator[None]:
        """Within, PyTorch's global generator starts from the first seed; afterwards it is where it was.

        For equations of a reader's own that draw from it.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.values[0])
            yield


def _has_no_dimension(seeds):
    return getattr(seeds, "shape", None) == ()


def _is_whole(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


class Streams:
    """Independent random streams, one per seed: row s of every draw comes from seed s alone."""

    def __init__(self, seeds: Sequence[int], purpose: int):
        self.generators = [np.random.default_rng([int(seed), purpose]) for seed in seeds]

    def __len__(self) -> int:
        return len(self.generators)

    def normal(self, *shape: int) -> np.ndarray:
        """ξ ~ N(0, 1), float32 [S, *shape]."""
        draws = np.empty((len(self), *shape), dtype=np.float32)
        for seed, generator in enumerate(self.generators):
            generator.standard_normal(out=draws[seed, ...], dtype=np.float32)
        return draws

    def uniform(self, *shape: int) -> np.ndarray:
        """u ~ U[0, 1), float64 [S, *shape]."""
        draws = np.empty((len(self), *shape))
        for seed, generator in enumerate(self.generators):
            generator.random(out=draws[seed, ...])
        return draws

    def permutation(self, n: int, active: Sequence[bool] | None = None) -> np.ndarray:
        """A permutation of 0 … n−1 per seed, int64 [S, n]; an inactive seed draws nothing, gets 0 … n−1."""
        active = [True] * len(self) if active is None else active
        return np.stack(
            [g.permutation(n) if on else np.arange(n) for g, on in zip(self.generators, active, strict=True)]
        )

    def member(self, index: int) -> "Streams":
        """The stream of one seed, the same: what is drawn from it here is gone there."""
        return self._made_of([self.generators[index]])

    def only(self, active: Sequence[bool]) -> "Streams":
        """These streams, of which only the active seeds' move on; the other rows of a draw mean nothing."""
        idle = np.random.default_rng(0)
        return self._made_of([g if on else idle for g, on in zip(self.generators, active, strict=True)])

    @staticmethod
    def _made_of(generators):
        streams = object.__new__(Streams)
        streams.generators = generators
        return streams

    def pytorch(self, seed: int) -> torch.Generator:
        """A fresh generator of PyTorch's, seeded by the next draw of stream number `seed`."""
        return torch.Generator().manual_seed(int(self.generators[seed].integers(2**62)))

    def state(self) -> list:
        return [generator.bit_generator.state for generator in self.generators]

    def restore(self, states: list) -> None:
        for generator, state in zip(self.generators, states, strict=True):
            generator.bit_generator.state = state


def derived(seed: int, purpose: int) -> int:
    """A seed of its own for a purpose."""
    return int(np.random.SeedSequence([int(seed), purpose]).generate_state(1)[0])


def environment_seeds(seed: int | Sequence[int] | None, num_envs: int) -> list[int] | None:
    """Seed of environment i = hash(seed of member i // N, i % N), N = num_envs / members; None stays None.

    Raises ValueError for seeds that are no integers ≥ 0, and for environments that they cannot share evenly.
    """
    if seed is None:
        return None
    members = [seed] if isinstance(seed, int | np.integer) else list(seed)
    for member in members:
        if isinstance(member, bool) or not isinstance(member, int | np.integer) or member < 0:
            raise ValueError(f"make: a seed must be an integer ≥ 0, got {member!r}")
    if not members or num_envs % len(members):
        raise ValueError(f"make: {num_envs} environments cannot be shared evenly among {len(members)} seeds")
    each = num_envs // len(members)
    return [
        int(np.random.SeedSequence(int(member), spawn_key=(i,)).generate_state(1)[0])
        for member in members
        for i in range(each)
    ]


def space_seed(seeds: Sequence[int]) -> int:
    """The seed of a space's own `sample`, from those of its environments."""
    return int(np.random.SeedSequence(seeds).generate_state(1)[0])
