"""How a process is confined by bubblewrap: what it may use, what it sees, and why nothing else.

In the sandbox: the interpreter, NumPy, SciPy, torch, matplotlib, Gymnasium, the three files of `inside/`, a
private /tmp and /proc. Not in it: this package (references, hidden cases), other submissions, the gradebook,
the network, the caller's environment, any other process.

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
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
INSIDE = HERE / "inside"
MOUNTED = ("fork_server.py", "runner.py", "observer.py")  # of INSIDE, in the sandbox's /opt/course
PACKAGE = HERE.parents[1]  # rlcourse: holds the answers
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


def why_not() -> str | None:
    """None when a child can be confined here, else one line: what is missing and what to do."""
    if sys.platform != "linux":
        return "bubblewrap exists only on Linux; grade inside a Linux container or virtual machine"
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed; on Debian or Ubuntu: apt install bubblewrap"
    with arguments(LIMITS) as (bwrap, fds):
        run = subprocess.run(
            [*bwrap, "/usr/bin/env", "true"], env={}, cwd="/", pass_fds=fds, capture_output=True, text=True
        )
    if run.returncode:
        line = (run.stderr.strip() or "it gave no reason").splitlines()[-1]
        return f"bubblewrap cannot confine a process here ({line}); allow unprivileged user namespaces"
    return None


@contextlib.contextmanager
def arguments(limits: Limits) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    """The command to put in front of the child's own, and the descriptors it needs.

    Bubblewrap reads its options, which name this machine's folders, from a pipe: they do not show in
    /proc/1/cmdline.
    """
    options, staged = file_system()
    options = [*options, "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"]
    options += ["--cap-add", "CAP_SYS_ADMIN"]  # in its own user namespace: for the children's namespaces
    options += ["--new-session", "--hostname", "sandbox", "--proc", "/proc", "--dev", "/dev"]
    options += ["--size", "1048576", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    options += ["--size", str(2 * limits.file_bytes), "--tmpfs", "/tmp"]
    options += ["--remount-ro", "/", "--chdir", "/tmp"]
    for name, value in environment().items():
        options += ["--setenv", name, value]
    read, write = os.pipe()  # it holds 64 kB, more than the options need
    os.write(write, b"".join(os.fsencode(option) + b"\0" for option in options))
    os.close(write)
    command = [shutil.which("bwrap"), "--args", str(read)]
    if os.geteuid() == 0:
        # One user for each grader, so that its processes are counted alone.
        uid = str(1_000_000 + os.getpid())
        to_user = [sys.executable, "-I", "-S", str(HERE / "unprivileged.py")]
        command = [*to_user, uid, json.dumps(staged), *command]
    try:
        yield command, (read,)
    finally:
        os.close(read)


@functools.cache
def file_system() -> tuple[list[str], dict[str, str]]:
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
    own = interpreter()[0]
    own |= {str(source): f"/opt/site/{name}" for name, source in libraries().items()}
    own |= {str(INSIDE / name): f"/opt/course/{name}" for name in MOUNTED}
    staged = {f"/mnt/{i}": source for i, source in enumerate(own)} if os.geteuid() == 0 else {}
    seen_at = {source: place for place, source in staged.items()}
    for source, place in (system | own).items():
        options += ["--ro-bind", seen_at.get(source, source), place]
    for secret in to_be_emptied():
        for source, place in (system | own).items():
            if secret != Path(source) and secret.is_relative_to(source):
                options += ["--tmpfs", str(place / secret.relative_to(source))]
    return options, staged


def to_be_emptied() -> set[Path]:
    """Folders that the child sees empty, where it sees them at all: this package, other libraries."""
    folders = [PACKAGE, *map(Path, site.getsitepackages([sys.base_prefix, "/usr", "/usr/local"]))]
    return {folder.resolve() for folder in folders if folder.is_dir()}


def interpreter() -> tuple[dict[str, str], str]:
    """({folder here: folder in the child}, the interpreter's path in the child)."""
    executable = Path(sys.executable).resolve()
    base = Path(sys.base_prefix).resolve()
    if base.is_relative_to("/usr"):
        return {}, str(executable)
    inside = "/opt/python/bin/python3"
    return {str(executable): inside, str(base / "lib"): "/opt/python/lib"}, inside


def environment() -> dict[str, str]:
    """All variables of the child's environment."""
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
def libraries() -> dict[str, Path]:
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
            is_code = top not in ("..", "__pycache__") and not top.endswith((".dist-info", ".pth"))
            if is_code and top not in found:
                found[top] = Path(package.locate_file(top)).resolve()
        required = [line for line in package.requires or [] if "extra ==" not in line]
        names += [re.match(r"[\w.-]+", line).group() for line in required]
    return {name: source for name, source in found.items() if source.exists()}
