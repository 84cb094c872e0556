"""Floor 2.1: bugs of real programs and common slips, each planted in a method by one `replace`.

A file is a family of bugs: the wrong functions, at most five lines each, and the exhibits that hang them. An
exhibit says what one sees, what the cause is, where it was found (an issue, or "a common slip"), and it
brings the test that catches it.
"""

import importlib
import pkgutil

from rlcourse.museum.exhibit import Exhibit

__all__ = ["Exhibit", "discover"]


def discover() -> dict[str, Exhibit]:
    """{name: the exhibit}, family by family: the `EXHIBITS` of each file of this folder."""
    found = {}
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        found |= {exhibit.name: exhibit for exhibit in getattr(module, "EXHIBITS", ())}
    return found
