"""`python3 -m rlcourse grade SUBMISSIONS/`: the command line of the judge."""

import argparse
import collections
import sys
from pathlib import Path


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m rlcourse grade",
        description="Grade a folder of submissions: one row each, in grades.csv and report.html.",
        epilog="Interrupted? The same command goes on where it stopped. Guide: rlcourse/grading/README.md",
    )
    parser.add_argument(
        "submissions", type=Path, help="folder with a notebook, a zip archive or a folder per student"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("grades"), help="folder for the results (default: grades)"
    )
    parser.add_argument("--homework", help="homework-3 or homework-4; default: told from the cells")
    parser.add_argument("--jobs", type=int, default=-1, help="parallel workers (default: one per core)")
    parser.add_argument(
        "--seed", type=int, help="of the hidden inputs (default: random, kept with the results)"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="time limit of one exercise (default: 10)"
    )
    parser.add_argument(
        "--regrade", action="store_true", help="grade all again, e.g. after a fix; old rows are kept aside"
    )
    parser.add_argument(
        "--unsandboxed", action="store_true", help="without bubblewrap: only for code that you trust"
    )
    args = parser.parse_args(argv)

    from rlcourse.grading.judging import batch
    from rlcourse.grading.sandbox import child as sandbox

    def refuse(reason):
        print(f"grade: {reason}.", file=sys.stderr)
        return 2

    if not args.submissions.is_dir():
        return refuse(f"there is no folder {args.submissions}; give the folder that holds the submissions")
    reason = None if args.unsandboxed else sandbox.why_not()
    if reason:
        return refuse(
            f"student code is not run without a sandbox: {reason}. For code that you trust: --unsandboxed"
        )
    limits = sandbox.Limits(seconds=args.seconds, total=max(90.0, 3 * args.seconds))
    try:
        rows = batch.grade(
            args.submissions,
            args.out,
            homework=args.homework,
            jobs=args.jobs,
            seed=args.seed,
            regrade=args.regrade,
            unsandboxed=args.unsandboxed,
            limits=limits,
        )
    except batch.Refused as refusal:
        return refuse(refusal)
    except KeyboardInterrupt:
        return refuse("interrupted; finished rows are kept, the same command goes on from there")
    count = collections.Counter(row.status for row in rows)
    print(f"{len(rows)} submissions: {', '.join(f'{n} {status}' for status, n in count.items()) or 'none'}.")
    for row in rows:
        if row.status != "graded":
            print(f"  {row.submission}: {row.note}")
    if args.unsandboxed:
        print("  Run without a sandbox; every row says so.")
    print(f"Table: {args.out / 'grades.csv'}   Report: {args.out / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
