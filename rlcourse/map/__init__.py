"""Floor 2: the boxes of lecture 13's map, one method a file, in at most 100 lines, as its paper writes it.

A file begins with its place, `"Value, off-policy: Q-learning."`, and ends with its record, METHOD. It is
found by its file. Methods that have a room of their own in the course (`algorithms`) are records of
`own_methods`. `training.learn(method, seeds)` runs any of them.
"""

import functools
import importlib
import pkgutil

from rlcourse.map.record import BOXES, Claim, Loop, Method, Point, due

__all__ = ["BOXES", "Claim", "Loop", "Method", "Point", "discover", "due"]


@functools.cache
def discover() -> dict[str, Method]:
    """{name of the file, or key in a file's METHODS: the record}, box by box, as `BOXES` has them."""
    found = {}
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        if hasattr(module, "METHOD"):
            found[file.name] = module.METHOD
        found |= getattr(module, "METHODS", {})
    return dict(sorted(found.items(), key=lambda item: BOXES.index(item[1].box)))
