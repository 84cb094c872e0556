"""The two commands of the README, and three more: `python3 -m rlcourse lab | test | train | grade | build`.

Each finds the environment it needs, or makes it, and hands over to that environment's Python. So this file
imports the standard library only, and is written for Python 3.8: an old Python must read it to say it is old.
"""

import argparse
import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

USAGE = """\
usage: python3 -m rlcourse COMMAND [options]

  lab     open the lectures in JupyterLab         --no-browser  --port 8888  --instructor
  test    check everything the course promises    any pytest option, e.g.  -k gae  or  tests/equations
  train   train an agent: curve, table, run folder  e.g.  train td3 --env Pendulum-v1 --seeds 8
  grade   grade homework, safely                  grade --help
  build   compile notebooks/source to .ipynb      --check  fails when they differ

The first start makes an environment in .venv (minutes, some GB); later starts are immediate.
train, grade and build answer --help themselves.
Linux without an NVIDIA card: RLCOURSE_TORCH_INDEX=<PyTorch's CPU index> saves GBs (see README.md)."""

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "rlcourse.json"  # what was installed; "state" is "installing" until all of it is there
OLDEST = (3, 11)
ROOM = 3 * 1024**3  # bytes that an installation takes with PyTorch's CPU build, and some air
PROMPT_SERVER = "--ServerApp.kernel_websocket_connection_class=rlcourse.server.PromptConnection"
NBGRADER_SERVERS = ("formgrader", "validate_assignment", "assignment_list", "course_list")

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


def say(line, end="\n"):
    print(line, end=end, flush=True)


# --- the environment ----------------------------------------------------------------------------------------


def environment(extras=()):
    """The Python that has the course's packages and those of `extras`; made or repaired first if need be."""
    if not (ROOT / "pyproject.toml").exists() or running_python_has(extras):
        return sys.executable
    if not is_ready(extras):
        with one_at_a_time():
            if not is_ready(extras):  # another start may have made it while this one waited
                make(extras)
    return python_of(ENVIRONMENT)


