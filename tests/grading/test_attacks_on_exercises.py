"""Attacks on what an exercise asks for: verdicts forged in the child, constants, another's instance, its frames.

Each is judged as the command judges it, alone with the given cells of its homework.
"""

import pytest

from rlcourse.grading.judging.batch import assignments
from rlcourse.grading.judging.judge import whose
from rlcourse.grading.judging.submission import Cell

DRIVER = """
import sys
import numpy as np
driver = sys.modules["observer"]
def forge(make):
    driver.observe = lambda spec, function, cases: [
        {name: np.array(value, dtype=float) for name, value in make(case).items()} for case in cases]
"""
PROPERTIES = """
forge(lambda c: dict(lengths=[c["size"]] * int(c["n"] // c["size"]) + [c["n"] % c["size"]] * bool(c["n"] % c["size"]),
    short_one_last=1, some_missing=0, some_repeated=0, out_of_range=0, another_order=1, same_for_same_rng=1,
    other_for_other_rng=1, other_members=1, neighbours_parted=1, shuffled_inside=1, places_alike=1))
"""
STACK = """
import sys
def above(name):
    frame = sys._getframe(1)
    while frame and frame.f_code.co_name != name:
        frame = frame.f_back
    return frame
"""
ATTACKS = {
    "a verdict forged by its names": ("minibatches", DRIVER + PROPERTIES + "def minibatches(n, size, rng):\n    return []\n"),
    "a record of calls that is empty": ("minibatches", DRIVER + "forge(lambda c: dict(indices=[], sizes=[], pieces=[0] * (416 if c['n'] <= 16 else 76)))\ndef minibatches(n, size, rng):\n    return []\n"),
    "a record of lengths that do not fit": ("minibatches", DRIVER + "forge(lambda c: dict(indices=range(int(c['n'])), sizes=[-1, 1e300], pieces=[float('nan')]))\ndef minibatches(n, size, rng):\n    return []\n"),
    "a record of very many lengths": ("minibatches", DRIVER + "forge(lambda c: dict(indices=[0] * 10**5, sizes=[0] * 10**5, pieces=[10**5] + [0] * 75))\ndef minibatches(n, size, rng):\n    return []\n"),
    "one shuffle for all calls": ("minibatches", "kept = {}\ndef minibatches(n, size, rng):\n    order = kept.setdefault(n, rng.permutation(n))\n    return [order[i : i + size] for i in range(0, n, size)]\n"),
    "the right class of numbers that change when they are read": ("minibatches", "import numpy as np\nclass Sly(list):\n    def __len__(self):\n        return 8\ndef minibatches(n, size, rng):\n    return [Sly([0]) for _ in range(5)]\n"),
    "reads the loop that calls it": ("clipped_objective", STACK + "def clipped_objective(ratio, advantage, epsilon):\n    f = above('observe')\n    return f.f_locals['answers'][-1]['value'] if f and f.f_locals.get('answers') else 0.0\n"),
    "ends the loop that calls it": ("adaptive_beta", STACK + "def adaptive_beta(beta, kl, target):\n    f = above('observe')\n    if f: f.f_locals['cases'].clear()\n    return beta\n"),
    "hands the cases back as answers": ("cloning_cost", DRIVER + "forge(lambda c: dict(value=c['epsilon'] * c['horizon']))\ndef cloning_cost(epsilon, horizon):\n    return 0.0\n"),
    "an answer with more names than asked": ("adaptive_beta", DRIVER + "forge(lambda c: dict(value=c['beta'], right=1.0, passed=1.0, score=1.0))\ndef adaptive_beta(beta, kl, target):\n    return beta\n"),
    "says that arguments were left alone": ("semi_gradient_update", DRIVER + "forge(lambda c: dict(value=next(v for v in c.values() if hasattr(v, 'shape')), changed=[]))\ndef semi_gradient_update(*a):\n    return a[0]\n"),
    "all choices at once": ("greedy_actions", "import numpy as np\ndef greedy_actions(*given):\n    return np.full(len(given[0]), 0.5)\n"),
    "a choice that is none": ("greedy_actions", "import numpy as np\ndef greedy_actions(*given):\n    return np.full(len(given[0]), np.nan)\n"),
    "the first choice always": ("greedy_actions", "import numpy as np\ndef greedy_actions(*given):\n    return np.zeros(len(given[0]))\n"),
    "one fault for all runs": ("ppo_faults", "import numpy as np\ndef ppo_faults(*given):\n    return np.zeros(4)\n"),
    "numbers between two faults": ("ppo_faults", "import numpy as np\ndef ppo_faults(*given):\n    return np.full(4, 0.5)\n"),
    "not a number for each fault": ("td_faults", "import numpy as np\ndef td_faults(*given):\n    return np.full(4, np.nan)\n"),
    "a step that is never taken": ("line_search", "def line_search(*given, **more):\n    return None\n"),
    "moments that follow what is compared": ("RunningMoments", "import numpy as np\nclass Always(np.ndarray):\n    def __eq__(self, other): return True\nclass RunningMoments:\n    def __init__(self, *a): self.mean, self.var, self.count = np.zeros(1).view(Always), np.ones(1).view(Always), 0\n    def update(self, x): pass\n"),
    "a gradient written by hand": ("clipped_objective", "import torch\nclass F(torch.autograd.Function):\n    @staticmethod\n    def forward(c, r, a): return (r * a).mean()\n    @staticmethod\n    def setup_context(c, inputs, output): pass\n    @staticmethod\n    def backward(c, g): return torch.full((3,), float('nan')), None\ndef clipped_objective(ratio, advantage, epsilon):\n    return F.apply(ratio, advantage)\n"),
    "torch whose gradients are nought": ("cloning_loss", "import torch\ntorch.autograd.grad = lambda *a, **k: [None, None, None]\ndef cloning_loss(logits, actions):\n    return 0.0 * logits.sum()\n"),
    "a policy that asks the world back": ("dagger", STACK + "def dagger(*given, **more):\n    f = above('adaptor')\n    return [v for v in (f.f_locals if f else {}).values() if hasattr(v, 'shape')]\n"),
    "values of the last case for the next": ("value_iteration", "import numpy as np\nlast = []\ndef value_iteration(P, R, gamma, sweeps):\n    last.append(R.max(1))\n    return last[-1]\n"),
    "an eigenvector of any kind": ("stationary_distribution", "import numpy as np\ndef stationary_distribution(P, policy):\n    return np.full(len(P), 1 / len(P))\n"),
}  # fmt: skip


@pytest.mark.sandbox
@pytest.mark.parametrize("attack", list(ATTACKS))
def test_it_earns_nothing(attack, judged):
    result = judged(*ATTACKS[attack])
    assert result.credit == 0 and not result.passed and result.message


@pytest.mark.parametrize("typed", ["a", "d", "da", "homework", "4711"])
def test_a_piece_of_ones_own_id_chooses_no_other_instance_in_silence(typed):
    """Else all whose names share a letter could share an answer."""
    cells = [Cell("code", f'student = "{typed}"', "student-id")]
    _, warnings = whose(assignments()["homework-3"], cells, "ada-47112")
    assert warnings == [f"solved the instances of {typed!r}, handed in by 'ada-47112'"]


@pytest.mark.parametrize(
    "typed, student",
    [("ada", "ada"), ("Ada ", "ada"), ("a17", "hw_a17_final"), ("ada.lovelace@uni.edu", "ada.lovelace")],
)
def test_ones_own_id_is_known_in_the_name_of_a_file(typed, student):
    cells = [Cell("code", f'student = "{typed}"', "student-id")]
    assert whose(assignments()["homework-3"], cells, student) == (typed, [])
