"""An algorithm's fields: what they may be, which of them a running training keeps, all of them as JSON."""

import contextlib
import dataclasses
import functools
import importlib
import inspect
import types
import typing
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Literal, get_args, get_origin

import numpy as np

from rlcourse.parts import noise

RATES = ("learning_rate", "actor_lr", "critic_lr")  # these may be functions of the progress in [0, 1], too

# {interval: the fields that lie in it}; a name means the same in every algorithm. Others may be any number.
RANGES = {
    "[0, 1]": "gamma lam mix epsilon",
    "(0, 1]": "tau elite fisher_fraction exploration",
    "(0, 1)": "shrink",
    "(0, ∞)": " ".join((*RATES, "max_kl kl_target std dt temperature")),
    "(0, ∞]": "clip value_clip clip_observation clip_reward max_grad_norm rho_bar c_bar",
    "[0, ∞]": "stop_kl noise_clip",
    "[0, ∞)": "beta noise target_noise damping value_weight entropy_weight entropy_bonus sigma theta "
    "warmup lag branches",
    "[0, 100000]": "critic_epochs critic_steps",
    "[2, 100000]": "atoms",
    "[1, 100000]": "quantiles updates epochs cg_iterations backtracks branch_steps",  # each is waited for
    "[1, ∞)": "num_envs horizon batch_size minibatch_size capacity workers components policy_delay "
    "learn_every copy_every noise_generations branch_states hidden critic_hidden",
}  # fmt: skip
RANGE_OF = {name: interval for interval, names in RANGES.items() for name in names.split()}


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
    over: Literal["batch", "time", "seed", "search", "loss", "objective", "number"] = "batch",
    arguments: int | None = None,
) -> Any:
    """A field that holds an equation, with the reference as its default; a reader may plug in another.

    over: what a plugged-in function gets (see `parts.plugged`): all transitions as one row, columns with time
    first, one seed's vectors ("search": those of a line search); one seed's rows, for one number; or the same
    as tensors, for a loss that is differentiated, or for each sample's objective. arguments: how many the
    trainer gives (all of the default's, if None).
    """
    names = tuple(inspect.signature(default).parameters)[:arguments]
    return dataclasses.field(default=default, metadata={"over": over, "arguments": names})


def check_settings(algorithm: Any, *, frozen: bool = False) -> None:
    """ValueError, in one line with field, value and range, for a field that cannot be what it is.

    The kind of a field is its annotation, its range that of its name (`RANGES`). frozen: learning rates and τ
    may be 0 too, which keeps the networks as they are.
    """
    for name, hint in _hints(type(algorithm)).items():
        value = getattr(algorithm, name)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            check_settings(value)
            continue
        interval = RANGE_OF.get(name, "(-∞, ∞)")
        if frozen and name in (*RATES, "tau"):
            interval = "[" + interval[1:]
        wanted = _wanted(name, value, hint, interval)
        if wanted:
            raise ValueError(f"{type(algorithm).__name__}: {name} must be {wanted}, got {value!r}")


def plain_numbers(algorithm: Any) -> Any:
    """The algorithm with Python's own numbers for those of other kinds (NumPy's, Fraction), which PyTorch and
    JSON do not take; itself where there are none."""
    changes = {}
    for field in dataclasses.fields(algorithm):
        value = getattr(algorithm, field.name)
        plain = _plain(value)
        if plain is not value:
            changes[field.name] = plain
    return dataclasses.replace(algorithm, **changes) if changes else algorithm


def _plain(value):
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain_numbers(value)
    if isinstance(value, Real) and not isinstance(value, Integral | float):
        return float(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple | list) and any(_plain(item) is not item for item in value):
        return tuple(map(_plain, value))
    return value


@functools.cache
def _hints(kind):
    """{field: what it is annotated with}; text that is no annotation is left out."""
    hints = {field.name: field.type for field in dataclasses.fields(kind)}
    with contextlib.suppress(Exception):
        hints |= {name: hint for name, hint in typing.get_type_hints(kind).items() if name in hints}
    return {name: hint for name, hint in hints.items() if not isinstance(hint, str)}


