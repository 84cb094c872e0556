"""What is right passes in styles that nobody teaches: whatever a kernel takes for the function, the judge does."""

import pytest

pytestmark = pytest.mark.sandbox

BODY = "return (1 - tau) * target + tau * online\n"
DEF = f"def polyak(target, online, tau):\n    {BODY}"
MIX = f"def mix(target, online, tau):\n    {BODY}"

ONE_CELL = {
    # what is callable
    "partial": "import functools\ndef mix(target, online, tau, one):\n"
    "    return (one - tau) * target + tau * online\npolyak = functools.partial(mix, one=1)\n",
    "an object that is called": f"class Mix:\n    def __call__(self, target, online, tau):\n        {BODY}\npolyak = Mix()\n",
    "a static method": f"class Mix:\n    @staticmethod\n    def mix(target, online, tau):\n        {BODY}\npolyak = Mix.mix\n",
    "a bound method": f"class Mix:\n    def mix(self, target, online, tau):\n        {BODY}\npolyak = Mix().mix\n",
    "vectorised by numpy": f"import numpy as np\n@np.vectorize\n{DEF}",
    "compiled by torch's script": "import torch\n@torch.jit.script\ndef polyak(target, online, tau: float):\n"
    "    return (1.0 - tau) * target + tau * online\n",
    "mapped by torch": "import torch\ndef polyak(target, online, tau):\n"
    "    t, o = torch.as_tensor(target), torch.as_tensor(online)\n"
    "    return torch.vmap(lambda a, b: (1 - tau) * a + tau * b)(t.reshape(-1), o.reshape(-1)).reshape(t.shape)\n",
    "a module of torch": "import torch\nclass Mix(torch.nn.Module):\n    def forward(self, target, online, tau):\n"
    "        return torch.lerp(torch.as_tensor(target), torch.as_tensor(online), tau)\npolyak = Mix()\n",
    "a decorator that counts": "import functools\ncalls = {}\ndef counted(f):\n    @functools.wraps(f)\n"
    "    def inner(*a, **k):\n        calls[f.__name__] = calls.get(f.__name__, 0) + 1\n        return f(*a, **k)\n"
    f"    return inner\n@counted\n{DEF}",
    "a decorator without wraps": f"def quiet(f):\n    return lambda *a: f(*a)\n@quiet\n{DEF}",
    "overloads before it": f"from typing import overload\n@overload\ndef polyak(target: float, online: float, tau): ...\n@overload\ndef polyak(target: list, online: list, tau): ...\n{DEF}",
    "awaited inside": "import asyncio\nasync def mix(a, b, t):\n    await asyncio.sleep(0)\n    return (1 - t) * a + t * b\n"
    "def polyak(target, online, tau):\n    loop = asyncio.new_event_loop()\n    try:\n"
    "        return loop.run_until_complete(mix(target, online, tau))\n    finally:\n        loop.close()\n",
    "in a pool of threads": "from concurrent.futures import ThreadPoolExecutor\ndef polyak(target, online, tau):\n"
    "    with ThreadPoolExecutor(2) as pool:\n        a, b = pool.map(lambda p: p[0] * p[1], [(1 - tau, target), (tau, online)])\n"
    "    return a + b\n",
    "in a pool of processes": "import multiprocessing\ndef times(p):\n    return p[0] * p[1]\n"
    "def polyak(target, online, tau):\n    with multiprocessing.get_context('fork').Pool(2) as pool:\n"
    "        a, b = pool.map(times, [(1 - tau, target), (tau, online)])\n    return a + b\n",
    "by joblib": "from joblib import Parallel, delayed\ndef times(a, b):\n    return a * b\ndef polyak(target, online, tau):\n"
    "    a, b = Parallel(n_jobs=2, backend='threading')(delayed(times)(*p) for p in [(1 - tau, target), (tau, online)])\n    return a + b\n",
    "a generator that is sent": "def mixer():\n    answer = None\n    while True:\n        a, b, t = yield answer\n        answer = (1 - t) * a + t * b\n"
    "machine = mixer()\nnext(machine)\ndef polyak(target, online, tau):\n    return machine.send((target, online, tau))\n",
    # parameters
    "only by position": f"def polyak(target, online, tau, /):\n    {BODY}",
    "with defaults and more": f"def polyak(target, online, tau=0.005, *, copy=True):\n    {BODY}",
    "all in a star": "def polyak(*given):\n    target, online, tau = given\n    " + BODY,
    "with hints of its own": f"from typing import TypeVar\nT = TypeVar('T')\ndef polyak(target: 'T', online: 'T', tau: float) -> 'T':\n    {BODY}",
    # syntax
    "tabs and carriage returns": DEF.replace("    ", "\t").replace("\n", "\r\n"),
    "a form feed": "\f\n" + DEF,
    "letters of mathematics": DEF.replace("def polyak", "def 𝐩𝐨𝐥𝐲𝐚𝐤"),
    "greek": "def polyak(target, online, tau):\n    τ, θ̄, θ = tau, target, online\n    return (1 - τ) * θ̄ + τ * θ\n",
    "one line": "def polyak(target, online, tau): " + BODY,
    "lines joined by backslashes": "def polyak(target, \\\n    online, tau):\n    return (1 - tau) * target \\\n      + tau * online\n",
    "match and walrus": "def polyak(target, online, tau):\n    match (keep := 1 - tau):\n        case float() | int() | _:\n            return keep * target + tau * online\n",
    "a docstring with tests": "def polyak(target, online, tau):\n    '''Moves.\n\n    >>> polyak(0.0, 1.0, 0.5)\n    0.5\n    '''\n    " + BODY,
    "a word of the stub in a string": "def polyak(target, online, tau):\n    '''Does not raise NotImplementedError any more.'''\n    # raise NotImplementedError\n    " + BODY,
    # how a name is bound
    "through globals": f"{MIX}globals()['polyak'] = mix\n",
    "through main": f"import __main__\n{MIX}__main__.polyak = mix\n",
    "through setattr": f"import sys\n{MIX}setattr(sys.modules['__main__'], 'polyak', mix)\n",
    "in a loop": f"for scale in (1.0,):\n    def polyak(target, online, tau):\n        {BODY}",
    "in a with": f"import contextlib\nwith contextlib.suppress(ValueError):\n    def polyak(target, online, tau):\n        {BODY}",
    "in a try": f"try:\n    import not_there\nexcept ImportError:\n    def polyak(target, online, tau):\n        {BODY}",
    "by unpacking": f"{MIX}polyak, other = mix, None\n",
    "by import from a string": "import types\nm = types.ModuleType('m')\n" + f"exec({MIX!r}, m.__dict__)\npolyak = m.mix\n",
    "its helper deleted": "helper = lambda t: 1 - t\ndef polyak(target, online, tau, keep=helper):\n    return keep(tau) * target + tau * online\ndel helper\n",
    "a class that makes itself": "class polyak:\n    def __new__(cls, target, online, tau):\n        return (1 - tau) * target + tau * online\n",
    # what comes back
    "masked": "import numpy as np\ndef polyak(target, online, tau):\n    return np.ma.array((1 - tau) * target + tau * online)\n",
    "a long double": "import numpy as np\ndef polyak(target, online, tau):\n    return np.asarray(target, np.longdouble) * (1 - tau) + tau * np.asarray(online, np.longdouble)\n",
    "in another order of memory": "import numpy as np\ndef polyak(target, online, tau):\n    return np.asfortranarray((1 - tau) * target + tau * online)\n",
    "of the other byte order": "import numpy as np\ndef polyak(target, online, tau):\n    return np.asarray((1 - tau) * target + tau * online).astype('>f8')\n",
    "read-only": "import numpy as np\ndef polyak(target, online, tau):\n    x = np.array((1 - tau) * target + tau * online)\n    x.flags.writeable = False\n    return x\n",
    "lists of lists": "import numpy as np\ndef polyak(target, online, tau):\n    return np.array((1 - tau) * target + tau * online).tolist()\n",
    "tuples of scalars": "import numpy as np\ndef deep(x):\n    return tuple(map(deep, x)) if isinstance(x, list) else np.float64(x)\n"
    "def polyak(target, online, tau):\n    return deep(np.array((1 - tau) * target + tau * online).tolist())\n",
    # the process
    "warnings are errors": "import warnings\nimport numpy as np\nwarnings.simplefilter('error')\nnp.seterr(all='raise')\n" + DEF,
    "standard output is another": "import io, sys\nsys.stdout = io.StringIO()\nprint = lambda *a: None\n" + DEF,
    "logs": "import logging\nlogging.basicConfig(level=logging.DEBUG)\nlog = logging.getLogger('me')\ndef polyak(target, online, tau):\n    log.info('now')\n    " + BODY,
    "measures itself": "import time, tracemalloc\ndef polyak(target, online, tau):\n    tracemalloc.start(); b = time.perf_counter()\n    x = (1 - tau) * target + tau * online\n    tracemalloc.stop()\n    return x\n",
    "an alarm of its own": "import signal\ndef polyak(target, online, tau):\n    signal.alarm(30)\n    x = (1 - tau) * target + tau * online\n    signal.alarm(0)\n    return x\n",
    "a sum of many terms": f"zero = {' + '.join(['0'] * 900)}\ndef polyak(target, online, tau):\n    return (1 - tau) * target + tau * online + zero\n",
    "deep recursion": "import sys\nsys.setrecursionlimit(20_000)\ndef power(x, n):\n    return x if n == 0 else power(x, n - 1)\ndef polyak(target, online, tau):\n    return power((1 - tau) * target + tau * online, 3_000)\n",
}  # fmt: skip
SEVERAL_CELLS = {
    "a file between two cells": [
        "import numpy as np\nweights = np.array([1.0, -1.0])\nnp.save('weights.npy', weights)\n",
        "one, minus = np.load('weights.npy')\ndef mix(a, b, t):\n    return (one + minus * t) * a + t * b\n",
    ],
    "a dictionary of functions": [
        "registry = {}\ndef register(f):\n    registry[f.__name__] = f\n    return f\n",
        "@register\ndef keep(t):\n    return 1 - t\n",
        "def mix(a, b, t):\n    return registry['keep'](t) * a + t * b\n",
    ],
    "a table that a function fills": [
        "table = {}\ndef add(name, f):\n    table[name] = f\n",
        "def fill():\n    add('keep', lambda t: 1 - t)\n",
        "fill()\n",
        "def mix(a, b, t):\n    return table['keep'](t) * a + t * b\n",
    ],
    "what a function declares global": [
        "def prepare():\n    global one\n    one = 1.0\n",
        "prepare()\nprint('ready')\n",
        "def mix(a, b, t):\n    return (one - t) * a + t * b\n",
    ],
    "a table that a loop fills by calls": [
        "table = {}\ndef add(name, f):\n    table[name] = f\n",
        "for name in ('keep', 'other'):\n    add(name, lambda t: 1 - t)\n",
        "def mix(a, b, t):\n    return table['keep'](t) * a + t * b\n",
    ],
    "a class in three cells": [
        "class Mix:\n    def __init__(self, t):\n        self.t = t\n",
        "def call(self, a, b):\n    return (1 - self.t) * a + self.t * b\nMix.__call__ = call\n",
        "def mix(a, b, t):\n    return Mix(t)(a, b)\n",
    ],
    "a name from a star": [
        "from math import *\nfrom operator import *\ndef mix(a, b, t):\n    return add(mul(sub(1, t), a), mul(t, b))\n"
    ],
    "a value that an experiment computed": [
        "total = 0\nfor i in range(1000):\n    total += 0.001\none = round(total)\ndef mix(a, b, t):\n    return (one - t) * a + t * b\n"
    ],
    "made in a cell that fails at its end": [
        "def mix(a, b, t):\n    return (1 - t) * a + t * b\nassert mix(0.0, 1.0, 0.5) == 0.7\n"
    ],
}  # fmt: skip
CALLS_MIX = "def polyak(target, online, tau):\n    return mix(target, online, tau)\n"


@pytest.fixture(scope="module")
def rows(notebook, hand_in, graded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("submissions")
    for name, code in ONE_CELL.items():
        hand_in(folder, name, notebook({"polyak": code}))
    for name, above in SEVERAL_CELLS.items():
        made = notebook({"polyak": CALLS_MIX})
        cells = [c for c in notebook({}, extra=above)["cells"] if not c["metadata"].get("nbgrader")]
        place = next(
            i
            for i, c in enumerate(made["cells"])
            if c["metadata"].get("nbgrader", {}).get("grade_id") == "polyak"
        )
        made["cells"][place:place] = cells
        hand_in(folder, name, made)
    return graded(folder, tmp_path_factory.mktemp("results"))


@pytest.mark.parametrize("style", [*ONE_CELL, *SEVERAL_CELLS])
def test_right_answers_in_unusual_styles_pass(rows, style):
    result = rows[style].results["polyak"]
    assert result.passed, result.message
