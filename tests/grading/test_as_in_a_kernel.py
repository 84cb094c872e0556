"""What is ✓ in a real Jupyter kernel after Run All is ✓ in the judge.

Right solutions of the banks, in every way in which a notebook may hold one, are run in a kernel of ipykernel and
judged in the sandbox. Each must be ✓ in the kernel, or the test would say nothing.
"""

import ast
import json
import os
import queue
import re
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

import rlcourse
from rlcourse.commands.test import fuse
from rlcourse.grading.exercises import EXERCISES, find
from rlcourse.grading.judging.judge import judge
from rlcourse.grading.judging.submission import parse
from rlcourse.grading.sandbox.confinement import Limits
from rlcourse.notebooks import KERNEL_STARTS

pytestmark = pytest.mark.sandbox

BANKS = Path(__file__).parent.parent / "exercises"
SEED = 5


def solutions(name):
    """{name of a right solution: (helpers' source, its own source under the exercise's name)} of a bank."""
    path = BANKS / f"hw{find(name).homework}" / f"{name}.py"
    source = path.read_text(encoding="utf-8")
    lines, helpers, found = source.splitlines(keepends=True), [], {}
    for node in ast.parse(source).body:
        begin = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        text = "".join(lines[begin : node.end_lineno])
        bound = getattr(node, "name", None) or (
            ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""
        )
        if bound.startswith("right_"):
            found[bound] = re.sub(rf"\b{bound}\b", name, text).rstrip() + "\n"
        elif not bound.startswith("wrong_"):
            helpers.append(text.rstrip() + "\n")
    kept = [text for text in helpers if not re.search(r"\bwrong_|\bright_", text)]
    return {key: ("".join(kept), text) for key, text in found.items()}


def into(function, line):
    """A line put at the beginning of a function's body, or of every method's."""
    indented = r"(?m)^( *)(def .*?(?:\n\s.*?)*?:\n)(?=( +))"
    return re.sub(indented, lambda m: f"{m.group(1)}{m.group(2)}{m.group(3)}{line}\n", function)


def is_def(function):
    return function.startswith("def ")


class Notebook:
    """Cells as (grade_id or None, source); None as grade_id: the student's own."""

    def __init__(self, name):
        self.name, self.before, self.given, self.answer, self.after = name, [], "", [], []
        self.lost_ids = False

    def cells(self, assignment):
        known = {cell.grade_id: cell.source for cell in assignment.cells}
        test = f"test-{self.name}"
        found = [("given-imports", known["given-imports"] + self.given)]
        found += [("given-course", known["given-course"])]
        found += [(None, text) for text in self.before]
        found += [(self.name, text) for text in self.answer]
        found += [(None, text) for text in self.after]
        return [*found, (test, known[test])]


WAYS = {}


def way(function):
    WAYS[function.__name__] = function
    return function


@way
def one_cell(nb, helpers, function):
    nb.answer = [helpers + function]


@way
def helpers_in_a_cell_above(nb, helpers, function):
    nb.before, nb.answer = [helpers], [function]


@way
def helpers_below_the_answer(nb, helpers, function):
    nb.answer, nb.after = [function], [helpers]


@way
def a_split_cell(nb, helpers, function):
    nb.answer = [helpers, function]


@way
def a_split_cell_with_a_trial_below(nb, helpers, function):
    nb.answer = [helpers + function, f"print({nb.name})\n{nb.name}"]


@way
def pasted_twice_with_a_trial_between(nb, helpers, function):
    nb.answer = [helpers + function, f"trial = {nb.name}", function]


@way
def ids_lost(nb, helpers, function):
    nb.answer, nb.lost_ids = [helpers + function], True


@way
def display_left_in_it(nb, helpers, function):
    nb.answer = [helpers + into(function, "display('here'); clear_output()")]
    nb.before = ["from IPython.display import clear_output, display"]


@way
def display_without_an_import(nb, helpers, function):
    nb.answer = [helpers + into(function, "display('here')")]


@way
def a_plot_left_in_it(nb, helpers, function):
    nb.before = ["import matplotlib.pyplot as plt\nplt.figure()\nplt.plot([1, 2])"]
    line = (
        "plt.plot([1, 2]); plt.close('all')" if is_def(function) else "plt.close('all')"
    )  # a buffer's is called often
    nb.answer = [helpers + into(function, line)]


@way
def tqdm_left_in_it(nb, helpers, function):
    nb.answer = ["from tqdm.auto import tqdm\n" + helpers + into(function, "list(tqdm(range(2)))")]


