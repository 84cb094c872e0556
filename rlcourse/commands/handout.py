"""`python3 -m rlcourse handout`: the students' copy of the course, without answers (`grading/handout.py`)."""

import argparse
import sys
from pathlib import Path

PLACE = 5.5
DOES = "write the students' copy, without answers"
TAKES = "a folder (default: build/handout)"
EXTRAS = ["instructor"]


def main(arguments: list[str]) -> int:
    from rlcourse.grading import handout

    parser = argparse.ArgumentParser(prog="python3 -m rlcourse handout", description=DOES)
    parser.add_argument("folder", nargs="?", type=Path, default=handout.ROOT / "build" / "handout")
    asked = parser.parse_args(arguments)
    try:
        written = handout.write(asked.folder)
    except handout.Refused as refusal:
        print(f"handout: {refusal}.", file=sys.stderr)
        return 2
    print(f"{len(written)} files in {asked.folder}: the course without answers and tests.")
    print(
        "Give students this folder, or its own git repository. Never this one, whose history has the answers."
    )
    return 0
