"""Sources to notebooks: `notebooks/source/*.py` (py:percent, the truth) -> `notebooks/lectures/*.ipynb`.

One way, and the same bytes every time: no outputs, no clock, no random ids. A cell's id is its nbgrader
`grade_id`, or else a hash of its text, so that a cell keeps its id while others come and go.

And which cells of a page one of them needs (`needed_cells`), so that a lab can be opened, tested or recorded
without the rest of its page.
"""

from __future__ import annotations

import argparse
import ast
import functools
import hashlib
import itertools
import re
import symtable
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rlcourse import form

if TYPE_CHECKING:
    from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "notebooks" / "source"
LECTURES = ROOT / "notebooks" / "lectures"
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SECONDS_A_PAGE = 90  # what a page may take, run from the top on two busy cores
KERNEL_STARTS = 300  # s, a fuse: nbclient's own 60 is too little where many processes share two cores


def compile_source(path: Path | str) -> NotebookNode:
    """The notebook (nbformat 4.5) that a py:percent source describes; cells keep their metadata and tags.

    `form.dress` adds what every page has: head and foot, folds, hidden code, slides.
    """
    import jupytext
    import nbformat

    path = Path(path)
    try:
        cells = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent").cells
    except Exception as error:  # whatever jupytext or nbformat says of a malformed source
        raise ValueError(f"{path}: not a py:percent source: {str(error).splitlines()[0]}") from error
    try:
        cells = form.dress(cells, path)
    except ValueError as error:
        raise ValueError(f"{shown(path)}: {error}") from error
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


def cell_name(cell: NotebookNode) -> str:
    """`grade_id` where there is one; else twelve digits of the hash of the cell's kind and text."""
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
    if grade_id:
        return re.sub(r"[^\w-]", "-", grade_id, flags=re.ASCII)[:64]
    return hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]


def notebook_bytes(notebook: NotebookNode) -> bytes:
    """The file of a notebook, byte for byte the same for the same notebook."""
    import nbformat

    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode()


def build(check: bool = False, sources: Path = SOURCES, lectures: Path = LECTURES) -> list[str]:
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


def lengths(sources: Path = SOURCES) -> str:
    """How long each page is, as a table of text."""
    pages = sorted(Path(sources).glob("[0-9][0-9]*.py"))
    return form.table({page.stem: compile_source(page).cells for page in pages})


