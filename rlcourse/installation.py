"""The environment in .venv: made, brought up to date, explained in a line when it cannot be, then entered.

Nothing is installed yet when this runs, so it imports the standard library only; and it is written for Python
3.8: an old Python must read it to say that it is old.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "rlcourse.json"  # what was installed; "state" is "installing" until all of it is there
OLDEST = (3, 11)
ADDABLE = (
    "bench",
    "box2d",
    "classic-control",
    "cluster",
    "hub",
    "mujoco",
    "toy-text",
    "video",
)  # extras for `--extra`, by name
# Of an archive of `python3 -m rlcourse bundle`: it has every package, so no registry is asked.
WHEELS = ROOT / "wheels"
ROOM = 3 * 1024**3  # bytes that an installation takes with PyTorch's CPU build, and some air

# pip's words -> the one line a person needs. The first that matches wins.
CAUSES = (
    (
        r"No space left on device|Errno 28\b|not enough space|Disk quota exceeded",
        "no room left on the disk: free some GB in {root} and in TMPDIR, then run it again",
    ),
    (
        r"Read-only file system|Permission denied|Errno 13\b|Errno 30\b|Access is denied",
        "may not write in {root}: copy the course to a folder of your own and run it there",
    ),
    (
        r"NewConnectionError|NameResolutionError|ConnectTimeout|Connection to \S+ timed out|Read timed out"
        r"|ProxyError|SSLError|Failed to establish|Connection refused|Connection aborted|name resolution"
        r"|Network is unreachable",
        "cannot reach the package registry: check the network (and proxy), then run the same command again",
    ),
    (
        r"No matching distribution found for ([\w.\[\]-]+)",
        "the registry has no {match} for Python {python} here: try another Python, 3.11 to 3.13",
    ),
    (r"ResolutionImpossible|conflicting dependencies", "the packages contradict each other: see {log}"),
)


class Trouble(Exception):
    """What is wrong, where, and what to do, in one line."""


def say(line: str, end: str = "\n") -> None:
    print(line, end=end, flush=True)


def environment(extras: Iterable[str] = ()) -> str:
    """The Python that has the course's packages and those of `extras`; made or repaired first if need be."""
    if not (ROOT / "pyproject.toml").exists():
        if set(extras) & set(ADDABLE):
            raise Trouble("--extra works in the course's folder only: {} is a copy without it".format(ROOT))
        return sys.executable
    if running_python_has(extras):
        return sys.executable
    if not is_ready(extras):
        with one_at_a_time():
            if not is_ready(extras):  # another start may have made it while this one waited
                make(extras)
    return python_of(ENVIRONMENT)


