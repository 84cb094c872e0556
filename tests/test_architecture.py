"""The house, checked: an import goes to a lower floor, or sideways inside a family; never up or round."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from rlcourse import notebooks
from rlcourse.commands.test import fuse

PACKAGE = Path(__file__).parent.parent / "rlcourse"
FLOORS = {  # the first part of a module's name -> its floor
    "equations": 0,
    "parts": 1,
    "checkpoints": 1,
    "workers": 1,  # processes and clusters: knows nothing of what they do
    "agents": 1.1,  # act and remember, made of parts
    "algorithms": 2,
    "map": 2.1,  # its records name the algorithms, too
    "museum": 2.1,  # plants its bugs in them
    "form": 2.9,  # what notebooks compiles
    "listings": 2.9,  # which pages hands on
    "notebooks": 3,
    "course": 3.05,  # reads the pages' declarations
    "scenes": 3.05,  # what of a page is shown in a hall
    "experiments": 3,
    "statistics": 3,
    "pages": 3,
    "plots": 3.1,  # draws what statistics computed
    "training": 3.2,
    "widgets": 4,
    "server": 4,  # in JupyterLab's server, not in the kernel
    "grading": 4,
    "guest": 4.1,  # adds to a Python that is there what the course needs
    "desk": 4.1,  # copies and settings for who opens pages; needs the installation
    "site": 4.5,  # runs pages whose panels are widgets
    "installation": 4,  # makes the environment: imports nothing of the course
    "commands": 5,
    "__main__": 5,  # finds commands by their files
}
# Members of these may import one another.
FAMILIES = {
    "equations",
    "parts",
    "agents",
    "map",
    "museum",
    "training",
    "plots",
    "widgets",
    "grading",
    "site",
}
FILES = sorted(PACKAGE.rglob("*.py"))


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def imports(path):
    """Every module that a file imports, at its top or inside a function, as full names."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{origin}.{alias.name}"
                found.add(full if full in MODULES else origin)
    return found


def course_imports(path):
    return {name for name in imports(path) if name.split(".")[0] == "rlcourse" and name != "rlcourse"}


def room(name):
    """`rlcourse.parts.memory` -> `parts`."""
    return name.split(".")[1]


def floor(name):
    assert room(name) in FLOORS, (
        f"{name} stands on no floor of the design: give it one in {Path(__file__).name}"
    )
    return FLOORS[room(name)]


@pytest.mark.parametrize("name", [name for name in MODULES if name != "rlcourse"])
def test_no_import_goes_up_or_across_the_hall(name):
    for other in course_imports(MODULES[name]) - {name}:
        assert other in MODULES, f"{name} imports {other}, which is no module of the course"
        lower = floor(other) < floor(name)
        at_home = room(other) == room(name) and room(name) in FAMILIES
        own_package = name.startswith(other + ".") or other.startswith(name + ".")
        assert lower or at_home or own_package, (
            f"{name} (floor {floor(name)}) imports {other} (floor {floor(other)})"
        )


def test_no_imports_run_in_a_circle():
    graph = {name: course_imports(path) & set(MODULES) - {name} for name, path in MODULES.items()}
    done, under_way = set(), []

    def visit(name):
        assert name not in under_way, f"a circle: {' -> '.join([*under_way[under_way.index(name) :], name])}"
        if name not in done:
            under_way.append(name)
            for other in sorted(graph[name]):
                visit(other)
            done.add(under_way.pop())

    for name in graph:
        visit(name)


def algorithms():
    return [path for path in sorted((PACKAGE / "algorithms").glob("*.py")) if path.name != "__init__.py"]


@pytest.mark.parametrize("path", algorithms(), ids=lambda path: path.stem)
def test_an_algorithm_stands_alone_in_at_most_150_lines(path):
    others = {
        name for name in course_imports(path) if room(name) == "algorithms" and name != module_name(path)
    }
    assert not others, f"{path.name} imports {others}: an algorithm imports no other"
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 150, f"{path.name} has {lines} lines, 150 are allowed"


def methods():
    """The files of the map, one method each."""
    kept = {"__init__", "papers", "record"}
    return [path for path in sorted((PACKAGE / "map").glob("*.py")) if path.stem not in kept]


@pytest.mark.parametrize("path", methods(), ids=lambda path: path.stem)
def test_a_method_of_the_map_takes_at_most_100_readable_lines(path):
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    assert lines <= 100, f"{path.name} has {lines} lines, 100 are allowed"
    bodies = [
        node.body for node in ast.walk(ast.parse(text)) if isinstance(getattr(node, "body", None), list)
    ]
    starts = [statement.lineno for body in bodies for statement in body]
    assert len(starts) == len(set(starts)), f"{path.name} has several statements on a line"


