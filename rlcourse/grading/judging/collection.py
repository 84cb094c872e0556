"""What was handed in: a folder of files, archives and folders as a list of things to be graded."""

import contextlib
import functools
import hashlib
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
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
    time: float | None = None  # when it was handed in, in seconds since 1970, as far as the file says


def entries(folder: str | Path, homework_names: Iterable[str]) -> list[Entry]:
    """What was handed in: each file or folder directly in `folder` is one student's.

    A folder (nbgrader's `<student>/<homework>/`, or plain `<student>/*.ipynb`) may hold several homeworks.
    """
    found = []
    for path in sorted(Path(folder).iterdir(), key=lambda path: os.fsencode(path.name)):
        if path.name.startswith("._") or path.name.startswith(".") and not is_notebook(path.name):
            continue
        name = readable(path.name)
        try:
            if path.is_symlink() or not path.is_dir() or path.suffix == ".ipynb":
                found += alone(path, readable(without_suffix(path.name)), Path(folder), homework_names)
            else:
                found += of_student(path, Path(folder), homework_names)
        except OSError as error:  # a folder or file that this grader may not read costs its own row only
            found.append(
                Entry(name, name, problem=f"it cannot be read ({error.strerror}); mend its permissions")
            )
    return found


def is_notebook(name: str) -> bool:
    """By its ending, as platforms and browsers leave it: .ipynb, .IPYNB, .ipynb.txt, .ipynb.json."""
    return re.search(r"(?i)\.ipynb(\.txt|\.json)?$", name) is not None


def without_suffix(name: str) -> str:
    """A file's name without its ending."""
    return re.sub(r"(?i)(\.ipynb(\.txt|\.json)?|\.zip)$", "", name) or name if ends(name) else Path(name).stem


def ends(name: str) -> bool:
    return is_notebook(name) or name.lower().endswith(".zip")


def of_student(path: Path, folder: Path, homework_names: Iterable[str]) -> list[Entry]:
    """All homeworks in a student's folder; of several notebooks for one, the last."""
    student, found = readable(path.name), []
    for place, folders, files in os.walk(path, onerror=raised):
        for name in sorted([*files, *(f for f in folders if f.endswith(".ipynb"))]):
            inner = Path(place, name)
            wanted = (is_notebook(name) or name.lower().endswith(".zip")) and not name.startswith("._")
            if wanted and not hidden(inner.relative_to(path).parent):
                found += alone(inner, student, folder, homework_names)
        folders[:] = [f for f in folders if not f.endswith(".ipynb")]
    if not found:
        return [Entry(student, student, problem="no notebook found; hand in the .ipynb file of the homework")]
    return one_each(found)


def one_each(found: list[Entry]) -> list[Entry]:
    """Of one student's notebooks the one that counts for each homework."""
    by_homework = {}
    for entry in found:
        by_homework.setdefault(entry.homework, []).append(entry)
    return [best(several) for several in by_homework.values()]


def raised(error: OSError) -> None:
    raise error


SAME = 60.0  # seconds between files of which none is the later


def best(several: list[Entry]) -> Entry:
    """Of one student's notebooks for one homework the last; it warns of the others. Of those that came within
    a minute, as files of one archive or one copy do, that with the homework's exact name."""
    newest = max((entry.time or 0.0 for entry in several if not entry.problem), default=0.0)

    def has_its_exact_name(entry):
        return Path(entry.member or entry.submission).stem == entry.homework

    def is_hidden(entry):
        return Path(entry.member or entry.submission).name.startswith(".")

    def rank(entry):
        last = (entry.time or 0.0) >= newest - SAME
        named = has_its_exact_name(entry)
        return not entry.problem, not is_hidden(entry), last, named, entry.time or 0.0, entry.submission

    entry = max(several, key=rank)
    others = [other.submission for other in several if other is not entry]
    warning = f"other notebooks were left aside: {', '.join(others[:5])}"
    return replace(entry, warning=warning) if others else entry


def alone(path: Path, student: str, folder: Path, homework_names: Iterable[str]) -> list[Entry]:
    """One file: a notebook, an archive of notebooks, or neither."""
    where = readable(path.relative_to(folder))
    if path.suffix.lower() == ".zip" and path.is_file() and not path.is_symlink():
        return in_archive(path, student, where, homework_names)
    if not is_notebook(path.name) and path.suffix.lower() != ".zip":
        problem = "a symbolic link, which is not followed" if path.is_symlink() else "not a notebook"
        return [Entry(student, where, problem=f"{problem}; hand in the .ipynb file of the homework")]
    for name in homework_names:
        for pattern in (f"_{name}", f"-{name}", f"{name}_", f"{name}-"):
            student = student.replace(pattern, "") or student
    home = guess(where, homework_names)
    return [Entry(student, where, home, str(path), digest=digest(path), time=handed_in(path))]


def in_archive(path: Path, student: str, where: str, homework_names: Iterable[str]) -> list[Entry]:
    """Each notebook in a zip archive, or why there is none."""
    entry = functools.partial(Entry, student, digest=digest(path), time=handed_in(path))
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
    return one_each(found)


def guess(where: str, homework_names: Iterable[str]) -> str | None:
    """The homework that a path names."""
    return next((name for name in homework_names if name in where), None)


def readable(name: object) -> str:
    """A file name as printable text, whatever it is made of: two names never become one.

    A byte that is no UTF-8 becomes \\xff, a control or invisible character \\x1b or \\u202e, a backslash two.
    """
    return "".join(map(shown, str(name)))


def shown(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # how Python carries a byte that is not UTF-8
        return f"\\x{number - 0xDC00:02x}"
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    return f"\\x{number:02x}" if number < 0x80 else f"\\u{number:04x}"


def handed_in(path: Path) -> float | None:
    """nbgrader's time stamp beside a file, or else the file's own time."""
    with contextlib.suppress(OSError, ValueError, OverflowError):
        text = stamp_in(path.parent)
        stamp = datetime.fromisoformat(re.sub(r" (UTC|Z)$", "+00:00", text).replace(" ", "T", 1))
        return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
    with contextlib.suppress(OSError):
        return path.lstat().st_mtime
    return None


def stamp_in(folder: Path) -> str:
    """What stands in a folder's timestamp.txt. ValueError where that is no small file.

    A student may have put a pipe there, on which a reader waits for ever, or a link.
    """
    path = folder / "timestamp.txt"
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > 1_000:
        raise ValueError("no regular small file")
    return path.read_text(encoding="utf-8").strip()


def digest(path: Path) -> str:
    """Of the content, so that a submission handed in again is graded again."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
        return ""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""
