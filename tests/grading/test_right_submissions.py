"""What is right passes, however it is written: helpers, magics, prints, torch, float32, in-place, plots beside it."""

import pytest

pytestmark = pytest.mark.sandbox

POLYAK = "def polyak(target, online, tau):\n    {}\n"
ACCEPTED = {
    "plain": POLYAK.format("return (1 - tau) * target + tau * online"),
    "prints and warns": "import sys, warnings\n"
    + POLYAK.format(
        "print('hello'); warnings.warn('careful'); sys.stderr.write('oops'); return target + tau * (online - target)"
    ),
    "changes its inputs": POLYAK.format("target *= 1 - tau; target += tau * online; return target"),
    "torch": "import torch\n"
    + POLYAK.format("return torch.lerp(torch.as_tensor(target), torch.as_tensor(online), tau)"),
    "requires grad": "import torch\n"
    + POLYAK.format(
        "return torch.as_tensor(target).clone().requires_grad_() * (1 - tau) + tau * torch.as_tensor(online)"
    ),
    "float32": "import numpy as np\n"
    + POLYAK.format(
        "return np.float32(1 - tau) * np.asarray(target, np.float32) + np.float32(tau) * np.asarray(online, np.float32)"
    ),
    "a check below it": POLYAK.format("return (1 - tau) * target + tau * online")
    + "check('polyak', polyak)\nprint(polyak(1.0, 2.0, 0.5))\n",
    "magics": "%time x = 1\n!ls\n" + POLYAK.format("return (1 - tau) * target + tau * online"),
    "scipy": "from scipy.linalg import blas\n" + POLYAK.format("return (1 - tau) * target + tau * online"),
    "lambda": "polyak = lambda target, online, tau: (1 - tau) * target + tau * online\n",
    "imports the course too": "import numpy as np, rlcourse\nfrom rlcourse.grading import check\n"
    + POLYAK.format("return np.add((1 - tau) * target, tau * online)"),
    "first error, then right": "unknown\n" + POLYAK.format("return (1 - tau) * target + tau * online"),
    "main block": POLYAK.format("return mix(target, online, tau)")
    + "if __name__ == '__main__':\n    mix = lambda a, b, t: (1 - t) * a + t * b\n",
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass Mix:\n    tau: float\n"
    "    def __call__(self, a, b): return (1 - self.tau) * a + self.tau * b\n"
    + POLYAK.format("return Mix(tau)(target, online)"),
}
HELPERS = {
    "helper function": ["def mix(a, b, t):\n    return keep(t) * a + t * b\n", "def keep(t): return 1 - t\n"],
    "helper with its own import": [
        "import math as m\ndef mix(a, b, t):\n    return m.fsum([1, -t]) * a + t * b\n"
    ],
    "helper beside an endless experiment": [
        "def mix(a, b, t):\n    return (1 - t) * a + t * b\n",
        "while True: pass\n",
    ],
    "helper beside a broken cell": ["def broken(:\n", "def mix(a, b, t):\n    return (1 - t) * a + t * b\n"],
    "helper beside a training": [
        "run = train(TD3(), 'Pendulum-v1', steps=10**9)\nplt.plot(run.curve)\n",
        "def mix(a, b, t): return (1 - t) * a + t * b",
    ],
    "a table that is filled": [
        "table = {}\ntable['keep'] = lambda t: 1 - t\ntable.update(x=1)\ndef mix(a, b, t): return table['keep'](t) * a + t * b"
    ],
}


@pytest.fixture(scope="module")
def rows(notebook, hand_in, graded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("submissions")
    for name, code in ACCEPTED.items():
        hand_in(folder, name, notebook({"polyak": code}))
    for name, cells in HELPERS.items():
        hand_in(
            folder, name, notebook({"polyak": POLYAK.format("return mix(target, online, tau)")}, extra=cells)
        )
    return graded(folder, tmp_path_factory.mktemp("results"))


@pytest.mark.parametrize("style", [*ACCEPTED, *HELPERS])
def test_right_answers_in_any_style_pass(rows, style):
    result = rows[style].results["polyak"]
    assert result.passed, result.message


def test_random_answers_that_are_right_pass_on_every_seed(assignment, notebook):
    from rlcourse.grading.judging.judge import judge
    from rlcourse.grading.judging.submission import Cell

    source = (
        "import random\nclass ReplayBuffer:\n    def __init__(self, capacity, rng):\n        self.items, self.capacity = [], capacity\n"
        "    def add(self, item):\n        self.items = (self.items + [item])[-self.capacity:]\n"
        "    def sample(self, n):\n        return random.choices(self.items, k=n)\n    def __len__(self):\n        return len(self.items)\n"
    )
    seeded = source.replace(
        "random.choices(self.items, k=n)",
        "[self.items[i] for i in self.rng.integers(len(self.items), size=n)]",
    )
    seeded = seeded.replace(
        "self.items, self.capacity = [], capacity", "self.items, self.capacity, self.rng = [], capacity, rng"
    )
    for seed in range(20):
        results, _ = judge(assignment, [Cell("code", seeded, "ReplayBuffer")], seed)
        assert results["ReplayBuffer"].passed, (seed, results["ReplayBuffer"].message)
