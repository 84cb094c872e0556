"""The lectures as a graph: what needs what, how long each takes, and shorter ways through them.

A page's own declaration (`form`) says its title, needs and minutes; PLAN says them where there is none yet,
and where the lecture stands in the picture.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import NamedTuple

from rlcourse import form, notebooks


class Lecture(NamedTuple):
    """A lecture: planned, or written and then with a file."""

    title: str
    ideas: str
    needs: tuple[str, ...]
    minutes: int
    place: tuple[int, int]  # column, row
    file: str = ""


# fmt: off
PLAN = {
    "00": Lecture("Welcome", "run, slide, predict, train, check", (), 60, (0, 1)),
    "01": Lecture("Decision processes", "V, Q, A, visitation", ("00",), 90, (1, 1)),
    "01b": Lecture("Linear value functions", "features, deadly triad", ("01",), 90, (1, 2)),
    "02": Lecture("Imitation", "cloning, drift", ("01",), 90, (2, 0)),
    "02b": Lecture("Many right answers", "mixtures, goals", ("02",), 90, (3, 0)),
    "03": Lecture("Policy gradients", "score function, baselines", ("01",), 90, (2, 1)),
    "03b": Lecture("The variance of a gradient", "causality, baselines", ("03",), 90, (2, 2)),
    "04": Lecture("Actor-critic", "n steps, GAE", ("03b",), 90, (3, 1)),
    "05": Lecture("Off-policy", "importance weights, V-trace", ("04",), 90, (4, 0)),
    "05b": Lecture("Deterministic policy gradient", "slopes of a critic", ("05",), 90, (4, 1)),
    "06": Lecture("DDPG", "replay, slow copies", ("05b",), 90, (5, 0)),
    "07": Lecture("TD3", "overestimation", ("06",), 90, (6, 0)),
    "07b": Lecture("Measuring a critic", "bias, paired seeds", ("07",), 90, (6, 1)),
    "08": Lecture("Performance difference", "surrogate, bounds", ("03",), 90, (3, 2)),
    "08b": Lecture("Climbing a bound", "tightness, Algorithm 1", ("08",), 90, (5, 1)),
    "09": Lecture("Trust-region methods", "model, radius, ratio", ("08",), 90, (4, 2)),
    "10": Lecture("Natural gradient", "Fisher matrix", ("09",), 90, (5, 2)),
    "10b": Lecture("Without the matrix", "conjugate gradient, damping", ("10",), 90, (5, 3)),
    "11": Lecture("TRPO", "constrained step", ("04", "10b"), 90, (6, 2)),
    "11b": Lecture("Vines and variants", "what matters in a TRPO", ("11",), 90, (6, 3)),
    "12": Lecture("PPO", "clipped ratio", ("11",), 90, (7, 1)),
    "12b": Lecture("The details that matter", "a designed experiment", ("12",), 90, (7, 2)),
    "13": Lecture("The map", "what else there is", ("02", "07", "12"), 90, (7, 0)),
    "13b": Lecture("What seeds can show", "coverage, power", ("03b",), 90, (2, 3)),
    "13c": Lecture("The bug museum", "bugs and their tests", ("12b",), 80, (7, 3)),
}
PATHS = {  # the lectures of each week
    "Everything in thirteen weeks": (
        "00 01", "01b 02", "02b 03", "03b 04", "05 05b", "06 07", "07b 08", "08b 09", "10 10b", "11 11b",
        "12 12b", "13 13b", "13c",
    ),
    "The main line in ten weeks": (
        "00 01", "02 03", "03b 04", "05 05b", "06 07", "08", "09 10", "10b 11", "12 12b", "13",
    ),
    "To PPO in six weeks": ("00 01", "03 03b", "04 08", "09 10", "10b 11", "12 12b"),
    "To TD3 in six weeks": ("00 01", "03 03b", "04 05", "05b", "06", "07 07b"),
}
HOMEWORK = {
    "1": "01 01b 02 02b", "2": "03 03b 04 05 05b", "3": "06 07 07b", "4": "08 08b 09 10 10b",
    "5": "11 11b 12 12b",
}
# fmt: on

WIDE, HIGH, STEP = 96, 106, (108, 124)  # a box, and from one to the next
STYLE = """
.rlcourse-map { position: relative; width: 866px; background: white; color: black; font-size: 11.5px; }
.rlcourse-map a { color: #00508a !important; }  /* the ground is white in a dark theme too */
.rlcourse-map .lectures { position: relative; height: 500px; }
.rlcourse-map label { margin-right: 18px; font-size: 14px; }
.rlcourse-map .lecture { position: absolute; width: 96px; height: 106px; box-sizing: border-box;
  padding: 4px 5px; border: 2px solid #0072B2; border-radius: 6px; background: white; color: black;
  line-height: 1.25; text-decoration: none; overflow: hidden; }
.rlcourse-map a.lecture:hover, .rlcourse-map a.lecture:focus { background: #e5f1f8; }
.rlcourse-map .planned { border: 2px dashed #8a8a8a; color: #555; }
.rlcourse-map .minutes { position: absolute; left: 5px; bottom: 2px; font-size: 11px; }
.rlcourse-map .week { display: none; position: absolute; right: 3px; bottom: 2px; font-size: 11px;
  font-weight: bold; color: #b34700; }
"""


def lectures(sources: Path = notebooks.SOURCES) -> dict[str, Lecture]:
    """Number -> lecture: PLAN, and for a written page its file and what it declares of itself."""
    found = dict(PLAN)
    for path in sorted(Path(sources).glob("[0-9][0-9]*.py")):
        number, text = path.name.split("-")[0], path.read_text(encoding="utf-8")
        lecture = found[number]._replace(file=f"{path.stem}.ipynb")
        first = text.split("\n\n")[0].split("\n")
        if "head" in first[0]:
            source = "\n".join(line.removeprefix("#").removeprefix(" ") for line in first[1:])
            head = form.read_head(source, form.glossary(path.parent / "symbols.md"))
            needs = tuple(
                re.findall(r"^\d\d[a-z]?", need)[0] for need in head.needs if re.match(r"\d\d", need)
            )
            minutes = sum(form.minutes(line) for line in text.split("\n") if line.startswith("# ## "))
            title = head.title.split(" · ")[-1]
            lecture = lecture._replace(title=title, needs=needs, minutes=minutes or lecture.minutes)
        found[number] = lecture
    return found


def hours(numbers: str, known: dict[str, Lecture]) -> str:
    """How long some lectures take together: `10½`, to half an hour."""
    halves = round(sum(known[number].minutes for number in numbers.split()) / 30)
    return f"{halves // 2}{'½' if halves % 2 else ''}"


def course_map(sources: Path = notebooks.SOURCES) -> str:
    """The graph as HTML: a box links to its page, a line leads from what is needed, a choice shows a path."""
    known = lectures(sources)
    rules, choices = [STYLE], []
    for at, (name, weeks) in enumerate(PATHS.items()):
        chosen = f".rlcourse-map:has(.path-{at}:checked)"
        rules.append(f"{chosen} .not-{at} {{ opacity: 0.25; }} {chosen} .week-{at} {{ display: block; }}")
        checked = " checked" if at == 0 else ""
        choices.append(
            f'<label><input type="radio" name="rlcourse-path" class="path-{at}"{checked}> '
            f"{name} ({hours(' '.join(weeks), known)} hours)</label>"
        )
    lines = "".join(line(known[need].place, one.place) for one in known.values() for need in one.needs)
    boxes = "".join(box(number, one) for number, one in known.items())
    svg = f'<svg width="866" height="500" style="position:absolute" aria-hidden="true">{lines}</svg>'
    practice = " · ".join(homework(number, Path(sources)) for number in HOMEWORK)
    return (
        f'<div class="rlcourse-map"><style>{"".join(rules)}</style><p>{"".join(choices)}</p>'
        f'<div class="lectures">{svg}{boxes}</div><p style="font-size:14px">{practice}</p></div>'
    )


def box(number: str, lecture: Lecture) -> str:
    """One lecture, as a link where it is written."""
    left, top = corner(lecture.place)
    kinds, badges = ["lecture"], ""
    for at, weeks in enumerate(PATHS.values()):
        week = next((n for n, these in enumerate(weeks, 1) if number in these.split()), None)
        if week is None:
            kinds.append(f"not-{at}")
        else:
            badges += f'<span class="week week-{at}">week {week}</span>'
    needs = f"needs {', '.join(lecture.needs)}" if lecture.needs else "needs no other lecture"
    tag, link = ("a", f' href="{lecture.file}"') if lecture.file else ("div", "")
    if not lecture.file:
        kinds.append("planned")
    come = "" if lecture.file else " (to come)"
    return (
        f'<{tag} class="{" ".join(kinds)}"{link} title="{needs}" '
        f'style="left:{left}px;top:{top}px"><b>{number} · {html.escape(lecture.title)}</b>{come}<br>'
        f'<span style="font-size:11px">{html.escape(lecture.ideas)}</span>'
        f'<span class="minutes">{lecture.minutes} min</span>{badges}</{tag}>'
    )


def line(start: tuple[int, int], end: tuple[int, int]) -> str:
    """From side to side of neighbouring boxes, up a column, or over the boxes between to one further on."""
    (x, y), (to_x, to_y) = (corner(place) for place in (start, end))
    columns, middle = end[0] - start[0], HIGH // 2
    if columns == 0:
        leaves, meets = (y, to_y + HIGH) if y > to_y else (y + HIGH, to_y)
        way = f"M{x + WIDE // 2},{leaves} V{meets}"
    elif columns > 1 and start[1] == end[1]:
        way = f"M{x + WIDE // 2},{y} V{y - 12} H{to_x + WIDE // 2} V{to_y}"
    elif columns > 1:
        way = f"M{x + WIDE},{y + middle} h6 V{to_y - 9} H{to_x + WIDE // 2} V{to_y}"
    else:
        way = (
            f"M{x + WIDE},{y + middle} C{to_x},{y + middle} {x + WIDE},{to_y + middle} {to_x},{to_y + middle}"
        )
    return f'<path d="{way}" fill="none" stroke="#6E6E6E" stroke-width="1.5"/>'


def corner(place: tuple[int, int]) -> tuple[int, int]:
    """The left upper corner of a box, in pixels."""
    return place[0] * STEP[0], place[1] * STEP[1] + 20


def homework(number: str, sources: Path) -> str:
    """A homework, as a link where it is written, and its lectures."""
    name = f"Homework {number}"
    if (sources / "homework" / f"homework-{number}.py").exists():
        name = f'<a href="../homework/homework-{number}.ipynb">{name}</a>'
    else:
        name += " (to come)"
    return f"{name}: {HOMEWORK[number].replace(' ', ', ')}"
