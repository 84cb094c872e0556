"""What was handed in: a folder of files, archives and folders as a list of things to be graded."""

import contextlib
import functools
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rlcourse.grading.judging.submission import LARGEST, Unreadable, hidden, members


@dataclass(frozen=True)
class Entry:
    """One thing to be graded: a notebook, a member of a zip archive, or a reason why there is none."""

    student: str
    submission: str  # its path inside the folder, for people
    homework: str | None = None  # as its name says
    path: str | None = None
    member: str | None = None
    problem: str | None = None
    warning: str | None = None
    digest: str = ""


def entries(folder: str | Path, homework_names: Iterable[str]) -> list[Entry]:
    """What was handed in: each file or folder directly in `folder` is one student's.

    A folder (nbgrader's `<student>/<homework>/`, or plain `<student>/*.ipynb`) may hold several homeworks.
    """
    found = []
    for path in sorted(Path(folder).iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_symlink() or not path.is_dir() or path.suffix == ".ipynb":
            found += alone(path, readable(path.stem), Path(folder), homework_names)
        else:
            found += of_student(path, Path(folder), homework_names)
    return found


def of_student(path: Path, folder: Path, homework_names: Iterable[str]) -> list[Entry]:
    """All homeworks in a student's folder; of several notebooks for one, that with its exact name."""
    student, found = readable(path.name), []
    for place, folders, files in os.walk(path):
        for name in sorted([*files, *(f for f in folders if f.endswith(".ipynb"))]):
            inner = Path(place, name)
            if inner.suffix in (".ipynb", ".zip") and not hidden(inner.relative_to(path)):
                found += alone(inner, student, folder, homework_names)
        folders[:] = [f for f in folders if not f.endswith(".ipynb")]
    if not found:
        return [Entry(student, student, problem="no notebook found; hand in the .ipynb file of the homework")]
    by_homework = {}
    for entry in found:
        by_homework.setdefault(entry.homework, []).append(entry)
    return [best(several) for several in by_homework.values()]


def best(several: list[Entry]) -> Entry:
    """Of one student's notebooks for one homework the one that counts; it warns of the others."""

    def has_its_exact_name(entry):
        return Path(entry.member or entry.submission).stem == entry.homework

    entry = max(several, key=lambda entry: (not entry.problem, has_its_exact_name(entry), entry.submission))
    others = [other.submission for other in several if other is not entry]
    warning = f"other notebooks were left aside: {', '.join(others[:5])}"
    return replace(entry, warning=warning) if others else entry


def alone(path: Path, student: str, folder: Path, homework_names: Iterable[str]) -> list[Entry]:
    """One file: a notebook, an archive of notebooks, or neither."""
    where = readable(path.relative_to(folder))
    if path.suffix == ".zip" and path.is_file() and not path.is_symlink():
        return in_archive(path, student, where, homework_names)
    if path.suffix not in (".ipynb", ".zip"):
        problem = "a symbolic link, which is not followed" if path.is_symlink() else "not a notebook"
        return [Entry(student, where, problem=f"{problem}; hand in the .ipynb file of the homework")]
    for name in homework_names:
        for pattern in (f"_{name}", f"-{name}", f"{name}_", f"{name}-"):
            student = student.replace(pattern, "") or student
    return [Entry(student, where, guess(where, homework_names), str(path), digest=digest(path))]


def in_archive(path: Path, student: str, where: str, homework_names: Iterable[str]) -> list[Entry]:
    """Each notebook in a zip archive, or why there is none."""
    entry = functools.partial(Entry, student, digest=digest(path))
    try:
        names = members(path)
        if not names:
            raise Unreadable("no notebook in the archive; hand in the .ipynb file of the homework")
    except Unreadable as problem:
        return [entry(where, guess(where, homework_names), problem=str(problem))]
    found = []
    for name in names:
        homework = guess(f"{where}/{name}", homework_names)
        found.append(entry(f"{where}:{readable(name)}", homework, str(path), name))
    return found


def guess(where: str, homework_names: Iterable[str]) -> str | None:
    """The homework that a path names."""
    return next((name for name in homework_names if name in where), None)


def readable(name: object) -> str:
    """A file name as text, whatever bytes it is made of."""
    return str(name).encode("utf-8", "replace").decode()


def digest(path: Path) -> str:
    """Of the content, so that a submission handed in again is graded again."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
        return ""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""
