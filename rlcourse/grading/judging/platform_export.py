"""A learning platform's one archive of all students, unpacked to a folder as if each had handed in alone.

Nothing of the archive's paths is trusted: each member becomes a folder (its student's) and a file, both named
anew; times are kept, for they say who was late.
"""

import os
import re
import shutil
import time
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO

from rlcourse.grading.judging.collection import is_notebook, shown
from rlcourse.grading.judging.submission import LARGEST, Unreadable, hidden

MOST_FILES = 5_000
MOODLE = re.compile(r"(?i)^(.+?)(?:_\d+)?_assignsubmission_(?:file|onlinetext)_?(.*)$")
CANVAS = re.compile(r"(?i)^([^_]+)_(?:late_)?\d+_\d+_(.+)$")
LATE = re.compile(r"(?i)^[^_]+_late_\d+_\d+_")


def unpack(archive: Path, target: Path) -> Path:
    """The folder into which all notebooks and archives of `archive` were unpacked. Raises Unreadable."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir()]
            if len(infos) > MOST_FILES:
                raise Unreadable(f"an archive of {len(infos)} files, more than {MOST_FILES}")
            for info in infos:
                path = PurePosixPath(info.filename.replace("\\", "/"))
                if not hidden(path.parent) and not path.name.startswith("._"):
                    copy(opened, info, path, target)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise Unreadable(f"{archive} is not a readable archive ({type(error).__name__})") from None
    return target


def copy(opened: zipfile.ZipFile, info: zipfile.ZipInfo, path: PurePosixPath, target: Path) -> None:
    """One member, as student/file."""
    student, name = owner(path)
    folder = target / flat(student)
    folder.mkdir(exist_ok=True)
    place = folder / flat(name)
    while place.exists():  # two members of one name: both are kept
        place = place.with_name(f"again-{place.name}")
    link = (info.external_attr >> 16) & 0o170000 == 0o120000
    with open(place, "wb") as file:
        if link or not (is_notebook(name) or name.lower().endswith(".zip")):
            return  # its name alone says what was handed in
        with opened.open(info) as stream:
            shutil.copyfileobj(Bounded(stream, LARGEST // 4), file)
    stamp = time.mktime((*info.date_time, 0, 0, -1))
    os.utime(place, (stamp, stamp))


class Bounded:
    """A stream that ends after so many bytes, whatever an archive's header says."""

    def __init__(self, stream: IO[bytes], left: int):
        self.stream, self.left = stream, left

    def read(self, size: int) -> bytes:
        data = self.stream.read(min(size, self.left))
        self.left -= len(data)
        return data


def owner(path: PurePosixPath) -> tuple[str, str]:
    """(whose, file name): Moodle's and Canvas's ways, a folder for each student, or one file for each."""
    for part in path.parts:
        if found := MOODLE.match(part):
            return found.group(1), path.name if part != path.name else found.group(2) or path.name
    if found := CANVAS.match(path.name):
        return found.group(1), found.group(2)
    if len(path.parts) > 1:
        folders = [
            part for part in path.parts[:-1] if not re.fullmatch(r"(?i)(submissions?|submitted|export)", part)
        ]
        return (folders[0], path.name) if folders else (path.stem, path.name)
    return path.stem, path.name


def flat(name: str) -> str:
    """A part of a path that leads nowhere else."""
    safe = "".join("_" if c in "/\\:\0" else shown(c) for c in name)[:120].strip()
    return safe if safe.strip(". ") else f"_{safe}"
