"""Who is who, and who is late: a class list beside what a learning platform exported.

A platform puts its own words round a name (`Ada Lovelace_4711_assignsubmission_file_homework-3.ipynb`,
`lovelaceada_LATE_123_456_homework-3.ipynb`). With a list of the class each file is given to the one person
whom its name fits: by the ID, else by all words of the name. A file that fits nobody, or two, keeps its own
name and a warning; nothing is guessed.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from rlcourse.grading.judging.collection import Entry
from rlcourse.grading.judging.tables import read_table

ID = (
    "student",
    "id",
    "student_id",
    "username",
    "user",
    "login",
    "sis login id",
    "id number",
    "email",
    "email address",
)
NAME = ("name", "full name", "last_name", "last name", "surname", "first_name", "first name")


class NoRoster(ValueError):
    """The list cannot be read; the message is one line."""


@dataclass(frozen=True)
class Person:
    """One line of the class list."""

    id: str
    name: str = ""


def read_roster(path: Path) -> list[Person]:
    """The class list: a CSV with a header; one column is an ID, columns of names may follow."""
    try:
        header, lines = read_table(path)
    except OSError as error:
        raise NoRoster(f"the class list {path} cannot be read ({error.strerror})") from None
    columns = {str(name).strip().lower(): name for name in header}
    chosen = next((columns[name] for name in ID if name in columns), None)
    if chosen is None:
        raise NoRoster(f"the class list {path} has no column for an ID; call one of its columns 'student'")
    names = [columns[name] for name in NAME if name in columns]
    people = [
        Person(line.get(chosen, "").strip(), " ".join(line.get(n, "").strip() for n in names).strip())
        for line in lines
    ]
    people = [person for person in people if person.id]
    twice = {p.id for p in people if sum(q.id.casefold() == p.id.casefold() for q in people) > 1}
    if twice:
        raise NoRoster(f"the class list {path} holds the ID {sorted(twice)[0]!r} twice")
    return people


def tokens(text: str) -> list[str]:
    """Words of a name, without accents and capitals."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"[^\W_]+", "".join(c for c in plain if not unicodedata.combining(c)))


def fits(person: Person, key: str) -> int:
    """How well a file's name fits a person: 3 the ID itself, 2 the ID in it, 1 the whole name, 0 not."""
    if key.casefold() == person.id.casefold():
        return 3
    words, own = tokens(key), tokens(person.id.split("@")[0])
    if own and any(words[i : i + len(own)] == own for i in range(len(words))):
        return 2
    name = tokens(person.name)
    joined = {"".join(name), "".join(reversed(name))}  # lovelaceada
    if len(name) > 1 and (set(name) <= set(words) or joined & set(words)):
        return 1
    return 0


def assign(entries: Iterable[Entry], people: list[Person]) -> list[Entry]:
    """Each entry under the ID of the one person whom its name fits; of two of one person the later counts."""
    by_student = {}
    for entry in entries:
        scores = {person.id: fits(person, entry.student) for person in people}
        best = max(scores.values(), default=0)
        named = [one for one, score in scores.items() if score == best and best]
        if len(named) == 1:
            entry = replace(entry, student=named[0])
        elif people:
            said = "fits nobody" if not named else f"fits {' and '.join(named[:3])}"
            entry = warned(entry, f"its name {said} on the class list")
        by_student.setdefault((entry.student, entry.homework), []).append(entry)
    return [latest(several) for several in by_student.values()]


def latest(several: list[Entry]) -> Entry:
    """Of what one person handed in for one homework the last that can be read; it warns of the others."""
    entry = max(several, key=lambda entry: (not entry.problem, entry.time or 0.0, entry.submission))
    others = [other.submission for other in several if other is not entry]
    return (
        warned(entry, f"handed in {len(several)} times; the last one counts, not {', '.join(others[:5])}")
        if others
        else entry
    )


def warned(entry: Entry, text: str) -> Entry:
    return replace(entry, warning=f"{entry.warning}; {text}" if entry.warning else text)


def lateness(time: float | None, due: datetime | None) -> str:
    """By how much a file is later than `due`, in words; "" in time, or where one of the two is unknown."""
    if time is None or due is None or time <= due.timestamp():
        return ""
    minutes = int((time - due.timestamp()) // 60)
    days, rest = divmod(minutes, 1440)
    parts = [f"{days} d" if days else "", f"{rest // 60} h" if rest // 60 else "", f"{rest % 60} min"]
    return f"late by {' '.join(filter(None, parts))}"
