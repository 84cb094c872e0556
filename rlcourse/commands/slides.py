"""`python3 -m rlcourse slides 07`: a lecture as slides, to be shown and passed on without a kernel."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from rlcourse.installation import Trouble
from rlcourse.site import making, slides

PLACE = 20.5
DOES = "export lectures to reveal.js slides"
TAKES = "the lectures' numbers, e.g.  slides 07 08  --to FOLDER"
EXTRAS = ["test"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m rlcourse slides",
        description="Export lectures to slides that any browser shows without a network: arrows turn pages, "
        "S opens the speaker's notes, digits recall prepared settings of a lab.",
    )
    parser.add_argument("lectures", nargs="*", help="by how their files begin: 07 08 (default: all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="kernels at once")
    parser.add_argument("--to", type=Path, default=making.FOLDER.parent / "slides", help="where they go")
    options = parser.parse_args(arguments)
    try:
        slides.make(slides.chosen(options.lectures), options.to.resolve(), options.jobs)
    except Trouble as trouble:
        print(f"rlcourse: {trouble}", file=sys.stderr)
        return 1
    return 0
