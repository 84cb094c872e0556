"""What Sphinx reads: executed pages in the site's form, the guides, the reference, the pages of `docs/`."""

from __future__ import annotations

import base64
import html
import pkgutil
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

import rlcourse
from rlcourse.course import course_map
from rlcourse.notebooks import ROOT
from rlcourse.widgets.frames import ADDRESS, fewer_colours, kept_file

DOCS, PAGES = ROOT / "docs", ROOT / "notebooks"
ANCHOR = re.compile(r"(?<=\]\(#)\S+")  # Sphinx leaves the mathematics of a heading out of its anchor
GUIDES = {  # document of the repository -> its place on the site
    "rlcourse/grading/README.md": "instructors/grading.md",
    "tests/exercises/README.md": "instructors/exercises.md",
    "README.md": "about/readme.md",
    "CONTRIBUTING.md": "about/contributing.md",
    "CHANGELOG.md": "about/changelog.md",
}
# Rooms that the reference leaves out: answers of exercises, the grader's inside, what makes environments,
# servers, commands and this site. All others are explained to readers, in the order of the floors.
NOT_EXPLAINED = {"__main__", "commands", "desk", "grading", "installation", "server", "site", "stage"}
FIRST = ("equations", "parts", "agents", "algorithms", "map", "museum", "training")
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def write(
    target: Path, executed: Mapping[Path, Path], frames: Path, rooms: Sequence[str] | None = None
) -> None:  # fmt: skip
    """Fill the folder `target` with sources for Sphinx.

    executed: page -> its executed version, whose labs have put their pictures into the folder `frames`;
    rooms: the parts of the package that the reference explains, by default all of `explained`.
    """
    begin_anew(target)
    for page in DOCS.glob("*.md"):
        shutil.copyfile(page, target / page.name)
    places = write_pages(target, executed, frames)
    for name, place in GUIDES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        (target / place).write_text(guide(text, ROOT / name, place, places), encoding="utf-8")
    index = target / "index.md"
    text = index.read_text(encoding="utf-8").replace("{{map}}", map_html(set(places.values())))
    index.write_text(listed(text, places), encoding="utf-8")
    reference(target / "reference", list(modules(explained() if rooms is None else rooms)))


def write_translated(
    target: Path, executed: Mapping[Path, Path], frames: Path, language: str, others: Iterable[str]
) -> None:  # fmt: skip
    """Sources of these pages alone, to be shown in a language; links to `others` lead to the English site."""
    begin_anew(target)
    places = write_pages(target, executed, frames, others, "../../")
    text = (DOCS / "locales" / language / "index.md").read_text(encoding="utf-8")
    (target / "index.md").write_text(listed(text, places), encoding="utf-8")


