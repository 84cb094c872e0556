"""Attacks on Python itself: lying objects, hooks, signals, threads; and on what bounds files and cells.

As in test_attacks.py: `ou_step` is right, `polyak` holds the attack, all of them are one batch of the real command.
"""

import json
import textwrap
import time

import pytest

from rlcourse.grading.judging.judge import judge
from rlcourse.grading.judging.submission import (
    LONGEST_CELL,
    MOST_CELLS,
    MOST_CODE,
    Unreadable,
    match,
    parse,
)
from rlcourse.grading.sandbox.child import Child, ChildDied
from rlcourse.grading.sandbox.confinement import Limits

pytestmark = pytest.mark.sandbox

HEAD = "def polyak(target, online, tau):\n"
WRONG = "    return target\n"


def inside(body):
    return HEAD + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n"


ATTACKS = {
    # what lies about itself
    "a class that lies": """
class Liar:
    __class__ = property(lambda self: __import__("numpy").ndarray)
    dtype = type("D", (), {"kind": "f", "__eq__": lambda self, other: True})()
    size, shape, ndim = 1, (), 0
    def __array__(self, *a, **k): return self
    def __len__(self): return 0
    def __getitem__(self, i): return self
"""
    + inside("return Liar()"),
    "a number that lies": """
class Number(float):
    __class__ = property(lambda self: bool)
    def __float__(self): return self
    def __array__(self, *a, **k): return [self]
    def __eq__(self, other): return True
    __hash__ = float.__hash__
"""
    + inside("return Number(0.0)"),
    "an array whose size lies": """
import numpy as np
class Small(np.ndarray):
    size = property(lambda self: 1)
    shape = property(lambda self: ())
    nbytes = property(lambda self: 8)
    def astype(self, *a, **k): return self
    def tolist(self): return [0.0]
    def __array_finalize__(self, other): pass
    def __array_priority__(self): raise KeyboardInterrupt
"""
    + inside("return np.zeros(3_000_000).view(Small)"),
    "an array whose dtype lies": """
import numpy as np
class Lies(np.ndarray):
    dtype = property(lambda self: np.dtype("f8"))
    def __array__(self, *a, **k): return np.array(["1e999"] * 3)
"""
    + inside("return np.array(['a', 'b'], dtype=object).view(Lies)"),
    "an array of strides": """
import numpy as np
"""
    + inside("return np.lib.stride_tricks.as_strided(np.zeros(1), (10**9, 10**9), (0, 0))"),
    "a tensor that lies": """
import torch
class T(torch.Tensor):
    @classmethod
    def __torch_function__(cls, *a, **k): return True
    def detach(self): return self
    def cpu(self): return self
    def is_complex(self): return False
    def double(self): return self
    def numpy(self): return float("nan")
"""
    + inside("return torch.zeros(3).as_subclass(T)"),
    "a metaclass that answers for all": """
class M(type):
    def __instancecheck__(cls, x): return True
    def __subclasscheck__(cls, x): return True
    def __eq__(cls, x): return True
    def __hash__(cls): return 0
class Any(metaclass=M): pass
import numbers, decimal
numbers.Rational.register(Any)
"""
    + inside("return Any()"),
    "a list that contains itself": inside("it = []\nit.append(it)\nreturn it"),
    "a list that grows": inside("""
        class L(list):
            def __iter__(self):
                while True:
                    yield 0.0
        return L([0.0])"""),
    "a signature that lies": """
class F:
    __name__ = "polyak"
    @property
    def __signature__(self): raise SystemExit
    def __call__(self, *a): return 0.0
polyak = F()
""",
    "a name that only looks right": "def pоlyak(target, online, tau):\n    return (1 - tau) * target + tau * online\n",
    # hooks
    "a profile on the driver": "import sys\n"
    + inside("""
        def spy(frame, event, arg):
            if event == "return" and "cases" in frame.f_locals:
                frame.f_locals["cases"].clear()
        sys.setprofile(spy)
        return target"""),
    "a trace on the driver": "import sys\n"
    + inside("""
        def spy(frame, event, arg):
            frame.f_locals["answers"] = [{"passed": True}]
            return spy
        sys.settrace(spy)
        frame = sys._getframe()
        while frame:
            frame.f_trace = spy
            frame = frame.f_back
        return target"""),
    "an audit hook that forbids everything": "import sys\n"
    + inside("""
        def forbid(*a): raise RuntimeError("no")
        sys.addaudithook(forbid)
        return target"""),
    "an import hook": "import builtins, sys\n"
    + inside("""
        builtins.__import__ = lambda *a, **k: sys
        sys.meta_path.insert(0, type("F", (), {"find_spec": lambda *a: 1 / 0})())
        sys.modules.clear()
        return target"""),
    "another base64 and struct": "import base64, json, struct\n"
    + inside("""
        base64.b64encode = json.JSONEncoder.encode = struct.pack = lambda *a, **k: b"AAAA"
        json.encoder.encode_basestring_ascii = lambda s: '"value": true'
        return target"""),
    "numpy that makes nothing new": "import numpy as np\n"
    + inside("""
        np.array = np.asarray = np.ascontiguousarray = lambda x, *a, **k: online
        np.ndarray.tobytes = None
        return target""").replace("np.ndarray.tobytes = None", "pass"),
    "patched through ctypes": "import ctypes, gc\n"
    + inside("""
        for found in gc.get_objects():
            if type(found) is dict and "answers" in found:
                found["passed"] = found["score"] = 1.0
        ctypes.pythonapi.PyDict_SetItem
        number = 0
        ctypes.memmove(id(number) + 24, b"\\1\\0\\0\\0", 4)   # 0 is 1 from now on
        return target"""),
    "collected at the wrong time": "import gc\n"
    + inside("""
        class Bomb:
            def __del__(self):
                while True: pass
        gc.callbacks.append(lambda *a: None)
        it = Bomb(); it.me = it; del it
        gc.set_threshold(1)
        return target"""),
    "an exception that never ends": inside("""
        error = ValueError("x")
        error.__context__ = error
        class E(Exception):
            __traceback__ = property(lambda self: self)
            def __str__(self): return str(self)
        raise E from error"""),
    # time
    "an alarm in the driver": "import signal\n"
    + inside("""
        def late(*a): raise RuntimeError("late")
        signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        return target"""),
    "a signal that takes the answer's place": "import os, signal\n"
    + inside("""
        def late(number, frame):
            while frame:
                frame.f_locals.update(answers=[], passed=True)
                frame = frame.f_back
        signal.signal(signal.SIGPROF, late)
        signal.setitimer(signal.ITIMER_PROF, 0.0001, 0.0001)
        return target"""),
    "a thread that answers instead": "import json, os, threading, time\n"
    + inside("""
        def write():
            n = 0
            while True:
                n += 1
                body = json.dumps({"answers": [{"value": {"shape": [], "data": "AAAAAAAAAAA="}}], "error": None, "n": n % 400}).encode()
                for fd in range(3, 9):
                    try: os.write(fd, len(body).to_bytes(4, "big") + body)
                    except OSError: pass
        threading.Thread(target=write, daemon=True).start()
        time.sleep(0.05)
        return target"""),
    "a thread that swallows questions": "import os, threading\n"
    + inside("""
        def read():
            while True:
                for fd in range(3, 9):
                    try: os.read(fd, 1 << 16)
                    except OSError: pass
        threading.Thread(target=read, daemon=True).start()
        return target"""),
    "at exit": "import atexit, os, threading\n"
    + inside("""
        def stay():
            while True: pass
        atexit.register(stay)
        threading._register_atexit(stay) if hasattr(threading, "_register_atexit") else None
        os.register_at_fork(before=stay)
        return target"""),
    "closes its pipes": inside("import os\nos.closerange(0, 96)\nreturn target"),
    "answers a second process": "import os\n"
    + inside("if os.fork() == 0: return (1 - tau) * target\nreturn target"),
    # too much
    "a whole number without end": inside("return 10 ** 10_000_000"),
    "prints numbers of many digits": inside("import sys\nsys.set_int_max_str_digits(0)\nprint(10 ** 2_000_000)\nreturn target"),
    "a name of a megabyte": "x" * 1_000_000 + " = 1\n" + HEAD + WRONG,
    "an error of a megabyte": inside("raise ValueError('\\u202e\\x1b[2J' * 10**6)"),
    "environment variables": inside("""
        import os
        for name in ("LD_PRELOAD", "PYTHONPATH", "PYTHONSTARTUP", "BASH_ENV", "LD_LIBRARY_PATH"):
            os.environ[name] = "/tmp/evil"
        os.environ["X"] = "y" * 10**7
        os.execv("/opt/python/bin/python3", ["python3", "-c", "while True: pass"])"""),
    "a pickle that it loads itself": "import os, pickle\n"
    + inside("""
        class P:
            def __reduce__(self): return (os.abort, ())
        return pickle.loads(pickle.dumps(P()))"""),
    "folders without end": "import os\n"
    + inside("""
        os.chdir("/tmp")
        while True:
            os.mkdir("d"); os.chdir("d")"""),
    "files without end": "import os\n"
    + inside("""
        n = 0
        while True:
            os.mknod(f"/tmp/{n}"); n += 1"""),
}  # fmt: skip
# These break the student's own process, in which the exercise beside them is judged, too.
TAKES_DOWN_BOTH = {"a thread that answers instead"}


