"""What the equations need from an array library, once for NumPy and for torch.

Each function takes NumPy arrays or torch tensors and returns the same kind; torch's carry their gradients.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch

Array: TypeAlias = np.ndarray | torch.Tensor  # "NumPy or torch, and the answer is of the same kind"


def same_shape(**arrays: Array) -> None:
    """Raise ValueError, naming each array and its shape, unless all shapes are equal.

    [B] against [B, 1] would broadcast to [B, B] without a word, and train on nonsense.
    """
    first, *others = (np.shape(array) for array in arrays.values())
    if any(shape != first for shape in others):
        shapes = {name: tuple(np.shape(array)) for name, array in arrays.items()}
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"shapes must be equal, got {listed}; reshape before calling (no broadcasting here)")


def flip(x: Array) -> Array:
    """x_{T−1}, …, x_0: x [T, ...] backwards in time."""
    return torch.flip(x, (0,)) if torch.is_tensor(x) else x[::-1]


def stack(steps: Sequence[Array]) -> Array:
    """T arrays [...] as one [T, ...]."""
    return torch.stack(steps) if torch.is_tensor(steps[0]) else np.stack(steps)


def concatenate(head: Array, tail: Array, axis: int = 0) -> Array:
    """head [T, ...], then tail [U, ...], as one [T + U, ...]; or along another axis."""
    return torch.cat([head, tail], axis) if torch.is_tensor(head) else np.concatenate([head, tail], axis)


def where(condition: Array, a: Array | float, b: Array | float) -> Array:
    """a where the condition holds, b elsewhere; all three broadcast. The kind is the condition's."""
    return torch.where(condition, a, b) if torch.is_tensor(condition) else np.where(condition, a, b)


def minimum(a: Array, b: Array) -> Array:
    """min(a, b), element by element."""
    return torch.minimum(a, b) if torch.is_tensor(a) else np.minimum(a, b)


def exp(x: Array) -> Array:
    """eˣ, element by element."""
    return torch.exp(x) if torch.is_tensor(x) else np.exp(x)


def constant(x: Array) -> Array:
    """x as data: the same numbers, out of which no gradient flows."""
    return x.detach() if torch.is_tensor(x) else x


def dot(a: Array, b: Array) -> Array:
    """aᵀb over the last axis, which stays as an axis of length 1: [..., P], [..., P] -> [..., 1]."""
    return (a * b).sum(-1)[..., None]
