"""Submissions per minute: `rlcourse grade`, nbgrader with the judge, and plain nbgrader, on the same files.

    .venv/bin/python tests/benchmarks/grading.py [--plain 6] [--sizes 10 50 200] [--jobs 1 2]

The class is made from the instructor's answers: each student has a few exercises wrong or blank. Cells that
train agents are taken out of the files: plain nbgrader would run them, the judge never does.
"""

import argparse
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rlcourse.grading import release

HOMEWORK = "homework-3"
CONFIG = Path(release.__file__).parent / "nbgrader" / "nbgrader_config.py"
ENVIRONMENT = {
    **os.environ,
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "OMP_NUM_THREADS": "1",
}


def course(folder, students):
    """An nbgrader course with its assignment generated and the class's submissions in place."""
    notebook = release.instructor(release.SOURCES / f"{HOMEWORK}.py")
    notebook.cells = [cell for cell in notebook.cells if "trains" not in cell.metadata.get("tags", [])]
    source = folder / "source" / HOMEWORK / f"{HOMEWORK}.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(json.dumps(notebook))
    run(folder, "-m", "nbgrader", "generate_assignment", HOMEWORK)
    blank = release.released(notebook)
    for n in range(students):
        path = folder / "submitted" / f"student{n:03}" / HOMEWORK / f"{HOMEWORK}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(handed_in(notebook, blank, random.Random(n))))


def handed_in(notebook, blank, rng):
    """Most exercises right; some blank; some with a sign wrong."""
    made = copy.deepcopy(notebook)
    for cell, empty in zip(made.cells, blank.cells, strict=True):
        meta = cell.metadata.get("nbgrader", {})
        cell.metadata = empty.metadata
        if meta.get("solution") and rng.random() < 0.15:
            cell.source = empty.source
        elif meta.get("solution") and rng.random() < 0.2:
            cell.source = cell.source.replace(" - ", " + ", 1)
    return made


def run(folder, *arguments):
    """Wall seconds of a Python command."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=folder, env=ENVIRONMENT, check=True, capture_output=True)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plain", type=int, default=6, help="submissions for plain nbgrader (it is slow)")
    parser.add_argument("--sizes", type=int, nargs="*", default=[10, 50, 200])
    parser.add_argument("--jobs", type=int, nargs="*", default=[1])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        course(folder, max([options.plain, *options.sizes]))
        few = ",".join(f"student{n:03}" for n in range(options.plain, max(options.sizes, default=0)))
        only = [f"--CourseDirectory.student_id_exclude={few}"] if few else []
        if options.plain:
            seconds = run(folder, "-m", "nbgrader", "autograde", HOMEWORK, *only)
            report("plain nbgrader autograde", options.plain, seconds)
            shutil.rmtree(folder / "autograded")
            shutil.copy(CONFIG, folder)
            seconds = run(folder, "-m", "nbgrader", "autograde", HOMEWORK, *only)
            report("nbgrader autograde with the judge", options.plain, seconds)
        grade = ("-c", "import sys; from rlcourse.grading import main; sys.exit(main(sys.argv[1:]))")
        for size in options.sizes:
            part = folder / f"class of {size}"
            part.mkdir()
            for student in sorted((folder / "submitted").iterdir())[:size]:
                shutil.copytree(student, part / student.name)
            for jobs in options.jobs:
                out = folder / f"grades {size} {jobs}"
                seconds = run(folder, *grade, str(part), "--out", str(out), "--jobs", str(jobs))
                report(f"rlcourse grade, {jobs} worker{'s' * (jobs > 1)}", size, seconds)


def report(what, submissions, seconds):
    rate = 60 * submissions / seconds
    print(f"{what:36} {submissions:4} submissions  {seconds:7.1f} s  {rate:7.1f} per minute", flush=True)


if __name__ == "__main__":
    main()
