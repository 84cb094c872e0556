"""Runs a student's cells and calls their functions, in the sandbox. Holds no answers.

It imports nothing of rlcourse. All that comes back is data to the judge, whoever wrote it: a student who
forges a frame forges a wrong value.

A frame is four bytes of length, then JSON. Messages and replies; each has a number "n", which comes back:
    {"cell": {"role": "given" | "helper" | "solution", "name": …, "source": …}}  ->  {"error": text or null}
    {"plan": {exercise: how many cells stand above its test}}                    ->  {"more": [exercise, …]}
    {"run": i}                                                                   ->  {"error": text or null}
    {"observe": spec of an exercise, "cases": […]}                               ->  {"answers": […]}

What of the cells is run. With a plan: the statements that the exercises need, directly or through others, by
the names that their compiled code loads; not what only computes (a loop), though it may fill a table that is
needed. "more" names the exercises for which more could run, and then their answers could differ: without a
plan solution cells run whole, and of the others every statement that is needed.
"""

import __future__

import ast
import base64
import builtins
import dis
import functools
import importlib
import importlib.util
import inspect
import json
import linecache
import os
import resource
import sys
import types
from collections.abc import Callable, Collection, Iterator


def serve(limits: dict) -> None:
    """Answer on standard input and output until the judge closes them; then end, whatever is still open."""
    limits = {
        resource.RLIMIT_AS: limits["memory"],
        resource.RLIMIT_CPU: int(limits["total"]) + 1,
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_NOFILE: 96,  # each open socket may hold 0.4 MB that no process's size shows
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in limits.items():
        if value is not None:
            resource.setrlimit(limit, (value, value))
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # prints and warnings cost nothing and go nowhere
        os.dup2(null, stream)
    import observer

    work, loads, dumps = Work(observer), json.loads, json.dumps  # held, should a student's code patch json
    while header := requests.read(4):
        message = loads(requests.read(int.from_bytes(header, "big")))
        body = dumps(work.answer(message) | {"n": message.get("n")}).encode()
        replies.write(len(body).to_bytes(4, "big") + body)
        replies.flush()
    os._exit(0)


class Work:
    """The student's namespace, and the statements of each cell that are worth running."""

    def __init__(self, driver: types.ModuleType):
        self.driver = driver
        self.module = types.ModuleType("__main__")
        sys.modules["__main__"] = self.module
        sys.path.insert(0, "")  # as in a kernel: modules beside the notebook
        self.cells, self.planned = [], False
        builtins.display = nothing  # a kernel has these two
        builtins.get_ipython = Shell

    def answer(self, message: dict) -> dict:
        if "cell" in message:
            self.cells.append(Cell(**message["cell"]))
            return {"error": self.cells[-1].error}
        if "plan" in message:
            self.planned = True
            return {"more": plan(self.cells, message["plan"])}
        if not self.planned:
            keep_what_is_needed(self.cells)
            self.planned = True
        if "run" in message:
            return {"error": self.cells[message["run"]].run(vars(self.module))}
        spec = message["observe"]
        name = spec["name"]
        if any(name in cell.stubs for cell in self.cells):  # as it was handed out
            return {"answers": [{"error": f"`{name}` is not written yet", "kind": "not_implemented"}]}
        try:
            cases = [{key: decode(value) for key, value in case.items()} for case in message["cases"]]
            function = vars(self.module).get(name)
            answers = self.driver.observe(spec, function, cases)
        except BaseException as error:  # KeyboardInterrupt, or a driver that the student has rewritten
            answers = [{"error": f"{type(error).__name__} instead of an answer", "kind": "exception"}]
        return {"answers": [{key: encode(value) for key, value in answer.items()} for answer in answers]}


def nothing(*arguments: object, **options: object) -> None:
    """What `display` shows here."""


class Shell:
    """`get_ipython()` where there is none: magics and `!commands` do nothing."""

    def __getattr__(self, name):
        return nothing

    def getoutput(self, *arguments: object, **options: object) -> list[str]:
        return []

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        if name == "writefile":
            with open(line.split()[-1], "w") as file:
                file.write(cell)


class Cell:
    """One code cell, as statements; `error` holds the syntax error, if it has one."""

    def __init__(self, role: str, name: str, source: str):
        self.role, self.name, self.error = role, name, None
        self.where = f"<cell {name}>"
        lines = source.splitlines(
            keepends=True
        )  # as in a kernel: for inspect.getsource, and so for torch.jit
        linecache.cache[self.where] = (len(source), None, lines, self.where)
        try:
            nodes = list(split(parse(source, self.where)))
            self.statements = [Statement(node, self.where, future(nodes)) for node in nodes]
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            self.statements = []
            self.error = one_line(error, getattr(error, "lineno", None))
        last = {name: s for s in self.statements for name in s.binds} if role == "solution" else {}
        self.stubs = {name for name, statement in last.items() if is_stub(statement.node)}

    def run(self, namespace: dict) -> str | None:
        """Statement by statement: one that fails costs only itself. The first error, as one line."""
        first = self.error
        for statement in self.statements:
            try:
                code = statement.code()
                if code.co_flags & inspect.CO_COROUTINE:  # await at the top of a cell, as a kernel allows it
                    loop().run_until_complete(eval(code, namespace))
                else:
                    exec(code, namespace)
            except BaseException as error:
                first = first or one_line(error, statement.node.lineno)
        return first


@functools.cache
def loop() -> object:
    """The one loop on which cells await, as in a kernel."""
    import asyncio

    return asyncio.new_event_loop()


def parse(source: str, where: str) -> list[ast.stmt]:
    """A cell's statements. What is no Python goes through IPython's own reading of cells first."""
    try:
        return ast.parse(source, where).body
    except SyntaxError:
        if IPYTHON is None:
            raise
        source = IPYTHON().transform_cell(source)
        return [part for node in ast.parse(source, where).body for part in unfolded(node, where)]


def load_ipython() -> None:
    """IPython's input transformer, without the rest of IPython. The fork server calls this once."""
    global IPYTHON
    found = importlib.util.find_spec("IPython")
    if found is None:
        return
    home, before = found.submodule_search_locations[0], set(sys.modules)
    for name in ("IPython", "IPython.core", "IPython.utils"):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [os.path.join(home, *name.split(".")[1:])]
    try:
        IPYTHON = importlib.import_module("IPython.core.inputtransformer2").TransformerManager
    finally:  # a student who imports IPython gets all of it
        for name in set(sys.modules) - before:
            if name.split(".")[0] == "IPython":
                del sys.modules[name]


IPYTHON = None
RUNS_ITS_TEXT = {"time": 0, "capture": 1, "prun": 1}  # magics whose text runs in the student's namespace


def unfolded(node: ast.stmt, where: str) -> list[ast.stmt]:
    """`%time x = 1` and the cell below `%%time` as the statements that they run."""
    call = node.value if isinstance(node, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        words = [a.value for a in call.args if isinstance(a, ast.Constant)]
        if call.func.attr == "run_line_magic" and words[:1] == ["time"]:
            return moved(parse(words[1], where), node.lineno - 1)
        if call.func.attr == "run_cell_magic" and words and words[0] in RUNS_ITS_TEXT:
            return moved(parse(words[2], where), node.lineno)
    return [node]


def moved(nodes: list[ast.stmt], lines: int) -> list[ast.stmt]:
    return [ast.increment_lineno(node, lines) for node in nodes]


class Statement:
    """A statement of a cell: the names that it binds or changes, and those that it loads from outside."""

    def __init__(self, node: ast.stmt, where: str, flags: int):
        self.node, self.where, self.flags, self._code, self._uses = node, where, flags, None, None
        self.binds = bound(node)
        self.defines = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        self.imports = isinstance(node, (ast.Import, ast.ImportFrom))
        modules = [a.name for a in getattr(node, "names", ())] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        self.brings_torch = any(
            name.split(".")[0] == "torch" for name in modules
        )  # then arrays may be its own
        self.calls = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        self.computes = not self.defines and has_loop(node)
        self.writes = self.calls and "'writefile'" in ast.unparse(node)[:60]  # a module that others import

    def code(self) -> types.CodeType:
        if self._code is None:
            module = ast.Module([self.node], [])
            flags = self.flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            self._code = compile(module, self.where, "exec", flags=flags, dont_inherit=True)
        return self._code

    @property
    def uses(self) -> set[str]:
        if self._uses is None:
            try:
                self._uses = globals_of(self.code()) - BUILTIN
            except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
                self._uses = set()
        return self._uses

    @functools.cached_property
    def called(self) -> set[str]:
        """Names of functions that it calls when it runs, as decorators too; not from inside a function."""
        return set(called_by(self.node))

    @functools.cached_property
    def declares(self) -> set[str]:
        """Names that a function of it declares global."""
        return {name for node in ast.walk(self.node) if isinstance(node, ast.Global) for name in node.names}


def called_by(statement: ast.stmt) -> Iterator[str]:
    waiting = [statement]
    while waiting:  # no recursion: a sum of thousands of terms is as deep
        node = waiting.pop()
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from (d.id for d in node.decorator_list if isinstance(d, ast.Name))
            waiting += node.decorator_list + (node.body if isinstance(node, ast.ClassDef) else [])
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        waiting += ast.iter_child_nodes(node)


def future(nodes: list[ast.stmt]) -> int:
    """What `from __future__ import …` in a cell asks of all its statements."""
    names = [
        a.name for n in nodes if isinstance(n, ast.ImportFrom) and n.module == "__future__" for a in n.names
    ]
    return sum({getattr(__future__, name).compiler_flag for name in names if hasattr(__future__, name)})


BUILTIN = frozenset(dir(builtins))


def globals_of(code: types.CodeType) -> set[str]:
    """Names that compiled code loads from its module, in functions and classes too."""
    names, own = set(), set()
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_CLASSDEREF", "DELETE_NAME"):
            names.add(instruction.argval)
        elif instruction.opname == "STORE_NAME" and code.co_name != "<module>":
            own.add(instruction.argval)  # of a class
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= globals_of(constant)
    return names - own


def has_loop(node: ast.stmt) -> bool:
    """Does a statement run a loop at its top level, outside of functions that it defines?"""
    if isinstance(node, (ast.For, ast.While, ast.AsyncFor)):
        return True
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return False
    return any(has_loop(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt))


def is_stub(statement: ast.stmt) -> bool:
    """A function left as it was handed out: after its docstring it only raises NotImplementedError."""
    if not isinstance(statement, ast.FunctionDef) or statement.decorator_list:
        return False
    body = [s for s in statement.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return bool(body) and isinstance(body[0], ast.Raise) and "NotImplementedError" in ast.dump(body[0])


def split(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """`import a, b` as two statements: one that fails, or that nobody needs, leaves the other alone."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (ast.copy_location(ast.Import([alias]), statement) for alias in statement.names)
        else:
            yield statement


def one_line(error: BaseException, line: int | None = None) -> str:
    try:
        text = str(getattr(error, "msg", None) or error)
    except Exception:
        text = ""
    where = f" in line {line}" if line else ""
    return f"{type(error).__name__}{where}: {' '.join(text.split())[:200]}"


def keep_what_is_needed(cells: list[Cell]) -> None:
    """Without a plan. Drop from given and helper cells each statement that no solution cell needs.

    Solution cells run whole. Experiments, plots and trainings do not run, nor do imports that nobody uses.
    """
    solutions = [s for cell in cells if cell.role == "solution" for s in cell.statements]
    others = [(cell, s) for cell in cells if cell.role != "solution" for s in cell.statements]
    theirs = {name for s in solutions for name in s.binds}
    needed = {name for s in solutions for name in s.uses} - theirs
    sets_up = effects([s for cell in cells for s in cell.statements])
    kept = closure([s for _, s in others], needed, theirs, sets_up)
    kept |= {id(s) for _, s in others if s.brings_torch}
    for cell in cells:
        if cell.role != "solution":
            cell.statements = [s for s in cell.statements if id(s) in kept]


def closure(
    statements: list[Statement],
    needed: set[str],
    without: Collection[str] = frozenset(),
    sets_up: Callable = lambda statement: frozenset(),
) -> set[int]:
    """ids of the statements that bind a needed name, or one that such a statement needs; `needed` grows.

    sets_up: (statement) -> further names that it may change, see `effects`.
    """
    kept = set()
    while True:
        new = [
            s
            for s in statements
            if id(s) not in kept and ("*" in s.binds or s.binds & needed or sets_up(s) & needed)
        ]
        if not new:
            return kept
        kept.update(id(s) for s in new)
        needed |= {name for s in new for name in s.uses} - without


def effects(statements: list[Statement]) -> Callable:
    """(statement) -> names that functions which it calls may change: `add("keep", f)`, `@register`.

    They are the module's data that such a function loads (or a function that it calls), and what it declares
    global: a table may be filled by it.
    """
    data = {n for s in statements if not s.defines and not s.imports for n in s.binds}
    defined = {s.node.name: s for s in statements if s.defines}

    @functools.cache
    def of(name):
        reached, new = set(), {name}
        while new:
            reached |= new
            new = {n for one in new for n in defined[one].uses if n in defined} - reached
        loaded = {n for one in reached for n in defined[one].uses}
        return frozenset(loaded & data | {n for one in reached for n in defined[one].declares})

    return lambda s: frozenset().union(*(of(name) for name in s.called if name in defined))


def plan(cells: list[Cell], until: dict[str, int]) -> list[str]:
    """Keep what the exercises need and what only sets something up; returns those for which more could run.

    until: {exercise: how many cells stand above its test}; the names of exercises are their own cells'.
    """
    own = {name: cell for cell in cells for name in until if (cell.role, cell.name) == ("solution", name)}
    bound_there = {name for name, cell in own.items() if any(name in s.binds for s in cell.statements)}
    usable = [
        (number, cell, s)
        for number, cell in enumerate(cells)
        for s in cell.statements
        if cell.role == "solution" or not s.binds & bound_there
    ]
    cheap = [s for _, _, s in usable if not s.computes]
    kept = closure(cheap, set(until)) | {id(s) for _, _, s in usable if s.writes or s.brings_torch}
    imported = {name for _, _, s in usable if s.imports for name in s.binds}
    needs = {name for _, _, s in usable if id(s) in kept for name in s.binds}
    for _, _, s in usable:  # np.random.seed(0), torch.set_default_dtype(torch.float64)
        if s.calls and s.binds and s.binds <= needs & imported and s.uses <= imported:
            kept.add(id(s))
        elif s.calls and s.binds & imported:  # plt.plot(x, y) changes no module
            kept.discard(id(s))
    more, sets_up = [], effects([s for _, _, s in usable])
    for name, limit in until.items():
        wanted = {name}
        closure([s for _, _, s in usable], wanted, sets_up=sets_up)
        for number, cell, s in usable:
            if id(s) in kept and number < limit:
                continue
            if (
                s.binds & wanted
                or sets_up(s) & wanted
                or (own.get(name) is cell and id(s) not in kept and not says_only(s))
            ):
                more.append(name)
                break
    for cell in cells:
        cell.statements = [s for s in cell.statements if id(s) in kept]
    return more


def says_only(statement: Statement) -> bool:
    """A call that shows something, or a value at the end of a cell."""
    node = statement.node
    if isinstance(node, (ast.Assert, ast.Pass)):
        return True
    if not isinstance(node, ast.Expr):
        return False
    shows = isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") in (
        "print",
        "check",
        "display",
    )
    return shows or not isinstance(node.value, ast.Call)


def bound(statement: ast.stmt) -> set[str]:
    """Names that a statement binds or changes: x = …, import x, def x, x[0] = …, x.append(…), @x.register."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        changed = {root(d) for d in statement.decorator_list if attribute(d)}
        return {statement.name} | changed - {None}
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):  # a name, x.y or x[0]
            names.add(root(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            if attribute(node.value.func):
                names.add(root(node.value.func))
            elif getattr(node.value.func, "id", "") in ("setattr", "delattr") and node.value.args:
                names.add(root(node.value.args[0]))
    return names - {None}


def attribute(node: ast.expr) -> bool:
    """`x.y`, or `x.y(…)` as a decorator."""
    return isinstance(node.func if isinstance(node, ast.Call) else node, ast.Attribute)


def root(node: ast.expr) -> str | None:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def encode(value: object) -> dict | str:
    """An array as {"shape", "data"} in float64; anything else as text."""
    import numpy as np

    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value, dtype="<f8")
        return {"shape": list(value.shape), "data": base64.b64encode(array.tobytes()).decode()}
    return str(value)[:500]


def decode(value: object) -> object:
    """The array of {"dtype", "shape", "data"}; numbers, truth values and strings are themselves."""
    import numpy as np

    if isinstance(value, dict):
        data = base64.b64decode(value["data"])
        return np.frombuffer(data, value["dtype"]).reshape(value["shape"]).copy()
    return value
