"""The student's side of a check: call a function on data, return plain numbers. Holds no answers.

The same file runs in a notebook (`check`) and alone in the judge's sandbox: it imports nothing of rlcourse
and names no exercise. What it must know of one comes as data, its `spec`:

    name        what the student's function or class is called
    signature   the names of its parameters, in order
    kind        "function" or "class"
    adaptor     source text of a function `adaptor`, or None where the parameters are the case
    flat        true where an answer that goes entry by entry may also be written for arrays of one dimension
    parts       names of the parts of an answer that is a tuple; they may differ in shape. None: one value
    truth       true where truth values are asked: they become 0 and 1, and 0 and 1 are taken for them
    pure        true where arguments must be left as they are: "changed" has the places of those that were not
    gradient    names of inputs by which a value is differentiated that comes back as a tensor with its graph:
                "<name>_gradient", NaN where it comes back as a number

An adaptor, `adaptor(function, case, plain, style)`, makes a call that plain values cannot make: a matrix
becomes `matvec`, coefficients become f, f′ and f″. It returns named answers. `plain` turns what the student
returned into numbers and refuses everything else; `style` hands an array or a number over as this attempt
does. An adaptor without `style` makes its inputs itself and is tried once.
"""

import contextlib
import decimal
import functools
import inspect
import io
import linecache
import numbers
import sys
import sysconfig
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

LARGEST = 1_000_000  # numbers in one answer


class NotNumbers(Exception):
    """The answer is not made of numbers; the text says what it is."""


def observe(spec: dict, function: Callable | None, cases: list[dict]) -> list[dict]:
    """Answers of `function` on every case, as dicts of float64 arrays, or of an "error" and its "kind".

    NumPy inputs are tried first, then torch tensors where NumPy ones raise; every call gets fresh copies.
    Stops at the first case that cannot be answered. Raises nothing but KeyboardInterrupt.
    """
    refusal = refuse(spec, function)
    if refusal:
        return [refusal]
    answers = []
    for case in cases:
        answers.append(attempt(spec, function, case))
        if "error" in answers[-1]:
            break
    return answers


def refuse(spec: dict, function: Callable | None) -> dict | None:
    """What is wrong with `function` before it is called, or None."""
    name, names = spec["name"], spec["signature"]
    expected = f"{name}({', '.join(names)})"
    if not callable(function) or (spec["kind"] == "class" and not isinstance(function, type)):
        got = "nothing" if function is None else f"{describe(function)}"
        return problem("missing", f"expected a {spec['kind']} `{expected}`, got {got}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    parameters = [p for p in signature.parameters if p in names]
    try:
        signature.bind(*names)
    except TypeError:
        return problem("signature", f"expected `{expected}`, yours is `{name}{signature}`")
    if sorted(parameters) == sorted(names) and parameters != names:
        return problem("signature", f"the order must be `{expected}`, yours is `{name}{signature}`")
    return None


STYLE_ERRORS = (
    *(NotNumbers, TypeError, AttributeError, ValueError, IndexError, RuntimeError),
    AssertionError,  # assert isinstance(x, torch.Tensor)
)


def attempt(spec: dict, function: Callable, case: dict) -> dict:
    """One answer: in the first style of input that raises nothing, or the error that came furthest.

    Another style is tried only after an error that the style may have caused.
    """
    furthest, line = None, -1
    for number, style in enumerate(styles(spec)):
        try:
            with warnings.catch_warnings():
                if number:  # what a second style warns about is not the student's business
                    warnings.simplefilter("ignore")
                return differentiated(spec, function, case, call(spec, function, unpack(case), style))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            found = failure(spec["name"], error, spec["kind"])
            if isinstance(error, NotImplementedError) and not hasattr(function, "dispatch"):
                return found  # but of a singledispatch it may be the answer to a type that it does not take
            if found["kind"] == "exit":
                return found
            if line_number(error) > line:
                furthest, line = found, line_number(error)
            if not isinstance(error, STYLE_ERRORS) or isinstance(error, np.linalg.LinAlgError):
                break
    return furthest


def differentiated(spec: dict, function: Callable, case: dict, answer: dict) -> dict:
    """The answer, with its gradients where the same function takes tensors as well and keeps their graph."""
    names = [f"{name}_gradient" for name in spec.get("gradient", ())]
    torch = sys.modules.get("torch")
    if not names or torch is None or not all(np.all(np.isnan(answer[name])) for name in names):
        return answer
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            again = call(spec, function, unpack(case), doubles)
    except Exception:
        return answer
    alike = all(
        again[name].shape == answer[name].shape
        and np.allclose(again[name], answer[name], rtol=1e-5, atol=1e-8)
        for name in answer.keys() - {*names, "changed"}
    )
    return answer | {name: again[name] for name in names} if alike else answer


# Styles: how arrays, booleans and scalars are handed over.


def styles(spec: dict) -> Iterator[Callable]:
    """NumPy first; torch only when the student's code has imported it."""
    yield lambda v: np.array(v) if is_array(v) else v
    if spec["adaptor"] and not takes_style(adaptor(spec["adaptor"])):
        return
    yield lambda v: np.array(v, dtype=v.dtype if v.dtype.kind == "i" else float) if is_array(v) else v
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "tensor"):
        single = {"f": torch.float32, "b": torch.float32, "i": torch.int64}
        yield doubles
        yield lambda v: torch.tensor(v) if is_array(v) else v
        yield lambda v: torch.tensor(v, dtype=single[v.dtype.kind]) if is_array(v) else v
        yield (
            lambda v: (
                doubles(v)
                if is_array(v)
                else torch.tensor(v, dtype=torch.float64)
                if isinstance(v, float)
                else v
            )
        )
    if spec["flat"]:  # a loop over one dimension is as right as any
        yield lambda v: v.reshape(-1).copy() if is_array(v) else v