def test_only_widgets_imports_ipywidgets():
    users = {
        name for name, path in MODULES.items() if {n.split(".")[0] for n in imports(path)} & {"ipywidgets"}
    }
    assert users <= {"rlcourse.widgets.display"}


def test_equations_import_only_numpy_torch_and_the_standard_library():
    allowed = {"numpy", "torch", "rlcourse", *sys.stdlib_module_names}
    for name, path in MODULES.items():
        if room(name + ".") == "equations":
            foreign = {other.split(".")[0] for other in imports(path)} - allowed
            assert not foreign, f"{name} imports {foreign}"


INSIDE = PACKAGE / "grading" / "sandbox" / "inside"
JUDGES = {"judging", "sandbox", "nbgrader", "batch", "preprocessor", "__main__"}  # these meet strangers' code


@pytest.mark.parametrize("path", sorted(INSIDE.glob("*.py")), ids=lambda path: path.stem)
def test_what_is_mounted_in_the_sandbox_imports_nothing_of_the_package(path):
    siblings = {sibling.stem for sibling in INSIDE.glob("*.py")}
    tops = {name.split(".")[0] for name in imports(path)}
    assert tops <= {*sys.stdlib_module_names, *siblings, "numpy", "torch"}
    at_the_top = ast.parse(path.read_text(encoding="utf-8")).body
    named = {alias.name for node in at_the_top if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module for node in at_the_top if isinstance(node, ast.ImportFrom)}
    assert "torch" not in {name.split(".")[0] for name in named}, "torch only where it is asked for"


def beside_the_judge():
    """Modules of grading that no judge lives in: exercises, wherever they lie, and what they are made of."""
    modules = [name.split(".") for name in MODULES if name.startswith("rlcourse.grading.")]
    return [".".join(parts) for parts in modules if parts[2] not in JUDGES]


@pytest.mark.parametrize("name", beside_the_judge())
def test_exercises_import_no_judge(name):
    """What `check` needs of the sandbox is the observer, and it lies in `inside`."""
    judges = {other for other in course_imports(MODULES[name]) if other.startswith("rlcourse.grading.")}
    judges = {other for other in judges if other.split(".")[2] in JUDGES}
    assert {other for other in judges if not other.startswith("rlcourse.grading.sandbox.inside")} == set()


def test_the_sandbox_knows_neither_exercises_nor_judge():
    for name in MODULES:
        if name.startswith("rlcourse.grading.sandbox"):
            others = course_imports(MODULES[name])
            assert {other for other in others if not other.startswith("rlcourse.grading.sandbox")} == set()


def test_the_room_called_nbgrader_does_not_stand_before_the_real_one():
    """Its files import the real one by its full name, and so does everything beside it."""
    nbgrader = pytest.importorskip("nbgrader", reason="NOT CHECKED: nbgrader is not installed")
    from rlcourse.grading import nbgrader as ours
    from rlcourse.grading.nbgrader.preprocessor import Judge

    assert nbgrader is not ours and not Path(nbgrader.__file__).is_relative_to(PACKAGE)
    assert ours.configure.__module__ == "rlcourse.grading.nbgrader.preprocessor"
    assert "nbgrader.preprocessors.base" in {base.__module__ for base in Judge.__mro__}
    for path in (PACKAGE / "grading").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path} imports relatively"


def test_there_is_no_drawer_called_utils():
    drawers = {"utils", "util", "helpers", "common", "misc"}
    assert not [name for name in MODULES if name.split(".")[-1] in drawers]


def test_no_class_inherits_deeper_than_one():
    parents = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                parents[node.name] = {base.id for base in node.bases if isinstance(base, ast.Name)}
    deep = {
        f"{child} -> {parent} -> {grandparent}"
        for child, bases in parents.items()
        for parent in bases & set(parents)
        for grandparent in parents[parent] & set(parents)
    }
    assert not deep


COMMANDS = sorted((PACKAGE / "commands").glob("*.py"))


def test_the_files_that_an_old_python_meets_are_written_for_it():
    for path in [*COMMANDS, *(PACKAGE / f"{name}.py" for name in ("__init__", "__main__", "installation"))]:
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


def runs_before_the_environment(path):
    functions = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if hasattr(node, "args")]
    return "start" in {function.name for function in functions}


