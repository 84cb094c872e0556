"""Every solution of the bank through `check`: is each wrong one caught, and its mistake named?

    python3 tests/exercises/kill_matrix.py            # prints the table
    python3 tests/exercises/kill_matrix.py --write    # and puts it into tests/exercises/README.md
    python3 tests/exercises/kill_matrix.py --write gae polyak    # anew for these; the other rows stay

A bank lies where its exercise lies: hw3/td3_target.py. A name in it says what is expected: `right_…`;
`wrong_<misconception>__<variant>`; `wrong_none__…` for answers that are no numbers, or of a wrong form:
rejected, without a misconception.
"""

import argparse
import contextlib
import importlib.util
import io
import random
import re
import statistics
import sys
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rlcourse.grading import check
from rlcourse.grading.exercises import EXERCISES, find

HERE = Path(__file__).resolve().parent
SEEDS = range(20)
FORM = {None, "wrong_shape", "not_finite"}  # what `wrong_none` may be called


@dataclass
class Row:
    """One exercise: how its bank fared."""

    name: str
    right: int = 0
    wrong: int = 0
    rejected_right: list = field(default_factory=list)
    accepted_wrong: list = field(default_factory=list)
    misnamed: list = field(default_factory=list)
    milliseconds: list = field(default_factory=list)


def bank(name):
    """(solution name, solution) of one exercise."""
    path = HERE / f"hw{find(name).homework}" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"bank_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [(k, v) for k, v in vars(module).items() if k.startswith(("right_", "wrong_"))]


def quietly(name, solution, seed=0):
    """`check` without output; a solution that draws numbers of its own draws the same ones each time.

    (The mean of fifty draws of few values meets itself in 2 % of checks, and is then wrong without a name.)
    """
    random.seed(0)
    np.random.seed(0)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return check(name, solution, seed)


def expected_name(solution_name):
    return solution_name.removeprefix("wrong_").split("__")[0]


def judge(name, seeds=SEEDS):
    """Every right solution on every seed; every wrong one, too, and its hint on the visible seed."""
    row = Row(name)
    for solution_name, solution in bank(name):
        quietly(name, solution)  # imports and caches are not the check's time
        start = time.process_time()
        feedback = quietly(name, solution)
        row.milliseconds.append(1e3 * (time.process_time() - start))
        if solution_name.startswith("right_"):
            row.right += 1
            bad = [s for s in seeds if not quietly(name, solution, s).passed]
            if bad:
                row.rejected_right.append((solution_name, bad, quietly(name, solution, bad[0]).message))
            continue
        row.wrong += 1
        if any(quietly(name, solution, s).passed for s in seeds):
            row.accepted_wrong.append(solution_name)
        want = expected_name(solution_name)
        if feedback.misconception not in (FORM if want == "none" else {want}):
            row.misnamed.append((solution_name, feedback.misconception, feedback.message))
    return row


def line(r):
    """One row of the table."""
    return (
        f"| `{r.name}` | {r.right - len(r.rejected_right)}/{r.right} "
        f"| {r.wrong - len(r.accepted_wrong)}/{r.wrong} | {r.wrong - len(r.misnamed)}/{r.wrong} "
        f"| {statistics.median(r.milliseconds):.0f}, {max(r.milliseconds):.0f} |"
    )


def table(rows, before=""):
    """The table of these rows; where `before`, an earlier table, has others, they stay."""
    lines = {name: text for text, name in re.findall(r"^(\| `(\w+)` .*)$", before, re.MULTILINE)}
    lines |= {row.name: line(row) for row in rows}
    lines = [lines[name] for name in EXERCISES if name in lines]
    shares = [re.findall(r"(\d+)/(\d+)", text) for text in lines]
    sums = [tuple(sum(int(share[k][i]) for share in shares) for i in (0, 1)) for k in range(3)]
    return "\n".join([
        "| exercise | right accepted | wrong rejected | hint names the mistake | check, ms (median, worst) |",
        "|---|---|---|---|---|",
        *lines,
        f"| **all** | {' | '.join(f'{good}/{of}' for good, of in sums)} | |",
    ])  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="exercises (default: all)")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    arguments = parser.parse_args()
    rows = [judge(name) for name in arguments.names or EXERCISES]
    print(table(rows))
    for row in rows:
        for solution, seeds, message in row.rejected_right:
            print(f"REJECTED a right one: {row.name} {solution} on seeds {seeds}: {message}")
        for solution in row.accepted_wrong:
            print(f"ACCEPTED a wrong one: {row.name} {solution}")
        for solution, got, message in row.misnamed:
            print(f"misnamed: {row.name} {solution}: {got}: {message}")
    if arguments.write:
        readme = HERE / "README.md"
        head, _, rest = readme.read_text().partition("<!-- table -->\n")
        before, _, tail = rest.partition("<!-- end -->")
        anew = table(rows, before if arguments.names else "")
        readme.write_text(f"{head}<!-- table -->\n{anew}\n<!-- end -->{tail}")
    return int(any(r.rejected_right or r.accepted_wrong for r in rows))


if __name__ == "__main__":
    sys.exit(main())