def doubles(value: Any) -> Any:
    """Arrays as tensors of float64, or of whole numbers; all else as it is."""
    if not is_array(value):
        return value
    torch = sys.modules["torch"]
    return torch.tensor(value, dtype=torch.int64 if value.dtype.kind == "i" else torch.float64)


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0


def unpack(case: dict) -> dict:
    """Zero-dimensional arrays (from an npz) back to Python numbers and strings."""
    return {k: v.item() if isinstance(v, np.ndarray) and v.ndim == 0 else v for k, v in case.items()}


# Calls: from a case to an answer.


def call(spec: dict, function: Callable, case: dict, style: Callable) -> dict:
    """By the exercise's adaptor if it has one; else the parameters are the case."""
    if spec["adaptor"]:
        adapt = adaptor(spec["adaptor"])
        made = adapt(function, case, plain, *([style] if takes_style(adapt) else []))
        return {name: plain(value) for name, value in made.items()}
    given = [case[parameter] for parameter in spec["signature"]]
    inputs = [style(v) for v in given]
    before = [held(v) for v in inputs] if spec.get("pure") else []
    leaves = {
        name: differentiable(inputs[spec["signature"].index(name)]) for name in spec.get("gradient", ())
    }
    value = function(*inputs)
    parts = parted(value, spec["parts"]) if spec.get("parts") else [("value", value)]
    answer = {name: plain(truth_as_numbers(part) if spec.get("truth") else part) for name, part in parts}
    if spec["flat"] and answer["value"].ndim == 1:
        shape, flat = next(v.shape for v in given if is_array(v)), answer["value"]
        answer["value"] = flat.reshape(shape) if flat.size == np.prod(shape) else flat
    if leaves:
        answer |= gradients(value, leaves, case)
    if before:
        after = [held(v) for v in inputs]
        changed = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        answer["changed"] = np.array(changed, dtype=float)
    return answer


def truth_as_numbers(value: Any) -> Any:
    """Truth values as 0 and 1, wherever they stand; all else as it is."""
    if isinstance(value, (bool, np.bool_)):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [truth_as_numbers(part) for part in value]
    if isinstance(value, np.ndarray) and value.dtype == object:
        return truth_as_numbers(value.tolist())
    if isinstance(value, np.ndarray) and value.dtype == bool:
        return value.astype(float)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor) and value.dtype == torch.bool:
        return value.double()
    return value


