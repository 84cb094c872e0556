"""What holds for every public function of the room: whole first lines, annotated signatures."""

import importlib
import inspect
import pkgutil

import pytest

from rlcourse import equations

MODULES = [
    importlib.import_module(info.name)
    for info in pkgutil.walk_packages(equations.__path__, equations.__name__ + ".")
]


def public(module):
    """(name, function) of every public function and method that the module defines."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value):
            for method, function in vars(value).items():
                function = getattr(function, "fget", getattr(function, "__func__", function))
                written = inspect.isfunction(function) and function.__qualname__.startswith(
                    value.__qualname__
                )
                if written and not method.startswith("_"):
                    yield f"{name}.{method}", function


FUNCTIONS = [
    pytest.param(function, id=f"{module.__name__.removeprefix('rlcourse.equations.')}.{name}")
    for module in MODULES
    for name, function in public(module)
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_argument_and_answer_has_its_kind_written(function):
    signature = inspect.signature(function)
    bare = [name for name, p in signature.parameters.items() if p.annotation is p.empty]
    assert bare in ([], ["self"], ["cls"]), f"{function.__qualname__}: {bare} are not annotated"
    assert signature.return_annotation is not signature.empty


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_docstring_begins_with_a_whole_line(function):
    first, *rest = inspect.getdoc(function).split("\n")
    assert first[-1] in ".:" or not rest, f"cut after its first line: {first}"
    assert not rest or rest[0] == "", f"a second half of the first line: {rest[0]}"
    for left, right in ("()", "{}"):
        assert first.count(left) == first.count(right), f"an equation is cut: {first}"


def test_the_walk_finds_the_room():
    assert len(MODULES) > 15 and len(FUNCTIONS) > 80


def test_markov_hands_on_every_public_name_of_its_files():
    markov = importlib.import_module("rlcourse.equations.markov")
    inside = {"check_distribution", "checked_policy", "one_policy", "reachable"}  # the files' own tools
    inside |= {"cumulated", "first_above"}  # dice, also of `parts.walkers`
    files = [module for module in MODULES if module.__name__.startswith(markov.__name__ + ".")]
    defined = {
        name for module in files for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    }  # fmt: skip
    assert defined - inside == set(markov.__all__)
    assert all(
        callable(getattr(markov, name)) for name in markov.__all__
    )  # no function hides behind its file
