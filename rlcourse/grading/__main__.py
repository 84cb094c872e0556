"""`python3 -m rlcourse grade SUBMISSIONS/`: the command line of the judge."""

import argparse
import collections
import datetime
import sys
from pathlib import Path

HELP = {
    "submissions": "folder with a notebook, an archive or a folder per student; or a platform's one archive",
    "--roster": "the class list, a CSV with a column 'student': who handed in nothing has a row too",
    "--due": "for example '2026-11-20 23:59': what came later is marked as late",
    "--out": "folder for the results (default: grades)",
    "--homework": "only this one, for example homework-3 (default: told from the cells)",
    "--jobs": "parallel workers (default: one per core)",
    "--seed": "of the hidden inputs (default: random, kept with the results)",
    "--seconds": "time limit of one exercise (default: 10)",
    "--regrade": "grade all again, e.g. after a fix; old rows are kept aside",
    "--unsandboxed": "without bubblewrap: only for code that you trust",
}


def options(argv: list[str] | None) -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog="python3 -m rlcourse grade",
        description="Grade a folder of submissions: one row each, in grades.csv and report.html.",
        epilog="Interrupted? The same command goes on where it stopped. Guide: rlcourse/grading/README.md",
    )

    def add(name, **how):
        parser.add_argument(name, help=HELP[name], **how)

    add("submissions", type=Path)
    add("--out", type=Path, default=Path("grades"))
    add("--homework")
    add("--roster", type=Path)
    add("--due", type=datetime.datetime.fromisoformat)
    add("--jobs", type=int, default=-1)
    add("--seed", type=int)
    add("--seconds", type=float, default=10.0)
    add("--regrade", action="store_true")
    add("--unsandboxed", action="store_true")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Grade, and say how it went; returns the exit status."""
    asked = options(argv)

    from rlcourse.grading.judging import batch
    from rlcourse.grading.judging.rows import load_rows
    from rlcourse.grading.sandbox import confinement

    def refuse(reason):
        print(f"grade: {reason}.", file=sys.stderr)
        return 2

    if not asked.submissions.is_dir() and asked.submissions.suffix.lower() != ".zip":
        return refuse(f"there is no folder {asked.submissions}; give the folder that holds the submissions")
    reason = None if asked.unsandboxed else confinement.why_not((asked.submissions, asked.out))
    if reason:
        refused = f"student code is not run without a sandbox: {reason}"
        return refuse(f"{refused}. For code that you trust: --unsandboxed")
    how = {name: getattr(asked, name) for name in ("homework", "jobs", "seed", "regrade", "unsandboxed")}
    limits = confinement.Limits(seconds=asked.seconds, total=max(90.0, 3 * asked.seconds))
    changed = batch.changes(asked.out)
    if changed:
        print(f"Since the rows in {asked.out} were made, {'; '.join(changed)}.")
    how |= {"roster": asked.roster, "due": asked.due}
    before = {(r.submission, r.homework): r.score for r in load_rows(asked.out / "rows.jsonl")}
    try:
        rows = batch.grade(asked.submissions, asked.out, limits=limits, **how)
    except batch.Refused as refusal:
        return refuse(refusal)
    except KeyboardInterrupt:
        return refuse("interrupted; finished rows are kept, the same command goes on from there")
    count = collections.Counter(row.status for row in rows)
    if changed and not asked.regrade:
        print("Rows that were there are as they were: nothing was regraded. To grade all again: --regrade")
    if asked.regrade:
        moved = [(r, before.get((r.submission, r.homework))) for r in rows]
        moved = [
            f"{r.student} {old:g} → {r.score:g}" for r, old in moved if old is not None and old != r.score
        ]
        print(f"All graded again; {len(moved)} scores changed{': ' if moved else ''}{', '.join(moved[:20])}.")
    absent = count.pop("missing", 0)
    said = ", ".join(f"{n} {status}" for status, n in sorted(count.items())) or "none"
    nothing = f"; {absent} on the class list handed in nothing" if absent else ""
    print(f"{len(rows) - absent} submissions: {said}{nothing}.")
    for row in rows:
        if row.status not in ("graded", "missing"):
            print(f"  {row.submission}: {row.note}")
    if absent:
        names = [row.student for row in rows if row.status == "missing"]
        print(f"  nothing from: {', '.join(names[:20])}{', …' if absent > 20 else ''}")
    if asked.unsandboxed:
        print("  Run without a sandbox; every row says so.")
    print(f"Table: {asked.out / 'grades.csv'}   Report: {asked.out / 'report.html'}")
    print(f"For students: {asked.out / 'feedback'}   For the platform: {asked.out / 'platform.csv'}")
    print(f"To mark: {asked.out / 'to-mark.html'}, points into {asked.out / 'by-hand.csv'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
