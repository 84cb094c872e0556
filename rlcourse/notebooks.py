"""Sources to notebooks: `notebooks/source/*.py` (py:percent, the truth) -> `notebooks/lectures/*.ipynb`.

One way, and the same bytes every time: no outputs, no clock, no random ids. A cell's id is its nbgrader
`grade_id`, or else a hash of its text, so that a cell keeps its id while others come and go.
"""

import argparse
import hashlib
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "notebooks" / "source"
LECTURES = ROOT / "notebooks" / "lectures"
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def compile_source(path):
    """The notebook (nbformat 4.5) that a py:percent source describes; cells keep their metadata and tags."""
    import jupytext
    import nbformat

    path = Path(path)
    try:
        cells = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent").cells
    except Exception as error:  # whatever jupytext or nbformat says of a malformed source
        raise ValueError(f"{path}: not a py:percent source: {str(error).splitlines()[0]}") from error
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)
    seen = Counter()
    for cell in notebook.cells:
        name = cell_name(cell)
        seen[name] += 1
        cell.id = name if seen[name] == 1 else f"{name[:58]}-{seen[name]}"
        cell.metadata.pop("lines_to_next_cell", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.validate(notebook)
    return notebook


def cell_name(cell):
    """`grade_id` where there is one; else twelve digits of the hash of the cell's kind and text."""
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
    if grade_id:
        return re.sub(r"[^\w-]", "-", grade_id, flags=re.ASCII)[:64]
    return hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]


def notebook_bytes(notebook):
    """The file of a notebook, byte for byte the same for the same notebook."""
    import nbformat

    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode()


def build(check=False, sources=SOURCES, lectures=LECTURES):
    """Compile every lecture, or (`check`) compare only. Returns one line for each file that was stale."""
    sources, lectures = Path(sources), Path(lectures)
    stale = []
    wanted = {lectures / f"{path.stem}.ipynb": path for path in sorted(sources.glob("*.py"))}
    for target, path in wanted.items():
        content = notebook_bytes(compile_source(path))
        if target.exists() and target.read_bytes() == content:
            continue
        stale.append(f"{shown(target)} differs from {shown(path)}")
        if not check:
            lectures.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    for orphan in sorted(set(lectures.glob("*.ipynb")) - set(wanted)):
        stale.append(f"{shown(orphan)} has no source in {shown(sources)}: remove it")
    return stale


def shown(path):
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def main(arguments=None, builders=(build,)):
    """`python3 -m rlcourse build [--check]`. Each of `builders` takes `check` and tells what was stale."""
    parser = argparse.ArgumentParser(prog="python3 -m rlcourse build", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if a notebook is stale"
    )
    check = parser.parse_args(arguments).check
    try:
        stale = [line for builder in builders for line in builder(check)]
    except ValueError as error:
        print(f"rlcourse: {error}")
        return 1
    for line in stale:
        print(line if check else line.replace(" differs from ", " compiled from "))
    if check and stale:
        print("stale: run python3 -m rlcourse build")
    return int(check and bool(stale))
