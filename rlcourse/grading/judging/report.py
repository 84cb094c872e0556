"""What should I reteach? Scores, mistakes and every row, as one HTML page and one figure per homework.

All text that a student could have written is escaped, and the page forbids scripts and outside content.
"""

import base64
import collections
import html
import io
import os
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rlcourse.grading.exercises import EXERCISES
from rlcourse.grading.judging.judge import UNKNOWN

UNNAMED = "#BBBBBB"
MISTAKES = ("#D55E00", "#E69F00", "#CC79A7")  # Okabe–Ito; the most frequent mistake first
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; font-size: 14px }
td, th { border: 1px solid #ccc; padding: .3em .6em; text-align: left } td.number { text-align: right }
.right { background: #d9f0e7 } .wrong { background: #fbe3d6 } .note { background: #fff3c4 }
img { max-width: 100% } th { position: sticky; top: 0; background: #fff }
"""


def write(out, rows):
    """report.html, and report-<homework>.png for each homework with graded rows."""
    out, parts = Path(out), []
    homeworks = dict.fromkeys(row.homework for row in rows)
    for homework in sorted(homeworks, key=lambda name: name == UNKNOWN):  # the files of none stand last
        group = [row for row in rows if row.homework == homework]
        title = "Files that belong to no homework" if homework == UNKNOWN else homework
        parts.append(f"<h2>{html.escape(title)}</h2>{summary(group)}")
        graded = [row for row in group if row.status == "graded"]
        if graded:
            picture = png(figure(homework, graded))
            replace(out / f"report-{Path(homework).name}.png", picture)
            data = base64.b64encode(picture).decode()
            alt = f"Scores and mistakes of {len(graded)} submissions of {homework}"
            parts.append(
                f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">{reteach(graded)}'
            )
        parts.append(table(group))
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Grading report</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<style>{STYLE}</style><h1>Grading report</h1>{''.join(parts) or '<p>No submissions.</p>'}</html>\n"
    )
    replace(out / "report.html", page.encode("utf-8", "replace"))


def replace(path, data):
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(data)
    os.replace(part, path)


def summary(rows):
    """One paragraph: how many, how well, what needs a human."""
    graded = [row for row in rows if row.status == "graded"]
    text = f"{len(rows)} submission{'s' if len(rows) != 1 else ''}, {len(graded)} graded."
    if graded:
        mean = sum(row.score for row in graded) / len(graded)
        text += f" Mean score {mean:.1f} of {graded[0].points:g} points from code"
        text += (
            f"; {graded[0].written_points:g} more to be marked by hand." if graded[0].written_points else "."
        )
    if any(not row.sandboxed for row in rows):
        text += " <b>Some rows were graded without a sandbox.</b>"
    return f"<p>{text}</p>"


def mistakes(rows):
    """{exercise: Counter of misconceptions}; None counts answers that are absent or wrong in no known way."""
    counts = {name: collections.Counter() for row in rows for name in row.results}
    for row in rows:
        for name, result in row.results.items():
            if not result.passed:
                counts[name][result.misconception] += 1
    return counts


def reteach(rows):
    """Exercises from the least mastered on, with the hint of their most frequent mistake."""
    lines = []
    for name, counts in sorted(mistakes(rows).items(), key=lambda pair: -pair[1].total()):
        if not counts:
            continue
        common = [(m, n) for m, n in counts.most_common() if m][:3]
        text = f"<b>{html.escape(name)}</b>: {counts.total()} of {len(rows)} without full marks."
        for mistake, n in common:
            what = html.escape(mistake.replace("_", " "))
            text += f"<br>{n} × <i>{what}</i>. {html.escape(hint(name, mistake))}"
        if counts[None]:
            told = collections.Counter(
                row.results[name].message.split("\n")[0]
                for row in rows
                if name in row.results
                and not row.results[name].passed
                and not row.results[name].misconception
            )
            message, n = told.most_common(1)[0]
            text += f"<br>{counts[None]} × blank, no answer, or wrong in no known way"
            text += f"; {n} of them were told: <q>{html.escape(message)}</q>" if message else "."
        lines.append(f"<li>{text}</li>")
    body = f"<ol>{''.join(lines)}</ol>" if lines else "<p>Nothing: every answer is right.</p>"
    return f"<h3>What to reteach, the most missed first</h3>{body}"


def hint(name, misconception):
    """What the student was told; "" for a mistake that is told from values alone."""
    known = EXERCISES[name].mistakes if name in EXERCISES else ()
    return next((mistake.hint for mistake in known if mistake.name == misconception), "")


def table(rows):
    """Every row; the message of each exercise shows when the pointer rests on its cell."""
    names = list(dict.fromkeys(name for row in rows for name in row.results))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ["student", "score", *names, "remarks"])
    return (
        f"<h3>All submissions</h3><table><tr>{head}</tr>{''.join(line(row, names) for row in rows)}</table>"
    )


def line(row, names):
    cells = [
        f"<td>{html.escape(row.student)}</td>",
        f'<td class="number">{row.score:g} / {row.points:g}</td>',
    ]
    for name in names:
        result = row.results.get(name)
        if result is None:
            cells.append("<td></td>")
            continue
        colour = "right" if result.passed else "wrong"
        text = html.escape((result.misconception or ("✓" if result.passed else "✗")).replace("_", " "))
        cells.append(
            f'<td class="{colour}" title="{html.escape(result.message)}">{result.credit:g} {text}</td>'
        )
    remarks = [row.note, *row.warnings, "" if row.sandboxed else "GRADED WITHOUT A SANDBOX"]
    cells.append(
        f'<td class="{"note" if any(remarks) else ""}">{html.escape("; ".join(filter(None, remarks)))}</td>'
    )
    return f"<tr>{''.join(cells)}</tr>"


def figure(homework, rows):
    """Left: how many submissions reached which score. Right: which exercises were missed, and how."""
    counts = dict(sorted(mistakes(rows).items(), key=lambda pair: -pair[1].total()))
    picture = Figure(figsize=(11, 1.6 + 0.42 * max(len(counts), 4)), layout="constrained")
    FigureCanvasAgg(picture)
    left, right = picture.subplots(1, 2, width_ratios=(1, 2.4))
    points, scores = max(row.points for row in rows), [row.score for row in rows]
    left.hist(scores, bins=10, range=(0, max(points, 1)), color="#0072B2", edgecolor="white")
    left.set(xlabel="score from code (points)", ylabel="submissions", xlim=(0, max(points, 1)))
    title = f"{homework}: mean {sum(scores) / len(rows):.1f} of {points:g} points (n = {len(rows)})"
    left.set_title(title, loc="left", fontsize=10)
    left.yaxis.get_major_locator().set_params(integer=True)
    for y, name in enumerate(counts):
        draw_bar(right, y, counts[name], len(rows))
    right.set_yticks(range(len(counts)), list(counts))
    right.invert_yaxis()
    right.set(xlabel="submissions without full marks (%)", xlim=(0, 100))
    missed = max((c.total() for c in counts.values()), default=0)
    worst = [name for name, c in counts.items() if c.total() == missed]
    names = worst[0] if len(worst) == 1 else f"{len(worst)} exercises alike"
    found = f"Most missed: {names} ({100 * missed / len(rows):.0f} % wrong)" if missed else "All is mastered"
    right.set_title(found, loc="left", fontsize=10)
    keys = ("most frequent mistake", "second", "third", "other or blank")
    for colour, key in zip((*MISTAKES[:3], UNNAMED), keys, strict=True):
        right.bar(0, 0, color=colour, label=key)
    right.legend(fontsize=8, loc="lower right", frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return picture


def draw_bar(axes, y, counts, total):
    """The three most frequent named mistakes, then all the rest in grey; beside the bar, their names."""
    named = [(m, n) for m, n in counts.most_common() if m][:3]
    rest = counts.total() - sum(n for _, n in named)
    start = 0.0
    for n, colour in [*((n, c) for (_, n), c in zip(named, MISTAKES, strict=False)), (rest, UNNAMED)]:
        axes.barh(y, 100 * n / total, left=start, color=colour, edgecolor="white", height=0.8)
        start += 100 * n / total
    names = ", ".join(f"{m.replace('_', ' ')} {n}" for m, n in named)
    if start < 60:
        axes.text(start + 1, y, names, va="center", fontsize=8)
    else:
        axes.text(start - 1, y, names, va="center", ha="right", fontsize=8, color="black")


def png(picture):
    stream = io.BytesIO()
    picture.savefig(stream, format="png", dpi=130)
    return stream.getvalue()
