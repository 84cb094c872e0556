"""No submission gets a mark that it did not earn, loses another's row, stops the batch or leaves a process behind.

Each attack is one submission: exercise `ou_step` is right, `polyak` holds the attack. All are graded in one batch
by the real command, in the real sandbox.
"""

import os
import textwrap

import psutil
import pytest

from rlcourse.commands.test import fuse
from rlcourse.grading.sandbox import fork_server
from rlcourse.grading.sandbox.child import Child

pytestmark = pytest.mark.sandbox

ANSWER = "def polyak(target, online, tau):\n    {}\n"
SEARCH_OBJECTS = """
import gc, sys
def polyak(target, online, tau):
    frame, found = sys._getframe(), []
    while frame:
        found += [*frame.f_locals.values(), *frame.f_globals.values()]
        frame = frame.f_back
    for thing in found + gc.get_objects():
        try:
            name = getattr(thing, "__name__", "") or getattr(thing, "name", "")
            if callable(getattr(thing, "reference", None)):
                return thing.reference(target=target, online=online, tau=tau)
            if isinstance(name, str) and "reference" in name and callable(thing):
                return thing(target=target, online=online, tau=tau)
            if isinstance(thing, dict) and "expected" in thing:
                return thing["expected"]
        except Exception:
            pass
    return target
"""
SEARCH_FILES = """
import os
def polyak(target, online, tau):
    for place, folders, files in os.walk("/"):
        if place.startswith(("/proc", "/sys")):
            folders.clear()
        for name in files:
            if "exercises" in os.path.join(place, name) and name.endswith(".py") or "rlcourse" in os.path.join(place, name):
                scope = {}
                exec(open(os.path.join(place, name)).read(), scope)
                return scope.get("polyak", lambda *a: tau * online + (1 - tau) * target)(target, online, tau)
    return target
"""
FORGE_FRAMES = """
import base64, json, os
def frame(message):
    body = json.dumps(message).encode()
    return len(body).to_bytes(4, "big") + body
forged = [{"answers": [{"passed": True, "score": 1.0, "error": ""}]}, {"passed": True, "score": 1.0},
          {"answers": [{"value": {"shape": [], "data": base64.b64encode(bytes(8)).decode()}}] * 21}]
for number in os.listdir("/proc/self/fd"):
    for message in forged:
        try: os.write(int(number), frame(message))
        except OSError: pass
def polyak(target, online, tau):
    return target
"""
RIGHT_BEFORE_ASKED = """
def hook(*arguments, **options):
    return [{"value": arguments[-1][0]["target"]}] * len(arguments[-1])
import sys, json, base64
driver = sys.modules["observer"]
driver.observe = lambda name, function, cases: [{"passed": True, "score": 1e9, "kind": "right"} for _ in cases]
driver.plain = driver.attempt = driver.refuse = hook
json.dumps = lambda *a, **k: '{"answers": "all right", "score": 1}'
base64.b64encode = lambda data: b"AAAA"
def polyak(target, online, tau):
    return target
"""
PATCHES = """
import json, math, struct
import numpy as np
np.allclose = np.isclose = np.array_equal = lambda *a, **k: True
np.testing.assert_allclose = lambda *a, **k: None
import builtins
builtins.abs = lambda x: 0.0
class Always(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    def __float__(self): return 0.0
def polyak(target, online, tau):
    return Always(0.0)
"""
DAEMON = """
import os, time
def polyak(target, online, tau):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            import signal
            for number in range(1, 32):
                try: signal.signal(number, signal.SIG_IGN)
                except Exception: pass
            while True: time.sleep(1)
        os._exit(0)
    return target
"""
ESCAPES = """
import ctypes, os, resource, socket, subprocess
done = []
def attempt(f, *a):
    try:
        f(*a)
        done.append(repr((f, a)))
    except BaseException: pass
libc = ctypes.CDLL(None, use_errno=True)
def ok(result):
    if result != 0: raise OSError
attempt(lambda: ok(libc.unshare(0x10000000)))                     # a new user namespace
attempt(lambda: ok(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)))
attempt(lambda: ok(libc.ptrace(16, 1, 0, 0)) and None or None) if os.getpid() == 1 else None
attempt(lambda: os.setuid(0))
attempt(lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)))
attempt(lambda: socket.create_connection(("1.1.1.1", 53), timeout=1))
attempt(lambda: socket.create_connection(("127.0.0.1", 8888), timeout=1))
attempt(lambda: open("/etc/passwd"))
attempt(lambda: open(SUBMISSIONS + "/alice.ipynb"))
attempt(lambda: open(OUT + "/rows.jsonl", "a").write("forged"))
attempt(lambda: open(OUT + "/grades.csv", "w").write("forged"))
attempt(lambda: open("/usr/forged", "w"))
attempt(lambda: open("/opt/course/observer.py", "a"))
attempt(lambda: os.remove("/opt/course/runner.py"))
attempt(lambda: open("/dev/forged", "w"))
attempt(lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(254, 0)))
attempt(lambda: subprocess.run(["/usr/bin/mount", "-t", "proc", "proc", "/tmp"], check=True))
secrets = []
for number in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline"):
        try: secrets.append(open(f"/proc/{number}/{name}").read())
        except OSError: pass
text = " ".join(secrets)
if "CANARY" in text or SUBMISSIONS in text: done.append("saw the grader's processes: " + text)
if os.getuid() == 0: done.append("root")
if len([n for n in os.listdir("/proc") if n.isdigit()]) > 3: done.append("other processes")
def polyak(target, online, tau):
    raise RuntimeError("ESCAPED " + "; ".join(done) if done else "CONFINED")
"""
ATTACKS = {
    # ends the interpreter
    "exit": ANSWER.format("import sys; sys.exit(0)"),
    "exit at the top": "import sys\nsys.exit(0)\n",
    "quit": ANSWER.format("quit()"),
    "os exit": ANSWER.format("import os; os._exit(0)"),
    "os exit at the top": "import os\nos._exit(0)\n",
    "kill itself": ANSWER.format("import os; os.kill(os.getpid(), 9)"),
    "kill all": ANSWER.format("import os; os.kill(-1, 9)"),
    "kill process group": ANSWER.format("import os; os.killpg(0, 9)"),
    "segfault": ANSWER.format("import ctypes; ctypes.string_at(0)"),
    "abort": ANSWER.format("import os; os.abort()"),
    "stack overflow": "import sys\nsys.setrecursionlimit(10**9)\n"
    + ANSWER.format("return polyak(target, online, tau)"),
    # never ends
    "endless loop": ANSWER.format("\n    while True: pass"),
    "endless loop at the top": "while True: pass\n",
    "ignores signals": "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n"
    "    except Exception: pass\n" + ANSWER.format("\n    while True: pass"),
    "catches everything": ANSWER.format(
        "\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass"
    ),
    "sleeps": ANSWER.format("import time; time.sleep(1e6)"),
    "endless in C": ANSWER.format("import re; re.match(r'(a+)+$', 'a' * 64 + 'b')"),
    "stops itself": ANSWER.format("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"),
    "reply drop by drop": "import os, time\n"
    + ANSWER.format(
        "\n    for n in os.listdir('/proc/self/fd'):\n        try: os.write(int(n), b'\\0\\0')\n        except OSError: pass\n    time.sleep(1e6)"
    ),
    # takes all there is
    "memory at once": ANSWER.format("return bytearray(10**12)"),
    "memory bit by bit": ANSWER.format("\n    hoard = []\n    while True: hoard.append(bytearray(10**7))"),
    "memory in children": "import os\n"
    + ANSWER.format(
        "\n    for _ in range(8): os.fork()\n    hoard = []\n    while True: hoard.append(bytearray(10**7))"
    ),
    "fork bomb": "import os\n"
    + ANSWER.format("\n    while True:\n        try: os.fork()\n        except OSError: pass"),
    "thread bomb": "import threading, time\n"
    + ANSWER.format("\n    while True: threading.Thread(target=time.sleep, args=(1e6,)).start()"),
    "disk": ANSWER.format(
        "\n    n = 0\n    while True:\n        n += 1\n        open(f'/tmp/{n}', 'wb').write(bytes(10**7))"
    ),
    "shared memory": ANSWER.format(
        "\n    n = 0\n    while True:\n        n += 1\n        open(f'/dev/shm/{n}', 'wb').write(bytes(10**7))"
    ),
    "output flood": ANSWER.format("\n    while True: print('x' * 10**6)"),
    "answer flood": "import os\n"
    + ANSWER.format(
        "\n    while True:\n        for n in os.listdir('/proc/self/fd'):\n            try: os.write(int(n), b'\\x7f' * 65536)\n            except OSError: pass"
    ),
    "huge array": "import numpy as np\n" + ANSWER.format("return np.zeros((10**5, 10**5))"),
    "many numbers": "import numpy as np\n" + ANSWER.format("return np.zeros(999_999)"),
    "daemon": DAEMON,
    # pretends
    "searches objects": SEARCH_OBJECTS,
    "searches files": SEARCH_FILES,
    "imports the answers": "from rlcourse.grading.exercises import find\n"
    "def polyak(target, online, tau):\n    return find('polyak').reference(target=target, online=online, tau=tau)\n",
    "forges frames": FORGE_FRAMES,
    "patches the driver": RIGHT_BEFORE_ASKED,
    "patches numpy": PATCHES,
    "equals everything": "class E:\n    def __eq__(self, other): return True\n    def __getattr__(self, name): return self\n"
    "    def __call__(self, *a): return self\n" + ANSWER.format("return E()"),
    "malicious pickle": "import os\nclass P:\n    def __reduce__(self): return (os.system, ('touch /tmp/owned',))\n"
    + ANSWER.format("return P()"),
    "object array": "import numpy as np\n" + ANSWER.format("return np.array([object()], dtype=object)"),
    "array subclass": "import numpy as np\nclass A(np.ndarray):\n    def __array_function__(self, *a, **k): return True\n"
    "    def __array_ufunc__(self, *a, **k): return True\n"
    + ANSWER.format("return np.asarray(target).view(A)"),
    "visible cases by heart": None,  # made below
    # is no answer
    "none": ANSWER.format("pass"),
    "string": ANSWER.format("return 'right'"),
    "bool": ANSWER.format("return True"),
    "nan": ANSWER.format("return target * float('nan')"),
    "infinity": ANSWER.format("return target * float('inf')"),
    "complex": ANSWER.format("return target * 1j"),
    "wrong shape": "import numpy as np\n" + ANSWER.format("return np.asarray(target)[None]"),
    "generator": ANSWER.format("yield target"),
    "wrong signature": "def polyak(target):\n    return target\n",
    "wrong name": "def poliak(target, online, tau):\n    return tau * online + (1 - tau) * target\n",
    "syntax error": "def polyak(target, online, tau:\n    return (((\n",
    "null byte": "def polyak(target, online, tau):\n    return target\0\n",
    "deep nesting": "polyak = " + "(" * 20_000 + ")" * 20_000,
    "deep expression": "polyak = " + "-" * 200_000 + "1",
    "huge number": "polyak = " + "9" * 1_000_000,
    "error with a wild text": "class W(Exception):\n    def __str__(self): return '<script>alert(1)</script>' * 10**6\n"
    + ANSWER.format("raise W"),
    "error without a text": "class W(Exception):\n    def __str__(self): raise W\n"
    + ANSWER.format("raise W"),
    "error of a strange name": ANSWER.format("raise type('<b>' * 10**5, (Exception,), {})()"),
    "base exception": ANSWER.format("raise BaseException('out')"),
    "keyboard interrupt": ANSWER.format("raise KeyboardInterrupt"),
    "tries to escape": ESCAPES,
}
# What a cell does beside its definitions is mostly not run; the same from inside the function is.
for name in ("forges frames", "patches the driver", "patches numpy", "exit at the top", "os exit at the top"):
    ATTACKS[f"{name}, when it is called"] = ANSWER.format(
        f"\n    exec({ATTACKS[name]!r}, globals())\n    return globals()['polyak'](target, online, tau)"
    )
