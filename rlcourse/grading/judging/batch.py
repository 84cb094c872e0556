"""Grade a folder of submissions: in parallel, resumable, one row each, whatever was handed in.

A finished row is appended to `rows.jsonl` and flushed to the disk, so it survives a kill; the next run of the
same command goes on from there. A lock keeps a second grader out of the same results.
"""

import contextlib
import csv
import fcntl
import functools
import hashlib
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import joblib
from tqdm import tqdm

from rlcourse.grading.judging.judge import UNKNOWN, Row, judge, zero
from rlcourse.grading.judging.submission import (
    LARGEST,
    Assignment,
    Unreadable,
    hidden,
    match,
    members,
    read,
    read_member,
)
from rlcourse.grading.sandbox.child import LIMITS, SandboxError


class Refused(RuntimeError):
    """Grading cannot start; the message is one line."""


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


@functools.cache
def assignments() -> dict[str, Assignment]:
    """The course's homework, by name, from the instructor's sources."""
    from rlcourse.grading import release

    paths = sorted(release.SOURCES.glob("*.py"))
    return {path.stem: Assignment.of(path.stem, release.instructor(path)) for path in paths}


def entries(folder, homework_names) -> list[Entry]:
    """What was handed in. Each file or folder directly in `folder` is one student's; a folder (nbgrader's
    `<student>/<homework>/`, or plain `<student>/*.ipynb`) may hold several homeworks."""
    found = []
    for path in sorted(Path(folder).iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_symlink() or not path.is_dir() or path.suffix == ".ipynb":
            found += alone(path, readable(path.stem), Path(folder), homework_names)
        else:
            found += of_student(path, Path(folder), homework_names)
    return found


def of_student(path, folder, homework_names):
    """All homeworks in a student's folder; of several notebooks for one, that with its exact name."""
    student, found = readable(path.name), []
    for place, folders, files in os.walk(path):
        for name in sorted([*files, *(f for f in folders if f.endswith(".ipynb"))]):
            inner = Path(place, name)
            if inner.suffix in (".ipynb", ".zip") and not hidden(inner.relative_to(path)):
                found += alone(inner, student, folder, homework_names)
        folders[:] = [f for f in folders if not f.endswith(".ipynb")]
    if not found:
        return [
            Entry(
                student,
                readable(path.name),
                problem="no notebook found; hand in the .ipynb file of the homework",
            )
        ]
    chosen = {}
    for entry in found:
        exact = Path(entry.member or entry.path).stem == entry.homework
        chosen.setdefault(entry.homework, []).append((exact, entry))
    result = []
    for several in chosen.values():
        entry = max(several, key=lambda pair: (pair[0], pair[1].submission))[1]
        others = [other.submission for _, other in several if other is not entry]
        result.append(
            replace_warning(entry, f"other notebooks were left aside: {', '.join(others[:5])}")
            if others
            else entry
        )
    return result


def replace_warning(entry, warning):
    return Entry(**{**vars(entry), "warning": warning})


def alone(path, student, folder, homework_names):
    """One file: a notebook, an archive of notebooks, or neither."""
    where = readable(path.relative_to(folder))
    if path.suffix == ".zip" and path.is_file() and not path.is_symlink():
        try:
            names = members(path)
            if not names:
                raise Unreadable("no notebook in the archive; hand in the .ipynb file of the homework")
        except Unreadable as problem:
            return [
                Entry(student, where, guess(where, homework_names), problem=str(problem), digest=digest(path))
            ]
        entry = functools.partial(Entry, student, path=str(path), digest=digest(path))
        return [
            entry(
                submission=f"{where}:{readable(name)}",
                homework=guess(f"{where}/{name}", homework_names),
                member=name,
            )
            for name in names
        ]
    if path.suffix not in (".ipynb", ".zip"):
        problem = "a symbolic link, which is not followed" if path.is_symlink() else "not a notebook"
        return [Entry(student, where, problem=f"{problem}; hand in the .ipynb file of the homework")]
    for name in homework_names:
        for pattern in (f"_{name}", f"-{name}", f"{name}_", f"{name}-"):
            student = student.replace(pattern, "") or student
    return [Entry(student, where, guess(where, homework_names), str(path), digest=digest(path))]


def guess(where, homework_names):
    return next((name for name in homework_names if name in str(where)), None)


def readable(name):
    """A file name as text, whatever bytes it is made of."""
    return str(name).encode("utf-8", "replace").decode()


def digest(path):
    """Of the content, so that a submission handed in again is graded again."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
        return ""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""


def grade_entry(entry, homework, by_name, seed, limits, unsandboxed) -> Row:
    """The row of one entry. Never raises (a fault of ours is a row with status "error")."""
    begin = time.monotonic()
    row = Row(entry.student, entry.submission, entry.homework or homework or UNKNOWN, digest=entry.digest)
    row.seed = own_seed(seed, entry)
    row.sandboxed = not unsandboxed
    row.warnings = [entry.warning] if entry.warning else []
    try:
        if entry.problem:
            raise Unreadable(entry.problem)
        cells = read_member(entry.path, entry.member) if entry.member else read(entry.path)
        row.homework = recognise(cells, entry.homework or homework, by_name)
        assignment = by_name[row.homework]
        row.results, warnings = judge(assignment, cells, row.seed, limits, unsandboxed)
        row.warnings += warnings
        row.written_points = assignment.written_points
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


def own_seed(seed, entry):
    """Of this run and this file: one student's hidden inputs tell nothing of another's, or a second try's."""
    text = f"{seed} {entry.digest} {entry.submission}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


def recognise(cells, name, by_name):
    """Which homework these cells belong to: most answers found in them; at a draw, as the name says."""
    found = {key: len(match(assignment, cells).place) for key, assignment in by_name.items()}
    best = max(found, key=lambda key: (found[key], key == name))
    if found[best]:
        return best
    if name in by_name:
        return name
    raise Unreadable("no cell of any homework in it; hand in the notebook that was given out, filled in")


@contextlib.contextmanager
def lock(folder):
    """Held by one grader at a time; the operating system lets go of it however the holder ends."""
    with open(Path(folder) / "lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            raise Refused(
                f"another grader (process {holder}) writes to {folder}; wait for it, or choose another --out"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def load_rows(path) -> list[Row]:
    """The finished rows; a last line that a kill cut short is not one."""
    rows = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError, TypeError, KeyError):
                rows.append(Row.from_dict(json.loads(line)))
    return rows


def append_row(file, row):
    file.write(json.dumps(row.as_dict()) + "\n")
    file.flush()
    os.fsync(file.fileno())


def run_seed(out, seed):
    """The seed of this run: as asked, as this folder's first run had it, or fresh and not to be guessed."""
    path = out / "run.json"
    if seed is None and path.exists():
        seed = json.loads(path.read_text())["seed"]
    seed = secrets.randbits(63) if seed is None else seed
    write(path, json.dumps({"seed": seed}))
    return seed


def write(path, text):
    """All of it or nothing."""
    part = path.with_suffix(path.suffix + ".part")
    part.write_text(text, encoding="utf-8", newline="")
    os.replace(part, path)


def grade(
    folder, out, homework=None, jobs=1, seed=None, regrade=False, unsandboxed=False, limits=LIMITS
) -> list[Row]:
    """Grade what is in `folder`. Returns all rows; writes rows.jsonl, grades.csv and the report to `out`."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    by_name = assignments()
    if homework and homework not in by_name:
        raise Refused(f"there is no {homework}; there are: {', '.join(by_name)}")
    with lock(out):
        seed = run_seed(out, seed)
        rows_path = out / "rows.jsonl"
        if regrade and rows_path.exists():
            os.replace(rows_path, out / f"rows-{time.strftime('%Y%m%d-%H%M%S')}.jsonl")
        asked = [e for e in entries(folder, by_name) if homework in (None, e.homework) or e.homework is None]
        done = {(r.submission, r.digest, r.seed) for r in load_rows(rows_path) if r.status != "error"}
        todo = [e for e in asked if (e.submission, e.digest, own_seed(seed, e)) not in done]
        arguments = (homework, by_name, seed, limits, unsandboxed)
        with open(rows_path, "a", encoding="utf-8") as file:
            if file.tell() and not rows_path.read_bytes().endswith(b"\n"):
                file.write("\n")  # after a line that a kill cut short
            with tqdm(
                total=len(asked), initial=len(asked) - len(todo), unit="submission", desc="grading"
            ) as bar:
                for row in in_parallel(todo, arguments, jobs):
                    append_row(file, row)
                    bar.update()
        latest = {(row.submission, row.homework if homework else None): row for row in load_rows(rows_path)}
        rows = sorted(latest.values(), key=lambda row: (row.homework, row.student, row.submission))
        write_csv(out / "grades.csv", rows)
        from rlcourse.grading.judging import report  # matplotlib: only now

        report.write(out, rows)
    return rows


def in_parallel(todo, arguments, jobs):
    """Rows as they are finished. If a worker is killed, what is left is tried once more, then given up."""
    left = {entry.submission: entry for entry in todo}
    for _ in range(2):
        parallel = joblib.Parallel(
            n_jobs=jobs, batch_size=1, return_as="generator_unordered" if streams() else "list"
        )
        try:
            for row in parallel(
                joblib.delayed(grade_entry)(entry, *arguments) for entry in list(left.values())
            ):
                left.pop(row.submission, None)
                yield row
        except (joblib.externals.loky.process_executor.TerminatedWorkerError, MemoryError):
            continue
        return
    for entry in left.values():
        row = grade_entry(
            Entry(**{**vars(entry), "problem": "the grader ran out of memory on it"}), *arguments
        )
        row.status = "error"
        yield row


def streams():
    """Whether joblib's engine hands over results one by one (a cluster's may not)."""
    return getattr(joblib.parallel.get_active_backend()[0], "supports_return_generator", False)


def write_csv(path, rows):
    """One line each: totals, then score and misconception by exercise."""
    names = list(dict.fromkeys(name for row in rows for name in row.results))
    head = [
        "student",
        "homework",
        "status",
        "score",
        "points",
        "to mark by hand",
        "note",
        "warnings",
        "sandbox",
        "submission",
        "seed",
    ]
    lines = [head + [column for name in names for column in (name, f"{name}: misconception")]]
    for row in rows:
        line = [
            row.student,
            row.homework,
            row.status,
            f"{row.score:g}",
            f"{row.points:g}",
            f"{row.written_points:g}",
        ]
        line += [
            row.note,
            "; ".join(row.warnings),
            "yes" if row.sandboxed else "NO, run unsandboxed",
            row.submission,
            row.seed,
        ]
        for name in names:
            result = row.results.get(name)
            line += [f"{result.credit:g}", result.misconception or ""] if result else ["", ""]
        lines.append([harmless(value) for value in line])
    part = path.with_suffix(".csv.part")
    with open(part, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    os.replace(part, path)


def harmless(value):
    """Text that a spreadsheet does not take for a formula."""
    value = str(value)
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
