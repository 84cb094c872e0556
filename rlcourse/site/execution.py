"""Pages run from the top, several at once; a page that nothing has changed since is not run again."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from rlcourse.installation import Trouble, say
from rlcourse.notebooks import KERNEL_STARTS, ROOT
from rlcourse.widgets.display import SITE

# Rooms of the package that no page imports: a change there runs no page again.
NOT_OF_PAGES = {"commands", "desk", "guest", "site", "stage", "server", "installation", "__main__"}
SECONDS = 1800  # a fuse for one cell: a lab draws all of its frames
NOT_RUN = {"trains"}  # cells with these tags wait for an answer that the site does not have


def execute(pages: Sequence[Path], store: Path, jobs: int = 2) -> dict[Path, Path]:
    """Page -> its executed version in `store`, at most `jobs` at once, the kernels with one thread each.

    Trouble names the page and the cell that failed.
    """
    store.mkdir(parents=True, exist_ok=True)
    package = package_hash()
    kept = {page: store / f"{page.stem}-{page_hash(page, package)}.ipynb" for page in pages}
    todo = [page for page in pages if not kept[page].exists()]
    say(f"rlcourse: {len(pages) - len(todo)} of {len(pages)} pages have been run already")
    with ThreadPoolExecutor(1) as thread:  # whoever calls may have a loop of events running
        thread.submit(asyncio.run, _all(todo, kept, store, jobs)).result()
    return kept


def package_hash() -> str:
    """Of what pages import."""
    files = (ROOT / "rlcourse").rglob("*")
    return _hash(
        path
        for path in files
        if path.suffix in (".py", ".css", ".js")
        and path.relative_to(ROOT / "rlcourse").with_suffix("").parts[0] not in NOT_OF_PAGES
    )


def page_hash(page: Path, package: str) -> str:
    """Changes with the page, its recordings and the package."""
    recordings = (page.parent / "recordings").glob(f"{page.stem.split('-')[0]}-*")
    return hashlib.sha256(f"{package}{_hash([page, *recordings])}".encode()).hexdigest()[:16]


def _hash(files: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in sorted(files):
        found.update(
            path.relative_to(ROOT).as_posix().encode() if path.is_relative_to(ROOT) else path.name.encode()
        )
        found.update(path.read_bytes())
    return found.hexdigest()


async def _all(todo: Sequence[Path], kept: dict[Path, Path], store: Path, jobs: int) -> None:
    free = asyncio.Semaphore(jobs)

    async def one(page: Path) -> None:
        async with free:
            await _execute(page, kept[page], store)

    # The others go on where one has failed: they are kept for the next time.
    ended = await asyncio.gather(*map(one, todo), return_exceptions=True)
    for failure in filter(None, ended):
        raise failure


async def _execute(page: Path, target: Path, store: Path) -> None:
    start = time.monotonic()
    notebook = nbformat.read(page, as_version=4)
    homework = any("nbgrader" in cell.metadata for cell in notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "code" and NOT_RUN & set(cell.metadata.get("tags", ())):
            cell.metadata["rlcourse_source"], cell.source = cell.source, ""
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        startup_timeout=KERNEL_STARTS,
        allow_errors=homework,
        resources={"metadata": {"path": str(page.parent)}},
    )
    environment = os.environ | {SITE: str(store / "frames"), "OMP_NUM_THREADS": "1", "PYTHONPATH": _path()}
    try:
        await client.async_execute(env=environment, stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        raise Trouble(
            f"{page.name}: a cell failed, so there is no page: {error.ename}: {error.evalue}"
        ) from error
    for cell in notebook.cells:
        if "rlcourse_source" in cell.metadata:
            cell.source = cell.metadata.pop("rlcourse_source")
    for former in store.glob(f"{page.stem}-{'[0-9a-f]' * 16}.ipynb"):
        former.unlink()
    nbformat.write(notebook, target.with_suffix(".part"))
    target.with_suffix(".part").replace(target)
    say(f"  {page.stem} {time.monotonic() - start:4.0f} s")


def _path() -> str:
    """Kernels import this checkout's package."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