def python_of(folder: Path) -> str:
    return str(folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python")


def project() -> dict:
    """The [project] table of pyproject.toml."""
    import tomllib  # Python 3.11

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def running_python_has(extras: Iterable[str]) -> bool:
    """Conda, Binder or an environment of one's own that has this course and every package: make nothing."""
    from importlib import metadata

    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return False  # the stamp knows better
    try:
        origin = metadata.distribution("rlcourse").read_text("direct_url.json") or "{}"
        if json.loads(origin).get("url") != ROOT.as_uri():
            return False
        about = project()
        wanted = about["dependencies"] + sum((about["optional-dependencies"][extra] for extra in extras), [])
        for requirement in wanted:
            name, floor = re.match(r"([\w.-]+)[^>]*(?:>=([\d.]+))?", requirement).groups()
            if numbers(metadata.version(name)) < numbers(floor or "0"):
                return False
    except metadata.PackageNotFoundError:
        return False
    return True


def numbers(version: str) -> list[int]:
    return [int(part) for part in re.match(r"[\d.]*", version).group().split(".") if part]


def fingerprint() -> str:
    """Changes when what was installed no longer fits: other requirements, pins, Python or folder."""
    parts = [json.dumps(project(), sort_keys=True), str(ROOT)]
    for file in (ROOT / "constraints.txt", ENVIRONMENT / "pyvenv.cfg"):
        parts.append(file.read_text(encoding="utf-8") if file.exists() else "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def stamp() -> dict:
    """What an earlier start has written about the environment; {} where there is none."""
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def is_ready(extras: Iterable[str]) -> bool:
    mark = stamp()
    return (
        mark.get("state") == "complete"
        and mark.get("fingerprint") == fingerprint()
        and set(extras) <= set(mark["extras"])
        and os.path.exists(python_of(ENVIRONMENT))
    )


def make(extras: Iterable[str]) -> None:
    """An environment with the course and its extras: an older one brought up to date, or a new one."""
    before = stamp()
    start = time.monotonic()
    index = os.environ.get("RLCOURSE_TORCH_INDEX")  # whoever names one knows of a PyTorch for this machine
    trouble = None if index else without_torch()
    if trouble:
        raise Trouble(trouble)
    usable = before.get("state") != "installing" and os.path.exists(python_of(ENVIRONMENT))
    if usable and before.get("root", str(ROOT)) == str(ROOT):
        extras = sorted(set(extras) | set(before.get("extras", ())))
        say("rlcourse: bringing the environment in {} up to date".format(ENVIRONMENT))
    else:
        make_empty(before)
        before = {}
    python = python_of(ENVIRONMENT)
    write_stamp(state="installing")
    target = "." + ("[{}]".format(",".join(extras)) if extras else "")
    steps = [("packages", ["-c", "constraints.txt", "-e", target])]
    if index:
        steps.insert(0, ("torch", torch_from(index)))
    try:
        for name, arguments in steps:
            install(python, "  " + name, arguments)
    except Trouble:
        if before:  # pip undid what it began: the older environment is still whole
            write_stamp(**before)
        raise
    write_stamp(state="complete", fingerprint=fingerprint(), extras=list(extras), root=str(ROOT))
    say("rlcourse: the environment is ready ({:.0f} s)".format(time.monotonic() - start))


def without_torch() -> str | None:
    """Why PyTorch, as it was tested, has no wheel for this machine, and the way out; else None."""
    system, machine = platform.system(), platform.machine().lower()
    if sys.maxsize <= 2**32:
        return (
            "this Python is a 32-bit one, for which there is no PyTorch: install a 64-bit Python (python.org)"
        )
    if system == "Darwin" and machine == "x86_64":
        return (
            "PyTorch is no longer built for Intel Macs: open the course on Colab or Binder, or on another "
            "machine. If this Mac has an Apple chip, its Python is one for Intel: install python.org's"
        )
    if system == "Windows" and machine == "arm64":
        return (
            "PyTorch is not built for Windows on ARM: run the course in WSL (`wsl --install`, then the "
            "same command in Ubuntu), or install python.org's x86-64 Python, which Windows 11 runs"
        )
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pin = re.search(r"^torch==(\S+)", pins, re.MULTILINE)
    mac = numbers(platform.mac_ver()[0] or "0")
    if system == "Darwin" and mac < [14] and pin and numbers(pin.group(1)) >= [2, 12]:
        return (
            "PyTorch {} needs macOS 14 and this is {}: update macOS, or write torch==2.11.0, the last one "
            "for macOS 11 to 13, in {} and run the same command again"
        ).format(pin.group(1), platform.mac_ver()[0], ROOT / "constraints.txt")
    return None


def write_stamp(**mark: object) -> None:
    STAMP.write_text(json.dumps(mark) + "\n", encoding="utf-8")


def make_empty(before: dict) -> None:
    """An empty environment in .venv; a half-made one, or one moved here from another folder, is replaced."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise Trouble(
            "this Python cannot make an environment (no venv module): on Debian or Ubuntu run "
            "`sudo apt install python3-venv`, then the same command again"
        ) from None
    free = shutil.disk_usage(str(ROOT)).free
    if free < ROOM:
        words = "too little room on the disk of {}: {:.1f} GB free, {:.0f} GB needed"
        raise Trouble(words.format(ROOT, free / 1024**3, ROOM / 1024**3))
    if ENVIRONMENT.exists():
        if not (before or (ENVIRONMENT / "pyvenv.cfg").exists() or not any(ENVIRONMENT.iterdir())):
            raise Trouble("{} is there and is no Python environment: move it away".format(ENVIRONMENT))
        say("rlcourse: the environment in {} is half-made or was moved: making it anew".format(ENVIRONMENT))
        shutil.rmtree(str(ENVIRONMENT))
    else:
        say("rlcourse: making the environment in {} (once; some minutes and GB)".format(ENVIRONMENT))
    ENVIRONMENT.mkdir()
    write_stamp(state="installing")
    base = getattr(sys, "_base_executable", None) or sys.executable
    version = ".".join(map(str, sys.version_info[:3]))
    run("  python {}".format(version), [base, "-m", "venv", str(ENVIRONMENT)])


def torch_from(index: str) -> list[str]:
    """Arguments that take PyTorch, at the version that was tested, from an index, a folder or a wheel."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    torch = re.search(r"^torch==\S+", pins, re.MULTILINE).group()
    if index.endswith(".whl"):
        return ["--no-deps", index]
    if os.path.isdir(index):
        return ["--no-deps", "--no-index", "--find-links", index, torch]
    return ["--no-deps", "--index-url", index, torch]


def install(python: str, label: str, arguments: list[str]) -> None:
    options = ["--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--retries", "2"]
    if WHEELS.is_dir():
        options += ["--no-index", "--find-links", str(WHEELS)]
    run(label, [python, "-m", "pip", "install"] + options + arguments)


def run(label: str, command: list[str]) -> None:
    """Run a step under one line that tells what it does and for how long; its words go to a log."""
    start = time.monotonic()
    lines = []
    process = subprocess.Popen(
        command, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )

    def listen():
        for line in process.stdout:
            lines.append(line.decode(errors="replace").rstrip())

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    live, told, hinted = sys.stdout.isatty(), start, False
    try:
        while process.poll() is None:
            time.sleep(0.1)
            words = "{} {:4.0f} s  {}".format(label, time.monotonic() - start, doing(lines))
            if live:
                say("\r" + words[:99].ljust(99), end="")
            elif time.monotonic() - told > 15:
                told = time.monotonic()
                say(words)
            if not hinted and any("Collecting nvidia-" in line for line in lines):
                hinted = True
                say("\n  this PyTorch brings CUDA, several GB; for less: RLCOURSE_TORCH_INDEX (README.md)")
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    listener.join()
    words = "{} {:4.0f} s".format(label, time.monotonic() - start)
    say("\r" + words.ljust(99) if live else words)
    with contextlib.suppress(OSError):  # a full disk keeps no log, and is told below
        log = ENVIRONMENT / "rlcourse-install.log"
        log.write_text("\n".join([" ".join(command)] + lines) + "\n", encoding="utf-8")
    if process.returncode:
        raise Trouble(diagnosis(label.strip(), "\n".join(lines)))


def doing(lines: list[str]) -> str:
    """What pip is at: the last 'Collecting x', 'Downloading x' or 'Installing'."""
    for line in reversed(lines[-20:]):
        found = re.match(r"\s*(Collecting|Downloading|Building|Installing collected)\s+(\S+)", line)
        if found:
            what, name = found.groups()
            is_last = what.startswith("Installing")
            return "installing" if is_last else "{} {}".format(what.lower(), name.split("/")[-1])
    return ""


def diagnosis(step: str, output: str) -> str:
    """One line: the cause that `output` shows, and what to do; its last line where none is known."""
    facts = {
        "root": ROOT,
        "log": ENVIRONMENT / "rlcourse-install.log",
        "python": "{}.{}".format(*sys.version_info[:2]),
    }
    for pattern, advice in CAUSES:
        found = re.search(pattern, output)
        if found:
            return "installing stopped: " + advice.format(match=found.group(found.lastindex or 0), **facts)
    last = [line for line in output.splitlines() if line.strip()] or ["no word why"]
    return "installing stopped at {}: {} (all of it: {})".format(step, last[-1].strip(), facts["log"])


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Only one start makes the environment; a second waits. The lock dies with its owner."""
    with open(str(ROOT / ".venv.lock"), "w") as handle:
        told = False
        while not lock(handle):
            if not told:
                say("rlcourse: another start is making the environment; waiting for it")
                told = True
            time.sleep(0.5)
        yield


def lock(handle: IO) -> bool:
    """Whether this process now holds the lock, or may go on without one."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)  # a disk without locks: go on
    return True


def hand_over(python: str, arguments: list[str]) -> int:
    """Become `python`, or, where a process cannot (Windows), wait for it and pass its exit code on."""
    os.environ["PATH"] = os.pathsep.join([str(Path(python).parent), os.environ.get("PATH", "")])
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(python, [python] + arguments)
    process = subprocess.Popen([python] + arguments)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the child has it too, and decides
            continue


def old_python() -> str:
    """That this Python is too old, and which one to take."""
    here = "{} ({})".format(".".join(map(str, sys.version_info[:3])), sys.executable)
    newer = [name for name in ("python3.13", "python3.12", "python3.11") if shutil.which(name)]
    advice = "install one (python.org, conda, or your system's packages)"
    if newer:
        advice = "run it with {}".format(newer[0])
    return "Python {}.{} or newer is needed and this is {}: {}".format(*OLDEST, here, advice)
