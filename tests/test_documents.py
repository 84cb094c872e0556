"""What the documents name is there: files, folders, commands, floors, and the size of the core."""

import json
import re
from pathlib import Path

import pytest

import rlcourse
from rlcourse.__main__ import commands
from tests.test_architecture import FAMILIES, FLOORS, PACKAGE

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    ROOT / "rlcourse" / "grading" / "README.md",
    ROOT / "rlcourse" / "grading" / "JUPYTERHUB.md",
    ROOT / "tests" / "exercises" / "README.md",
]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCUMENTS}
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"(?<![\w./~$-])(?:[\w.-]+/)*[\w-]+(?:\.(?:py|md|txt|yml|toml)\b|/(?![\w*<{…]))")
PLACE = re.compile(r"(?<![\w./~$-])(?:\.ci|\.devcontainer|notebooks|rlcourse|tests)(?:/[\w.-]*\w)*")
# What commands make, placeholders, a reader's own folders, and the drawer that there must not be.
NOT_OURS = re.compile(
    r"^(\.venv|build|submissions|submitted|grades|runs|dist|source|release)/|hwN|NN-|homework-N|name\.py$|SUBMISSIONS|^utils\.py$"
)


def code(text):
    """What stands in backticks or in a fenced block."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.M | re.S)
    return [*SPAN.findall(re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)), *fenced]


def paths(name):
    """Everything in a document's code that looks like a file or a folder of the course."""
    found = {path for piece in code(TEXTS[name]) for path in FILE.findall(piece) + PLACE.findall(piece)}
    return sorted(path for path in found if not NOT_OURS.search(path))


def exists(path, document):
    """At the root, in the package, beside the document; a bare name also below a document of a folder.

    What git ignores by name is made by a command.
    """
    if f"/{path}" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines():
        return True
    places = [ROOT, ROOT / "rlcourse", (ROOT / document).parent]
    if any((place / path).exists() for place in places):
        return True
    deeper = (ROOT / document).parent.rglob(path) if "/" in document and "/" not in path else ()
    return any(deeper)


def test_a_path_is_seen_in_code_and_one_that_is_not_there_is_missed():
    assert FILE.findall("python3 tests/exercises/mutants.py --all") == ["tests/exercises/mutants.py"]
    assert FILE.findall("parts/, `checkpoints.py`, 1.1") == ["parts/", "checkpoints.py"]
    assert PLACE.findall("`.ci/run`, tests/benchmarks, rlcourse/x/*.py") == [
        ".ci/run", "tests/benchmarks", "rlcourse/x",
    ]  # fmt: skip
    assert exists("training/", "README.md") and exists("judge.py", "rlcourse/grading/README.md")
    assert not exists("training.py", "README.md") and not exists("no_such.py", "rlcourse/grading/README.md")


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_to_a_file_of_the_course_leads_to_one(name):
    links = [link.split("#")[0] for link in LINK.findall(TEXTS[name]) if "://" not in link]
    assert [link for link in links if not ((ROOT / name).parent / link).exists()] == []


@pytest.mark.parametrize("name", TEXTS)
def test_every_file_and_folder_that_a_document_names_exists(name):
    assert [path for path in paths(name) if not exists(path, name)] == []


def test_the_documents_name_files_so_that_the_test_above_has_something_to_check():
    assert sum(len(paths(name)) for name in TEXTS) >= 40


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_that_a_document_names_is_one(name):
    named = re.findall(r"python3 -m rlcourse ([a-z]\w*)", " ".join(code(TEXTS[name])))
    assert set(named) <= set(commands())


def test_the_contributors_table_of_floors_is_that_of_the_architecture():
    rows = re.findall(r"^\| ([\d.]+) \| (.+?) \|", TEXTS["CONTRIBUTING.md"], flags=re.M)
    told = {
        Path(room).stem: float(number) for number, rooms in rows for room in re.findall(r"`(.+?)`", rooms)
    }
    assert told == FLOORS
    sideways = re.search(r"sideways inside (.+?);", TEXTS["CONTRIBUTING.md"], flags=re.S).group(1)
    assert {room.rstrip("/") for room in SPAN.findall(sideways)} == FAMILIES


def core():
    """The files that the package's own docstring says to read, in its order."""
    files, folder = [], ""
    listing = rlcourse.__doc__.split("in this order.")[1].split("Each folder's")[0]
    for path in re.findall(r"[\w/]+\.py", listing):
        folder = path.rpartition("/")[0] if "/" in path else folder
        files.append(PACKAGE / folder / Path(path).name)
    return files


def test_the_core_is_as_long_as_the_package_and_the_readme_say():
    files = core()
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    for text in (rlcourse.__doc__, TEXTS["README.md"]):
        number, length = re.search(r"(\d+) files, about ([\d,]+)\s+lines", text).groups()
        assert int(number) == len(files) == len(set(files))
        assert abs(int(length.replace(",", "")) - lines) <= 100, f"the core has {lines} lines"


def test_the_readme_counts_pages_and_homeworks_right():
    pages = [len(list((ROOT / "notebooks" / kind).glob("*.ipynb"))) for kind in ("lectures", "homework")]
    lectures = {path.stem[:2] for path in (ROOT / "notebooks" / "lectures").glob("*.ipynb")}
    assert f"lectures on {pages[0]} pages" in TEXTS["README.md"]
    assert (len(lectures), pages[1]) == (14, 5), "fourteen lectures, five homeworks: say it anew"


def test_the_core_is_read_from_equations_up_to_the_loop():
    folders = list(dict.fromkeys(path.parent.name for path in core()))
    assert folders == ["equations", "parts", "agents", "algorithms", "training"]
    assert core()[-1] == PACKAGE / "training" / "loop.py"


@pytest.mark.parametrize("page", sorted((ROOT / "notebooks").glob("*/*.ipynb")), ids=lambda path: path.stem)
def test_every_link_of_a_page_leads_to_a_file_of_the_course(page):
    cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    links = [link.split("#")[0] for link in LINK.findall(text) if not re.match(r"\w+:", link)]
    assert [link for link in links if link and not (page.parent / link).exists()] == []
