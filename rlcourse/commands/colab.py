"""`python3 -m rlcourse colab --from https://…`: pages with a first cell that brings the course to Colab."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rlcourse import guest, notebooks
from rlcourse.installation import Trouble, say

PLACE = 22
DOES = "pages for Colab, which bring the course"
TAKES = "--from https://…/rlcourse.git  --to FOLDER"
EXTRAS = []

PAGES = notebooks.ROOT / "notebooks"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m rlcourse colab", description=DOES)
    parser.add_argument(
        "--from", dest="address", required=True, help="the course's repository, for git clone"
    )
    parser.add_argument("--to", type=Path, default=notebooks.ROOT / "build" / "colab", help="where they go")
    options = parser.parse_args(arguments)
    try:
        pages = write(options.address, options.to)
    except Trouble as trouble:
        print(f"rlcourse: {trouble}", file=sys.stderr)
        return 1
    say(f"rlcourse: {len(pages)} pages for Colab: {options.to}")
    return 0


def write(address: str, target: Path) -> list[Path]:
    """Every lecture and homework with the first cell, below `target`; Trouble for what is no address."""
    made = []
    for page in sorted([*PAGES.glob("lectures/*.ipynb"), *PAGES.glob("homework/*.ipynb")]):
        notebook = json.loads(page.read_text(encoding="utf-8"))
        notebook["cells"].insert(0, first(guest.first_cell(address, page.parent.name)))
        notebook["metadata"]["colab"] = {"provenance": []}
        file = target / page.relative_to(PAGES)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        made.append(file)
    return made


def first(source: str) -> dict:
    return {
        "cell_type": "code", "id": "bring-the-course", "metadata": {}, "outputs": [],
        "execution_count": None, "source": source.splitlines(keepends=True),
    }  # fmt: skip