def python_of(folder):
    return str(folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python")


def project():
    import tomllib  # Python 3.11

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def running_python_has(extras):
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


def numbers(version):
    return [int(part) for part in re.match(r"[\d.]*", version).group().split(".") if part]


def fingerprint():
    """Changes when what was installed no longer fits: other requirements, pins, Python or folder."""
    parts = [json.dumps(project(), sort_keys=True), str(ROOT)]
    for file in (ROOT / "constraints.txt", ENVIRONMENT / "pyvenv.cfg"):
        parts.append(file.read_text(encoding="utf-8") if file.exists() else "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def stamp():
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def is_ready(extras):
    mark = stamp()
    return (
        mark.get("state") == "complete"
        and mark.get("fingerprint") == fingerprint()
        and set(extras) <= set(mark["extras"])
        and os.path.exists(python_of(ENVIRONMENT))
    )


def make(extras):
    before = stamp()
    start = time.monotonic()
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
    index = os.environ.get("RLCOURSE_TORCH_INDEX")
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


def write_stamp(**mark):
    STAMP.write_text(json.dumps(mark) + "\n", encoding="utf-8")


def make_empty(before):
    """An empty environment in .venv; a half-made one, or one moved here from another folder, is replaced."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise Trouble(
            "this Python cannot make an environment (no venv module): on Debian or Ubuntu run "
            "`sudo apt install python3-venv`, then the same command again"
        ) from None
    if shutil.disk_usage(str(ROOT)).free < ROOM:
        raise Trouble(
            "too little room on the disk of {}: {:.1f} GB free, {:.0f} GB needed".format(
                ROOT, shutil.disk_usage(str(ROOT)).free / 1024**3, ROOM / 1024**3
            )
        )
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


def torch_from(index):
    """Arguments that take PyTorch, at the version that was tested, from an index, a folder or a wheel."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    torch = re.search(r"^torch==\S+", pins, re.MULTILINE).group()
    if index.endswith(".whl"):
        return ["--no-deps", index]
    if os.path.isdir(index):
        return ["--no-deps", "--no-index", "--find-links", index, torch]
    return ["--no-deps", "--index-url", index, torch]


def install(python, label, arguments):
    options = ["--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--retries", "2"]
    run(label, [python, "-m", "pip", "install"] + options + arguments)


def run(label, command):
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
    say(
        ("\r" if live else "")
        + "{} {:4.0f} s".format(label, time.monotonic() - start).ljust(99 if live else 0)
    )
    with contextlib.suppress(OSError):  # a full disk keeps no log, and is told below
        log = ENVIRONMENT / "rlcourse-install.log"
        log.write_text("\n".join([" ".join(command)] + lines) + "\n", encoding="utf-8")
    if process.returncode:
        raise Trouble(diagnosis(label.strip(), "\n".join(lines)))


def doing(lines):
    """What pip is at: the last 'Collecting x', 'Downloading x' or 'Installing'."""
    for line in reversed(lines[-20:]):
        found = re.match(r"\s*(Collecting|Downloading|Building|Installing collected)\s+(\S+)", line)
        if found:
            what, name = found.groups()
            return (
                "installing"
                if what.startswith("Installing")
                else "{} {}".format(what.lower(), name.split("/")[-1])
            )
    return ""


def diagnosis(step, output):
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
def one_at_a_time():
    """Only one start makes the environment; a second waits. The lock dies with its owner."""
    with open(str(ROOT / ".venv.lock"), "w") as handle:
        told = False
        while not lock(handle):
            if not told:
                say("rlcourse: another start is making the environment; waiting for it")
                told = True
            time.sleep(0.5)
        yield


def lock(handle):
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


# --- the commands: each finds its environment and becomes a program in it -----------------------------------


def lab(arguments):
    parser = argparse.ArgumentParser(
        prog="python3 -m rlcourse lab",
        description="Open the lectures in JupyterLab. Options not listed here go to JupyterLab.",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address; open no browser")
    parser.add_argument(
        "--port", type=int, help="the port of the server (default: 8888, or the next free one)"
    )
    parser.add_argument("--instructor", action="store_true", help="with nbgrader's tools for teachers")
    options, rest = parser.parse_known_args(arguments)
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in rest:
        raise Trouble(
            "you are root, and what runs in a notebook would be too: start as another user, "
            "or add --allow-root if this is a container of your own"
        )
    pages = sorted((ROOT / "notebooks" / "lectures").glob("*.ipynb"))
    if not pages:
        raise Trouble("no lectures in {}: get the whole repository".format(ROOT / "notebooks" / "lectures"))
    command = [
        "-m",
        "jupyterlab",
        "--ServerApp.root_dir={}".format(ROOT),
        "--LabApp.default_url=/lab/tree/{}".format(pages[0].relative_to(ROOT).as_posix()),
        PROMPT_SERVER,
    ]
    if options.no_browser:
        command.append("--no-browser")
    if options.port is not None:
        command.append("--ServerApp.port={}".format(options.port))
    python = environment(["instructor"] if options.instructor else [])
    if python == python_of(ENVIRONMENT):
        settle_jupyter(options.instructor)
    return hand_over(python, command + rest)


def settle_jupyter(instructor):
    """No question about news on the first page; nbgrader and jupytext, where installed, for teachers only."""
    servers = ["nbgrader.server_extensions." + name for name in NBGRADER_SERVERS] + ["jupyterlab_jupytext"]
    hidden = ["@jupyterlab/apputils-extension:announcements"]
    if not instructor:
        hidden += ["@jupyter/nbgrader", "jupyterlab-jupytext"]
    files = {
        "jupyter_server_config.json": {
            "ServerApp": {"jpserver_extensions": dict.fromkeys(servers, bool(instructor))}
        },
        "labconfig/page_config.json": {"disabledExtensions": dict.fromkeys(hidden, True)},
    }
    folder = ENVIRONMENT / ("jupyter-instructor" if instructor else "jupyter-student")
    with contextlib.suppress(OSError):  # in a folder shared read-only, the first start has written them
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(content), encoding="utf-8")
    paths = [str(folder), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))


def test(arguments):
    os.chdir(str(ROOT))
    notebooks = "--nbval-lax --nbval-current-env --nbval-cell-timeout=120 --nbval-kernel-startup-timeout=120"
    command = [
        "-m",
        "pytest",
        "-n",
        "2",
        "--dist",
        "loadfile",
        "-m",
        "not benchmark",
        "-rs",
    ] + notebooks.split()
    if not any(os.path.exists(argument.split("::")[0]) for argument in arguments):
        folders = ("tests", "notebooks/lectures", "notebooks/homework")
        command += [folder for folder in folders if os.path.isdir(folder)]
    return hand_over(environment(["instructor", "test"]), command + arguments)


def train(arguments):
    return hand_over(environment(), call("rlcourse.command_line", arguments))


def grade(arguments):
    return hand_over(environment(["instructor"]), call("rlcourse.grading", arguments))


def build(arguments):
    os.chdir(str(ROOT))
    program = call("rlcourse.__main__", arguments, function="compile_notebooks")
    return hand_over(environment(["instructor", "test"]), program)


def compile_notebooks(arguments):
    """Runs in the environment: the lectures, then the homework, which has the same kind of source."""
    from rlcourse import notebooks
    from rlcourse.grading import release

    return notebooks.main(arguments, builders=(notebooks.build, release.build))


def call(module, arguments, function="main"):
    program = "import sys; from {} import {} as main; sys.exit(main(sys.argv[1:]))".format(module, function)
    return ["-c", program] + arguments


COMMANDS = {"lab": lab, "test": test, "train": train, "grade": grade, "build": build}


def hand_over(python, arguments):
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


def old_python():
    here = "{} ({})".format(".".join(map(str, sys.version_info[:3])), sys.executable)
    newer = [name for name in ("python3.13", "python3.12", "python3.11") if shutil.which(name)]
    advice = (
        "run it with {}".format(newer[0])
        if newer
        else "install one (python.org, conda, or your system's packages)"
    )
    return "Python {}.{} or newer is needed and this is {}: {}".format(*OLDEST, here, advice)


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0
    command, rest = COMMANDS.get(arguments[0]), arguments[1:]
    try:
        if sys.version_info < OLDEST:
            raise Trouble(old_python())
        if command is None:
            raise Trouble("no command {!r}: lab, test, train, grade or build".format(arguments[0]))
        return command(rest)
    except Trouble as trouble:
        line = str(trouble)
    except BrokenPipeError:  # nobody reads on: `python3 -m rlcourse … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        line = diagnosis("its files", str(error)) if error.errno else str(error)
    except KeyboardInterrupt:
        say("\nrlcourse: stopped")
        return 130
    print("rlcourse: " + line, file=sys.stderr)
    return 2 if command is None else 1


if __name__ == "__main__":
    sys.exit(main())
