"""How a process is confined by bubblewrap: what it may use, what it sees, and why nothing else.

In the sandbox: the interpreter and the system libraries that it loads, what the course installs for a
student (NumPy, SciPy, torch, matplotlib, Gymnasium, …), the three files of `inside/`, a private /tmp and
/proc. Not in it: this package (references, hidden cases), the folder in which the course lies, other
submissions, the gradebook, nbgrader's exchange, the network, the caller's environment, any other process.

Why each precaution is there (all measured): bubblewrap's process 1 shows its caller's environment, so it
starts with an empty one; RLIMIT_NPROC does not bind root, so root's children run under an unprivileged uid;
nested user namespaces open the kernel to attack again, so they are disabled; exit code 0 proves nothing, so
nobody looks at it; /usr holds what people put there (nbgrader's exchange, a course), so only the libraries
in it are bound; a keyring outlives the process that wrote it, so system calls are filtered
(`system_calls.py`); a shared page that nobody has mapped shows in no process's size, so such pages cannot
be made. That nothing secret is in reach is not argued but tried, before each run (`canaries`).
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
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rlcourse.grading.sandbox import system_calls

HERE = Path(__file__).resolve().parent
INSIDE = HERE / "inside"
MOUNTED = ("fork_server.py", "runner.py", "observer.py")  # of INSIDE, in the sandbox's /opt/course
PACKAGE = HERE.parents[1]  # rlcourse: holds the answers
# What a solution may import, with what they need: what a student's own installation has, but the course.
LIBRARIES = ("numpy", "scipy", "torch", "matplotlib", "gymnasium", "tqdm", "joblib", "ipython", "ipywidgets")
SYSTEM = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/share/zoneinfo")  # what a Python needs


@dataclass(frozen=True)
class Limits:
    """What one child may use. Times are wall clock."""

    seconds: float = 10.0  # for one cell or one exercise
    total: float = 90.0  # for one submission
    memory: int = 2 << 30  # bytes, of one process and of all together beyond torch's own
    processes: int = 24  # and threads, of one submission
    file_bytes: int = 32 << 20  # one file; all of /tmp together may be twice that
    frame_bytes: int = 8 << 20  # one answer
    private: tuple[str, ...] = ()  # folders that no child may see: submissions, results, a course


LIMITS = Limits()


class SandboxError(RuntimeError):
    """No child can be confined on this machine; the message says why and what to do."""


def why_not(private: Iterable[str | Path] = ()) -> str | None:
    """None when a child can be confined here, else one line: what is missing and what to do.

    A child is started for it, and tries to reach the course's answers and the folders `private`.
    """
    if sys.platform != "linux":
        return "bubblewrap exists only on Linux; grade inside a Linux container or virtual machine"
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed; on Debian or Ubuntu: apt install bubblewrap"
    if missing := system_calls.why_not():
        return missing
    limits = Limits(private=tuple(str(Path(folder).resolve()) for folder in private))
    places = canaries(secrets(limits))
    program = [interpreter()[1], "-I", "-S", "-B", "-c", IN_REACH]
    with arguments(limits) as (bwrap, fds):
        options = {"env": {}, "cwd": "/", "pass_fds": fds, "capture_output": True, "text": True}
        run = subprocess.run([*bwrap, *program], input=json.dumps(places), **options)
    if run.returncode:
        line = (run.stderr.strip() or "it gave no reason").splitlines()[-1]
        return f"bubblewrap cannot confine a process here ({line}); allow unprivileged user namespaces"
    if run.stdout.strip():
        found = run.stdout.splitlines()[0][:200]
        return f"student code could read {found} from the sandbox; move the folder that holds it elsewhere"
    return None


# Tried in a child: is one of these files or folders, told by device and inode, behind one of these paths?
IN_REACH = """
import json, os, sys
for path, secret, device, inode in json.load(sys.stdin):
    try:
        found = os.stat(path)
    except OSError:
        continue
    if (found.st_dev, found.st_ino) == (device, inode):
        print(secret)
        break
"""


def canaries(folders: Iterable[Path]) -> list[tuple[str, str, int, int]]:
    """(path in a child, path here, device, inode) of each folder that none may reach, and of its entries.

    A path in a child: where a folder that is bound leads to it, and where it lies here.
    """
    tried = []
    for folder in folders:
        with contextlib.suppress(OSError):
            for path in [folder, *sorted(folder.iterdir())[:100]]:
                status = path.lstat()
                below = [(source, place) for source, place in bound().items() if path.is_relative_to(source)]
                places = {str(Path(place) / path.relative_to(source)) for source, place in below}
                tried += [(p, str(path), status.st_dev, status.st_ino) for p in sorted({*places, str(path)})]
    return tried


def secrets(limits: Limits) -> set[Path]:
    """Folders that hold answers, or others' submissions."""
    home = PACKAGE.parent
    checkout = [home, home / "notebooks", home / "build"] if (home / "pyproject.toml").is_file() else []
    folders = [PACKAGE, PACKAGE / "grading" / "exercises", *checkout, *map(Path, limits.private)]
    return {folder.resolve() for folder in folders if folder.is_dir()}