def shown(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


@dataclass(frozen=True)
class Names:
    """What a piece of code does with the names of its page."""

    uses: frozenset = frozenset()  # read at once, before the piece itself binds them
    later: frozenset = frozenset()  # read by the bodies of its functions, whenever those are called
    binds: frozenset = frozenset()  # bound, perhaps: x = …, def x, import x
    always: frozenset = frozenset()  # of these, bound whatever happens: what stood above is forgotten
    changes: frozenset = frozenset()  # changed in place: x[0] = …, x.append(…)
    imports: frozenset = frozenset()  # bound by an import

    def then(self, other: Names) -> Names:
        """Of this piece and `other` below it."""
        return Names(
            self.uses | (other.uses - self.always), self.later | other.later, self.binds | other.binds,
            self.always | other.always, self.changes | other.changes, self.imports | other.imports,
        )  # fmt: skip

    def perhaps(self) -> Names:
        """Of a piece that may not run (the body of an `if` or a loop)."""
        return replace(self, always=frozenset())


def code_cells(notebook: dict) -> list[str]:
    """The sources of a notebook's code cells, in their order."""
    sources = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [source if isinstance(source, str) else "".join(source) for source in sources]


def needed_cells(cells: list[str], wanted: int) -> list[int]:
    """The cells, as indices in order, that must have run for `wanted` to run as it does after all above it.

    `wanted` is the last of them. A name that several cells bind comes from the nearest one above that surely
    binds it, and from those in between that may have bound or changed it. What a function reads is looked up
    above every needed cell that could call it. A cell that changes a thing only by handing it to a function
    (`shuffle(x)`) is not seen: bind the name in that cell, or change and make it in one cell.
    """
    names = [names_of(source) for source in cells[: wanted + 1]]
    imported = {name for cell in names for name in cell.imports}  # plots.show(fig) changes no module
    needed, seen = {wanted}, set()
    while True:
        asked = {(name, cell) for cell in needed for name in names[cell].uses}
        for maker in needed:
            callers = [cell for cell in needed if cell >= maker]
            asked |= set(itertools.product(names[maker].later, callers))
        if asked <= seen:
            return sorted(needed)
        for name, cell in asked - seen:
            for above in range(cell - 1, -1, -1):
                if name in names[above].binds | (names[above].changes - imported):
                    needed.add(above)
                if name in names[above].always:
                    break
        seen |= asked


@functools.cache  # a page asks for each of its panels
def names_of(source: str) -> Names:
    """The names that a cell uses, binds and changes. Raises SyntaxError where it is not Python."""
    return of_statements(ast.parse(plain(source)).body)


def plain(source: str) -> str:
    """A cell as Python: IPython's magics become the calls that they stand for."""
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


def of_statements(statements: list[ast.stmt]) -> Names:
    return functools.reduce(Names.then, map(of_statement, statements), Names())


def of_statement(statement: ast.stmt) -> Names:
    match statement:
        case ast.If(test=test, body=body, orelse=orelse):
            one, other = of_statements(body), of_statements(orelse)
            branches = replace(one.perhaps().then(other.perhaps()), always=one.always & other.always)
            return of_code(ast.Expr(test)).then(branches)
        case ast.For(target=target, iter=iterable, body=body, orelse=orelse):
            loop = of_code(ast.Assign([target], iterable, lineno=0)).then(of_statements(body))
            return loop.perhaps().then(of_statements(orelse).perhaps())
        case ast.While(test=test, body=body, orelse=orelse):
            return of_code(ast.Expr(test)).then(of_statements(body + orelse).perhaps())
        case ast.With(items=items, body=body):
            bind = [ast.Assign([i.optional_vars], i.context_expr, lineno=0) for i in items if i.optional_vars]
            bind += [ast.Expr(item.context_expr) for item in items if not item.optional_vars]
            return of_statements(bind + body)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            parts = (body, *(handler.body for handler in handlers), orelse)
            perhaps = [of_statements(part).perhaps() for part in parts]
            return functools.reduce(Names.then, perhaps).then(of_statements(final))
    return of_code(statement)


def of_code(statement: ast.stmt) -> Names:
    """Of a statement that holds no other statements of the page's own level."""
    module = ast.fix_missing_locations(ast.Module([statement], []))
    table = symtable.symtable(ast.unparse(module), "<cell>", "exec")  # Python's own reading of the scopes
    at_once, later, rebound = of_scopes(table)
    uses = at_once | {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    bound, changed = bound_by(statement), changed_by(statement)
    if isinstance(statement, ast.AugAssign):
        uses |= bound
    imported = bound if isinstance(statement, ast.Import | ast.ImportFrom) else ()
    found = Names(*map(frozenset, (uses | changed, later, bound | rebound, bound, changed, imported)))
    return found.perhaps() if isinstance(statement, ast.Match) else found


def of_scopes(table: symtable.SymbolTable) -> tuple[set, set, set]:
    """Names of the page that the scopes inside read at once (comprehensions, classes), later, and bind."""
    at_once, later, rebound = set(), set(), set()
    for scope in table.get_children():
        symbols, is_class = scope.get_symbols(), scope.get_type() == "class"
        outside = {s.get_name() for s in symbols if s.is_referenced() and (s.is_global() or is_class)}
        inner_at_once, inner_later, inner_rebound = of_scopes(scope)
        rebound |= inner_rebound
        rebound |= {s.get_name() for s in symbols if s.is_declared_global() and s.is_assigned()}
        if is_class or scope.get_name().strip("<>") in ("listcomp", "setcomp", "dictcomp", "genexpr"):
            at_once |= outside | inner_at_once
            later |= inner_later
        else:
            later |= outside | inner_at_once | inner_later
    return at_once, later, rebound


def bound_by(node: ast.AST) -> set[str]:
    """Names that a piece of code binds where it stands; what functions and comprehensions bind is theirs."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return set()
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {alias.asname or alias.name.split(".")[0] for alias in names}
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return {name}
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return {name}
    return set().union(*map(bound_by, ast.iter_child_nodes(node)))


def changed_by(statement: ast.stmt) -> set[str]:
    """Names whose thing a statement changes in place: x[0] = …, x.y = …, del x[0], x.append(…)."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return set()
    stored = ast.Store | ast.Del
    places = [node for node in ast.walk(statement) if isinstance(getattr(node, "ctx", None), stored)]
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        places.append(statement.value.func)
    return {root(place) for place in places if isinstance(place, ast.Attribute | ast.Subscript)} - {None}


def root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def calls(source: str, names: set[str]) -> list[str]:
    """Which of the functions `names` a cell calls, in its order."""
    nodes = [node for node in ast.walk(ast.parse(plain(source))) if isinstance(node, ast.Call)]
    found = [node.func for node in nodes if isinstance(node.func, ast.Name) and node.func.id in names]
    return [func.id for func in sorted(found, key=lambda func: (func.lineno, func.col_offset))]


def run_cells(cells: list[str], indices: list[int], namespace: dict | None = None) -> dict:
    """Run some of a page's cells, in their order, in a fresh namespace or the given one; returns it.

    As Python, without a kernel: magics fail, and a cell's last line is not displayed. What a cell raises is
    raised, after the number and the first line of the cell.
    """
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    for index in indices:
        try:
            exec(compile(plain(cells[index]), f"<cell {index}>", "exec"), namespace)
        except Exception as error:
            error.add_note(f"in code cell {index}, which begins `{cells[index].strip().splitlines()[0]}`")
            raise
    return namespace


def main(
    arguments: Sequence[str] | None = None, builders: Sequence[Callable] = (build,),
    report: Callable[[], str] = lengths,
) -> int:  # fmt: skip
    """`python3 -m rlcourse build [--check]`. Each of `builders` takes `check` and tells what was stale.

    With --check it also prints `report()`.
    """
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
    if check:
        print(report())
    for line in stale:
        print(line if check else line.replace(" differs from ", " compiled from "))
    if check and stale:
        print("stale: run python3 -m rlcourse build")
    return int(check and bool(stale))
