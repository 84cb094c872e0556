"""What enters the student's process: the observer, and an exercise's `spec`, without a line of an answer."""

import ast
import builtins
import inspect
import json
import sys
import types

import numpy as np
import pytest

from rlcourse.grading.exercises import EXERCISES, find
from rlcourse.grading.sandbox.inside import observer as driver

NAMES = list(EXERCISES)
ADAPTED = [name for name, exercise in EXERCISES.items() if exercise.adaptor]
PARAMETERS = [["case", "plain"], ["case", "plain", "style"]]  # after the student's function or class


def imported(tree):
    modules = {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    modules |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    return {module.split(".")[0] for module in modules}


def test_the_observer_imports_nothing_of_the_course_and_names_no_exercise():
    source = inspect.getsource(driver)
    assert imported(ast.parse(source)) <= {*sys.stdlib_module_names, "numpy", "torch"}
    assert not [name for name in NAMES if name in source]


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_is_plain_data(name):
    spec = find(name).spec
    assert json.loads(json.dumps(spec)) == spec
    assert set(spec) == {
        "name", "signature", "kind", "adaptor", "flat", "parts", "truth", "pure", "gradient",
    }  # fmt: skip
    assert spec["kind"] in ("function", "class")
    assert all(parameter.isidentifier() for parameter in spec["signature"])


@pytest.mark.parametrize("name", ADAPTED)
def test_an_adaptor_stands_alone_and_holds_no_answer(name):
    source = find(name).spec["adaptor"]
    assert imported(ast.parse(source)) <= {*sys.stdlib_module_names, "numpy", "torch"}
    function = driver.adaptor(source)
    assert list(inspect.signature(function).parameters)[1:] in PARAMETERS
    assert globals_read(function.__code__) <= set(dir(builtins))
    answer = inspect.getsource(find(name).reference).strip().splitlines()[1:]
    told = [line.strip() for line in answer if line.strip() not in ("", "import torch", "return")]
    assert told and not [line for line in told if line in source]


def globals_read(code):
    """Names that a function's code, or a function inside it, looks up outside itself."""
    import dis

    names = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return names.union(*(globals_read(constant) for constant in inner))


@pytest.mark.parametrize("name", ADAPTED)
def test_check_runs_the_adaptor_s_text_and_not_the_function_beside_the_answer(name, monkeypatch):
    exercise = find(name)
    spec = exercise.spec  # made before the function is spoilt

    def spoilt(*anything):
        raise AssertionError("the function in the exercise's file was called")

    monkeypatch.setitem(exercise.__dict__, "adaptor", spoilt)
    cases = exercise.cases(0)
    assert exercise.judge(cases, driver.observe(spec, exercise.reference, cases)).passed


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_observed_as_a_student_s_is_right_on_five_seeds(name):
    exercise = find(name)
    for seed in range(5):
        cases = exercise.cases(seed)
        feedback = exercise.judge(cases, driver.observe(exercise.spec, exercise.reference, cases))
        assert feedback.passed, feedback


def test_a_frame_of_an_adaptor_is_not_taken_for_the_student_s():
    def mine(matvec, b, iterations):
        return matvec(b[:2])

    line = mine.__code__.co_firstlineno + 1
    cases = find("conjugate_gradient").cases(0)
    (answer,) = driver.observe(find("conjugate_gradient").spec, mine, cases)
    assert f"in line {line}, `return matvec(b[:2])`" in answer["error"]


@pytest.mark.parametrize("kind", ["fraction", "decimal", "complex"])
def test_a_number_of_any_kind_is_a_number(kind):
    import decimal
    import fractions

    kinds = {"fraction": fractions.Fraction, "decimal": decimal.Decimal, "complex": complex}
    spec = {"name": "f", "signature": ["x"], "kind": "function", "adaptor": None, "flat": False}
    made = kinds[kind]
    for answer, expected in ((made(0.5), 0.5), ([made(0.5), made(2)], [0.5, 2.0])):
        (got,) = driver.observe(spec, lambda x, answer=answer: answer, [{"x": 1.0}])
        np.testing.assert_array_equal(got["value"], expected)


def test_a_complex_number_that_is_not_real_is_refused():
    for answer in (1j, np.array([1.0, 1j]), [1.0, 1e-30j]):
        with pytest.raises(driver.NotNumbers):
            driver.plain(answer)
    np.testing.assert_array_equal(driver.plain(np.array([1.0 + 0j, 2.0])), [1.0, 2.0])


def test_a_function_for_tensors_only_may_say_so_by_an_assertion_or_by_dispatch():
    import functools

    import torch

    def asserts(x):
        assert isinstance(x, torch.Tensor)
        return 2 * x

    @functools.singledispatch
    def dispatches(x):
        raise NotImplementedError(type(x))

    @dispatches.register
    def _(x: torch.Tensor):
        return 2 * x

    for function in (asserts, dispatches):
        spec = {"name": "f", "signature": ["x"], "kind": "function", "adaptor": None, "flat": False}
        (got,) = driver.observe(spec, function, [{"x": np.array([1.0, 2.0])}])
        np.testing.assert_array_equal(got["value"], [2.0, 4.0])


def test_a_right_function_that_calls_a_blank_one_is_told_which_one_is_blank():
    def visitation(x):
        raise NotImplementedError("This one is yours to write.")

    def f(x):
        return visitation(x)

    spec = {"name": "f", "signature": ["x"], "kind": "function", "adaptor": None, "flat": False}
    (got,) = driver.observe(spec, f, [{"x": 1.0}])
    assert got["error"] == "`visitation`, which `f` calls, is not written yet: write it first."
    (got,) = driver.observe(spec | {"name": "visitation"}, visitation, [{"x": 1.0}])
    assert got["kind"] == "not_implemented"


def test_a_blank_function_is_called_once():
    calls = []

    def f(x):
        calls.append(x)
        raise NotImplementedError

    spec = {"name": "f", "signature": ["x"], "kind": "function", "adaptor": None, "flat": False}
    driver.observe(spec, f, [{"x": np.array([1.0])}] * 3)
    assert len(calls) == 1