def _wanted(name, value, hint, interval):
    """What the field must be, in words, if the value is not that."""
    kinds = get_args(hint) if get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    if value is None and type(None) in kinds:
        return ""
    kind = kinds[0]
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        return "" if value in choices else " or ".join(map(repr, choices))
    if kind is bool:
        return "" if isinstance(value, bool | np.bool_) else "True or False"
    if kind is int:
        return "" if _lies_in(value, interval, Integral) else f"a whole number in {interval}"
    if kind is float:
        if name in RATES and callable(value):
            fits = _rate(value, 0.0) is not None
            return "" if fits else "a number > 0, or a function of the progress that gives one"
        return "" if _lies_in(value, interval, Real) else f"a number in {interval}"
    if get_origin(kind) is tuple and get_args(kind) == (int, ...):
        fits = isinstance(value, tuple | list) and all(_lies_in(x, interval, Integral) for x in value)
        return "" if fits else f"a tuple of whole numbers in {interval}, as (64, 64)"
    if get_origin(kind) is Callable or kind is Callable:
        return "" if callable(value) else "a function"
    if dataclasses.is_dataclass(kind):
        names = " or ".join(f"{k.__name__}(…)" for k in kinds)
        made = not isinstance(value, type) and callable(getattr(value, "step", None))
        return "" if made else f"{names}"
    return ""


def _lies_in(value, interval, kind):
    if isinstance(value, bool | np.bool_) or not isinstance(value, kind):
        return False
    low, high = (float(end.replace("∞", "inf")) for end in interval[1:-1].split(","))
    at_an_end = (value == low and interval[0] == "[") or (value == high and interval[-1] == "]")
    return low < value < high or at_an_end


def _rate(rate, progress):
    """The learning rate that a function gives, or None where that is not a finite number ≥ 0."""
    try:
        value = rate(progress)
    except TypeError:
        return None
    return float(value) if _lies_in(value, "[0, ∞)", Real) else None


def at_progress(algorithm: Any, progress: float) -> Any:
    """The algorithm with numbers for those learning rates that are functions of the progress in [0, 1].

    `PPO(learning_rate=lambda progress: 1e-3 * (1 - progress))`. Itself where none is.
    """
    rates = {name: getattr(algorithm, name, None) for name in RATES}
    rates = {name: rate for name, rate in rates.items() if callable(rate)}
    if not rates:
        return algorithm
    values = {name: _rate(rate, progress) for name, rate in rates.items()}
    for name, value in values.items():
        if value is None:
            raise ValueError(
                f"{type(algorithm).__name__}: {name}({progress:g}) must be a number in [0, ∞), "
                f"got {rates[name](progress)!r}"
            )
    return dataclasses.replace(algorithm, **values)


def as_json(algorithm: Any) -> dict[str, Any]:
    """The fields of an algorithm as JSON-able values; a plugged-in function is kept by name."""

    def plain(value):
        if dataclasses.is_dataclass(value):
            return {"kind": type(value).__name__, **as_json(value)}
        if callable(value):
            return getattr(value, "__qualname__", type(value).__name__)
        if isinstance(value, tuple | list):
            return [plain(item) for item in value]
        return _plain(value)

    return {f.name: plain(getattr(algorithm, f.name)) for f in dataclasses.fields(algorithm)}


def from_json(text: dict[str, Any]) -> Any:
    """The algorithm that run.json describes: only classes of this package, never code from the file."""
    if not text["module"].startswith(("rlcourse.algorithms.", "rlcourse.map.")):
        raise ValueError(
            f"algorithm {text['algorithm']} is not of this package: "
            "load it by train(algorithm, …, resume=folder)"
        )
    kind = getattr(importlib.import_module(text["module"]), text["algorithm"])
    default, values = kind(), {}
    if not isinstance(text["settings"], dict):
        raise ValueError("its settings are no dictionary")
    for f in dataclasses.fields(kind):
        if f.name not in text["settings"]:
            continue  # written before there was this field; its default is what was
        value = text["settings"][f.name]
        if callable(getattr(default, f.name)) or (f.name in RATES and isinstance(value, str)):
            continue  # a plugged-in function is not stored; the default stands in
        if isinstance(value, dict):
            kinds = {kind.__name__: kind for kind in (noise.GaussianNoise, noise.OUNoise)}
            value = kinds[value.pop("kind")](**value)
        values[f.name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)