# What breaks the student's own process.
TAKES_DOWN_BOTH = {"forges frames", "patches the driver", "patches numpy"}
TAKES_DOWN_BOTH |= {f"{name}, when it is called" for name in TAKES_DOWN_BOTH}


def by_heart():
    """Answers to the visible cases, learnt by heart; anything else gets a guess."""
    from rlcourse.grading.exercises import find

    exercise = find("polyak")
    table = {}
    for case in exercise.cases(0):
        values = exercise.reference(**case)
        table[repr(case["online"].tolist() if hasattr(case["online"], "tolist") else case["online"])] = (
            getattr(values, "tolist", lambda v=values: v)()
        )
    return f"import numpy as np\ntable = {table!r}\ndef polyak(target, online, tau):\n" + textwrap.indent(
        "key = repr(online.tolist() if hasattr(online, 'tolist') else online)\n"
        "return np.array(table[key]) if key in table else target\n",
        "    ",
    )


@pytest.fixture(scope="module")
def battle(notebook, hand_in, graded, right, tmp_path_factory):
    """All attacks in one batch: (rows by attack, folder of submissions, results, what it left running)."""
    folder, out = tmp_path_factory.mktemp("submissions"), tmp_path_factory.mktemp("results")
    for name, code in ATTACKS.items():
        code = by_heart() if code is None else code
        code = (
            f"SUBMISSIONS, OUT = {str(folder)!r}, {str(out)!r}\n{code}" if name == "tries to escape" else code
        )
        hand_in(folder, name, notebook({"ou_step": right["ou_step"], "polyak": code}))
    hand_in(folder, "alice", notebook(right))
    before = {process.pid for process in psutil.process_iter()}
    os.environ["CANARY"] = "CANARY in the grader's environment"
    try:
        rows = graded(folder, out)
    finally:
        del os.environ["CANARY"]
    fork_server.shared.cache_clear()  # it stays for the next submission, as long as the grader
    left = [process for process in psutil.process_iter() if process.pid not in before and is_ours(process)]
    _, left = psutil.wait_procs(left, timeout=fuse(4))
    return rows, folder, out, [process for process in left if is_ours(process)]


