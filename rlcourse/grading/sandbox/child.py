"""A child process that holds no answers, confined by bubblewrap; values cross a private pipe, code does not.

In the child: the interpreter, NumPy, SciPy, torch, matplotlib, Gymnasium, `nursery.py`, `child.py` and
`driver.py`, a private /tmp and /proc. Not in the child: this package (references, hidden cases), other
submissions, the gradebook, the network, the caller's environment, any other process. A frame on the pipe is a
length and JSON (messages: see `child.py`).

Why each precaution is there (all measured): bubblewrap's process 1 shows its caller's environment, so it
starts with an empty one; RLIMIT_NPROC does not bind root, so root's children run under an unprivileged uid;
nested user namespaces open the kernel to attack again, so they are disabled; exit code 0 proves nothing, so
nobody looks at it.
"""

import contextlib
import functools
import importlib.metadata
import json
import os
import re
import select
import shutil
import signal
import site
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parent
INSIDE = HERE / "inside"
PACKAGE = HERE.parents[1]  # rlcourse: holds the answers
NURSERY_BYTES = 256 << 20  # about the size of a process that has only imported torch
# What a solution may import, with what they need.
LIBRARIES = ("numpy", "scipy", "torch", "matplotlib", "gymnasium")


@dataclass(frozen=True)
class Limits:
    """What one child may use. Times are wall clock."""

    seconds: float = 10.0  # for one cell or one exercise
    total: float = 90.0  # for one submission
    memory: int = 2 << 30  # bytes, of one process and of all together beyond torch's own
    processes: int = 64
    file_bytes: int = 32 << 20  # one file; all of /tmp together may be twice that
    frame_bytes: int = 8 << 20  # one answer


LIMITS = Limits()


class SandboxError(RuntimeError):
    """No child can be confined on this machine; the message says why and what to do."""


