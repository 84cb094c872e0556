"""States as plain trees: what an object is made of, and back into it, by the names of its parts."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch


def state_of(owner: Any, names: Iterable[str]) -> dict[str, Any]:
    """{name: state of that part}: arrays are copied; an object with a `state()` of its own gives that."""
    return {name: _state(getattr(owner, name)) for name in names}


def restore_to(owner: Any, state: dict[str, Any], names: Iterable[str]) -> None:
    """Put the parts back that `state_of` took: tensors and objects in place, all else anew.

    Raises KeyError where one of the names is missing: half a state would go on as if it were whole.
    """
    missing = set(names) - state.keys()
    if missing:
        raise KeyError(f"no {', '.join(sorted(missing))}")
    for name, value in state.items():
        setattr(owner, name, _restored(getattr(owner, name), value))


def fitted(state: np.ndarray, like: np.ndarray | torch.Tensor, free: int = 0) -> np.ndarray:
    """A copy of a saved array that is to take the place of `like`; its first `free` dimensions may be others.

    Raises ValueError where it has another shape: NumPy and PyTorch would stretch it in silence.
    """
    state, wanted = np.array(state), tuple(like.shape)
    if state.ndim != len(wanted) or state.shape[free:] != wanted[free:]:
        raise ValueError(f"an array of shape {state.shape} where {wanted} belongs")
    return state


def _state(value):
    if hasattr(value, "state"):
        return value.state()
    if torch.is_tensor(value):
        return value.detach().numpy().copy()
    return value.copy() if isinstance(value, np.ndarray) else value


def _restored(value, state):
    if hasattr(value, "restore"):
        value.restore(state)
        return value
    if torch.is_tensor(value):  # [L, S, …], L past versions
        return torch.from_numpy(fitted(state, value, free=int(value.ndim > 2)))
    if isinstance(value, np.ndarray):
        return fitted(state, value)
    return state if value is None else type(value)(state)