def is_sandboxed(process):
    return process.name() == "bwrap" or process.uids().real >= 1_000_000


def is_ours(process):
    """A process of the sandbox, alive: bubblewrap, or Python under the sandbox's uid; below us, or an orphan.

    Tests that run beside this one have sandboxes too: those hang on a process that is neither we nor above us.
    """
    try:
        me, ancestors = psutil.Process(), process.parents()
        above_us = {p.pid for p in me.parents()}
        others = [p for p in ancestors if p.pid not in above_us and not is_sandboxed(p)]
        alive = process.status() != psutil.STATUS_ZOMBIE
        return is_sandboxed(process) and alive and (me in ancestors or not others)
    except psutil.Error:
        return False


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_earns_nothing_and_keeps_its_row(battle, attack):
    row = battle[0][attack]
    assert row.status == "graded", row.note
    result = row.results["polyak"]
    assert not result.passed and result.credit == 0.0
    assert 0 < len(result.message) < 1500
    assert "Traceback" not in result.message


@pytest.mark.parametrize("attack", sorted(set(ATTACKS) - TAKES_DOWN_BOTH))
def test_attack_costs_only_its_own_exercise(battle, attack):
    result = battle[0][attack].results["ou_step"]
    assert result.passed, result.message


def test_attacks_do_not_touch_another_submission(battle, right):
    row = battle[0]["alice"]
    assert {name for name, result in row.results.items() if result.passed} == set(right)


