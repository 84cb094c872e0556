"""The student's side of a check: call a function on data, return plain numbers. Holds no answers.

The same file runs in a notebook (`check`) and alone in the judge's sandbox: it imports nothing of
rlcourse. Callables cross the boundary as data: a matrix becomes `matvec`, coefficients become f, f′ and f″.
"""

import inspect
import linecache
import random
import sys
import sysconfig
import traceback
import warnings

import numpy as np

SIGNATURES = {
    "ou_step": "x, theta, mu, sigma, dt, xi",
    "ou_stationary_variance": "theta, sigma, dt",
    "ReplayBuffer": "capacity, rng",
    "polyak": "target, online, tau",
    "ddpg_target": "reward, terminated, next_q, gamma",
    "actor_loss": "critic, actor, observation, action",
    "expected_maximum": "values, probabilities",
    "td3_target": "reward, terminated, next_q1, next_q2, gamma",
    "smoothed_action": "next_action, xi, sigma, clip",
    "critic_loss": "q, next_q, reward, terminated, gamma",
    "critic_bias": "q, rewards, gamma",
    "visitation": "P, policy, start, gamma",
    "performance_difference": "P, R, start, gamma, new, old",
    "surrogate": "P, R, start, gamma, new, old",
    "bound_constant": "epsilon, gamma",
    "trust_region_step": "f, df, d2f, x, radius",
    "next_radius": "radius, rho, step_length, max_radius",
    "conjugate_gradient": "matvec, b, iterations",
    "fisher_vector_product": "scores, v, damping",
    "natural_step": "F, g, delta",
}
LARGEST = 1_000_000  # numbers in one answer


class NotNumbers(Exception):
    """The answer is not made of numbers; the text says what it is."""


def observe(name, function, cases):
    """Answers of `function` on every case, as dicts of float64 arrays, or of an "error" and its "kind".

    NumPy inputs are tried first, then torch tensors where NumPy ones raise; every call gets fresh copies.
    Stops at the first case that cannot be answered. Raises nothing but KeyboardInterrupt.
    """
    refusal = refuse(name, function)
    if refusal:
        return [refusal]
    drive = DRIVERS.get(name, call)
    answers = []
    for case in cases:
        answers.append(attempt(name, drive, function, case))
        if "error" in answers[-1]:
            break
    return answers


def refuse(name, function):
    """What is wrong with `function` before it is called, or None."""
    expected = SIGNATURES[name]
    if not callable(function) or (name == "ReplayBuffer" and not isinstance(function, type)):
        what = "a class" if name == "ReplayBuffer" else "a function"
        got = "nothing" if function is None else f"{describe(function)}"
        return problem("missing", f"expected {what} `{name}({expected})`, got {got}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    names = expected.split(", ")
    parameters = [p for p in signature.parameters if p in names]
    try:
        signature.bind(*names)
    except TypeError:
        return problem("signature", f"expected `{name}({expected})`, yours is `{name}{signature}`")
    if sorted(parameters) == sorted(names) and parameters != names:
        return problem("signature", f"the order must be `{name}({expected})`, yours is `{name}{signature}`")
    return None


STYLE_ERRORS = (NotNumbers, TypeError, AttributeError, ValueError, IndexError, RuntimeError)


def attempt(name, drive, function, case):
    """One answer: in the first style of input that raises nothing, or the error that came furthest.

    Another style is tried only after an error that the style may have caused.
    """
    furthest, line = None, -1
    for number, style in enumerate(styles(name)):
        try:
            with warnings.catch_warnings():
                if number:  # what a second style warns about is not the student's business
                    warnings.simplefilter("ignore")
                return drive(name, function, case, style)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            found = failure(name, error)
            if found["kind"] in ("not_implemented", "exit"):
                return found
            if line_number(error) > line:
                furthest, line = found, line_number(error)
            if not isinstance(error, STYLE_ERRORS) or isinstance(error, np.linalg.LinAlgError):
                break
    return furthest


# Styles: how arrays, booleans and scalars are handed over.


def styles(name):
    """NumPy first; torch only when the student's code has imported it."""
    yield lambda v: np.array(v) if is_array(v) else v
    if name in ("ReplayBuffer", "actor_loss"):
        return  # their drivers make the inputs
    yield lambda v: np.array(v, dtype=v.dtype if v.dtype.kind == "i" else float) if is_array(v) else v
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "tensor"):
        as_float = {"f": torch.float64, "b": torch.float64, "i": torch.int64}
        single = {"f": torch.float32, "b": torch.float32, "i": torch.int64}
        yield lambda v: torch.tensor(v, dtype=as_float[v.dtype.kind]) if is_array(v) else v
        yield lambda v: torch.tensor(v) if is_array(v) else v
        yield lambda v: torch.tensor(v, dtype=single[v.dtype.kind]) if is_array(v) else v
        yield (
            lambda v: (
                torch.tensor(v, dtype=as_float[v.dtype.kind])
                if is_array(v)
                else torch.tensor(v, dtype=torch.float64)
                if isinstance(v, float)
                else v
            )
        )
    if name == "smoothed_action":  # element by element: a loop over one dimension is as right as any
        yield lambda v: v.reshape(-1).copy() if is_array(v) else v


