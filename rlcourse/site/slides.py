"""Slides: what a lecture shows in a hall, scene by scene, as reveal.js shows it; nbconvert writes them.

A scene (`rlcourse.scenes`) is a slide, the texts around it are the speaker's notes (key S). Panels are those
of the site: sliders over pictures, recorded runs, answers on a slide of their own. `docs/slides` holds the
template, the style sheet and the script that makes everything fit a page of 1280 × 720.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from rlcourse import notebooks, scenes
from rlcourse.installation import Trouble, say
from rlcourse.site import building, execution, making, tree
from rlcourse.widgets.frames import ADDRESS

REVEAL = "reveal.js@5.2.1"
PARTS = (
    "package/dist/reveal.js", "package/dist/reveal.css", "package/dist/theme/simple.css",
    "package/plugin/notes/notes.js",
)  # fmt: skip
FONTS = re.compile(r"@import url\(https?:[^)]*\);\n?")  # which a theme asks of a network
TEMPLATE = tree.DOCS / "slides"
BOARD = notebooks.ROOT / "rlcourse" / "stage" / "rlcourse-stage" / "static" / "board.js"
SHEETS = (
    tree.DOCS / "_static" / "panels.js", tree.DOCS / "_static" / "site.css", TEMPLATE / "slides.js",
    TEMPLATE / "slides.css", BOARD, notebooks.ROOT / "rlcourse" / "widgets" / "page.css",
)  # fmt: skip


def chosen(names: Sequence[str]) -> list[Path]:
    """The lectures of these names, all where there is none. Trouble for what is no lecture."""
    lectures = [page for page in making.chosen() if page.parent == notebooks.LECTURES]
    pages = making.chosen(names) if names else lectures
    if others := [page.stem for page in pages if page not in lectures]:
        raise Trouble(f"{', '.join(others)}: slides are made of lectures")
    return pages


@making.alone
def make(pages: Sequence[Path], target: Path, jobs: int) -> list[Path]:
    """Write the slides of these lectures into `target`; returns their files, which need its `_static`.

    jobs: kernels at once. Raises Trouble where npm or a page fails.
    """
    store = making.FOLDER / "executed"
    formulas = building.mathjax(making.FOLDER / "npm")
    reveal = building.from_npm(making.FOLDER / "npm", REVEAL, PARTS)
    executed = execution.execute(pages, store, jobs)
    static = target / "_static"
    static.mkdir(parents=True, exist_ok=True)
    for source, name in ((formulas, "mathjax"), (reveal, "reveal")):
        shutil.copytree(source, static / name, dirs_exist_ok=True)
    for sheet in (static / "reveal").rglob("*.css"):
        sheet.write_text(FONTS.sub("", sheet.read_text(encoding="utf-8")), encoding="utf-8")
    for sheet in SHEETS:
        shutil.copyfile(sheet, static / sheet.name)
    made = [write(page, ran, target, store / "frames") for page, ran in executed.items()]
    say(f"rlcourse: slides of {len(made)} lectures: {target}")
    return made


def write(page: Path, executed: Path, target: Path, frames: Path) -> Path:
    """The slides of one executed page, with the pictures that they name."""
    from nbconvert import SlidesExporter

    exporter = SlidesExporter(
        template_name=TEMPLATE.name, extra_template_basedirs=[str(tree.DOCS)], exclude_input=True,
        exclude_output_prompt=True, exclude_input_prompt=True, reveal_url_prefix="_static/reveal",
    )  # fmt: skip
    notebook = nbformat.read(executed, as_version=4)
    found = scenes.of_page(notebook.cells)
    title = found[0].title if found else page.stem
    form = tree.Form(page.parent.name, set(), frames)  # no other page is beside the slides: links are words
    notebook.cells = slides(notebook.cells, found, form)
    notebook.metadata = NotebookNode(language_info=notebook.metadata.get("language_info", {}), title=title)
    text, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    tree.copy_named(frames, target / "_static" / "frames", text)
    file = target / f"{page.stem}.html"
    file.write_text(text.replace(ADDRESS, "_static/frames/"), encoding="utf-8")
    return file


def slides(
    cells: Sequence[NotebookNode], found: Sequence[scenes.Scene], form: tree.Form
) -> list[NotebookNode]:  # fmt: skip
    """The cells of the slides: of each scene its cell, then what is said of it, as notes."""
    known = {cell.id: cell for cell in cells}
    made = []
    for scene in found:
        shown = deepcopy(known[scene.cell])
        tree.for_the_site(shown, form)
        data = {"kind": scene.kind, "section": scene.section, "title": scene.title}
        shown.metadata.slideshow = {"slide_type": "slide", "data": data}
        texts = [facts(scene), *(known[name].source for name in (*scene.before, *scene.after))]
        if scene.kind == "board":
            texts.insert(1, known[scene.cell].source)
        made.append(shown)
        for text in filter(None, texts):
            notes = new_markdown_cell(text, metadata={"slideshow": {"slide_type": "notes"}})
            tree.for_the_site(notes, form)
            made.append(notes)
    return made


def facts(scene: scenes.Scene) -> str:
    """When a scene is due, what to ask and what to fall back on, as its notes begin."""
    told: Mapping[str, str] = {
        "Minute": str(scene.minute), "Ask first": scene.ask, "The answer": scene.answer,
        "Prepared": ", ".join(f"{key} {name}" for key, name in enumerate(scene.settings, 1)),
    }  # fmt: skip
    return "\n".join(f"- {name}: {text}" for name, text in told.items() if text)
