"""The students' copy of the course: what they need, without an answer, a hidden case or a test.

The repository is the instructor's. `write` makes the other one: the lectures, the package that they teach and
the homework with its blanks. In the place of an exercise lies its sheet (`sheets.py`), with which `check`
says what it says here. Left out are the exercises, the judge, the homework's sources, the lecturer's
run-sheets, which tell what comes out, and all tests, which hold solutions of every kind.
"""

import json
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import joblib

from rlcourse.grading import release, sheets
from rlcourse.grading.exercises import EXERCISES
from rlcourse.grading.record import INSTANCES
from rlcourse.notebooks import ROOT

KEPT = ("LICENSE", "pyproject.toml", "constraints.txt", "environment.yml", ".gitignore", ".devcontainer")
KEPT += ("rlcourse", "notebooks")
LEFT_OUT = (
    *("rlcourse/grading/[A-Z]+.md", "rlcourse/grading/exercises/hw", "rlcourse/grading/exercises/_[^_]"),
    *("rlcourse/grading/judging/", "rlcourse/grading/nbgrader/", "rlcourse/grading/sandbox/[a-hj-z]"),
    *("rlcourse/grading/sandbox/inside/(runner|fork_server)", "notebooks/source/homework/"),
    "notebooks/run-sheets/",  # what a lecturer asks, with what comes out
    *(
        rf"rlcourse/grading/{name}\.py"
        for name in ("release", "batch", "preprocessor", "handout", "__main__")
    ),
    *(rf"rlcourse/commands/{name}\.py" for name in ("build", "grade", "handout", "viva")),
)
SECTIONS = ("Two commands", "Train from the command line", "The lectures")  # of README.md
LIST = ".handout.json"  # in the copy: the files that were written, so that they may be replaced
NOTICE = """
*This is the students' copy. `check` gives hints in it as in every other one; answers, grading and the tests,
which hold answers, are the instructor's. `python3 -m rlcourse test` runs every page here.*
"""


class Refused(RuntimeError):
    """The copy cannot be written; the message is one line."""


def write(target: Path, root: Path = ROOT, instances: int = INSTANCES) -> list[Path]:
    """Write the students' copy to `target`, anew or over an earlier one; returns the paths of its files.

    `instances`: how many of a personal exercise (fewer than the judge has only in tests).
    """
    target, root = Path(target), Path(root)
    stale = release.build(check=True, sources=root / "notebooks" / "source" / "homework",
                          target=root / "notebooks" / "homework")  # fmt: skip
    if stale:
        raise Refused(f"{stale[0]}; run `python3 -m rlcourse build` first")
    clear(target)
    written = []
    for path in sorted(kept(root)):
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, place)
        written.append(path)
    (target / "README.md").write_text(readme(root), encoding="utf-8")
    written += [Path("README.md"), *write_sheets(target, instances)]
    (target / LIST).write_text(json.dumps([path.as_posix() for path in written]) + "\n", encoding="utf-8")
    return written


def kept(root: Path) -> Iterator[Path]:
    """Files of the repository that a student gets as they are: of what git tracks, where there is git."""
    out = re.compile("|".join(LEFT_OUT))
    for path in tracked(root):
        if path.parts[0] in KEPT and not out.match(path.as_posix()):
            yield path


def tracked(root: Path) -> list[Path]:
    """All files of the course."""
    if (root / ".git").exists() and shutil.which("git"):
        command = ["git", "-C", str(root), "ls-files", "-z"]
        listed = subprocess.run(command, capture_output=True, text=True, check=False)
        if listed.returncode == 0:
            return [path for name in listed.stdout.split("\0") if (root / (path := Path(name))).is_file()]
    made = re.compile(r"(^|/)(__pycache__|\.ipynb_checkpoints)/|\.py[cod]$")
    found = [path for top in KEPT for path in [root / top, *(root / top).rglob("*")] if path.is_file()]
    return [path.relative_to(root) for path in found if not made.search(path.relative_to(root).as_posix())]


def write_sheets(target: Path, instances: int) -> list[Path]:
    """A sheet for each exercise, in the place of its file."""
    places = {
        name: Path(f"rlcourse/grading/exercises/hw{EXERCISES[name].homework}/{name}.sheet")
        for name in EXERCISES
    }
    joblib.Parallel(n_jobs=-1)(
        joblib.delayed(write_sheet)(name, target / path, instances) for name, path in places.items()
    )
    return list(places.values())


def write_sheet(name: str, path: Path, instances: int) -> None:
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # known mistakes divide by nought
        sheets.write(EXERCISES[name], path, instances)


def readme(root: Path) -> str:
    """README.md with what concerns a student."""
    begin, *sections = re.split(r"(?m)^## ", (root / "README.md").read_text(encoding="utf-8"))
    title, _, rest = begin.partition("\n")
    chosen = [f"## {section}" for section in sections if section.partition("\n")[0] in SECTIONS]
    licence = (
        "Code is under the [MIT licence](LICENSE); text and figures of the lectures are under CC BY 4.0.\n"
    )
    return f"{title}\n{NOTICE}{rest}{''.join(chosen)}{licence}"


def clear(target: Path) -> None:
    """Remove an earlier copy, and nothing else: a `.git` in the folder stays."""
    if target.exists() and any(target.iterdir()):
        listed = target / LIST
        if not listed.is_file() and [path.name for path in target.iterdir()] != [".git"]:
            raise Refused(f"{target} is not empty and no earlier copy; choose another folder")
        for name in json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else []:
            (target / name).unlink(missing_ok=True)
    target.mkdir(parents=True, exist_ok=True)
