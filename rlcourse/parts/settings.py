"""An algorithm's fields: which of them a running training keeps, and all of them as JSON."""

import dataclasses
import importlib
import inspect
from collections.abc import Callable
from typing import Any, Literal


def fixed(default: Any) -> Any:
    """A field that shapes networks, memory or environments: `hidden: tuple[int, ...] = fixed((64, 64))`.

    It cannot change while a run lasts, nor from a checkpoint to the run that continues it.
    """
    return dataclasses.field(default=default, metadata={"fixed": True})


def fixed_fields(algorithm: Any) -> dict[str, Any]:
    """{name: value} of the fields that were marked with `fixed`; an instance or a class (its defaults)."""
    return {
        field.name: getattr(algorithm, field.name)
        for field in dataclasses.fields(algorithm)
        if field.metadata.get("fixed")
    }


def fixed_values(algorithm: Any) -> dict[str, Any]:
    """The fixed fields as JSON-able values: what a checkpoint and the run that continues it must share."""
    values = as_json(algorithm)
    return {name: values[name] for name in fixed_fields(algorithm)}


def equation(
    default: Callable,
    over: Literal["batch", "time", "seed", "loss", "number"] = "batch",
    arguments: int | None = None,
) -> Any:
    """A field that holds an equation, with the reference as its default; a reader may plug in another.

    over: what a plugged-in function gets (see `parts.plugged`): all transitions as one row, columns with time
    first, one seed's vectors; one seed's rows, for one number; or the same as tensors, for a loss that is
    differentiated. arguments: how many the trainer gives (all of the default's, if None).
    """
    names = tuple(inspect.signature(default).parameters)[:arguments]
    return dataclasses.field(default=default, metadata={"over": over, "arguments": names})


def as_json(algorithm: Any) -> dict[str, Any]:
    """The fields of an algorithm as JSON-able values; a plugged-in function is kept by name."""

    def plain(value):
        if dataclasses.is_dataclass(value):
            return {"kind": type(value).__name__, **as_json(value)}
        if callable(value):
            return getattr(value, "__qualname__", type(value).__name__)
        return list(value) if isinstance(value, tuple) else value

    return {f.name: plain(getattr(algorithm, f.name)) for f in dataclasses.fields(algorithm)}


def from_json(text: dict[str, Any]) -> Any:
    """The algorithm that run.json describes: only classes of this package, never code from the file."""
    if not text["module"].startswith("rlcourse.algorithms."):
        raise ValueError(
            f"algorithm {text['algorithm']} is not of this package: "
            "load it by train(algorithm, …, resume=folder)"
        )
    kind = getattr(importlib.import_module(text["module"]), text["algorithm"])
    default, values = kind(), {}
    for f in dataclasses.fields(kind):
        value = text["settings"][f.name]
        if callable(getattr(default, f.name)):
            continue  # a plugged-in function is not stored; the default stands in
        if isinstance(value, dict):
            noise = importlib.import_module("rlcourse.parts.noise")
            value = getattr(noise, value.pop("kind"))(**value)
        values[f.name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)
