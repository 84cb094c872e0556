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

RIGHT, UNNAMED = "#009E73", "#BBBBBB"
MISTAKES = ("#D55E00", "#E69F00", "#CC79A7", "#56B4E9")  # Okabe–Ito; the most frequent mistake first
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
    for homework in dict.fromkeys(row.homework for row in rows):
        group = [row for row in rows if row.homework == homework]
        parts.append(f"<h2>{html.escape(homework)}</h2>{summary(group)}")
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
    text = f"{len(rows)} submissions, {len(graded)} graded."
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
            text += f"<br>{counts[None]} × blank, no answer, or wrong in no known way."
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
    """Left: how many submissions reached which score. Right: right answers and named mistakes by exercise."""
    counts = mistakes(rows)
    picture = Figure(figsize=(11, 1.6 + 0.42 * max(len(counts), 4)), layout="constrained")
    FigureCanvasAgg(picture)
    left, right = picture.subplots(1, 2, width_ratios=(1, 2))
    points = max(row.points for row in rows)
    left.hist(
        [row.score for row in rows], bins=10, range=(0, max(points, 1)), color="#0072B2", edgecolor="white"
    )
    left.set(xlabel="score from code (points)", ylabel="submissions", xlim=(0, max(points, 1)))
    left.set_title(f"{homework}: {len(rows)} submissions", loc="left")
    left.yaxis.get_major_locator().set_params(integer=True)
    names = list(counts)
    for y, name in enumerate(names):
        draw_bar(right, y, counts[name], len(rows))
    right.set_yticks(range(len(names)), names)
    right.invert_yaxis()
    right.set(xlabel="share of submissions (%)", xlim=(0, 100))
    worst = max(counts, key=lambda name: counts[name].total(), default=None)
    missed = 100 * counts[worst].total() / len(rows) if worst else 0
    title = f"Most missed: {worst} ({missed:.0f} % wrong)" if missed else "Every exercise is mastered"
    right.set_title(title, loc="left")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return picture


def draw_bar(axes, y, counts, total):
    """Right answers in green, then the three most frequent named mistakes, then all the rest in grey."""
    named = [(m, n) for m, n in counts.most_common() if m][: len(MISTAKES) - 1]
    rest = counts.total() - sum(n for _, n in named)
    shares = [(total - counts.total(), RIGHT, "right")]
    shares += [(n, colour, m.replace("_", " ")) for (m, n), colour in zip(named, MISTAKES, strict=False)]
    shares += [(rest, UNNAMED, "other or blank")]
    start = 0.0
    for n, colour, label in shares:
        width = 100 * n / total
        axes.barh(y, width, left=start, color=colour, edgecolor="white", height=0.8)
        if width > 1.25 * len(label):  # it fits
            axes.text(start + width / 2, y, label, ha="center", va="center", fontsize=8, color="black")
        start += width


def png(picture):
    stream = io.BytesIO()
    picture.savefig(stream, format="png", dpi=130)
    return stream.getvalue()
