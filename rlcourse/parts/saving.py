"""States as plain trees: what an object is made of, and back into it, by the names of its parts."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch


def state_of(owner: Any, names: Iterable[str]) -> dict[str, Any]:
    """{name: state of that part}: arrays are copied; an object with a `state()` of its own gives that."""
    return {name: _state(getattr(owner, name)) for name in names}


def restore_to(owner: Any, state: dict[str, Any]) -> None:
    """Put the parts back that `state_of` took: tensors and objects in place, all else anew."""
    for name, value in state.items():
        setattr(owner, name, _restored(getattr(owner, name), value))


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
    if torch.is_tensor(value):
        return torch.from_numpy(state.copy())
    if isinstance(value, np.ndarray):
        return state.copy()
    return state if value is None else type(value)(state)