def parted(value: Any, names: list[str]) -> Iterator[tuple[str, Any]]:
    """(name, part) of a tuple's parts; the rows of an array are parts, too."""
    sized = isinstance(value, (tuple, list)) or (hasattr(value, "shape") and len(value.shape) > 0)
    if not sized or len(value) != len(names):
        found = f"{len(value)} parts" if sized else describe(value)
        asked = f"your function must return {len(names)} parts, ({', '.join(names)})"
        raise NotNumbers(f"{asked}, it returned {found}")
    return zip(names, value, strict=True)


def held(value: Any) -> tuple:
    """What an array or a tensor holds now, to be compared with what it holds later."""
    array = np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
    return array.shape, array.tobytes()


def differentiable(value: Any) -> Any:
    """A tensor of floating numbers as a leaf of a graph; None for what is none."""
    is_leaf = hasattr(value, "requires_grad_") and value.is_floating_point()
    return value.requires_grad_() if is_leaf else None


def gradients(value: Any, leaves: dict, case: dict) -> dict:
    """∂value/∂leaf by name, of a tensor that has them in its graph; NaN for a value that is only a number."""
    torch = sys.modules.get("torch")
    found = {f"{name}_gradient": np.full(np.shape(case[name]), np.nan) for name in leaves}
    with_graph = torch is not None and isinstance(value, torch.Tensor) and value.requires_grad
    if not with_graph or any(leaf is None for leaf in leaves.values()):
        return found
    slopes = torch.autograd.grad(value.sum(), list(leaves.values()), allow_unused=True)
    for (name, leaf), slope in zip(leaves.items(), slopes, strict=True):
        slope = torch.zeros_like(leaf) if slope is None else slope
        found[f"{name}_gradient"] = plain(torch.nan_to_num(slope, nan=np.inf))
    return found


@functools.lru_cache(maxsize=64)
def adaptor(source: str) -> Callable:
    """The function that an adaptor's source defines. Its lines count as this file's, not as the student's."""
    namespace = {}
    exec(compile(source, __file__, "exec"), namespace)
    return namespace["adaptor"]


def takes_style(adapt: Callable) -> bool:
    return "style" in inspect.signature(adapt).parameters


# Numbers, strictly: nothing that merely behaves like one.


def plain(value: Any, size: int | None = None, who: str = "your function") -> np.ndarray:
    """The answer as a float64 array. Accepts numbers, arrays, tensors and nested lists of these.

    `size`: how many numbers it must hold, where that is known; `who` returned it, for the refusal.
    """
    if value is None:
        raise NotNumbers("your function returned None: does every path end in `return …`?")
    if isinstance(value, np.ndarray):  # first: it is the most frequent, and comes by the thousand
        if value.dtype.kind == "c" and not np.any(value.imag):
            value = value.real
        if value.dtype.kind in "iuf":
            array = np.array(value, dtype=np.float64, subok=False)
        elif value.dtype == object:
            array = plain(value.tolist())
        else:
            raise NotNumbers(f"your function returned an array of {value.dtype}, where numbers are asked")
    elif isinstance(value, (bool, np.bool_)):
        raise NotNumbers(f"your function returned {bool(value)}, a truth value, where a number is asked")
    elif isinstance(value, (int, float, np.integer, np.floating, numbers.Rational, decimal.Decimal)):
        return np.array(float(value))
    elif isinstance(value, (complex, np.complexfloating)) and value.imag == 0:
        return np.array(float(value.real))
    elif "torch" in sys.modules and isinstance(value, sys.modules["torch"].Tensor):
        tensor = value.detach().cpu()
        if tensor.is_complex() and not bool(tensor.imag.any()):
            tensor = tensor.real
        if tensor.dtype == sys.modules["torch"].bool or tensor.is_complex():
            raise NotNumbers(f"your function returned a tensor of {tensor.dtype}, where numbers are asked")
        array = np.array(tensor.double().numpy(), dtype=np.float64)
    elif isinstance(value, (list, tuple)):
        parts = [plain(part) for part in value]
        if len({part.shape for part in parts}) > 1:
            raise NotNumbers(f"your function returned a {type(value).__name__} of parts of unequal shape")
        array = np.array(parts, dtype=np.float64)
    else:
        raise NotNumbers(f"your function returned {describe(value)}, where numbers are asked")
    if array.size > LARGEST:
        raise NotNumbers(f"your function returned {array.size} numbers, more than {LARGEST}")
    if size is not None and array.size != size:
        raise NotNumbers(f"{who} must return {size} items, yours returned shape {array.shape}")
    return array


