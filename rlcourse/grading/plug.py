"""A student's function as a trainer's equation. `train` does the same by itself for a plugged-in field."""

from collections.abc import Callable

<<<<<<< HEAD
from rlcourse.parts.plugged import Plugged


def plug_in(function: Callable) -> Plugged:
=======
import numpy as np
import torch


def plug_in(function: Callable) -> Callable:
>>>>>>> house-exercises
    """f(*arrays [S, B], *numbers) → tensor [S, B] from a function of rows [B], entry by entry."""
    return Plugged(function, "batch")


<<<<<<< HEAD
def plug_in_solver(function: Callable) -> Plugged:
    """solver(matvec, b [S, P], iterations) → [S, P] from a function of one vector b [P], seed by seed."""
    return Plugged(function, "seed")
=======
def plug_in_solver(function: Callable) -> Callable:
    """solver(matvec, b [S, P], iterations) → [S, P] from a function of one vector b [P]; S must be 1."""

    def solver(matvec, b, iterations):
        if b.ndim != 2 or len(b) != 1:
            raise ValueError(
                f"a solver for one vector needs b of shape [1, P], got {tuple(b.shape)}: train one seed"
            )

        def one_vector(v):
            product = matvec(torch.as_tensor(v, dtype=b.dtype)[None])[0].detach()
            return product if torch.is_tensor(v) else product.numpy()

        return as_tensor(either(function, [one_vector, b[0].detach(), iterations]), b[0])[None]

    return solver


def either(function, inputs):
    """The function's answer to NumPy inputs, or to tensors if NumPy ones raise."""
    try:
        return function(*[v.numpy(force=True) if torch.is_tensor(v) else v for v in inputs])
    except Exception:
        return function(*inputs)


def as_tensor(values, like):
    tensor = values if torch.is_tensor(values) else torch.as_tensor(np.asarray(values))
    if tensor.shape != like.shape:
        raise ValueError(f"your function returned shape {tuple(tensor.shape)}, expected {tuple(like.shape)}")
    return tensor.detach().to(like.dtype)
>>>>>>> house-exercises
