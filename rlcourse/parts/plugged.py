"""A reader's function in the place of a trainer's equation, as it stands.

Trainers call their equations on tensors with the seeds side by side. Who writes `td3_target` for a homework
thinks of one batch, in NumPy or PyTorch, with a loop or without. `plugged` stands between: the function gets
what its exercise gave it, one row, one column or one vector, and its answer goes back into the shape that was
asked for.
"""

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

# Another kind of input may do.
STYLE_ERRORS = (TypeError, ValueError, AttributeError, IndexError, RuntimeError)
FLAGS = ("terminated", "truncated", "done")  # 0.0 or 1.0 in the trainers; truth values to some readers


def plugged(algorithm: Any) -> Any:
    """The algorithm, with each equation that is not the package's own made fit for its trainer.

    Raises ValueError for a function that cannot take the equation's arguments, with both signatures.
    """
    changes = {}
    for field in dataclasses.fields(algorithm):
        value, over = getattr(algorithm, field.name), field.metadata.get("over")
        if over is not None and not isinstance(value, Plugged) and not _ours(value):
            names = field.metadata["arguments"]
            check_signature(f"{type(algorithm).__name__}.{field.name}", value, names)
            changes[field.name] = Plugged(value, over, names)
    return dataclasses.replace(algorithm, **changes) if changes else algorithm


