"""The site from its parts: pages run, sources written, Sphinx called; in English and where translated."""

from __future__ import annotations

import functools
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from filelock import FileLock

from rlcourse import notebooks
from rlcourse.installation import Trouble, say
from rlcourse.site import building, execution, tree

FOLDER = notebooks.ROOT / "build" / "site"  # the builder, the executed pages, the sources; the site in `html`

SHARED = ("frames", "mathjax", "notebooks")  # of _static: a translation uses those of the site


def alone(work: Callable) -> Callable:
    """A function that waits until no other process works in `FOLDER`."""

    @functools.wraps(work)
    def locked(*arguments, **named):
        FOLDER.mkdir(parents=True, exist_ok=True)
        with FileLock(str(FOLDER / ".lock")):
            return work(*arguments, **named)

    return locked


def chosen(names: Sequence[str] | None = None) -> list[Path]:
    """The lectures and homework of these names, all by default. Trouble for a name that is none's."""
    pages = sorted(notebooks.LECTURES.glob("[0-9]*.ipynb"))
    pages += sorted((notebooks.ROOT / "notebooks" / "homework").glob("*.ipynb"))
    if names is None:
        return pages
    found = []
    for name in names:
        these = [page for page in pages if page.stem == name or page.stem.startswith(f"{name}-")]
        if len(these) != 1:
            raise Trouble(f"{name!r} is no one page; choose of: {', '.join(page.stem for page in pages)}")
        found += these
    return found


@alone
def make(pages: Sequence[Path], target: Path, jobs: int, rooms: Sequence[str] | None = None) -> None:
    """Build the site of these pages in `target`, which it replaces when all has gone well.

    jobs: kernels at once; rooms: of the package, of which the reference tells, by default all that it can.
    """
    start = time.monotonic()
    packages, formulas = building.builder(FOLDER), building.mathjax(FOLDER / "npm")
    executed = execution.execute(pages, FOLDER / "executed", jobs)
    ran = time.monotonic()
    source, fresh = FOLDER / "source", FOLDER / "built"
    tree.write(source, executed, FOLDER / "executed" / "frames", rooms)
    shutil.copytree(formulas, source / "_static" / "mathjax")
    shutil.rmtree(fresh, ignore_errors=True)
    building.sphinx(packages, source, fresh)
    translated(packages, executed, fresh)
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(fresh, target)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    end = time.monotonic()
    parts = f"run {ran - start:.0f} s, built {end - ran:.0f} s"
    say(f"rlcourse: {len(pages)} pages in {end - start:.0f} s ({parts}), {size / 1e6:.0f} MB: {target}")


def translated(packages: Path, executed: Mapping[Path, Path], html: Path) -> None:
    """The pages that have a catalogue in another language, below the site in `html`; its files are shared."""
    for language, pages in catalogues(executed).items():
        source, fresh = FOLDER / f"source-{language}", FOLDER / f"built-{language}"
        tree.write_translated(
            source, pages, FOLDER / "executed" / "frames", language, tree.places_of(executed)
        )
        shutil.rmtree(fresh, ignore_errors=True)
        building.sphinx(packages, source, fresh, language=language)
        for folder in SHARED:
            shutil.rmtree(fresh / "_static" / folder, ignore_errors=True)
        for page in fresh.rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            text = re.sub(rf"((?:\.\./)*)_static/({'|'.join(SHARED)})/", r"\1../_static/\2/", text)
            page.write_text(text, encoding="utf-8")
        shutil.move(fresh, html / language)


def catalogues(executed: Mapping[Path, Path]) -> dict[str, dict[Path, Path]]:
    """Language -> those of the executed pages that have a catalogue in it."""
    found: dict[str, dict[Path, Path]] = {}
    for folder in sorted((tree.DOCS / "locales").iterdir()):
        places = {path.relative_to(folder / "LC_MESSAGES") for path in folder.rglob("*.po")}
        pages = {
            page: ran
            for page, ran in executed.items()
            if page.relative_to(tree.PAGES).with_suffix(".po") in places
        }
        if pages:
            found[folder.name] = pages
    return found


@alone
def update_catalogues(pages: Sequence[Path], language: str, jobs: int) -> None:
    """Write into `docs/locales` what there is to translate of these pages; what has been translated stays."""
    packages = building.builder(FOLDER)
    executed = execution.execute(pages, FOLDER / "executed", jobs)
    source, fresh = FOLDER / f"source-{language}", FOLDER / f"gettext-{language}"
    tree.write_translated(
        source, executed, FOLDER / "executed" / "frames", language, tree.places_of(chosen())
    )
    shutil.rmtree(fresh, ignore_errors=True)
    building.sphinx(packages, source, fresh, "gettext", language)
    building.sphinx_intl(packages, fresh, tree.DOCS / "locales", language)