def begin_anew(target: Path) -> None:
    """Settings, style sheets and catalogues in an otherwise empty folder."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copyfile(DOCS / "conf.py", target / "conf.py")
    for folder in ("_static", "locales"):
        if (DOCS / folder).exists():
            shutil.copytree(DOCS / folder, target / folder)
    shutil.copyfile(ROOT / "rlcourse" / "widgets" / "page.css", target / "_static" / "page.css")


def write_pages(
    target: Path, executed: Mapping[Path, Path], frames: Path, others: Iterable[str] = (),
    elsewhere: str = "",
) -> dict[Path, str]:  # fmt: skip
    """The executed pages in the site's form, with their pictures; page -> where it is.

    others: pages of another site, to which one comes from a page by `elsewhere`.
    """
    places = {page: f"{page.parent.name}/{page.stem}" for page in executed}
    downloads = target / "_static" / "notebooks"
    downloads.mkdir()
    for page, ran in executed.items():
        notebook = nbformat.read(ran, as_version=4)
        form = Form(page.parent.name, set(places.values()), frames, frozenset(others), elsewhere)
        for cell in notebook.cells:
            for_the_site(cell, form)
        notebook.cells = [cell for cell in notebook.cells if not is_check(cell)]
        notebook.metadata.pop("widgets", None)  # their state is of no use without a kernel
        begin(notebook, page)
        place = target / f"{places[page]}.ipynb"
        place.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, place)
        shutil.copyfile(page, downloads / page.name)
    copy_used(frames, target / "_static" / "frames", target)
    return places


def listed(text: str, places: Mapping[Path, str]) -> str:
    """A first page with the lists of its lectures and homework filled in."""
    for kind in ("lectures", "homework"):
        these = sorted(place for place in places.values() if place.startswith(f"{kind}/"))
        text = text.replace(f"{{{{{kind}}}}}", "\n".join(these))
    return text


def places_of(pages: Iterable[Path]) -> set[str]:
    """Where these pages are on a site, without their suffix."""
    return {f"{page.parent.name}/{page.stem}" for page in pages}


class Form(NamedTuple):
    """What the links and pictures of a page become."""

    folder: str  # of the page
    pages: set[str]  # of the site
    frames: Path
    others: frozenset[str] = frozenset()  # of another site, to which one comes by
    elsewhere: str = ""


def for_the_site(cell: NotebookNode, form: Form) -> None:
    """Links to other pages that are on the site, folded code, pictures in files."""
    if cell.cell_type == "markdown":
        text = ANCHOR.sub(lambda anchor: re.sub(r"\$[^$]*\$", "", anchor[0]), cell.source)
        cell.source = LINK.sub(lambda link: page_link(link, form), text)
        return
    if cell.cell_type != "code":
        return
    tags = cell.metadata.setdefault("tags", [])
    if cell.metadata.get("jupyter", {}).get("source_hidden") or "import" in tags:
        tags.append("hide-input")
    blank = cell.metadata.get("nbgrader", {}).get("solution") or any(is_failure(out) for out in cell.outputs)
    cell.outputs = [] if blank else [for_html(output, form) for output in cell.outputs]


def is_failure(output: NotebookNode) -> bool:
    """An answer of homework is missing where this cell ran."""
    text = output.get("text", "") if output.output_type == "stream" else ""
    return output.output_type == "error" or "This cell waits for" in text


def is_check(cell: NotebookNode) -> bool:
    """Does the cell test an answer of homework? On the site there is none."""
    meta = cell.metadata.get("nbgrader", {})
    return bool(meta.get("grade") and not meta.get("solution"))


def page_link(link: re.Match, form: Form) -> str:
    """A link of a page; its words alone where it leads to a page that no site has."""
    words, where = link[1], link[2]
    if re.match(r"\w+:|#", where):
        return link[0]
    path, _, anchor = where.partition("#")
    place = re.sub(r"[^/]+/\.\./", "", f"{form.folder}/{path}").removesuffix(".ipynb")
    if place not in form.pages and place in form.others:
        return f'<a href="{form.elsewhere}{place}.html">{words}</a>'
    return link[0] if place in form.pages else words


def for_html(output: NotebookNode, form: Form) -> NotebookNode:
    """An output as the site shows it: pictures as files with their words, links to pages of the site."""
    if output.output_type not in ("display_data", "execute_result"):
        return output
    data = output.data
    if "text/html" in data:
        data["text/html"] = links_in(data["text/html"], form)
    elif "image/png" in data:
        data["text/html"] = picture_html(data, output.metadata.get("image/png", {}), form.frames)
    elif "image/svg+xml" in data:
        words = html.escape(data.get("text/plain", ""))
        data["text/html"] = f'<div role="img" aria-label="{words}">{data.pop("image/svg+xml")}</div>'
    for kind in ("image/png", "application/vnd.jupyter.widget-view+json"):
        data.pop(kind, None)
    if "text/html" in data:
        data["text/html"] = f'<div class="rlcourse-output">{data["text/html"]}</div>'
    return output


def picture_html(data: Mapping[str, str], about: Mapping[str, object], frames: Path) -> str:
    """A picture of a page, in a file of few colours, at the size that the page gives it, with its words."""
    words = about.get("alt") or data.get("text/plain", "").split("\n")[0]
    source = kept_file(frames, fewer_colours(base64.b64decode(data["image/png"])), "png")
    size = "".join(f' {side}="{about[side]}"' for side in ("width", "height") if side in about)
    return f'<img class="rlcourse-still" src="{source}" alt="{html.escape(str(words))}"{size} loading="lazy">'


def links_in(text: str, form: Form) -> str:
    """HTML whose links to notebooks lead to pages of the site; those to no page of it lose their link."""

    def led(link: re.Match) -> str:
        place = re.sub(r"[^/]+/\.\./", "", f"{form.folder}/{link[2]}".removeprefix("/"))
        if place in form.pages:
            return f'{link[1]}href="{link[2]}.html{link[3]}"'
        if place in form.others:
            return f'{link[1]}href="{form.elsewhere}{place}.html{link[3]}"'
        return link[1].rstrip()

    return re.sub(r'(<a\b[^>]*?\s)href="([^":#]+)\.ipynb([^"]*)"', led, text)


def begin(notebook: NotebookNode, page: Path) -> None:
    """A line below the page's title: what a reader of the site may do with it."""
    title, _, rest = notebook.cells[0].source.partition("\n")
    told = (
        f'<p class="rlcourse-take">To run it yourself: <a href="../_static/notebooks/{page.name}" download>'
        f"download the notebook</a>.</p>"
    )
    notebook.cells[0].source = f"{title}\n\n{told}\n{rest}"


