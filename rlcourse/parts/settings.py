"""An algorithm's fields: which of them a running training keeps, and all of them as JSON."""

import dataclasses
from typing import Any


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