@pytest.fixture(scope="module")
def battle(notebook, hand_in, graded, right, tmp_path_factory):
    folder, out = tmp_path_factory.mktemp("submissions"), tmp_path_factory.mktemp("results")
    for name, code in ATTACKS.items():
        hand_in(folder, name, notebook({"ou_step": right["ou_step"], "polyak": code}))
    hand_in(folder, "alice", notebook(right))
    return graded(folder, out)


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_earns_nothing_and_keeps_its_row(battle, attack):
    row = battle[attack]
    assert row.status == "graded", row.note
    result = row.results["polyak"]
    assert not result.passed and result.credit == 0.0
    assert 0 < len(result.message) < 1500 and "Traceback" not in result.message


@pytest.mark.parametrize("attack", sorted(set(ATTACKS) - TAKES_DOWN_BOTH))
def test_it_costs_only_its_own_exercise(battle, attack):
    result = battle[attack].results["ou_step"]
    assert result.passed, result.message


def test_another_submission_is_as_it_was(battle, right):
    assert {name for name, result in battle["alice"].results.items() if result.passed} == set(right)


# What a notebook holds too much of.


def of_cells(*sources):
    cells = [
        {"cell_type": kind, "metadata": {"nbgrader": {"grade_id": name}}, "source": source}
        for kind, name, source in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def test_a_notebook_of_very_many_cells_is_refused_with_one_line():
    many = [("code", None, "x = 1")] * MOST_CELLS
    assert len(parse(of_cells(*many))) == MOST_CELLS
    with pytest.raises(Unreadable, match=f"of {MOST_CELLS + 1} cells, more than {MOST_CELLS}"):
        parse(of_cells(*many, ("code", None, "")))


def test_a_very_long_cell_costs_its_own_exercise_only_and_no_time(assignment, right):
    names = " ".join(assignment.tests)
    long = f"# {names} NotImplementedError\n" + "\t" * (2 * LONGEST_CELL)
    begin = time.process_time()
    cells = parse(of_cells(("code", "polyak", long), ("code", "ou_step", right["ou_step"])))
    assert "cell polyak is too long to be read (2 MB)" in match(assignment, cells).warnings
    assert time.process_time() - begin < 5
    results, _ = judge(assignment, cells, 1)
    assert results["ou_step"].passed and not results["polyak"].passed


def test_much_code_in_all_is_refused_and_of_long_text_the_beginning_is_kept():
    with pytest.raises(Unreadable, match="MB of code"):
        parse(of_cells(*[("code", None, "#" * LONGEST_CELL)] * (MOST_CODE // LONGEST_CELL + 1)))
    (cell,) = parse(of_cells(("markdown", "written-targets", "words " * LONGEST_CELL)))
    assert len(cell.source) == LONGEST_CELL


# What no size of a process shows.


def tell(source, limits):
    with Child(limits) as child:
        child.ask({"cell": {"role": "solution", "name": "probe", "source": source}})
        return child.ask({"run": 1})["error"]


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
def test_so_many_files_and_no_more_for_each_takes_memory_of_the_kernels(place):
    source = (
        "import os\nn = 0\ntry:\n    while True:\n"
        f"        os.mknod('{place}/%d' % n); n += 1\nexcept OSError: pass\nraise ValueError(n)\n"
    )
    assert 100 < int(tell(source, Limits(seconds=20)).split(": ")[-1]) < 5_000


def test_watches_on_files_are_refused():
    source = "import ctypes\nraise ValueError(ctypes.CDLL(None).inotify_init1(0))\n"
    assert "ValueError in line 2: -1" in tell(source, Limits())


def test_a_frame_of_many_empty_lists_is_read_in_little_memory():
    """8 MB of them are what a child may send at once; as Python's lists they take some 200 MB for a moment."""
    source = (
        "import os\nbody = b'{\"answers\": [' + b'[],' * 3_000_000 + b'0]}'\n"
        "for fd in range(3, 9):\n    try:\n        os.write(fd, len(body).to_bytes(4, 'big') + body)\n"
        "    except OSError: pass\n"
    )
    with pytest.raises(ChildDied) as death:
        tell(source, Limits())
    assert death.value.kind == "protocol"
