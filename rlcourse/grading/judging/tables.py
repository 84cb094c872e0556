"""A table that a person keeps in a spreadsheet, read as it was saved.

A spreadsheet saves CSV in the manner of its country: semicolons or tabs, a byte-order mark, UTF-16, or the
letters of Windows-1252 in a file that was UTF-8 before; and it takes the student 007 for the number 7.
"""

import csv
import io
from pathlib import Path


def read_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """(names of the columns, lines) of a CSV file with a header. Raises OSError where it cannot be read."""
    text = decoded(Path(path).read_bytes())
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep="):  # how Excel says its delimiter
        text, first = rest, rest.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    found = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines = [{name: value or "" for name, value in line.items() if isinstance(name, str)} for line in found]
    return list(found.fieldnames or []), lines


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 with its mark; a line that is neither is Windows-1252."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return "\n".join(map(of_line, lines))


def of_line(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def same_id(one: str, other: str) -> bool:
    """Is it the same student, whatever a spreadsheet did to spaces, capitals and leading zeros of an ID?"""
    one, other = one.strip().casefold(), other.strip().casefold()
    as_numbers = one.isdecimal() and other.isdecimal() and int(one) == int(other)
    return one == other or as_numbers