@way
def questions_and_commands(nb, helpers, function):
    nb.answer = [f"{helpers}{function}\n{nb.name}?\nx = !echo here\n!echo there\n%matplotlib inline\n"]


@way
def a_timing_kept(nb, helpers, function):
    nb.answer = [f"{helpers}{function}\nspent = %timeit -n1 -r1 -o 1 + 1\n%time y = 2\n"]


@way
def timed_as_a_whole(nb, helpers, function):
    nb.answer = ["%%time\n" + helpers + function]


@way
def captured_as_a_whole(nb, helpers, function):
    nb.answer = ["%%capture said\n" + helpers + function]


@way
def pasted_with_prompts(nb, helpers, function):
    text = helpers + function
    nb.before, nb.answer = [helpers], ["".join(prompted(function))] if "\n\n" not in function else [text]


def prompted(text):
    for i, line in enumerate(text.splitlines(keepends=True)):
        yield (">>> " if i == 0 else "... ") + line


@way
def indented_as_a_whole(nb, helpers, function):
    nb.answer = [textwrap.indent(helpers + function, "    ")]


@way
def helpers_added_to_a_given_cell(nb, helpers, function):
    nb.given, nb.answer = "\n" + helpers, [function]


@way
def a_stale_line_below_the_return(nb, helpers, function):
    stale = "    raise NotImplementedError('This one is yours to write.')\n"
    returns = is_def(function) and isinstance(ast.parse(function).body[0].body[-1], ast.Return)
    nb.answer = [helpers + function + (stale if returns else "")]


@way
def own_experiments_above(nb, helpers, function):
    heavy = (
        "x = reward = theta = np.random.default_rng({0}).normal(size=2_000_000)\nb{0} = x.mean()\nprint(b{0})"
    )
    nb.before, nb.answer = [heavy.format(i) for i in range(10)], [helpers + function]


@way
def a_long_experiment_below_it_in_the_same_cell(nb, helpers, function):
    nb.answer = [
        f"{helpers}{function}\nimport time\nbegin = time.time()\nwhile time.time() < begin + 1.5:\n    pass\n"
    ]


@way
def an_import_of_the_courses_own_cell(nb, helpers, function):
    names = "copy.copy(SimpleNamespace(a=1))" if find(nb.name).homework == 3 else "display"
    nb.answer = [helpers + into(function, names)]


@way
def a_table_filled_by_a_loop(nb, helpers, function):
    nb.before = ["table = {}\nfor i in range(3):\n    table[i] = i * i\n"]
    nb.answer = [helpers + into(function, "assert table[2] == 4")]


@way
def a_name_used_again_below_the_test(nb, helpers, function):
    nb.before = ["def shift():\n    return 0\n"]
    nb.answer = [helpers + into(function, "assert shift() == 0")]
    nb.below = ["def shift():\n    return 1\n"]


@way
def a_helper_written_anew_above_it(nb, helpers, function):
    nb.before = ["def shift():\n    return 1\n", "def shift():\n    return 0\n"]
    nb.answer = [helpers + into(function, "assert shift() == 0")]


@way
def precision_set_for_all(nb, helpers, function):
    nb.before = ["torch.set_default_dtype(torch.float64)\nnp.seterr(all='ignore')\ntorch.manual_seed(0)"]
    nb.answer = [helpers + into(function, "assert torch.get_default_dtype() == torch.float64")]
    nb.below = ["torch.set_default_dtype(torch.float32)"]


@way
def a_function_that_sets_something_up(nb, helpers, function):
    nb.before = ["def prepare():\n    global ready_made\n    ready_made = 1\n"]
    nb.answer = ["prepare()\n" + helpers + into(function, "assert ready_made == 1")]


@way
def a_counter(nb, helpers, function):
    nb.answer = ["calls = 0\n" + helpers + into(function, "global calls; calls += 1")]


@way
def annotations_that_name_nothing(nb, helpers, function):
    text = helpers + (function.replace("):", ") -> Nothing:", 1) if is_def(function) else function)
    nb.answer = ["from __future__ import annotations\n" + text]


@way
def another_name_for_it(nb, helpers, function):
    own = re.sub(rf"\b{nb.name}\b", "my_own", function)
    nb.answer = [f"{helpers}{own}\n{nb.name} = my_own\n"]


@way
def in_a_condition(nb, helpers, function):
    nb.answer = [helpers + "if True:\n" + textwrap.indent(function, "    ")]


@way
def made_by_exec(nb, helpers, function):
    nb.answer = [f"{helpers}\nexec({function!r})\n"]


