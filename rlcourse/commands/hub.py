"""`python3 -m rlcourse hub`: the course for a class, by JupyterHub, with nbgrader's exchange.

Every user has a server of their own, started by `python -m rlcourse lab` (`commands/lab.py`): students from
this installation, which they may read and not change, and which therefore must be the students' copy
(`python3 -m rlcourse handout`); the instructor from a clone of hers, which holds the answers and which nobody
else can read.
"""

from __future__ import annotations

import argparse
import os
import shutil
import stat
from pathlib import Path

from rlcourse import desk, installation
from rlcourse.installation import Trouble

PLACE = 8
DOES = "serve the course to a class (JupyterHub)"
TAKES = "--instructor NAME=FOLDER  --exchange FOLDER"

EXCHANGE = Path("/srv/nbgrader/exchange")
STATE = Path("/var/lib/rlcourse-hub")
COURSE = "rlcourse"  # nbgrader's name of the course: a folder of the exchange

SETTINGS = """\
# Written by `python3 -m rlcourse hub` at each start. What you set in {own} beside this file counts more.
import os

c = get_config()  # noqa: F821
INSTRUCTOR, THEIRS = {instructor!r}, [{instructors_python!r}, "-m", "rlcourse", "lab", "--instructor"]
STUDENTS = [{python!r}, "-m", "rlcourse", "lab"]


def choose_server(spawner):
    spawner.cmd = THEIRS if spawner.user.name == INSTRUCTOR else STUDENTS


c.Spawner.pre_spawn_hook = choose_server
c.Spawner.environment = {{"JUPYTER_CONFIG_PATH": {nbgrader!r}}}
c.Spawner.start_timeout = c.Spawner.http_timeout = 120  # seconds: a class comes all at once
c.JupyterHub.authenticator_class = "pam"  # the users of this machine, with their passwords
c.Authenticator.allow_all = True
c.Authenticator.blocked_users = {{"root"}}
c.JupyterHub.bind_url = "http://127.0.0.1:8000"  # not to the world without TLS
if os.path.exists({own!r}):
    load_subconfig({own!r})  # noqa: F821
"""
NBGRADER = """\
# Written by `python3 -m rlcourse hub`: where assignments are handed out and in.
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = {course!r}
c.Exchange.root = {exchange!r}
"""


def start(arguments: list[str], extras: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m rlcourse hub",
        description="Serve the course to a class, by JupyterHub. Options not listed here go to JupyterHub.",
    )
    whose = "who teaches, and the folder of the clone with the answers, e.g. grace=/home/grace/course"
    parser.add_argument("--instructor", required=True, metavar="NAME=FOLDER", help=whose)
    parser.add_argument("--exchange", type=Path, default=EXCHANGE, help="nbgrader's exchange (%(default)s)")
    kept = "where JupyterHub keeps its books, and your jupyterhub_config.py (%(default)s)"
    parser.add_argument("--state", type=Path, default=STATE, help=kept)
    options, rest = parser.parse_known_args(arguments)
    name, _, folder = options.instructor.partition("=")
    owner, clone = account(name), Path(folder).expanduser()
    if os.geteuid() != 0:
        raise Trouble("JupyterHub starts servers of other users: run it as root (sudo)")
    if not shutil.which("configurable-http-proxy"):
        raise Trouble(
            "JupyterHub needs its proxy: install Node.js 20 or newer, then "
            "`npm install -g configurable-http-proxy`"
        )
    if not folder or not os.path.exists(installation.python_of(clone / ".venv")):
        line = "no environment in {}: {} runs `python3 -m rlcourse build --extra hub` in a clone there"
        raise Trouble(line.format(clone / ".venv" if folder else "--instructor NAME=FOLDER", name))
    if answers := holds_answers(installation.ROOT):
        line = "students could read the answers ({}): start the hub from their copy, made by `{}` in {}"
        raise Trouble(line.format(answers, "python3 -m rlcourse handout FOLDER", clone))
    python = installation.environment(["hub", *extras])
    for path in (Path(python), installation.ROOT / "rlcourse" / "__main__.py"):
        open_to_all(path)
    open_to(owner, Path(installation.python_of(clone / ".venv")))
    desk.settle_jupyter(instructor=False, hub=True)
    open_exchange(options.exchange, owner)
    options.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = installation.ENVIRONMENT / "jupyter-nbgrader"
    settings.mkdir(exist_ok=True)
    words = {"course": COURSE, "exchange": str(options.exchange.resolve())}
    (settings / "nbgrader_config.py").write_text(NBGRADER.format(**words), encoding="utf-8")
    written = options.state / "rlcourse_hub.py"
    text = SETTINGS.format(
        instructor=name, instructors_python=installation.python_of(clone / ".venv"), python=python,
        nbgrader=str(settings), own=str(options.state.resolve() / "jupyterhub_config.py"),
    )  # fmt: skip
    written.write_text(text, encoding="utf-8")
    os.chdir(str(options.state))  # its database, cookie secret and the proxy's process id lie here
    return installation.hand_over(python, ["-m", "jupyterhub", "--config", written.name, *rest])


def holds_answers(root: Path) -> Path | None:
    """A file or folder of a course that a students' copy does not have, or None."""
    answers = [
        *(root / "rlcourse" / "grading" / "exercises").glob("hw*/*.py"),
        *(root / name for name in ("notebooks/source/homework", "build/instructor", "tests/exercises")),
    ]
    return next((path for path in answers if path.exists()), None)


def account(name: str) -> tuple[int, int]:
    """(user, group) of a user of this machine."""
    import pwd

    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise Trouble(
            "--instructor {}: this machine has no such user (`adduser {}`)".format(name, name)
        ) from None
    return found.pw_uid, found.pw_gid


def open_to_all(path: Path) -> None:
    """Trouble, if a user of no group may not read or enter a part of the way to a file."""
    for part in way(path):
        mode = part.stat().st_mode
        wanted = stat.S_IXOTH if part.is_dir() else stat.S_IROTH
        if not mode & wanted:
            line = (
                "students cannot reach {}, because of {}: put the course where all may read (/opt, /srv), "
                "and make its environment with a Python of the system's (rm -r .venv, then /usr/bin/python3)"
            )
            raise Trouble(line.format(path, part))


def open_to(owner: tuple[int, int], path: Path) -> None:
    """Trouble, if a user cannot reach a file."""
    user, group = owner
    for part in way(path):
        found = part.stat()
        bits = 0o100 if found.st_uid == user else 0o010 if found.st_gid == group else 0o001
        if not found.st_mode & bits:
            line = (
                "the instructor cannot reach {}, because of {}: the environment of the clone must be "
                "made with a Python of the system's"
            )
            raise Trouble(line.format(path, part))


def way(path: Path) -> list[Path]:
    """A file and the folders above it, as it is named and as its links lead."""
    named = Path(os.path.abspath(str(path)))
    real = named.resolve()
    return [*reversed(named.parents), *reversed(real.parents), real]


def open_exchange(folder: Path, owner: tuple[int, int]) -> None:
    """The exchange, in which all may write and none may replace; the course's part is the instructor's."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o1777)  # nbgrader insists on 777; with the sticky bit, what is another's stays
    course = folder / COURSE
    course.mkdir(exist_ok=True)
    course.chmod(0o755)
    if course.stat().st_uid != owner[0]:
        for path in [course, *course.rglob("*")]:
            shutil.chown(str(path), *owner) if not path.is_symlink() else None