def copy_used(frames: Path, target: Path, tree: Path) -> None:
    """The pictures that pages of the tree name, and no others."""
    for page in tree.glob("*/*.ipynb"):
        copy_named(frames, target, page.read_text(encoding="utf-8"))


def copy_named(frames: Path, target: Path, text: str) -> None:
    """The pictures that a text names."""
    target.mkdir(parents=True, exist_ok=True)
    for name in set(re.findall(re.escape(ADDRESS) + r"([0-9a-f]+\.(?:png|svg))", text)):
        if not (target / name).exists():
            shutil.copyfile(frames / name, target / name)


def guide(text: str, document: Path, place: str, pages: Mapping[Path, str]) -> str:
    """A document of the repository: its links lead to pages of the site, or lose their link."""
    known = {ROOT / name: where for name, where in GUIDES.items()}
    known |= {page: f"{where}.ipynb" for page, where in pages.items()}

    def led(link: re.Match) -> str:
        words, where = link[1], link[2]
        if re.match(r"\w+:|#", where):
            return link[0]
        path, _, anchor = where.partition("#")
        found = known.get((document.parent / path).resolve())
        return f"[{words}](/{found})" if found else words

    text = re.sub(r"^!\[(.*?)\]\(.*?\)\n", "", text, flags=re.MULTILINE)
    return LINK.sub(led, text)


def map_html(pages: set[str]) -> str:
    """The lectures as a graph, for the first page."""
    text = course_map().replace('href="../homework/', 'href="homework/')
    text = re.sub(r'href="(\d\d[^"/]*\.ipynb)"', r'href="lectures/\1"', text)
    return f'<div class="rlcourse-output">{links_in(text, Form("", pages, Path()))}</div>'


# The reference


def reference(folder: Path, names: Sequence[str]) -> None:
    """A page a module with what its docstrings say, and a first page that names them all."""
    folder.mkdir()
    for name in names:
        package = any(other.startswith(f"{name}.") for other in names)  # its members stand on their own pages
        members = "" if package else "   :members:\n   :show-inheritance:\n"
        text = f"# `{name}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n{members}```\n"
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    listed = "\n".join(names)
    text = (
        "# The package\n\nEvery module of the course, from its docstrings: the equation first, then shapes, "
        f"units, errors and the source.\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    )
    (folder / "index.md").write_text(text, encoding="utf-8")


def explained() -> list[str]:
    """The rooms of the package that the reference explains, found by their places."""
    found = {module.name for module in pkgutil.iter_modules(rlcourse.__path__)} - NOT_EXPLAINED
    return [*(room for room in FIRST if room in found), *sorted(found.difference(FIRST))]


def modules(rooms: Sequence[str]) -> Iterator[str]:
    """The modules of these rooms of the package, in that order."""
    root = Path(rlcourse.__file__).parent
    for room in rooms:
        yield f"rlcourse.{room}"
        if (root / room).is_dir():
            found = pkgutil.walk_packages([str(root / room)], f"rlcourse.{room}.")
            yield from sorted(module.name for module in found)
