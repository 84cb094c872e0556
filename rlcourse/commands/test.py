"""`python3 -m rlcourse test`: pytest over the course and its notebooks, with any of pytest's options."""

from __future__ import annotations

import os
from typing import Sequence

from rlcourse import installation

PLACE = 2
DOES = "check everything the course promises"
TAKES = "any pytest option, e.g.  -k gae  or  tests/equations"


def fuse(seconds: float) -> int:
    """The time-out of what takes `seconds` on an idle machine: it stands for one five times slower, too.

    A time-out ends what hangs. It measures nothing, so a busy machine must not reach it.
    """
    return round(5 * seconds)


PARALLEL = ["-n", "2", "--dist", "loadfile"]
NOTEBOOKS = ["--nbval-lax", "--nbval-current-env"]
NOTEBOOKS += [f"--nbval-cell-timeout={fuse(90)}"]  # a page has 90 s, and a cell no more
NOTEBOOKS += [f"--nbval-kernel-startup-timeout={fuse(24)}"]
FOLDERS = ("tests", "notebooks/lectures", "notebooks/homework")


def start(arguments: list[str], extras: Sequence[str] = ()) -> int:
    os.chdir(str(installation.ROOT))
    command = ["-m", "pytest"] + PARALLEL + ["-m", "not benchmark", "-rsfE"] + NOTEBOOKS
    if not any(os.path.exists(argument.split("::")[0]) for argument in arguments):
        command += [folder for folder in FOLDERS if os.path.isdir(folder)]
    needed = ["instructor", "test", *extras]
    if not os.path.isdir("tests"):
        installation.say("rlcourse: a students' copy has no tests, for they hold answers; all pages run")
        needed.remove("instructor")
    python = installation.environment(needed)
    return installation.hand_over(python, command + arguments)
