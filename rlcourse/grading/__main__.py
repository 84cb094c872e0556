"""`python3 -m rlcourse grade SUBMISSIONS/`: the command line of the judge."""

import argparse
import collections
import sys
from pathlib import Path

HELP = {
    "submissions": "folder with a notebook, a zip archive or a folder per student",
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
    from rlcourse.grading.sandbox import confinement

    def refuse(reason):
        print(f"grade: {reason}.", file=sys.stderr)
        return 2

    if not asked.submissions.is_dir():
        return refuse(f"there is no folder {asked.submissions}; give the folder that holds the submissions")
    reason = None if asked.unsandboxed else confinement.why_not((asked.submissions, asked.out))
    if reason:
        refused = f"student code is not run without a sandbox: {reason}"
        return refuse(f"{refused}. For code that you trust: --unsandboxed")
    how = {name: getattr(asked, name) for name in ("homework", "jobs", "seed", "regrade", "unsandboxed")}
    limits = confinement.Limits(seconds=asked.seconds, total=max(90.0, 3 * asked.seconds))
    try:
        rows = batch.grade(asked.submissions, asked.out, limits=limits, **how)
    except batch.Refused as refusal:
        return refuse(refusal)
    except KeyboardInterrupt:
        return refuse("interrupted; finished rows are kept, the same command goes on from there")
    count = collections.Counter(row.status for row in rows)
    print(f"{len(rows)} submissions: {', '.join(f'{n} {status}' for status, n in count.items()) or 'none'}.")
    for row in rows:
        if row.status != "graded":
            print(f"  {row.submission}: {row.note}")
    if asked.unsandboxed:
        print("  Run without a sandbox; every row says so.")
    print(f"Table: {asked.out / 'grades.csv'}   Report: {asked.out / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
