"""`python3 -m rlcourse site`: every page executed, the reference and the guides, as a static site."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from rlcourse.installation import Trouble
from rlcourse.site import making

PLACE = 20
DOES = "build the site, its pages executed"
TAKES = "--pages 00 07  --jobs 2  --to FOLDER"
EXTRAS = ["test"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m rlcourse site", description=DOES)
    parser.add_argument("--pages", nargs="+", help="only these, by how their files begin: 00 07 homework-4")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="kernels at once")
    parser.add_argument("--catalogues", metavar="LANGUAGE", help="write what is to be translated, no site")
    parser.add_argument("--to", type=Path, default=making.FOLDER / "html", help="where the site goes")
    options = parser.parse_args(arguments)
    try:
        if options.catalogues:
            making.update_catalogues(making.chosen(options.pages), options.catalogues, options.jobs)
            return 0
        making.make(making.chosen(options.pages), options.to.resolve(), options.jobs)
    except Trouble as trouble:
        print(f"rlcourse: {trouble}", file=sys.stderr)
        return 1
    return 0