class ChildDied(RuntimeError):
    """The child gave no answer. `.kind` is "timeout", "memory", "crash" or "protocol"."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class Nursery:
    """A confined process that holds NumPy and torch, and forks children, one at a time (see `nursery.py`)."""

    def __init__(self, limits, unsandboxed):
        self._folder = tempfile.TemporaryDirectory(prefix="unsandboxed-") if unsandboxed else None
        # Unsandboxed, a limit on processes would count the user's own.
        values = asdict(limits) | ({"processes": None} if unsandboxed else {})
        self._socket, inside = socket.socketpair()
        options = {"stdin": inside, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "cwd": "/"}
        if unsandboxed:
            paths = [INSIDE, *sorted({source.parent for source in _libraries().values()})]
            command = [
                sys.executable,
                "-I",
                "-S",
                "-B",
                INSIDE / "fork_server.py",
                json.dumps(values),
                "0",
                *paths,
            ]
            options |= {"cwd": self._folder.name, "env": _environment()}
            self.process = subprocess.Popen(command, start_new_session=True, **options)
        else:
            command = [_python()[1], "-I", "-S", "-B", "/opt/course/fork_server.py", json.dumps(values), "1"]
            with _arguments(limits) as (bwrap, fds):
                command = [*bwrap, *command, "/opt/course", "/opt/site"]
                options |= {"env": {}, "pass_fds": fds}  # as under `env -i`
                self.process = subprocess.Popen(command, start_new_session=True, **options)
        inside.close()
        self._socket.settimeout(60)  # it imports torch first
        weakref.finalize(self, _end, self.process, self._socket, self._folder)

    def tell(self, message, descriptors=()):
        """Send b"s" (start a child on these two descriptors) or b"e" (end it); returns when that is done."""
        try:
            socket.send_fds(self._socket, [message], descriptors)
            if self._socket.recv(1) == message:
                return
        except OSError:
            pass
        _end(self.process, self._socket, self._folder)
        words = self.process.stderr.read().decode(errors="replace").strip().splitlines()
        raise SandboxError(f"the sandbox does not start: {words[-1] if words else 'it gave no reason'}")

    def resident(self):
        """Bytes by which the processes in it have outgrown the nursery, which they share most memory with."""
        sizes = []
        with contextlib.suppress(psutil.Error):
            for process in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    sizes.append(process.memory_info().rss)
        return sum(max(0, size - NURSERY_BYTES) for size in sizes)


def _end(process, connection, folder):
    connection.close()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if folder:
        folder.cleanup()


# One for each grader process: torch takes a second to import.
nursery = functools.lru_cache(maxsize=1)(Nursery)


class Child:
    """A fresh fork of the nursery for one submission. `ask` returns the reply, or raises `ChildDied`."""

    def __init__(self, limits=LIMITS, unsandboxed=False):
        self.limits, self._open = limits, True
        if nursery(limits, unsandboxed).process.poll() is not None:
            nursery.cache_clear()
        self._nursery = nursery(limits, unsandboxed)
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        try:
            self._nursery.tell(b"s", (requests, replies))
        except SandboxError:
            nursery.cache_clear()
            os.close(self._requests)
            os.close(self._replies)
            raise
        finally:
            os.close(requests)
            os.close(replies)
        os.set_blocking(self._requests, False)
        os.set_blocking(self._replies, False)
        try:
            self.ask({"cell": {"role": "given", "name": "empty", "source": ""}}, seconds=60)
        except ChildDied as death:
            raise SandboxError(f"a child of the sandbox does not start: {death}") from None

    def ask(self, message, seconds=None):
        deadline = time.monotonic() + (self.limits.seconds if seconds is None else seconds)
        body = json.dumps(message).encode()
        try:
            self._send(len(body).to_bytes(4, "big") + body, deadline)
            size = int.from_bytes(self._receive(4, deadline), "big")
            if size > self.limits.frame_bytes:
                raise ChildDied("protocol", f"the answer is larger than {self.limits.frame_bytes >> 20} MB")
            reply = json.loads(self._receive(size, deadline))
            if not isinstance(reply, dict):
                raise ValueError
        except ChildDied:
            self.close()
            raise
        except (ValueError, RecursionError, MemoryError):
            self.close()
            raise ChildDied("protocol", "the answer is not readable data") from None
        return reply

    def _send(self, data, deadline):
        view = memoryview(data)
        while view:
            self._wait(deadline, writing=True)
            try:
                view = view[os.write(self._requests, view) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self._death() from None

    def _receive(self, size, deadline):
        chunks = []
        while size:
            self._wait(deadline)
            try:
                chunk = os.read(self._replies, min(size, 1 << 20))
            except BlockingIOError:
                continue
            if not chunk:
                raise self._death()
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)

    def _wait(self, deadline, writing=False):
        """Until the pipe is ready; meanwhile watch the clock, and the memory of all it started."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                text = "nothing came back within the time limit; is there a loop that never ends?"
                raise ChildDied("timeout", text)
            streams = ([], [self._requests]) if writing else ([self._replies], [])
            if any(select.select(*streams, [], min(left, 0.25))):
                return
            if self._nursery.resident() > self.limits.memory:
                text = f"more than {self.limits.memory / 2**30:.2g} GB of memory was used"
                raise ChildDied("memory", text)

    def _death(self):
        return ChildDied("crash", "the Python process ended (killed, out of memory, or os._exit was called)")

    def close(self):
        """End the child and all that it started."""
        if self._open:
            self._open = False
            os.close(self._requests)
            os.close(self._replies)
            try:
                self._nursery.tell(b"e")
            except SandboxError:
                nursery.cache_clear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def why_not():
    """None when a child can be confined here, else one line: what is missing and what to do."""
    if sys.platform != "linux":
        return "bubblewrap exists only on Linux; grade inside a Linux container or virtual machine"
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed; on Debian or Ubuntu: apt install bubblewrap"
    with _arguments(LIMITS) as (bwrap, fds):
        run = subprocess.run(
            [*bwrap, "/usr/bin/env", "true"], env={}, cwd="/", pass_fds=fds, capture_output=True, text=True
        )
    if run.returncode:
        line = (run.stderr.strip() or "it gave no reason").splitlines()[-1]
        return f"bubblewrap cannot confine a process here ({line}); allow unprivileged user namespaces"
    return None


