"""A page for each student, a page for whoever marks proofs, a table for the learning platform.

All text that a student could have written is escaped and shown as it is: nothing in these pages acts.
"""

import csv
import html
import io
from pathlib import Path

from rlcourse.checkpoints import write_atomically
from rlcourse.grading.judging.outputs import WHOSE
from rlcourse.grading.judging.platform_export import flat
from rlcourse.grading.judging.rows import Row, harmless
from rlcourse.grading.judging.submission import Assignment, SourceCell, guide, own_words, question

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 50em; padding: 0 1em; color: #222 }
section { border-left: 4px solid #999; padding: .1em .8em; margin: 1em 0 } .right { border-color: #009E73 }
.wrong { border-color: #D55E00 } img { max-width: 100% }
pre { white-space: pre-wrap; background: #f4f4f4; padding: .6em }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } pre { background: #222 } }
"""


def write(out: Path, rows: list[Row], by_name: dict[str, Assignment]) -> None:
    """feedback/<student>-<homework>.html, to-mark.html and platform.csv."""
    folder = Path(out) / "feedback"
    folder.mkdir(exist_ok=True)
    for page in folder.glob("*.html"):
        page.unlink()  # of a submission that was withdrawn, or under an old name
    for row in rows:
        if row.status != "missing":
            name = f"{flat(row.student)}-{flat(row.homework.replace('?', 'unknown'))}"
            place, number = folder / f"{name}.html", 1
            while place.exists():
                number += 1
                place = folder / f"{name}-{number}.html"
            put(place, page_of(f"{row.homework}: {row.student}", student_page(row)))
    put(Path(out) / "to-mark.html", page_of("Proofs to be marked by hand", proofs(rows, by_name)))
    put(Path(out) / "platform.csv", table(rows).encode("utf-8"))


def put(path: Path, data: bytes) -> None:
    write_atomically(path, lambda file: file.write(data))


def page_of(title: str, body: str) -> bytes:
    head = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{STYLE}</style>'
    text = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>{head}'
    return f"{text}<h1>{html.escape(title)}</h1>{body}</html>\n".encode("utf-8", "replace")


def student_page(row: Row) -> str:
    """What a student reads: the points, and for each exercise what was seen."""
    most = row.points + row.written_points
    waits = [name for name in row.written if name not in row.by_hand and name not in row.blank]
    parts = [
        f"<p><b>{row.total:g} of {most:g} points</b>{'; proofs are still to be marked' if waits else ''}.</p>"
    ]
    parts += [f"<p>{html.escape(text)}</p>" for text in (row.late, row.note, *row.warnings) if text]
    for name, result in row.results.items():
        kind = "right" if result.passed else "wrong"
        told = html.escape(result.message).replace("\n", "<br>")
        mark = f"{'✓' if result.passed else '✗'} {html.escape(name)}: {result.credit:g} of {result.points:g}"
        parts.append(f'<section class="{kind}"><b>{mark}</b><br>{told}</section>')
    for name, text in row.written.items():
        waiting = "left blank" if name in row.blank else "to be marked"
        given = f"{row.by_hand[name]:g} points" if name in row.by_hand else waiting
        said = html.escape(row.comments.get(name, "")).replace("\n", "<br>")
        answer = "" if name in row.blank else f"<pre>{html.escape(text)}</pre>{pasted(row, name)}"
        parts.append(f"<section><b>{html.escape(name)}: {given}</b><br>{said}{answer}</section>")
    return "".join(parts)


def proofs(rows: list[Row], by_name: dict[str, Assignment]) -> str:
    """Question by question, the answers of all students: so one marks a question, not a person."""
    parts = [
        "<p>Write points and comments into <code>by-hand.csv</code>, then run the same command again.</p>"
    ]
    for homework, assignment in by_name.items():
        for cell in assignment.of_role("written"):
            there = [row for row in rows if row.homework == homework and cell.grade_id in row.written]
            if there:
                title = f"{homework}, {cell.grade_id}, {cell.points:g} points"
                parts.append(f"<h2>{html.escape(title)}</h2>{asked(cell)}")
            parts += [answer(row, cell) for row in there if cell.grade_id not in row.blank]
            if blank := [row.student for row in there if cell.grade_id in row.blank]:
                parts.append(f"<p>Left blank: {html.escape(', '.join(blank))}.</p>")
    return "".join(parts)


def asked(cell: SourceCell) -> str:
    """A question, and folded below it what a full answer says."""
    full = guide(cell)
    folded = f"<details><summary>A full answer</summary><pre>{html.escape(full)}</pre></details>"
    return f"<pre>{html.escape(question(cell))}</pre>{folded if full else ''}"


def answer(row: Row, cell: SourceCell) -> str:
    """One student's answer to it, with its pictures and what the experiment above it showed."""
    name = cell.grade_id
    mark = f": {row.by_hand[name]:g}" if name in row.by_hand else ""
    text, seen = html.escape(own_words(cell, row.written[name])), shown(row.shown.get(name, []))
    head = f"<b>{html.escape(row.student)}{mark}</b>"
    return f"<section>{head}<pre>{text}</pre>{pasted(row, name)}{seen}</section>"


def pasted(row: Row, name: str) -> str:
    """The pictures that stand in an answer: a proof on paper, photographed."""
    return "".join(
        f'<img alt="a picture in the answer" src="data:image/jpeg;base64,{html.escape(data)}">'
        for data in row.pictures.get(name, [])
    )


def shown(outputs: list) -> str:
    """What an experiment showed, folded: pictures that were made anew, and text."""
    if not outputs:
        return ""
    parts = [
        f"<pre>{html.escape(data)}</pre>"
        if kind == "text"
        else f'<img alt="an output" src="data:image/png;base64,{html.escape(data)}">'
        for kind, data in outputs
    ]
    return f"<details><summary>{WHOSE}</summary>{''.join(parts)}</details>"


def table(rows: list[Row]) -> str:
    """One line a student and homework: total, what was reached of what, and the reasons in one cell."""
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(["student", "homework", "points", "of", "late", "feedback"])
    for row in rows:
        lost = [
            f"{n} ({r.credit:g}/{r.points:g}): {r.message}" for n, r in row.results.items() if not r.passed
        ]
        reasons = [row.note] if row.status != "graded" else [*row.warnings, *lost]
        said = [f"{name}: {comment}" for name, comment in row.comments.items()]
        feedback = " | ".join(" ".join(part.split()) for part in (*reasons, *said) if part)
        total = [f"{row.total:g}", f"{row.points + row.written_points:g}", row.late, feedback]
        lines.writerow([harmless(value) for value in (row.student, row.homework, *total)])
    return text.getvalue()