def describe(value: Any) -> str:
    return f"a {type(value).__name__}"


# Errors, in a sentence.


def problem(kind: str, text: Any) -> dict:
    return {"error": " ".join(str(text).split())[:500], "kind": kind}


def failure(name: str, error: BaseException, kind: str = "function") -> dict:
    """Type, line of the student's own code, and the likely reason."""
    if isinstance(error, NotNumbers):
        return problem("type", error)
    if isinstance(error, NotImplementedError):
        frames = own_frames(error)
        inner = frames[-1].name if frames else name
        if kind == "function" and inner not in (name, frames[0].name) and inner.isidentifier():
            return problem(
                "unwritten", f"`{inner}`, which `{name}` calls, is not written yet: write it first."
            )
        return problem("not_implemented", f"`{name}` is not written yet")
    if isinstance(error, (SystemExit, GeneratorExit)):
        return problem("exit", "your code ends the program (exit): return the answer instead")
    try:
        text = " ".join(str(error).split())[:160]
    except Exception:
        text = ""
    where = place(error)
    return problem("exception", f"{type(error).__name__}{where}: {text}. {reason(error, text)}".rstrip())


def own_frames(error: BaseException) -> list:
    """Frames of the student's code: not this file, not a library."""
    library = sysconfig.get_paths()["stdlib"]
    frames = traceback.extract_tb(error.__traceback__, limit=-50)
    return [
        f
        for f in frames
        if f.filename != __file__ and "site-packages" not in f.filename and not f.filename.startswith(library)
    ]


def line_number(error: BaseException) -> int:
    frames = own_frames(error)
    return frames[-1].lineno or 0 if frames else 0


def place(error: BaseException) -> str:
    frames = own_frames(error)
    if not frames:
        return ""
    frame = frames[-1]
    line = (frame.line or linecache.getline(frame.filename, frame.lineno)).strip()
    return f" in line {frame.lineno}" + (f", `{line[:100]}`" if line else "")


REASONS = (  # (type name, part of the text, what it usually means)
    ("NameError", "", "A typo, or a cell above that was not run"),
    ("UnboundLocalError", "", "A variable is used before it gets a value"),
    ("ZeroDivisionError", "", "A denominator is zero for some inputs: treat that case first"),
    ("RecursionError", "", "The function calls itself without end"),
    ("ValueError", "truth value of an array", "An `if` needs one truth value: use np.where for arrays"),
    ("RuntimeError", "Boolean value of Tensor", "An `if` needs one truth value: use torch.where for tensors"),
    ("TypeError", "only length-1 arrays", "A function for one number got an array: use its NumPy version"),
    ("TypeError", "can only be converted", "A function for one number got an array: use its NumPy version"),
    ("ValueError", "broadcast", "Two shapes do not fit: print them just above this line"),
    ("ValueError", "matmul", "Two shapes do not fit: print them just above this line"),
    ("ValueError", "not aligned", "Two shapes do not fit: print them just above this line"),
    ("RuntimeError", "size of tensor", "Two shapes do not fit: print them just above this line"),
    (
        "TypeError",
        "must be Tensor",
        "The inputs are NumPy arrays here: torch.as_tensor makes tensors of them",
    ),
    ("TypeError", "not subscriptable", "Something that is no array is indexed"),
    ("TypeError", "not callable", "A number or array is called like a function: a missing `*`?"),
    ("IndexError", "", "An index runs past the end: check the loop's range, and the order of the indices"),
    ("AttributeError", "numpy.ndarray", "Arrays have no such method: is it torch's?"),
    ("AttributeError", "Tensor", "Tensors have no such method: is it NumPy's?"),
    ("AttributeError", "", "Check the spelling, and that __init__ sets it"),
    ("LinAlgError", "", "The matrix cannot be inverted: check how it is built"),
)


def reason(error: BaseException, text: str) -> str:
    for kind, part, meaning in REASONS:
        if type(error).__name__ == kind and part in text:
            return meaning + "."
    return ""
