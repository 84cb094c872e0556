"""Grade a folder of submissions: in parallel, resumable, one row each, whatever was handed in.

A finished row is appended to `rows.jsonl` and flushed to the disk, so it survives a kill; the next run of the
same command goes on from there. A lock keeps a second grader out of the same results.
"""

import contextlib
import fcntl
import functools
import hashlib
import importlib
import inspect
import json
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tqdm import tqdm

from rlcourse.checkpoints import write_atomically
from rlcourse.grading.exercises import find
from rlcourse.grading.judging import by_hand, pages
from rlcourse.grading.judging.collection import Entry, entries
from rlcourse.grading.judging.judge import judge
from rlcourse.grading.judging.outputs import clean, photographs
from rlcourse.grading.judging.platform_export import unpack
from rlcourse.grading.judging.roster import NoRoster, Person, assign, lateness, read_roster
from rlcourse.grading.judging.rows import UNKNOWN, Row, append_row, load_rows, write_csv, zero
from rlcourse.grading.judging.submission import (
    Assignment,
    Cell,
    Unreadable,
    experiment,
    left_blank,
    match,
    read,
    read_member,
)
from rlcourse.grading.sandbox.confinement import LIMITS, Limits, SandboxError
from rlcourse.workers import Died, outcomes


class Refused(RuntimeError):
    """Grading cannot start; the message is one line."""


@functools.cache
def assignments() -> dict[str, Assignment]:
    """The course's homework, by name, from the instructor's sources."""
    from rlcourse.grading import release

    paths = sorted(release.SOURCES.glob("*.py"))
    return {path.stem: Assignment.of(path.stem, release.instructor(path)) for path in paths}


def grade_entry(
    entry: Entry,
    homework: str | None,
    by_name: dict[str, Assignment],
    seed: int,
    limits: Limits,
    unsandboxed: bool,
    due: str = "",
) -> Row:
    """The row of one entry. Never raises (a fault of ours is a row with status "error")."""
    begin = time.monotonic()
    row = Row(entry.student, entry.submission, entry.homework or homework or UNKNOWN, digest=entry.digest)
    row.seed = own_seed(seed, entry)
    row.sandboxed = not unsandboxed
    row.warnings = [entry.warning] if entry.warning else []
    row.late = lateness(entry.time, datetime.fromisoformat(due)) if due else ""
    try:
        if entry.problem:
            raise Unreadable(entry.problem)
        cells = read_member(entry.path, entry.member) if entry.member else read(entry.path)
        row.homework = recognise(cells, entry.homework or homework, by_name)
        assignment = by_name[row.homework]
        row.results, warnings = judge(assignment, cells, row.seed, limits, unsandboxed, entry.student)
        row.warnings += warnings
        row.written_points = assignment.written_points
        row.written, row.shown, row.pictures = written(assignment, cells)
        sources = {cell.grade_id: cell for cell in assignment.of_role("written")}
        row.blank = [
            name
            for name, text in row.written.items()
            if name not in row.pictures and left_blank(sources[name], text)
        ]
    except Unreadable as problem:
        row.status, row.note = "unreadable", str(problem)
    except SandboxError as problem:
        row.status, row.note = "error", f"not graded: {problem}"
    except Exception as fault:
        text = f"{type(fault).__name__}: {str(fault)[:200]}"
        row.status, row.note = "error", f"not graded, a fault of the grader: {text}"
    if row.status != "graded" and row.homework in by_name:
        row.results = zero(by_name[row.homework], row.note)
    row.seconds = round(time.monotonic() - begin, 3)
    return row


def written(assignment: Assignment, cells: list[Cell]) -> tuple[dict[str, str], dict[str, list], dict]:
    """({cell: text} of the answers that a person marks, {cell: what the cells above it showed}, {cell: the
    pictures pasted into it})."""
    found, texts, shown, pictures = match(assignment, cells), {}, {}, {}
    for name in (cell.grade_id for cell in assignment.of_role("written")):
        if name in found.place:
            place = found.place[name]
            answer = found.joined.get(name) or cells[place]
            texts[name] = answer.source[:20_000]
            if outputs := clean(experiment(assignment, cells, place)):
                shown[name] = outputs
            if pasted := photographs(answer.attachments):
                pictures[name] = pasted
    return texts, shown, pictures