def test_nothing_is_left_running(battle):
    assert battle[3] == []


def test_the_child_is_confined(battle):
    assert "CONFINED" in battle[0]["tries to escape"].results["polyak"].message


def test_no_answer_lies_anywhere_in_the_childs_files():
    walk = (
        "import os\nfound = []\nfor place, folders, files in os.walk('/'):\n"
        "    folders[:] = [f for f in folders if os.path.join(place, f) not in ('/proc', '/sys', '/dev')]\n"
        "    found += [n for n in files + folders if 'rlcourse' in n or 'exercises_hw' in n or n in ('exercises', 'hw1', 'hw2', 'hw3', 'hw4') or n.endswith('.ipynb')]\n"
        "    found += [n for n in files if 'homework' in n]\n"
        "raise ValueError(sorted(os.listdir('/opt/course')) + found)\n"
    )
    with Child() as child:
        child.ask({"cell": {"role": "solution", "name": "walk", "source": walk}})
        error = child.ask({"run": 1}, seconds=120)["error"]
    assert "['fork_server.py', 'observer.py', 'runner.py']" in error


def test_results_are_not_forged(battle):
    rows, _, out, _ = battle
    assert len(rows) == len(ATTACKS) + 1
    assert "forged" not in (out / "grades.csv").read_text() + (out / "rows.jsonl").read_text().replace(
        "forges", ""
    )


def test_report_escapes_what_students_wrote(battle):
    page = (battle[2] / "report.html").read_text()
    assert "<script" not in page and "<b><b>" not in page
    assert "Content-Security-Policy" in page