@contextlib.contextmanager
def arguments(limits: Limits) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    """The command to put in front of the child's own, and the descriptors it needs.

    Bubblewrap reads its options, which name this machine's folders, from a pipe: they do not show in
    /proc/1/cmdline.
    """
    options, staged = file_system(limits.private)
    options = [*options, "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"]
    options += ["--cap-add", "CAP_SYS_ADMIN"]  # in its own user namespace: for the children's namespaces
    options += ["--new-session", "--hostname", "sandbox", "--proc", "/proc", "--dev", "/dev"]
    options += ["--dev-bind", "/dev/null", "/dev/zero"]  # a mapping of it would be shared memory
    options += ["--size", "1048576", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    options += ["--size", str(2 * limits.file_bytes), "--tmpfs", "/tmp"]
    options += ["--remount-ro", "/", "--chdir", "/tmp"]
    for name, value in environment().items():
        options += ["--setenv", name, value]
    listed = in_memory(b"".join(os.fsencode(option) + b"\0" for option in options))
    filtered = in_memory(system_calls.filter_program())
    command = [shutil.which("bwrap"), "--args", str(listed), "--seccomp", str(filtered)]
    if os.geteuid() == 0:
        # One user for each grader, so that its processes are counted alone.
        uid = str(1_000_000 + os.getpid())
        to_user = [sys.executable, "-I", "-S", str(HERE / "unprivileged.py")]
        command = [*to_user, uid, json.dumps(staged), *command]
    try:
        yield command, (listed, filtered)
    finally:
        os.close(listed)
        os.close(filtered)


def in_memory(content: bytes) -> int:
    """A descriptor from which `content` can be read once; no file has it."""
    descriptor = os.memfd_create("bubblewrap")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


@functools.cache
def bound() -> dict[str, str]:
    """{folder or file here: its place in a child}, all of them read-only."""
    system = {name: name for name in SYSTEM if os.path.isdir(name) and not os.path.islink(name)}
    for name in ("/lib", "/lib32", "/lib64", "/libx32"):
        if os.path.isdir(name) and not os.path.islink(name):
            system[name] = name
    for name in ("/etc/ld.so.cache", "/etc/localtime"):
        if os.path.exists(name):
            system[os.path.realpath(name)] = name
    own = interpreter()[0] | {str(source): f"/opt/site/{name}" for name, source in libraries().items()}
    return system | own | {str(INSIDE / name): f"/opt/course/{name}" for name in MOUNTED}


@functools.cache
def file_system(private: tuple[str, ...] = ()) -> tuple[list[str], dict[str, str]]:
    """Bubblewrap's options for the read-only part; for root, {place below /mnt: folder} to bind before."""
    options = []
    for name in ("/opt", "/opt/python", "/opt/python/bin", "/opt/site", "/opt/course", "/tmp"):
        options += ["--perms", "0755", "--dir", name]
    for name in ("/lib", "/lib32", "/lib64", "/libx32"):
        if os.path.islink(name):
            options += ["--symlink", os.readlink(name), name]
    folders = bound()
    own = [source for source in folders if not source.startswith(("/usr/lib", "/usr/share", "/lib", "/etc"))]
    staged = {f"/mnt/{i}": source for i, source in enumerate(own)} if os.geteuid() == 0 else {}
    seen_at = {source: place for place, source in staged.items()}
    for source, place in folders.items():
        options += ["--ro-bind", seen_at.get(source, source), place]
    for secret in sorted(to_be_emptied() | secrets(Limits(private=private))):
        for source, place in folders.items():
            if secret != Path(source) and secret.is_relative_to(source) and secret.is_dir():
                options += ["--tmpfs", str(place / secret.relative_to(source))]
    return options, staged


def to_be_emptied() -> set[Path]:
    """Folders of other libraries, which the child sees empty where it sees them at all."""
    standard = Path(sysconfig.get_path("stdlib"))
    own = [standard / "site-packages", standard / "dist-packages"]
    folders = [*own, *map(Path, site.getsitepackages([sys.base_prefix, "/usr", "/usr/local"]))]
    return {folder.resolve() for folder in folders if folder.is_dir()}


def interpreter() -> tuple[dict[str, str], str]:
    """({file or folder here: its place in the child}, the interpreter's path in the child)."""
    executable = Path(sys.executable).resolve()
    base = Path(sys.base_prefix).resolve()
    if base.is_relative_to(
        "/usr"
    ):  # its libraries stand in SYSTEM, or in a place of their own as below /usr/local
        needed = [executable, Path(sysconfig.get_path("stdlib")).resolve()]
        needed += map(
            Path.resolve, Path(sysconfig.get_config_var("LIBDIR") or "/usr/lib").glob("libpython*.so*")
        )
        return {str(path): str(path) for path in needed if not str(path).startswith("/usr/lib/")}, str(
            executable
        )
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
        "LD_LIBRARY_PATH": "/opt/python/lib:/usr/local/lib",
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
