"""What should I reteach? Scores, mistakes and every row, as one HTML page and one figure per homework.

All text that a student could have written is escaped, and the page forbids scripts and outside content.
"""

import base64
import collections
import html
import io
import textwrap
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlcourse import plots, statistics
from rlcourse.checkpoints import write_atomically
from rlcourse.grading.exercises import EXERCISES
from rlcourse.grading.judging.rows import UNKNOWN, Row
from rlcourse.statistics import Interval

MISTAKES = (plots.VERMILION, plots.ORANGE, plots.PURPLE)  # the most frequent mistake of an exercise first
UNNAMED = (plots.GREY, 0.4)
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; font-size: 14px }
td, th { border: 1px solid #ccc; padding: .3em .6em; text-align: left } td.number { text-align: right }
.right { background: #d9f0e7 } .wrong { background: #fbe3d6 } .note { background: #fff3c4 }
img { max-width: 100% } .wide { overflow-x: auto } .wide td.note { min-width: 24em }
summary { cursor: pointer } pre { font: inherit; white-space: pre-wrap; min-width: 18em; margin: .3em 0 }
.wide tr > :first-child { position: sticky; left: 0; background: #fff; min-width: 4em }
@media (prefers-color-scheme: dark) {
  body, .wide tr > :first-child { background: #111; color: #ddd } td, th { border-color: #555 }
  .right { background: #12382c } .wrong { background: #4a2313 } .note { background: #40370f }
}
"""


def write(out: str | Path, rows: list[Row]) -> None:
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
            put(out / f"report-{Path(homework).name}.png", picture)
            parts += [image(picture, f"Scores and mistakes of {len(graded)} submissions of {homework}")]
            parts += [reteach(graded), items(graded)]
        parts.append(table(group))
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Grading report</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<style>{STYLE}</style><h1>Grading report</h1>{''.join(parts) or '<p>No submissions.</p>'}</html>\n"
    )
    put(out / "report.html", page.encode("utf-8", "replace"))


def put(path: Path, data: bytes) -> None:
    write_atomically(path, lambda file: file.write(data))


def image(picture: bytes, alt: str) -> str:
    data = base64.b64encode(picture).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'


def mean_score(rows: list[Row]) -> tuple[Interval, str]:
    """The mean score with its t-interval, cut off at nought and at full marks; and the interval in words.

    It says how far the mean of another class of such students may lie. One submission has no interval.
    """
    found = statistics.mean_interval([row.score for row in rows])
    if found.n == 1:
        return found, "one submission: no interval"
    full = max(row.points for row in rows)
    found = replace(found, low=max(0.0, found.low), high=min(full, found.high))
    return found, f"95 % interval {found.low:.1f} to {found.high:.1f}"


def summary(rows: list[Row]) -> str:
    """One paragraph: how many, how well, what needs a human."""
    graded = [row for row in rows if row.status == "graded"]
    handed_in = sum(row.status != "missing" for row in rows)
    text = f"{handed_in} submission{'s' if handed_in != 1 else ''}, {len(graded)} graded."
    if graded:
        found, words = mean_score(graded)
        by_hand = graded[0].written_points
        text += f" Mean score {found.estimate:.1f} of {graded[0].points:g} points from code ({words})"
        text += f"; {by_hand:g} more to be marked by hand." if by_hand else "."
    absent = sum(row.status == "missing" for row in rows)
    late = sum(bool(row.late) for row in rows)
    text += f" {absent} handed in nothing." if absent else ""
    text += f" {late} came late." if late else ""
    if any(not row.sandboxed for row in rows):
        text += " <b>Some rows were graded without a sandbox.</b>"
    return f"<p>{text}</p>"


def mistakes(rows: list[Row]) -> dict[str, collections.Counter]:
    """{exercise: Counter of misconceptions}; None counts answers that are absent or wrong in no known way."""
    counts = {name: collections.Counter() for row in rows for name in row.results}
    for row in rows:
        for name, result in row.results.items():
            if not result.passed:
                counts[name][result.misconception] += 1
    return counts


def reteach(rows: list[Row]) -> str:
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
        results = [row.results[name] for row in rows if name in row.results]
        unnamed = [result for result in results if not result.passed and not result.misconception]
        told = collections.Counter(result.message.split("\n")[0] for result in unnamed)
        blank = sum(n for message, n in told.items() if "is not written yet" in message)
        text += f"<br>{blank} × not written." if blank else ""
        if rest := {m: n for m, n in told.items() if "is not written yet" not in m}:
            message, n = max(rest.items(), key=lambda pair: pair[1])
            text += f"<br>{sum(rest.values())} × no answer, or wrong in no known way"
            text += f"; {n} of them {'was' if n == 1 else 'were'} told: <q>{html.escape(message)}</q>" * bool(
                message
            )
        lines.append(f"<li>{text}</li>")
    body = f"<ol>{''.join(lines)}</ol>" if lines else "<p>Nothing: every answer is right.</p>"
    return f"<h3>What to reteach, the most missed first</h3>{body}"


FEWEST = 10  # submissions below which a correlation says nothing


def difficulty_and_discrimination(rows: list[Row]) -> dict[str, tuple[float, float | None]]:
    """{exercise: (share of submissions with full marks, r)} over graded rows.

    r is the corrected item-total correlation: that of the exercise's points with the sum of all others'. It
    is None below FEWEST submissions, or where one of the two does not vary. An r near 0, or below it, says
    that those who are good elsewhere do no better here: look at the exercise, not at the class.
    """
    found = {}
    for name in dict.fromkeys(name for row in rows for name in row.results):
        own = [row.results[name].credit if name in row.results else 0.0 for row in rows]
        rest = [row.score - credit for row, credit in zip(rows, own, strict=True)]
        passed = [name in row.results and row.results[name].passed for row in rows]
        vary = len(rows) >= FEWEST and np.ptp(own) > 0 and np.ptp(rest) > 0
        found[name] = (float(np.mean(passed)), float(np.corrcoef(own, rest)[0, 1]) if vary else None)
    return found


def items(rows: list[Row]) -> str:
    """The exercises as a table of difficulty and discrimination, the hardest first."""
    lines = []
    for name, (share, r) in sorted(difficulty_and_discrimination(rows).items(), key=lambda pair: pair[1][0]):
        told = f"{r:.2f}" if r is not None else ""
        warn = " look at the exercise" if r is not None and r < 0.1 else ""
        cells = f'<td class="number">{share:.0%}</td><td class="number">{told}{warn}</td>'
        lines.append(f"<tr><td>{html.escape(name)}</td>{cells}</tr>")
    explain = (
        f"<p>{len(rows)} submissions. Discrimination is the correlation of an exercise's points with the sum "
        f"of all others'; it is left out below {FEWEST} submissions.</p>"
    )
    head = "<tr><th>exercise</th><th>full marks</th><th>discrimination</th></tr>"
    return f"<h3>Difficulty and discrimination</h3>{explain}<table>{head}{''.join(lines)}</table>"


def hint(name: str, misconception: str) -> str:
    """What the student was told; "" for a mistake that is told from values alone."""
    known = EXERCISES[name].mistakes if name in EXERCISES else ()
    return next((mistake.hint for mistake in known if mistake.word == misconception), "")


def table(rows: list[Row]) -> str:
    """Every row; an exercise's mark opens, by pointer, finger or key, to what the student was told."""
    names = list(dict.fromkeys(name for row in rows for name in row.results))
    titles = [html.escape(name).replace("_", "_<wbr>") for name in ["student", "score", "remarks", *names]]
    head = "".join(f"<th>{title}</th>" for title in titles)
    lines = "".join(line(row, names) for row in rows)
    return (
        '<h3>All submissions</h3><div class="wide" tabindex="0" role="region" aria-label="All submissions">'
        f"<table><tr>{head}</tr>{lines}</table></div>"
    )


def line(row: Row, names: list[str]) -> str:
    """One row of the table."""
    score = f"{row.score:g} / {row.points:g}"
    remarks = [row.late, row.note, *row.warnings, "" if row.sandboxed else "GRADED WITHOUT A SANDBOX"]
    text = html.escape("; ".join(filter(None, remarks)))
    cells = [f'<td>{html.escape(row.student)}</td><td class="number">{score}</td>']
    cells.append(f'<td class="{"note" if text else ""}">{text}</td>')
    for name in names:
        result = row.results.get(name)
        if result is None:
            cells.append("<td></td>")
            continue
        colour = "right" if result.passed else "wrong"
        word = html.escape((result.misconception or ("✓" if result.passed else "✗")).replace("_", " "))
        mark, told = f"{result.credit:g} {word}", html.escape(result.message)
        more = f"<details><summary>{mark}</summary><pre>{told}</pre></details>" if told else mark
        cells.append(f'<td class="{colour}">{more}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def figure(homework: str, rows: list[Row]) -> Figure:
    """Left: how many submissions reached which score. Right: which exercises were missed, and how."""
    counts = dict(sorted(mistakes(rows).items(), key=lambda pair: -pair[1].total()))
    picture = plots.figure(14, 2.2 + 0.45 * max(len(counts), 5))
    left, right = plots.axes(picture, 1, 2, width_ratios=(1, 1.9))
    with matplotlib.rc_context(plots.STYLE):
        draw_scores(left, homework, rows)
        draw_mistakes(right, counts, len(rows))
    return picture


def draw_scores(axes: Axes, homework: str, rows: list[Row]) -> None:
    """How often each score was reached; above, the class's mean with its interval."""
    points = max(row.points for row in rows)
    full, scores = max(points, 1), [row.score for row in rows]
    axes.hist(scores, bins=10, range=(0, full), color=plots.BLUE, edgecolor="white")
    found, words = mean_score(rows)
    height = 1.12 * axes.get_ylim()[1]
    if found.n > 1:
        axes.plot([found.low, found.high], [height, height], color=plots.BLACK, linestyle="-")
    axes.plot([found.estimate], [height], color=plots.BLACK, marker="o")
    axes.annotate("mean", (found.estimate, height), (0, 8), textcoords="offset points", ha="center")
    axes.set(xlim=(0, full), ylim=(0, 1.15 * height))
    axes.set(xlabel="score from code (points)", ylabel="submissions")
    axes.set_title(f"{homework}: mean {found.estimate:.1f} of {points:g} points\n{words}, n = {found.n}")
    axes.yaxis.get_major_locator().set_params(integer=True)


def draw_mistakes(axes: Axes, counts: dict[str, collections.Counter], total: int) -> None:
    """A bar for each exercise, the most missed first: the share of `total` submissions that missed it."""
    for y, name in enumerate(counts):
        draw_bar(axes, y, counts[name], total)
    axes.set_yticks(range(len(counts)), list(counts))
    axes.invert_yaxis()
    axes.set(xlim=(0, 155), xticks=range(0, 101, 20))  # room for names beside the bars
    axes.spines.bottom.set_bounds(0, 100)
    axes.set_xlabel("submissions without full marks (%)", loc="left")
    missed = max((c.total() for c in counts.values()), default=0)
    worst = [name for name, c in counts.items() if c.total() == missed]
    names = worst[0] if len(worst) == 1 else f"{len(worst)} exercises alike"
    share = f"{100 * missed / total:.0f} % wrong"
    axes.set_title(f"Most missed: {names} ({share})" if missed else "All is mastered")
    keys = ("most frequent mistake", "second", "third", "other or blank")
    for colour, key in zip((*MISTAKES, UNNAMED), keys, strict=True):
        axes.bar(0, 0, color=colour, label=key)
    axes.legend(loc="lower right")


def draw_bar(axes: Axes, y: int, counts: collections.Counter, total: int) -> None:
    """The three most frequent named mistakes, then all the rest in grey; beside the bar, their names."""
    named = [(m, n) for m, n in counts.most_common() if m][:3]
    rest = counts.total() - sum(n for _, n in named)
    start = 0.0
    for n, colour in [*((n, c) for (_, n), c in zip(named, MISTAKES, strict=False)), (rest, UNNAMED)]:
        axes.barh(y, 100 * n / total, left=start, color=colour, edgecolor="white", height=0.8)
        start += 100 * n / total
    names = ", ".join(f"{m.replace('_', ' ')} {n}" for m, n in named)
    axes.text(start + 1, y, textwrap.fill(names, 42), va="center", fontsize=10, linespacing=1.0)


def png(picture: Figure) -> bytes:
    stream = io.BytesIO()
    picture.savefig(stream, format="png", dpi=plots.STYLE["savefig.dpi"])
    return stream.getvalue()
