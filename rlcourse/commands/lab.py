"""`python3 -m rlcourse lab`: the lectures in JupyterLab, as copies that a reader may change.

Behind JupyterHub (`commands/hub.py`) the same command starts a user's server.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Sequence

from rlcourse import desk, installation

PLACE = 1
DOES = "open the lectures in JupyterLab"
TAKES = "--no-browser  --port 8888  --presentation  --instructor"

NBGRADER_COURSE = Path("build") / "instructor"  # its folder in the instructor's repository, made by `build`


def start(arguments: list[str], extras: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m rlcourse lab",
        description="Open the lectures in JupyterLab. Options not listed here go to JupyterLab.",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address; open no browser")
    port = "the port of the server (default: 8888, or the next free one)"
    parser.add_argument("--port", type=int, help=port)
    parser.add_argument("--instructor", action="store_true", help="with nbgrader's tools for teachers")
    large = "text, figures and buttons 1.4 times as large, for a hall"
    parser.add_argument("--presentation", action="store_true", help=large)
    options, rest = parser.parse_known_args(arguments)
    desk.refuse_root(rest)
    root = installation.ROOT
    course = desk.bring_course()
    # A teacher sees the repository, everybody else the course; both open copies, which git ignores.
    served = root if options.instructor and root in course.parents else course
    first = sorted((course / "lectures").glob("[0-9]*.ipynb"))[0].relative_to(served)
    command = desk.jupyterlab(served, "/lab/tree/" + first.as_posix(), options.port, options.no_browser)
    hub = desk.behind_hub()
    wanted = {"instructor": options.instructor, "hub": hub}
    python = installation.environment([*(name for name, is_on in wanted.items() if is_on), *extras])
    if options.presentation:
        os.environ["RLCOURSE_SCALE"] = "1.4"  # read by the panels' style sheet
    if python == installation.python_of(installation.ENVIRONMENT):
        desk.settle_jupyter(options.instructor, options.presentation, hub=hub)
    if hub:
        os.chdir(str(served))  # where nbgrader's list of assignments puts what is fetched
    if options.instructor and (root / NBGRADER_COURSE / "nbgrader_config.py").exists():
        os.chdir(str(root / NBGRADER_COURSE))  # where the formgrader looks for its course
    return installation.hand_over(python, command + rest)