@contextlib.contextmanager
def _arguments(limits):
    """The command to put in front of the child's own, and the descriptors it needs.

    Bubblewrap reads its options, which name this machine's folders, from a pipe: they do not show in
    /proc/1/cmdline.
    """
    options, staged = _file_system()
    options = [*options, "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"]
    options += ["--cap-add", "CAP_SYS_ADMIN"]  # in its own user namespace: for the children's namespaces
    options += ["--new-session", "--hostname", "sandbox", "--proc", "/proc", "--dev", "/dev"]
    options += ["--size", "1048576", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    options += [
        "--size",
        str(2 * limits.file_bytes),
        "--tmpfs",
        "/tmp",
        "--remount-ro",
        "/",
        "--chdir",
        "/tmp",
    ]
    for name, value in _environment().items():
        options += ["--setenv", name, value]
    read, write = os.pipe()  # it holds 64 kB, more than the options need
    os.write(write, b"".join(os.fsencode(option) + b"\0" for option in options))
    os.close(write)
    command = [shutil.which("bwrap"), "--args", str(read)]
    if os.geteuid() == 0:
        # One user for each grader, so that its processes are counted alone.
        uid = str(1_000_000 + os.getpid())
        command = [
            sys.executable,
            "-I",
            "-S",
            str(HERE / "unprivileged.py"),
            uid,
            json.dumps(staged),
            *command,
        ]
    try:
        yield command, (read,)
    finally:
        os.close(read)


@functools.cache
def _file_system():
    """Bubblewrap's options for the read-only part; for root, {place below /mnt: folder} to bind before."""
    options = []
    for name in ("/opt", "/opt/python", "/opt/python/bin", "/opt/site", "/opt/course", "/tmp"):
        options += ["--perms", "0755", "--dir", name]
    system = {"/usr": "/usr"}
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(name):
            options += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            system[name] = name
    for name in ("/etc/ld.so.cache", "/etc/localtime"):
        if os.path.exists(name):
            system[os.path.realpath(name)] = name
    own = _python()[0]
    own |= {str(source): f"/opt/site/{name}" for name, source in _libraries().items()}
    own |= {
        str(INSIDE / name): f"/opt/course/{name}" for name in ("fork_server.py", "runner.py", "observer.py")
    }
    staged = {f"/mnt/{i}": source for i, source in enumerate(own)} if os.geteuid() == 0 else {}
    seen_at = {source: place for place, source in staged.items()}
    for source, place in (system | own).items():
        options += ["--ro-bind", seen_at.get(source, source), place]
    for secret in _secrets():
        for source, place in (system | own).items():
            if secret != Path(source) and secret.is_relative_to(source):
                options += ["--tmpfs", str(place / secret.relative_to(source))]
    return options, staged


def _secrets():
    """Folders to be emptied in the child if they lie in one that it sees: this package, other libraries."""
    folders = [PACKAGE, *map(Path, site.getsitepackages([sys.base_prefix, "/usr", "/usr/local"]))]
    return {folder.resolve() for folder in folders if folder.is_dir()}


def _python():
    """({folder here: folder in the child}, the interpreter's path in the child)."""
    executable = Path(sys.executable).resolve()
    base = Path(sys.base_prefix).resolve()
    if base.is_relative_to("/usr"):
        return {}, str(executable)
    inside = "/opt/python/bin/python3"
    return {str(executable): inside, str(base / "lib"): "/opt/python/lib"}, inside


def _environment():
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "USER": "student",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "LD_LIBRARY_PATH": "/opt/python/lib",
    }


@functools.cache
def _libraries():
    """{top-level name: its file or folder} of LIBRARIES and what they require, and of nothing else."""
    found, names, seen = {}, list(LIBRARIES), set()
    while names:
        name = re.sub(r"[-_.]+", "-", names.pop()).lower()
        if name in seen or name == "rlcourse":
            continue
        seen.add(name)
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        for file in package.files or []:
            top = file.parts[0]
            if (
                top not in ("..", "__pycache__")
                and not top.endswith((".dist-info", ".pth"))
                and top not in found
            ):
                found[top] = Path(package.locate_file(top)).resolve()
        required = [line for line in package.requires or [] if "extra ==" not in line]
        names += [re.match(r"[\w.-]+", line).group() for line in required]
    return {name: source for name, source in found.items() if source.exists()}