def is_array(value):
    return isinstance(value, np.ndarray) and value.ndim > 0


def unpack(case):
    """Zero-dimensional arrays (from an npz) back to Python numbers and strings."""
    return {k: v.item() if isinstance(v, np.ndarray) and v.ndim == 0 else v for k, v in case.items()}


# Drivers: from a case to an answer.


def call(name, function, case, style):
    """Most exercises: the parameters are the case."""
    case = unpack(case)
    value = plain(function(*[style(case[parameter]) for parameter in SIGNATURES[name].split(", ")]))
    if name == "smoothed_action" and value.ndim == 1:
        value = value.reshape(case["next_action"].shape) if value.size == case["next_action"].size else value
    return {"value": value}


def drive_trust_region_step(name, function, case, style):
    """f = Σ cₖ xᵏ and its two derivatives, as functions of a number, an array or a tensor."""
    case = unpack(case)
    coefficients = [float(c) for c in case["coefficients"]]
    first = [k * c for k, c in enumerate(coefficients)][1:] or [0.0]
    second = [k * c for k, c in enumerate(first)][1:] or [0.0]
    functions = [polynomial(c) for c in (coefficients, first, second)]
    return {"value": plain(function(*functions, style(float(case["x"])), style(float(case["radius"]))))}


def polynomial(coefficients):
    def f(x):
        total = 0.0 * x
        for c in reversed(coefficients):
            total = total * x + c
        return total

    return f


def drive_conjugate_gradient(name, function, case, style):
    """matvec(v) = A v for a vector of either kind; counts its calls."""
    case = unpack(case)
    matrix, calls = np.array(case["matrix"], dtype=float), []

    def matvec(v):
        calls.append(1)
        if type(v).__module__.split(".")[0] == "torch":
            return sys.modules["torch"].as_tensor(matrix, dtype=v.dtype) @ v
        return matrix @ np.asarray(v)

    try:
        value = plain(function(matvec, style(case["b"]), int(case["iterations"])))
    except ZeroDivisionError:
        if np.any(case["b"]):
            raise
        value = np.full(case["b"].shape, np.nan)  # 0/0 in Python's floats is NaN in NumPy's
    return {"value": value, "calls": np.array(float(len(calls)))}


def drive_actor_loss(name, function, case, style):
    """μ(o) = tanh(oW), Q(o, a) = tanh(oB)·a − ½ Σ c a²; the answer is the loss and ∂loss/∂W."""
    import torch

    case = {k: torch.tensor(v, dtype=torch.float64) if is_array(v) else v for k, v in unpack(case).items()}
    weights = case["actor_weights"].requires_grad_()

    def actor(observation):
        return torch.tanh(observation @ weights)

    def critic(observation, action):
        return (torch.tanh(observation @ case["critic_weights"]) * action).sum(-1) - 0.5 * (
            case["critic_curvature"] * action**2
        ).sum(-1)

    loss = function(critic, actor, case["observation"], case["action"])
    value, gradient = plain(loss), None
    if isinstance(loss, torch.Tensor) and loss.requires_grad and loss.numel() == 1:
        (gradient,) = torch.autograd.grad(loss.sum(), weights, allow_unused=True)
    gradient = torch.zeros_like(weights) if gradient is None else gradient
    return {"value": value, "gradient": plain(gradient)}


def drive_replay_buffer(name, cls, case, style):
    """Add items 1001, 1002, …; then draw many batches. Twice, from the same seed."""
    case = unpack(case)
    adds, batch = int(case["adds"]), int(case["batch"])
    last = None
    for make_rng in (np.random.default_rng, random.Random, np.random.RandomState):
        try:
            buffer, lengths = fill(cls, int(case["capacity"]), make_rng(int(case["seed"])), adds)
            draws, after = drain(buffer, batch, int(case["draws"]))
            twin, _ = fill(cls, int(case["capacity"]), make_rng(int(case["seed"])), adds)
            again, _ = drain(twin, batch, 5)
        except (AttributeError, TypeError) as error:  # perhaps written for another kind of generator
            last = last or error
            continue
        return {
            "lengths": np.array(lengths),
            "draws": np.array(draws),
            "length_after": np.array(after),
            "again": np.array(again),
        }
    raise last


