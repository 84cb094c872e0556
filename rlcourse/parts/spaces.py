"""Gymnasium's spaces as the course takes them: rows of numbers seen, actions in [−1, 1] or 0 … n − 1.

`Actions` and `Observations` read a space once, and translate afterwards. ValueError, in one line that says
what to do, for what networks of the course cannot take.
"""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Tuple

WIDEST = 100_000  # values of a Discrete observation, each of which is a number that the networks see
COMBINATIONS = 4096  # of a MultiDiscrete action that become the numbers of one Discrete

SUPPORTED_OBSERVATIONS = (
    "Box (numbers, not images), Discrete, MultiDiscrete, MultiBinary, and Tuple or Dict of these"
)
SUPPORTED_ACTIONS = (
    "Box of floats with finite bounds, Discrete, and MultiDiscrete or MultiBinary of at most "
    f"{COMBINATIONS:,} combinations"
)


def numbers(value: Any) -> np.ndarray:
    """The numbers in a list, a tensor, an array of any kind: bool, integers or floats. May share its memory.

    Raises ValueError (or TypeError, OverflowError) where they would be others as floats: complex ones, dates,
    text, None, masked entries, integers without a float.
    """
    value = value.detach() if hasattr(value, "detach") else value  # PyTorch's
    array = np.asarray(value)
    if np.ma.is_masked(value):
        raise ValueError("masked entries are no numbers")
    if array.dtype.kind == "O" and all(isinstance(one, Real) for one in array.ravel()):
        array = array.astype(np.float64)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{array.dtype} are no numbers")
    return array


