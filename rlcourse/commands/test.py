"""`python3 -m rlcourse test`: pytest over the course and its notebooks, with any of pytest's options."""

from __future__ import annotations

import os

from rlcourse import installation

PLACE = 2
DOES = "check everything the course promises"
TAKES = "any pytest option, e.g.  -k gae  or  tests/equations"

PARALLEL = ["-n", "2", "--dist", "loadfile"]
NOTEBOOKS = ["--nbval-lax", "--nbval-current-env"]
NOTEBOOKS += ["--nbval-cell-timeout=120", "--nbval-kernel-startup-timeout=120"]
FOLDERS = ("tests", "notebooks/lectures", "notebooks/homework")


def start(arguments: list[str]) -> int:
    os.chdir(str(installation.ROOT))
    command = ["-m", "pytest"] + PARALLEL + ["-m", "not benchmark", "-rs"] + NOTEBOOKS
    if not any(os.path.exists(argument.split("::")[0]) for argument in arguments):
        command += [folder for folder in FOLDERS if os.path.isdir(folder)]
    python = installation.environment(["instructor", "test"])
    return installation.hand_over(python, command + arguments)
