"""`python3 -m rlcourse stage 07`: a lecture in a hall, scene by scene, in JupyterLab (`rlcourse/stage/`)."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import Sequence

from rlcourse import desk, installation
from rlcourse.installation import Trouble

PLACE = 1.5
DOES = "show a lecture in a hall, by keyboard"
TAKES = "the lecture's number, e.g.  stage 07"

WORKSPACES = ".workspaces"  # in the folder that is shown: what is open in the browser
EXTENSION = Path(__file__).resolve().parent.parent / "stage"  # of JupyterLab; only this command loads it
# The kernel inherits these. A panel's text is 1.4 × 15 px high: 21 px of the 768 of a small projector.
SURROUNDINGS = {"RLCOURSE_SCALE": "1.4", "RLCOURSE_STAGE": "1"}


def start(arguments: list[str], extras: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m rlcourse stage",
        description="Show a lecture in a hall: one scene at a time, by keyboard; n opens the speaker's "
        "notes in a second window, h lists the keys. Begin a few minutes early: all cells run first. What "
        "runs there is a copy of your page: the page itself is not changed. "
        "Options not listed here go to JupyterLab.",
    )
    parser.add_argument("lecture", help="how its file begins, e.g. 07")
    parser.add_argument("--no-browser", action="store_true", help="print the address; open no browser")
    parser.add_argument("--port", type=int, help="of the server (default: 8888, or the next free one)")
    options, rest = parser.parse_known_args(arguments)
    desk.refuse_root(rest)
    course = desk.bring_course()
    page = find(options.lecture, course / "lectures").relative_to(course)
    shown = copy_of(page, course)
    command = desk.jupyterlab(shown, address(page), options.port, options.no_browser) + words(shown)
    python = installation.environment(extras)
    os.environ.update(SURROUNDINGS)
    own = python == installation.python_of(installation.ENVIRONMENT)
    desk.settle_jupyter(
        False, presentation=True, home=installation.ENVIRONMENT if own else course / ".jupyter"
    )
    return installation.hand_over(python, command + rest)


def copy_of(page: Path, course: Path) -> Path:
    """A folder with a fresh copy of the reader's page, and with the recordings that it may load.

    The stage saves what it has run, so that a browser that is loaded again finds it: there, not in the page.
    """
    shown = course / ".stage"
    (shown / page).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(str(course / page), str(shown / page))
    recordings = course / page.parent / "recordings"
    if recordings.is_dir():
        target = shown / page.parent / "recordings"
        shutil.rmtree(str(target), ignore_errors=True)
        shutil.copytree(str(recordings), str(target))
    shutil.rmtree(str(shown / WORKSPACES), ignore_errors=True)
    return shown


def address(page: Path) -> str:
    """Where JupyterLab shows a page alone.

    Without a query of its own: the server hangs "?token=…" to what it prints, and knows no second mark.
    """
    return "/doc/workspaces/stage/tree/{}".format(page.as_posix())


def words(shown: Path) -> list[str]:
    """What JupyterLab is told beyond the options of `lab`: what was open on a stage before is not there."""
    return [
        "--LabApp.extra_labextensions_path={}".format(EXTENSION),
        "--LabApp.workspaces_dir={}".format(shown / WORKSPACES),
    ]


def find(number: str, lectures: Path) -> Path:
    """The page of a lecture: 07 is 07-td3, not 07b-…; raises Trouble where it is no one page."""
    pages = sorted(path for path in lectures.glob("[0-9]*.ipynb") if "(" not in path.name)
    found = [path for path in pages if path.name.startswith(number + "-")]
    found = found or [path for path in pages if path.name.startswith(number)]
    if len(found) != 1:
        names = ", ".join(path.stem.split("-")[0] for path in pages)
        raise Trouble("{!r} is no one lecture; choose of: {}".format(number, names))
    return found[0]