def as_declared(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The values in the kind of number that a space declares, a new array.

    Raises ValueError where whole numbers are declared that cannot say them: 0.9, or 300 as uint8.
    """
    with np.errstate(all="ignore"):
        array = values.astype(dtype)
    wrong = array != values if array.dtype.kind in "biu" else np.zeros(())
    if wrong.any():
        raise ValueError(f"{values[wrong].flat[0]} is no {array.dtype}, which its observation_space declares")
    return array


def one_of(space: Discrete, value: Any) -> int:
    """The whole number that a Discrete holds, in whatever wrapping: True is 1. ValueError for any other."""
    array = numbers(value)
    if array.size != 1 or array.dtype.kind == "f" or not space.contains(int(array.item())):
        raise ValueError(f"{space} is declared")
    return int(array.item())


class Actions:
    """u = middle + scale · a per dimension of a Box, a in [−1, 1]; or 0 … n − 1, numbers of what can be done.

    A MultiDiscrete of n₁ … n_k choices has n₁ ⋯ n_k combinations, the last choice counting fastest; of a
    MultiBinary 2^k. space: what the trainers see, Box [A] or Discrete.
    """

    def __init__(self, space: Space, name: str):
        self.own, self._choices, self._scale = space, None, None
        if isinstance(space, Discrete):
            self._first, n = int(space.start), int(space.n)
        elif isinstance(space, MultiDiscrete | MultiBinary):
            many = isinstance(space, MultiDiscrete)
            self._choices = np.ravel(space.nvec) if many else np.full(math.prod(space.shape), 2)
            self._first = np.ravel(getattr(space, "start", 0)) if many else 0
            n = math.prod(int(choices) for choices in self._choices)
        elif isinstance(space, Box) and np.issubdtype(space.dtype, np.floating):
            if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
                raise ValueError(
                    f"{name}: the action space {space} has no finite bound on some side, so [−1, 1] "
                    "cannot be scaled to it; wrap the environment so that low and high are finite (and leave "
                    "ClipAction away: actions stay within the Box here)"
                )
            n = math.prod(space.shape)
            low, high = space.low.astype(np.float64), space.high.astype(np.float64)
            self._scale, self._middle = high / 2 - low / 2, high / 2 + low / 2  # high − low may be infinite
        else:
            raise ValueError(f"{name}: the action space {space} is not supported; {_supported_actions()}")
        if n == 0 or (self._choices is not None and n > COMBINATIONS):
            what = "has nothing to choose" if n == 0 else f"has {n:,} combinations"
            raise ValueError(f"{name}: the action space {space} {what}; {_supported_actions()}")
        self.space = Discrete(n) if self._scale is None else Box(-1.0, 1.0, (n,), np.float32)

    def to_environments(self, action: np.ndarray) -> np.ndarray:
        """[E, A] or [E] int -> what the environments' space holds, E times: a new array."""
        space = self.own
        if self._scale is not None:
            action = np.asarray(action, np.float64).reshape(len(action), *space.shape)
            action = action * self._scale + self._middle
            return np.minimum(np.maximum(action.astype(space.dtype), space.low), space.high)
        if self._choices is None:
            return action + self._first
        chosen = np.stack(np.unravel_index(action, self._choices), -1) + self._first
        return chosen.reshape(len(action), *space.shape).astype(space.dtype)


class Observations:
    """A batch of observations -> float32 [E, O]: Boxes flattened, a Discrete as a row with a single one."""

    def __init__(self, space: Space, name: str):
        self._first = None
        if isinstance(space, Discrete):
            self._first, self._n = int(space.start), int(space.n)
            if self._n > WIDEST:
                raise ValueError(
                    f"{name}: an observation of {self._n:,} values would be as many numbers; "
                    "give what it is made of, as a Box or a MultiDiscrete"
                )
            self.space = Box(0.0, 1.0, (self._n,), np.float32)
        elif isinstance(space, Box) and not _is_image(space):
            if math.prod(space.shape) == 0:
                raise ValueError(
                    f"{name}: the observation space {space} holds no number; give one, as a constant 1"
                )
            low, high = space.low.ravel().astype(np.float32), space.high.ravel().astype(np.float32)
            self.space = Box(low, high, dtype=np.float32)
        else:
            kind = f"Box of images {space.shape}" if isinstance(space, Box) else type(space).__name__
            raise ValueError(
                f"{name}: observations of type {kind} are not supported; supported: "
                f"{SUPPORTED_OBSERVATIONS}; gymnasium.wrappers.FlattenObservation makes a Box of most spaces"
            )

    def to_rows(self, obs: Any, count: int) -> np.ndarray:
        """The batch as a new float32 [E, O]. Raises TypeError and ValueError for what is no numbers."""
        obs = numbers(obs)
        if self._first is None:
            return np.array(obs, dtype=np.float32).reshape(count, -1)
        places = obs.astype(np.int64).reshape(count) - self._first
        if obs.dtype.kind not in "iu" or places.min() < 0 or places.max() >= self._n:
            raise ValueError(f"integers {self._first} … {self._first + self._n - 1} are declared")
        rows = np.zeros((count, self._n), np.float32)
        rows[np.arange(count), places] = 1.0
        return rows


def flattened(space: Space) -> Space:
    """The Box that a space of several parts becomes, one after the other; any other space as it is.

    MultiDiscrete and Discrete parts become rows with a single one each.
    """
    parts = _has_parts(space) and _is_made_of_numbers(space)
    return gymnasium.spaces.flatten_space(space) if parts else space


def flat(space: Space, obs: Any) -> np.ndarray:
    """An observation of a space of several parts as a new row of `flattened(space)`.

    A Box among the parts takes numbers of any kind, as a Box by itself does: float64, lists, beyond its
    bounds. Raises ValueError for an observation with other parts, shapes or values than the space has.
    """
    return as_declared(np.concatenate(list(_rows(space, obs))), flattened(space).dtype)


def _rows(space, obs):
    """The numbers of each part, one after the other, in the order of `gymnasium.spaces.flatten`."""
    if isinstance(space, Dict):
        if not isinstance(obs, Mapping) or obs.keys() != space.keys():
            raise ValueError(f"parts {sorted(space.keys())} are declared")
        for name, part in space.items():
            yield from _rows(part, obs[name])
    elif isinstance(space, Tuple):
        if not isinstance(obs, tuple | list) or len(obs) != len(space):
            raise ValueError(f"{len(space)} parts are declared")
        for part, value in zip(space, obs, strict=True):
            yield from _rows(part, value)
    elif isinstance(space, Box):
        values = numbers(obs)
        if values.shape != space.shape:
            raise ValueError(f"shape {space.shape} is declared")
        yield as_declared(values, space.dtype).ravel()
    elif isinstance(space, Discrete):
        yield gymnasium.spaces.flatten(space, one_of(space, obs))
    else:
        values = numbers(obs)
        if values.dtype.kind == "f" or not space.contains(as_declared(values, space.dtype)):
            raise ValueError(f"{space} is declared")
        yield gymnasium.spaces.flatten(space, values.astype(space.dtype))


def _has_parts(space):
    return isinstance(space, Dict | Tuple | MultiDiscrete | MultiBinary)


def _is_made_of_numbers(space):
    parts = space.values() if isinstance(space, Dict) else space if isinstance(space, Tuple) else None
    if parts is not None:
        return len(parts) > 0 and all(map(_is_made_of_numbers, parts))
    return isinstance(space, Discrete | MultiDiscrete | MultiBinary) or (
        isinstance(space, Box) and not _is_image(space)
    )


def _is_image(space):
    return len(space.shape) >= 3 or (len(space.shape) == 2 and space.dtype == np.uint8)


def _supported_actions():
    return f"supported: {SUPPORTED_ACTIONS}"