def fill(cls, capacity, rng, adds):
    buffer, lengths = cls(capacity, rng), []
    for item in range(1, adds + 1):
        buffer.add(1000 + item)
        lengths.append(float(len(buffer)))
    return buffer, lengths


def drain(buffer, batch, draws):
    """So many batches, and the length after the first; a buffer that sampling empties is drawn from once."""
    before, batches = len(buffer), [items(buffer.sample(batch), batch)]
    after = len(buffer)
    while len(batches) < draws:
        batches.append(items(buffer.sample(batch), batch) if after == before else batches[0])
    return batches, float(after)


def items(sample, batch):
    """A batch as numbers; an empty slot (None) becomes −1."""
    if isinstance(sample, np.ndarray) and sample.dtype == object:
        sample = sample.tolist()
    if isinstance(sample, (list, tuple)):
        sample = [-1 if item is None else item for item in sample]
    sample = plain(sample)
    if sample.size != batch:
        raise NotNumbers(f"sample({batch}) must return {batch} items, yours returned shape {sample.shape}")
    return sample.reshape(batch)


DRIVERS = {
    "trust_region_step": drive_trust_region_step,
    "conjugate_gradient": drive_conjugate_gradient,
    "actor_loss": drive_actor_loss,
    "ReplayBuffer": drive_replay_buffer,
}


# Numbers, strictly: nothing that merely behaves like one.


def plain(value):
    """The answer as a float64 array. Accepts numbers, arrays, tensors and nested lists of these."""
    if value is None:
        raise NotNumbers("your function returned None: does every path end in `return …`?")
    if isinstance(value, (bool, np.bool_)):
        raise NotNumbers(f"your function returned {bool(value)}, a truth value, where a number is asked")
    if isinstance(value, (int, float, np.integer, np.floating)):
        return np.array(float(value))
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "iuf":
            array = np.array(value, dtype=np.float64, subok=False)
        elif value.dtype == object:
            array = plain(value.tolist())
        else:
            raise NotNumbers(f"your function returned an array of {value.dtype}, where numbers are asked")
    elif "torch" in sys.modules and isinstance(value, sys.modules["torch"].Tensor):
        tensor = value.detach().cpu()
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
    return array


def describe(value):
    return f"a {type(value).__name__}"


# Errors, in a sentence.


def problem(kind, text):
    return {"error": " ".join(str(text).split())[:500], "kind": kind}


def failure(name, error):
    """Type, line of the student's own code, and the likely reason."""
    if isinstance(error, NotNumbers):
        return problem("type", error)
    if isinstance(error, NotImplementedError):
        return problem("not_implemented", f"`{name}` is not written yet")
    if isinstance(error, (SystemExit, GeneratorExit)):
        return problem("exit", "your code ends the program (exit): return the answer instead")
    try:
        text = " ".join(str(error).split())[:160]
    except Exception:
        text = ""
    where = place(error)
    return problem("exception", f"{type(error).__name__}{where}: {text}. {reason(error, text)}".rstrip())


def own_frames(error):
    """Frames of the student's code: not this file, not a library."""
    library = sysconfig.get_paths()["stdlib"]
    frames = traceback.extract_tb(error.__traceback__, limit=-50)
    return [
        f
        for f in frames
        if f.filename != __file__ and "site-packages" not in f.filename and not f.filename.startswith(library)
    ]


def line_number(error):
    frames = own_frames(error)
    return frames[-1].lineno or 0 if frames else 0


def place(error):
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
    ("IndexError", "", "An index runs past the end: check the loop's range"),
    ("AttributeError", "numpy.ndarray", "Arrays have no such method: is it torch's?"),
    ("AttributeError", "Tensor", "Tensors have no such method: is it NumPy's?"),
    ("AttributeError", "", "Check the spelling, and that __init__ sets it"),
    ("LinAlgError", "", "The matrix cannot be inverted: check how it is built"),
)


def reason(error, text):
    for kind, part, meaning in REASONS:
        if type(error).__name__ == kind and part in text:
            return meaning + "."
    return ""