def own_seed(seed: int, entry: Entry) -> int:
    """Of this run and this file: one student's hidden inputs tell nothing of another's, or a second try's."""
    text = f"{seed} {entry.digest} {entry.submission}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


def recognise(cells: list[Cell], name: str | None, by_name: dict[str, Assignment]) -> str:
    """Which homework these cells belong to: most answers found in them; at a draw, as the name says."""
    found = {key: len(match(assignment, cells).place) for key, assignment in by_name.items()}
    best = max(found, key=lambda key: (found[key], key == name))
    if found[best]:
        return best
    if name in by_name:
        return name
    raise Unreadable("no cell of any homework in it; hand in the notebook that was given out, filled in")


@contextlib.contextmanager
def lock(folder: str | Path) -> Iterator[None]:
    """Held by one grader at a time; the operating system lets go of it however the holder ends."""
    with open(Path(folder) / "lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            advice = "wait for it, or choose another --out"
            raise Refused(f"another grader (process {holder}) writes to {folder}; {advice}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def run_seed(out: Path, seed: int | None) -> int:
    """The seed of this run: as asked, as this folder's first run had it, or fresh and not to be guessed."""
    path = out / "run.json"
    if seed is None and path.exists():
        seed = json.loads(path.read_text())["seed"]
    seed = secrets.randbits(63) if seed is None else seed
    said = json.loads(path.read_text()) if path.exists() else {}
    write_atomically(path, lambda file: file.write(json.dumps(said | {"seed": seed}).encode()))
    return seed


def grade(
    folder: str | Path,
    out: str | Path,
    homework: str | None = None,
    jobs: int | None = 1,
    seed: int | None = None,
    regrade: bool = False,
    unsandboxed: bool = False,
    limits: Limits = LIMITS,
    roster: str | Path | None = None,
    due: datetime | None = None,
) -> list[Row]:
    """Grade what is in `folder`, or in a platform's one archive. Returns all rows; writes rows.jsonl, the
    tables, the report and the students' pages to `out`.

    roster: the class list: who handed in nothing has a row too. due: what came later is marked as late.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    by_name = assignments()
    limits = replace(limits, private=(str(Path(folder).resolve()), str(out.resolve())))
    if homework and homework not in by_name:
        raise Refused(f"there is no {homework}; there are: {', '.join(by_name)}")
    try:
        people = read_roster(roster) if roster else []
        folder = unpack(folder, out / "unpacked") if Path(folder).is_file() else folder
    except (NoRoster, Unreadable) as problem:
        raise Refused(str(problem)) from None
    with lock(out):
        seed = run_seed(out, seed)
        rows_path = out / "rows.jsonl"
        if regrade and rows_path.exists():
            os.replace(rows_path, out / f"rows-{time.strftime('%Y%m%d-%H%M%S')}.jsonl")
            (out / "run.json").write_text(json.dumps({"seed": seed}))
        found = entries(folder, by_name)
        found = assign(found, people) if people else found
        asked = [e for e in found if homework in (None, e.homework) or e.homework is None]
        done = {(r.submission, r.digest, r.seed) for r in load_rows(rows_path) if r.status != "error"}
        todo = [e for e in asked if (e.submission, e.digest, own_seed(seed, e)) not in done]
        arguments = (homework, by_name, seed, limits, unsandboxed, due.isoformat() if due else "")
        with open(rows_path, "a", encoding="utf-8") as file:
            if file.tell() and not rows_path.read_bytes().endswith(b"\n"):
                file.write("\n")  # after a line that a kill cut short
            known = len(asked) - len(todo)
            with tqdm(total=len(asked), initial=known, unit="submission", desc="grading") as bar:
                crowded = []
                for row in in_parallel(todo, arguments, jobs):
                    append_row(file, row)
                    bar.update()
                    crowded += [row.submission] if any(r.again for r in row.results.values()) else []
            for entry in todo:  # alone, so that no neighbour takes their time
                if entry.submission in crowded and jobs != 1:  # with one worker they were alone
                    append_row(file, grade_entry(entry, *arguments))
        latest = {(row.submission, row.homework if homework else None): row for row in load_rows(rows_path)}
        there = {entry.submission: entry for entry in found}  # a file that was withdrawn takes its row along
        rows = [row for row in latest.values() if row.submission in there]
        for row in rows:  # the class list and the date may have come later than the row
            entry = there[row.submission]
            row.student, row.late = entry.student, lateness(entry.time, due)
        rows += missing(people, rows, [homework] if homework else [], by_name)
        rows.sort(key=lambda row: (row.homework, row.student, row.submission))
        for sentence in by_hand.merge(out / "by-hand.csv", rows, by_name):
            print(sentence, file=sys.stderr)
        write_csv(out / "grades.csv", rows)
        from rlcourse.grading.judging import report  # matplotlib: only now

        report.write(out, rows)
        pages.write(out, rows, by_name)
        remember(out, by_name)
    return rows


def missing(people: list[Person], rows: list[Row], asked: list[str], by_name: dict) -> list[Row]:
    """A row for each on the class list of whom there is nothing, for each homework that others handed in."""
    homeworks = asked or sorted({row.homework for row in rows if row.homework in by_name})
    nothing = []
    for homework in homeworks:
        there = {row.student for row in rows if row.homework in (homework, UNKNOWN)}
        for person in people:
            if person.id not in there:
                results = zero(by_name[homework], "nothing was handed in")
                row = Row(person.id, "", homework, "missing", "nothing was handed in", results)
                row.written_points = by_name[homework].written_points
                nothing.append(row)
    return nothing


def fingerprints(by_name: dict[str, Assignment]) -> dict[str, list]:
    """{exercise: [points, hash of its record's files]}: what a mark rests on."""
    found = {}
    for assignment in by_name.values():
        for name, points in assignment.tests.items():
            home = Path(inspect.getsourcefile(importlib.import_module(type_of(name)))).parent
            rules = home.parents[1] / "rules"  # what exercises share; of rules, an exercise has one file
            shared = [*sorted(home.glob("_*.py")), *sorted(home.parent.glob("_[!_]*.py"))]
            files = [home / f"{name}.py", *shared, rules / f"{name}.py"]
            files += [rules / "faults.py"] if find(name).personal else []
            text = b"".join(file.read_bytes() for file in files if file.is_file())
            found[name] = [points, hashlib.sha256(text).hexdigest()[:16]]
    return found


def type_of(name: str) -> str:
    from rlcourse.grading.exercises import EXERCISES

    return EXERCISES.modules[name]


def remember(out: Path, by_name: dict[str, Assignment]) -> None:
    """Keep beside the seed of the first run what its exercises were."""
    path = out / "run.json"
    said = json.loads(path.read_text())
    said.setdefault("exercises", fingerprints(by_name))
    write_atomically(path, lambda file: file.write(json.dumps(said).encode()))


def changes(out: str | Path) -> list[str]:
    """What is no longer as it was when the rows in `out` were made, one line for each exercise."""
    path, lines = Path(out) / "run.json", []
    before = json.loads(path.read_text()).get("exercises") if path.exists() else None
    if not before:
        return []
    now = fingerprints(assignments())
    for name in dict.fromkeys([*before, *now]):
        if name not in now:
            lines.append(f"{name} was removed")
        elif name not in before:
            lines.append(f"{name} was added")
        elif before[name][0] != now[name][0]:
            lines.append(f"{name}: {before[name][0]:g} points became {now[name][0]:g}")
        elif before[name] != now[name]:
            lines.append(f"{name} was changed")
    return lines


def in_parallel(todo: Iterable[Entry], arguments: Sequence, jobs: int | None) -> Iterator[Row]:
    """Rows as they are finished. Only a submission on which workers die, alone too, is given up."""
    todo = list(todo)
    calls = [functools.partial(grade_entry, entry, *arguments) for entry in todo]
    for i, row in outcomes(calls, jobs):
        yield given_up(todo[i], arguments) if isinstance(row, Died) else row


def given_up(entry: Entry, arguments: Sequence) -> Row:
    """The row of an entry on which its grader ended, alone too."""
    row = grade_entry(replace(entry, problem="a grader ended on it, out of memory"), *arguments)
    row.note += "; grade it by hand, or ask for it again with all outputs cleared"
    row.status = "error"
    return row