def check_signature(name: str, function: Callable, expected: Sequence[str]) -> None:
    """ValueError unless `function` takes the `expected` arguments, by position."""
    if not callable(function):
        raise ValueError(f"{name} must be a function of ({', '.join(expected)}), got {function!r}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some built-in functions have none
        return
    try:
        signature.bind(*expected)
    except TypeError:
        raise ValueError(f"{name} is called with ({', '.join(expected)}); yours takes {signature}") from None


def _ours(function):
    return getattr(function, "__module__", "").startswith("rlcourse.")


class Plugged:
    """A reader's function as an equation on tensors. `function` is what was plugged in."""

    def __init__(self, function: Callable, over: str, names: Sequence[str] | None = None):
        self.function, self.over = function, over
        self.names = list(names or inspect.signature(function).parameters)
        self.__name__ = self.__qualname__ = getattr(function, "__qualname__", type(function).__name__)
        # The first of `STYLES` that the function understood; a solver's vectors are tensors, as its products
        self._style = 1 if over in ("seed", "search") else 0

    def __call__(self, *inputs: Any) -> torch.Tensor:
        return getattr(self, f"_{self.over}")(*inputs)

    def _batch(self, *inputs):
        """Arrays of one shape [S, B]: all their entries as one row."""
        like = next(v for v in inputs if torch.is_tensor(v))
        flat = [v.reshape(-1) if torch.is_tensor(v) else v for v in inputs]
        return self._ask(flat, like.reshape(-1)).reshape(like.shape)

    def _time(self, *inputs):
        """Arrays [T, S, N]: columns [T, S·N]; one after the other for a function that knows only one."""
        like = next(v for v in inputs if torch.is_tensor(v))
        wide = [v.flatten(1) if torch.is_tensor(v) else v for v in inputs]
        try:
            return self._ask(wide, like.flatten(1)).view(like.shape)
        except NotImplementedError:
            raise
        except STYLE_ERRORS:
            columns = [
                self._ask([v[:, i] if torch.is_tensor(v) else v for v in wide], like[:, 0, 0])
                for i in range(like[0].numel())
            ]
            return torch.stack(columns, dim=1).view(like.shape)

    def _seed(self, matvec, b, *rest):
        """One vector b[s] [P] at a time, with the product of that seed's matrix."""
        answers = []
        for s in range(len(b)):

            def product(v, s=s):
                placed = torch.zeros_like(b)
                placed[s] = torch.as_tensor(v, dtype=b.dtype)
                result = matvec(placed)[s].detach()
                return result if torch.is_tensor(v) else result.numpy()

            answers.append(self._ask([product, b[s].detach(), *rest], b[s]))
        return torch.stack(answers)

    def _search(self, evaluate, start, step, *rest):
        """One seed's θ [P] at a time, with its own gain and KL. Returns (θ [S, P], share of the step [S])."""
        found = []
        for s in range(len(start)):

            def ask(theta, s=s):
                placed = start.clone()
                placed[s] = torch.as_tensor(theta, dtype=start.dtype)
                gain, kl = evaluate(placed)
                return float(gain[s]), float(kl[s])

            found.append(self._ask([ask, start[s], step[s], *rest], start[s]))
        theta, length = torch.stack(found), step.norm(dim=1)
        return theta, (theta - start).norm(dim=1) / torch.where(length > 0, length, 1.0)

    def _number(self, *inputs):
        """One number for each seed's arrays, [S]."""
        like = next(v for v in inputs if torch.is_tensor(v))
        each = [
            self._ask([v[s] if torch.is_tensor(v) else v for v in inputs], like.new_zeros(()))
            for s in range(len(like))
        ]
        return torch.stack(each)

    def _loss(self, *inputs):
        """A loss of each seed's row [B], as tensors through which the gradient flows: [S]."""
        seeds = len(next(v for v in inputs if torch.is_tensor(v)))
        losses = []
        for s in range(seeds):
            loss = self.function(*(v[s] if torch.is_tensor(v) else v for v in inputs))
            if not (torch.is_tensor(loss) and loss.requires_grad and loss.numel() == 1):
                raise ValueError(
                    f"{self.__name__}: a loss that trains must be one number that PyTorch can differentiate, "
                    f"made of the tensors given without NumPy, float() or .item(); got {_described(loss)}"
                )
            losses.append(loss.reshape(()))
        return torch.stack(losses)

    def _objective(self, *inputs):
        """What each sample of each seed's row [B] is worth, through which the gradient flows: [S, B]."""
        rows = []
        for s in range(len(inputs[0])):
            worth = self.function(*(v[s] if torch.is_tensor(v) else v for v in inputs))
            if not (torch.is_tensor(worth) and worth.requires_grad and worth.shape == inputs[0][s].shape):
                raise ValueError(
                    f"{self.__name__}: an objective that trains must be one number for each sample, shape "
                    f"{tuple(inputs[0][s].shape)}, that PyTorch can differentiate, made of the tensors given "
                    f"without NumPy, float() or .item(); got {_described(worth)}"
                )
            rows.append(worth)
        return torch.stack(rows)

    def _ask(self, inputs, like):
        """The function's answer in the first style of input that it understands, and remembers that style."""
        order = [self._style, *(i for i in range(len(STYLES)) if i != self._style)]
        first_error = None
        for style in order:
            try:
                answer = self.function(
                    *(STYLES[style](n, v) for n, v in zip(self.names, inputs, strict=False))
                )
                answer = as_tensor(answer, like)
                self._style = style
                return answer
            except NotImplementedError:
                raise
            except STYLE_ERRORS as error:
                first_error = first_error or error
        raise first_error


def _described(loss):
    return f"a tensor {tuple(loss.shape)}" if torch.is_tensor(loss) else type(loss).__name__


def _torch_style(name, value):
    return value.detach().clone() if torch.is_tensor(value) else value


def _numpy_style(name, value):
    return value.detach().numpy().copy() if torch.is_tensor(value) else value


def _truth_values(name, value):
    value = _numpy_style(name, value)
    return value.astype(bool) if name in FLAGS else value


STYLES = (_numpy_style, _torch_style, _truth_values)


def as_tensor(values: Any, like: torch.Tensor) -> torch.Tensor:
    """values as a tensor of `like`'s shape and kind; ValueError where the shapes differ."""
    tensor = values if torch.is_tensor(values) else torch.as_tensor(np.asarray(values))
    if tensor.shape != like.shape:
        raise ValueError(f"your function returned shape {tuple(tensor.shape)}, expected {tuple(like.shape)}")
    return tensor.detach().to(like.dtype)