def test_what_runs_before_the_environment_imports_only_the_standard_library():
    early = [PACKAGE / "commands" / "__init__.py", *filter(runs_before_the_environment, COMMANDS)]
    assert {"lab", "test"} <= {path.stem for path in early}
    for path in [PACKAGE / "installation.py", PACKAGE / "desk.py", PACKAGE / "__main__.py", *early]:
        foreign = {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names) - {"rlcourse"}
        assert not foreign, f"{path.name} imports {foreign}"
        assert course_imports(path) <= {"rlcourse.installation", "rlcourse.desk"}
    assert not course_imports(PACKAGE / "installation.py")


def test_a_command_says_in_its_file_what_it_does_and_no_two_have_one_place():
    from rlcourse.__main__ import commands

    known = commands()
    assert set(known) == {path.stem for path in COMMANDS} - {"__init__"}
    assert len({command.place for command in known.values()}) == len(known)
    for path in COMMANDS:
        if path.stem != "__init__":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert len(functions & {"main", "start"}) == 1


def python(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_import_rlcourse_is_light_and_takes_at_most_0_3_seconds():
    program = """
import sys, time
start = time.perf_counter()
import rlcourse
print(time.perf_counter() - start)
heavy = {"torch", "numpy", "scipy", "matplotlib", "gymnasium", "ipywidgets", "IPython"}
print(sorted(heavy & set(sys.modules)))
"""
    seconds, heavy = zip(*(python(program).splitlines() for _ in range(3)), strict=True)
    assert set(heavy) == {"[]"}
    assert min(map(float, seconds)) <= 0.3


def test_no_module_of_the_package_imports_what_it_does_not_declare():
    about = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = about["optional-dependencies"]
    declared = about["dependencies"] + extras["test"] + extras["instructor"] + extras["cluster"]
    declared += extras["video"] + extras["site"]
    names = {re.match(r"[\w-]+", line).group().replace("-", "_").lower() for line in declared}
    names |= {"pil"} if "pillow" in names else set()  # as it is imported
    # These come with jupyterlab and ipykernel.
    come_along = {"IPython", "nbclient", "jupyter_client", "jupyter_server", "tornado", "traitlets"}
    come_along |= {"docutils"}  # with sphinx
    for name, path in MODULES.items():
        foreign = (
            {other.split(".")[0] for other in imports(path)} - set(sys.stdlib_module_names) - {"rlcourse"}
        )
        foreign -= {sibling.stem for sibling in path.parent.glob("*.py")}  # the judge's child stands alone
        assert {f.lower() for f in foreign - come_along} <= names, f"{name} imports {foreign}"


def kernels_started(path):
    """Lines that start a kernel by nbclient or jupyter_client -> whether they say how long it may take."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in ("NotebookClient", "ExecutePreprocessor", "start_new_kernel"):
                yield node.lineno, "startup_timeout" in {word.arg for word in node.keywords}


def test_every_start_of_a_kernel_has_a_fuse_that_a_busy_machine_does_not_reach():
    """nbclient's own is 60 s: under load 18 on two cores a kernel took longer, and the site was not built."""
    files = [*MODULES.values(), *Path(__file__).parent.rglob("*.py")]
    found = {f"{path.name}:{line}": said for path in files for line, said in kernels_started(path)}
    assert len(found) >= 4 and [place for place, said in found.items() if not said] == []
    assert fuse(60) <= notebooks.KERNEL_STARTS


def public_functions(path):
    """Functions and methods that others call: not nested, no underscore, not of a class with one."""

    def of(body, inside=""):
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from of(node.body, f"{node.name}.")
            elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield inside + node.name, node

    return of(ast.parse(path.read_text(encoding="utf-8")).body)


@pytest.mark.parametrize("name", MODULES)
def test_public_signatures_are_annotated(name):
    """Exercises are left out: their parameters are the student's, and their docstrings say the shapes.

    So are the specimens of the museum: a page shows them beside the equations whose parameters they have.
    """
    specimens = name.startswith("rlcourse.museum.") and not name.endswith((".exhibit", ".ladder"))
    if ".exercises.hw" in name or ".exercises._" in name or specimens:
        return
    for function, node in public_functions(MODULES[name]):
        a = node.args
        named = [x for x in (*a.posonlyargs, *a.args, *a.kwonlyargs) if x.arg not in ("self", "cls")]
        bare = [x.arg for x in named if x.annotation is None]
        assert not bare, f"{name}.{function}: {bare} without annotation"
        assert node.returns is not None, f"{name}.{function} returns what?"