@way
def in_a_module_written_beside_the_notebook(nb, helpers, function):
    text = f"%%writefile own_module_{nb.name.lower()}.py\nimport numpy as np, torch, math, itertools\n{helpers}{function}"
    nb.before = [text]
    nb.answer = [f"from own_module_{nb.name.lower()} import {nb.name}\n"]


@way
def a_first_try_that_fails(nb, helpers, function):
    nb.answer = ["unknown_name\n", helpers + function]


@way
def a_wrong_copy_far_above(nb, helpers, function):
    nb.before = [f"def {nb.name}(*anything):\n    return None\n"]
    nb.answer = [helpers + function]


@way
def values_that_were_awaited(nb, helpers, function):
    nb.before = [
        "import asyncio, contextlib\nasync def later():\n    await asyncio.sleep(0)\n    return 0\nzero = await later()\n",
        "async def count():\n    yield 0\n\nzeros = [x async for x in count()]\n",
        "@contextlib.asynccontextmanager\nasync def lent():\n    yield 0\n\nasync with lent() as nothing_yet:\n    pass\n",
    ]
    nb.answer = [helpers + into(function, "assert zero == zeros[0] == nothing_yet")]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A function: the sources of cells -> is the last check ✓? One kernel, emptied before each notebook."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(rlcourse.__file__).parent.parent),
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
    }
    folder = tmp_path_factory.mktemp("kernel")
    manager, client = start_new_kernel(
        startup_timeout=KERNEL_STARTS, kernel_name="python3", env=environment, cwd=str(folder)
    )

    def run(source, ask=None):
        reply = client.execute(
            source, reply=True, timeout=fuse(60), user_expressions=ask or {}, stop_on_error=False
        )
        while True:  # what it says on the way is read and forgotten
            try:
                client.get_iopub_msg(timeout=0)
            except queue.Empty:
                return reply["content"]

    def passed(sources):
        run(
            "%reset -f\nimport sys, torch\n[sys.modules.pop(n) for n in list(sys.modules) if n.startswith('own_mod')]"
        )
        run("torch.set_default_dtype(torch.float32)")
        run("feedback = None")
        for source in sources:
            last = run(source)
        said = run("", {"ok": "bool(feedback and feedback.passed)", "text": "repr(feedback)"})[
            "user_expressions"
        ]
        return said["ok"]["data"]["text/plain"] == "True", said["text"], last.get("evalue")

    yield passed
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def homework(name):
    from rlcourse.grading.judging.batch import assignments

    assignment = assignments()[f"homework-{find(name).homework}"]
    mine = ("given-imports", "given-course", name, f"test-{name}")
    return replace(assignment, cells=tuple(cell for cell in assignment.cells if cell.grade_id in mine))


def both(kernel, name, key, way):
    """((✓ in the kernel, what it said), the judge's result) of one solution in one way."""
    assignment = homework(name)
    nb = Notebook(name)
    nb.below = []
    WAYS[way](nb, *solutions(name)[key])
    cells = nb.cells(assignment) + [(None, text) for text in nb.below]
    test = cells[[grade_id for grade_id, _ in cells].index(f"test-{name}")]
    known = kernel([source for _, source in cells[: cells.index(test) + 1]])
    made = []
    for grade_id, source in cells:
        metadata = {"nbgrader": {"grade_id": grade_id}} if grade_id and not nb.lost_ids else {}
        made.append({"cell_type": "code", "metadata": metadata, "source": source})
    content = json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    results, _ = judge(assignment, parse(content), SEED, Limits(seconds=6))
    return known, results[name]


COMMON = [name for name in EXERCISES if not find(name).personal and find(name).homework]  # 0: in no homework
RIGHT = [(name, key) for name in COMMON for key in solutions(name)]
SHARE = slice(None, None, 1 if os.environ.get("RLCOURSE_WHOLE_BANKS") else 10)  # all of them take an hour


def agree(kernel, name, key, way):
    (ok, said, error), result = both(kernel, name, key, way)
    assert ok, f"✗ in the kernel, so the test says nothing: {said} {error}"
    assert result.passed, result.message


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["polyak", "ReplayBuffer", "performance_difference"])
def test_every_way_of_holding_an_answer(kernel, name, way):
    agree(kernel, name, next(iter(solutions(name))), way)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(RIGHT))[SHARE], ids=lambda i: "-".join(RIGHT[i]))
def test_right_solutions_of_the_banks(kernel, number):
    """Each in two ways, the next ones in turn, so that all together go through every way several times."""
    ways = list(WAYS)
    for way in (ways[number % len(ways)], ways[(7 * number + 3) % len(ways)]):
        agree(kernel, *RIGHT[number], way)
