"""What students put into nbgrader's `submitted/`, made safe and complete before nbgrader goes through it.

nbgrader alone skips a folder without a file of the exact name, ends a student's grading at a time stamp that
it cannot read, follows symbolic links into feedback, and prints names as they are. It has no hook for these
before it copies; so they are put right on the converter that is about to run.
"""

import contextlib
import glob
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters.base import BaseConverter

from rlcourse.grading.judging.collection import Entry, of_student, shown, stamp_in
from rlcourse.grading.judging.submission import Cell, Unreadable, read, read_member


def prepare(converter: BaseConverter) -> None:
    """Every student has a row; no link is followed; a bad time stamp is none; names are quoted."""
    for handler in getattr(converter.log, "handlers", None) or converter.log.logger.handlers:
        if not any(isinstance(one, OneLine) for one in handler.filters):
            handler.addFilter(OneLine())
    coursedir, log = converter.coursedir, converter.log
    with Gradebook(coursedir.db_url) as gradebook:
        try:
            assignment = gradebook.find_assignment(coursedir.assignment_id)
        except MissingEntry:
            return  # nbgrader says so itself
        names = [notebook.name for notebook in assignment.notebooks]
    for folder in glob.glob(converter._format_source(coursedir.assignment_id, coursedir.student_id)):
        if coursedir.notebook_id == "*":
            converter.assignments[folder] = [os.path.join(folder, f"{name}.ipynb") for name in names]
    ignored, stamp = list(coursedir.ignore), coursedir.get_existing_timestamp

    def stamped(folder):
        try:
            with contextlib.suppress(FileNotFoundError):
                stamp_in(Path(folder))
            return stamp(folder)
        except (ValueError, OverflowError, OSError) as error:
            log.warning(
                "%s: timestamp.txt is not readable (%s): not counted as late", folder, type(error).__name__
            )
            return None

    def without_links(**_):
        folder = Path(os.path.dirname(converter.notebooks[0]))
        bad = list(irregular(folder))
        for path in bad:
            log.warning("%s: not a regular file (a symbolic link?), left out", path)
        coursedir.ignore = ignored + [glob.escape(path.name) for path in bad]

    coursedir.get_existing_timestamp = stamped
    converter.pre_convert_hook = without_links


class OneLine(logging.Filter):
    """Log lines in which a file's name cannot begin a line of its own or move the terminal."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(quoted(arg) if isinstance(arg, (str, Path)) else arg for arg in record.args)
        record.msg = "".join(c if c in "\n\t" else quoted(c) for c in str(record.msg))
        return True


def quoted(text: str | Path) -> str:
    """A name in a log line: what does not print is escaped, a backslash stays one."""
    return "".join(c if c == "\\" else shown(c) for c in str(text))


def irregular(folder: Path) -> Iterator[Path]:
    """Everything in a student's folder that is neither a file nor a folder; all of it, if that is a link."""
    for place, folders, files in os.walk(folder):
        for name in [*files, *folders]:
            path = Path(place, name)
            if path.is_symlink() or not (path.is_file() or path.is_dir()) or linked(folder):
                yield path


def linked(folder: Path) -> bool:
    """Is the folder, or the student's that holds it, a symbolic link?"""
    return folder.is_symlink() or folder.parent.is_symlink()


def remove_links(source: Path, copied: Path) -> None:
    """What nbgrader copied through a link although it was told not to (it reads names as patterns)."""
    for path in irregular(source):
        copy = copied / path.relative_to(source)
        if copy.is_file() or copy.is_symlink():
            copy.unlink()


def cells_of(filename: str) -> tuple[list[Cell], list[str]]:
    """(cells, warnings) of the notebook that was handed in as `filename`, or nearly so. Raises Unreadable."""
    path = Path(filename)
    if linked(path.parent):
        raise Unreadable("a symbolic link, which is not followed; hand in the notebook itself")
    if os.path.lexists(path):
        return read(path), []
    try:
        found = of_student(path.parent, path.parent.parent, [path.stem])
    except OSError as error:
        raise Unreadable(f"the folder cannot be read ({error.strerror}); mend its permissions") from None
    entry: Entry = max(found, key=lambda entry: (not entry.problem, entry.homework == path.stem))
    if entry.problem:
        raise Unreadable(entry.problem)
    said = [
        f"there is no {path.name}; {entry.submission} was taken",
        *([entry.warning] if entry.warning else []),
    ]
    return (read_member(entry.path, entry.member) if entry.member else read(entry.path)), said
