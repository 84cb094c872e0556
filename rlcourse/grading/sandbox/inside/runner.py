"""Runs a student's cells and calls their functions, in the sandbox. Holds no answers.

It imports nothing of rlcourse. All that comes back is data to the judge, whoever wrote it: a student who
forges a frame forges a wrong value.

A frame is four bytes of length, then JSON. Messages and replies:
    {"cell": {"role": "given" | "helper" | "solution", "name": …, "source": …}}  ->  {"error": text or null}
    {"run": i}                                                                   ->  {"error": text or null}
    {"observe": spec of an exercise, "cases": […]}                               ->  {"answers": […]}
"""

import ast
import base64
import builtins
import json
import os
import re
import resource
import sys
import types


def serve(limits):
    """Answer on standard input and output until the judge closes them; then end, whatever is still open."""
    limits = {
        resource.RLIMIT_AS: limits["memory"],
        resource.RLIMIT_CPU: int(limits["total"]) + 1,
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_NOFILE: 256,
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

    work = Work(observer)
    while header := requests.read(4):
        message = json.loads(requests.read(int.from_bytes(header, "big")))
        body = json.dumps(work.answer(message)).encode()
        replies.write(len(body).to_bytes(4, "big") + body)
        replies.flush()
    os._exit(0)


class Work:
    """The student's namespace, and the statements of each cell that are worth running."""

    def __init__(self, driver):
        self.driver = driver
        self.module = types.ModuleType("__main__")
        sys.modules["__main__"] = self.module
        self.cells, self.planned = [], False

    def answer(self, message):
        if "cell" in message:
            self.cells.append(Cell(**message["cell"]))
            return {"error": self.cells[-1].error}
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


class Cell:
    """One code cell, as statements; `error` holds the syntax error, if it has one."""

    def __init__(self, role, name, source):
        self.role, self.name, self.error = role, name, None
        self.where = f"<cell {name}>"
        try:
            try:
                self.statements = list(split(ast.parse(source, self.where).body))
            except SyntaxError:  # perhaps only IPython's magics
                plain = re.sub(r"(?m)^(\s*)[%!?].*$", r"\1pass", source)
                self.statements = list(split(ast.parse(plain, self.where).body))
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            self.statements = []
            self.error = one_line(error, getattr(error, "lineno", None))
        last = {name: s for s in self.statements for name in bound(s)} if role == "solution" else {}
        self.stubs = {name for name, statement in last.items() if is_stub(statement)}

    def run(self, namespace):
        """Statement by statement: one that fails costs only itself. The first error, as one line."""
        first = self.error
        for statement in self.statements:
            try:
                code = compile(ast.Module([statement], []), self.where, "exec")
                exec(code, namespace)
            except BaseException as error:
                first = first or one_line(error, statement.lineno)
        return first


def is_stub(statement):
    """A function left as it was handed out: after its docstring it only raises NotImplementedError."""
    if not isinstance(statement, ast.FunctionDef):
        return False
    body = [s for s in statement.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return bool(body) and isinstance(body[0], ast.Raise) and "NotImplementedError" in ast.dump(body[0])


def split(statements):
    """`import a, b` as two statements: one that fails, or that nobody needs, leaves the other alone."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (ast.copy_location(ast.Import([alias]), statement) for alias in statement.names)
        else:
            yield statement


def one_line(error, line=None):
    try:
        text = str(getattr(error, "msg", None) or error)
    except Exception:
        text = ""
    where = f" in line {line}" if line else ""
    return f"{type(error).__name__}{where}: {' '.join(text.split())[:200]}"


def keep_what_is_needed(cells):
    """Drop from given and helper cells each statement that no solution cell needs, even through others.

    Solution cells run whole. Experiments, plots and trainings do not run, nor do imports that nobody uses.
    """
    solutions = [s for cell in cells if cell.role == "solution" for s in cell.statements]
    others = [(cell, s) for cell in cells if cell.role != "solution" for s in cell.statements]
    theirs = {name for s in solutions for name in bound(s)}
    needed = {name for s in solutions for name in used(s)} - theirs
    kept = set()
    while True:
        new = [s for _, s in others if id(s) not in kept and ("*" in (names := bound(s)) or names & needed)]
        if not new:
            break
        kept.update(id(s) for s in new)
        needed |= {name for s in new for name in used(s)} - theirs
    for cell in cells:
        if cell.role != "solution":
            cell.statements = [s for s in cell.statements if id(s) in kept]


def bound(statement):
    """Names that a statement binds or changes: x = …, import x, def x, x[0] = …, x.append(…)."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):  # a name, x.y or x[0]
            names.add(root(node))
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        names |= {root(statement.value.func)} if isinstance(statement.value.func, ast.Attribute) else set()
    return names - {None}


def root(node):
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def used(statement):
    """Names that a statement reads from outside: what it loads, less a function's own variables."""
    loads = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    loads |= bound(statement) if isinstance(statement, ast.AugAssign) else set()
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        local = {n.arg for n in ast.walk(statement) if isinstance(n, ast.arg)}
        local |= {n.id for n in ast.walk(statement.body and ast.Module(statement.body, [])) if stored(n)}
        loads -= local
        outside = (*statement.decorator_list, *statement.args.defaults)
        loads |= {n.id for part in outside for n in ast.walk(part) if isinstance(n, ast.Name)}
    return loads - set(dir(builtins))


def stored(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def encode(value):
    """An array as {"shape", "data"} in float64; anything else as text."""
    import numpy as np

    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value, dtype="<f8")
        return {"shape": list(value.shape), "data": base64.b64encode(array.tobytes()).decode()}
    return str(value)[:500]


def decode(value):
    """The array of {"dtype", "shape", "data"}; numbers, truth values and strings are themselves."""
    import numpy as np

    if isinstance(value, dict):
        data = base64.b64decode(value["data"])
        return np.frombuffer(data, value["dtype"]).reshape(value["shape"]).copy()
    return value
