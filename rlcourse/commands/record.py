"""`python3 -m rlcourse record 07`: run a page and make its recordings anew (`rlcourse.experiments`)."""

import argparse
import json
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from rlcourse import experiments, notebooks

PLACE = 6
DOES = "make a page's recordings anew (minutes)"
TAKES = "the page's number, e.g.  record 07"
EXTRAS = ["test"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m rlcourse record", description=DOES)
    parser.add_argument("page", help="how its file begins, e.g. 07")
    parser.add_argument("--only", default="", metavar="TEXT", help="recordings whose file's name holds TEXT")
    chosen = parser.parse_args(arguments)
    page = chosen.page
    pages = notebooks.LECTURES  # 07 is 07-td3, not 07b-…; 07-t will do as well
    found = sorted(pages.glob(f"{page}-*.ipynb")) or sorted(pages.glob(f"{page}*.ipynb"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found or sorted(notebooks.LECTURES.glob("*.ipynb")))
        print(f"rlcourse record: {page!r} is no one page; choose of: {names}")
        return 2
    return record(found[0], chosen.only)


def record(path: Path, only: str = "") -> int:
    """Run the page with its recordings made anew; with what was made before an interruption, it goes on.

    only: part of a recording's name. An empty file beside the recordings keeps the time of the first start,
    until the page has run through.
    """
    begun = path.parent / "recordings" / "-".join(filter(None, (".begun", path.stem, only)))
    begun.parent.mkdir(exist_ok=True)
    if begun.exists():
        print(f"{path.name}: goes on where it stopped (all anew: remove {begun.name})", flush=True)
    else:
        begun.touch()
    started = begun.stat().st_mtime
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    os.environ[experiments.RECORDING] = json.dumps({"only": only, "since": started})  # the kernel inherits it
    try:
        starts = notebooks.KERNEL_STARTS
        client = NotebookClient(notebook, timeout=None, startup_timeout=starts, resources=resources)
        client.execute()
    except CellExecutionError as error:
        print(
            f"{path.name}: a cell failed, perhaps of a claim that the new numbers do not bear out:\n{error}"
        )
        return 1
    finally:
        del os.environ[experiments.RECORDING]
        for file in sorted((path.parent / "recordings").glob("*.json")):
            if file.stat().st_mtime >= started:
                print(f"{file.name}: made anew")
    begun.unlink()
    return 0
