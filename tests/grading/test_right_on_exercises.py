"""Right answers to homeworks 1 and 5 in styles that nobody teaches: none is punished, in notebook or judge."""

import pytest

from rlcourse.grading import check

RIGHT = {
    "folded": ("value_iteration", "import functools\nimport numpy as np\ndef value_iteration(P, R, gamma, sweeps):\n    return functools.reduce(lambda V, _: (R + gamma * P @ V).max(-1), range(sweeps), np.zeros(len(R)))\n"),
    "einsum": ("value_iteration", "import numpy as np\ndef value_iteration(P, R, gamma, sweeps):\n    V = np.zeros(len(R))\n    while sweeps:\n        V, sweeps = np.max(R + gamma * np.einsum('ijk,k', P, V), 1), sweeps - 1\n    return V\n"),
    "recursion": ("value_iteration", "import numpy as np\ndef value_iteration(P, R, gamma, sweeps):\n    if sweeps == 0:\n        return np.zeros(R.shape[0])\n    return np.amax(R + gamma * np.dot(P, value_iteration(P, R, gamma, sweeps - 1)), axis=1)\n"),
    "tensors inside": ("value_iteration", "import torch\ndef value_iteration(P, R, gamma, sweeps):\n    P, R = torch.as_tensor(P), torch.as_tensor(R)\n    V = torch.zeros(len(R), dtype=R.dtype)\n    for _ in range(int(sweeps)):\n        V = (R + gamma * (P @ V)).amax(1)\n    return V\n"),
    "sparse": ("value_iteration", "import numpy as np\nfrom scipy import sparse\ndef value_iteration(P, R, gamma, sweeps):\n    S, A = R.shape\n    flat, V = sparse.csr_matrix(P.reshape(S * A, S)), np.zeros(S)\n    for _ in range(sweeps):\n        V = (R + gamma * (flat @ V).reshape(S, A)).max(1)\n    return V\n"),
    "an iterator of sweeps": ("value_iteration", "import itertools\nimport numpy as np\ndef value_iteration(P, R, gamma, sweeps):\n    def sweep():\n        V = np.zeros(len(R))\n        while True:\n            yield V\n            V = (R + gamma * P @ V).max(1)\n    return next(itertools.islice(sweep(), sweeps, None))\n"),
    "factorised": ("policy_values", "import numpy as np\nfrom scipy.linalg import lu_factor, lu_solve\ndef policy_values(P, R, policy, gamma):\n    M = np.einsum('sa,sat->st', policy, P)\n    return lu_solve(lu_factor(np.eye(len(R)) - gamma * M), np.einsum('sa,sa->s', policy, R))\n"),
    "least squares": ("policy_values", "import numpy as np\ndef policy_values(P, R, policy, gamma):\n    M = (policy[..., None] * P).sum(1)\n    return np.linalg.lstsq(np.eye(len(R)) - gamma * M, (policy * R).sum(1), rcond=None)[0]\n"),
    "squared again and again": ("policy_values", "import numpy as np\ndef policy_values(P, R, policy, gamma):\n    M, V = gamma * (policy[..., None] * P).sum(1), (policy * R).sum(1)\n    for _ in range(20):\n        V, M = V + M @ V, M @ M\n    return V\n"),
    "a null space": ("stationary_distribution", "import numpy as np\nfrom scipy.linalg import null_space\ndef stationary_distribution(P, policy):\n    M = np.einsum('sa,sat->st', policy, P)\n    d = null_space(M.T - np.eye(len(M)))[:, 0]\n    return d / d.sum()\n"),
    "states taken out one by one": ("stationary_distribution", "import numpy as np\ndef stationary_distribution(P, policy):\n    M = np.einsum('sa,sat->st', policy, P).copy()\n    n = len(M)\n    for k in range(n - 1, 0, -1):\n        M[:k, k] /= M[k, :k].sum()\n        M[:k, :k] += np.outer(M[:k, k], M[k, :k])\n    d = [1.0]\n    for k in range(1, n):\n        d.append(float(np.dot(d, M[:k, k])))\n    return np.array(d) / np.sum(d)\n"),
    "the largest by a key": ("greedy_actions", "def greedy_actions(P, R, V, gamma):\n    worth = lambda s, a: R[s][a] + gamma * sum(map(lambda p, v: p * v, P[s][a], V))\n    return [max(range(len(R[s])), key=lambda a: worth(s, a)) for s in range(len(R))]\n"),
    "sorted": ("greedy_actions", "import numpy as np\ndef greedy_actions(P, R, V, gamma):\n    return np.argsort(-(R + gamma * P @ V), axis=1, kind='stable').T[0].astype('int8')\n"),
    "pairs": ("trajectory_probability", "import itertools, math\ndef trajectory_probability(P, policy, start, states, actions):\n    steps = zip(itertools.pairwise(states), actions)\n    return start[states[0]] * math.prod(policy[s, a] * P[s, a, n] for (s, n), a in steps)\n"),
    "raveled": ("trajectory_probability", "import numpy as np\ndef trajectory_probability(P, policy, start, states, actions):\n    s, n = np.asarray(states)[:-1], np.asarray(states)[1:]\n    at = np.ravel_multi_index((s, actions, n), P.shape)\n    return np.multiply.reduce(np.r_[start[states[0]], policy[s, actions], P.ravel()[at]])\n"),
    "a view that cannot be written": ("relabel", "import numpy as np\ndef relabel(states, actions):\n    return states[:-1], actions, np.broadcast_to(states[-1], states[:-1].shape)\n"),
    "a named triple": ("relabel", "import collections\nimport numpy as np\nStep = collections.namedtuple('Step', 'state action goal')\ndef relabel(states, actions):\n    return Step(states[:-1], actions, np.repeat(states[-1][None], len(actions), 0))\n"),
    "transposed rows": ("relabel", "def relabel(states, actions):\n    return tuple(zip(*((tuple(s), int(a), tuple(states[-1])) for s, a in zip(states, actions))))\n"),
    "an outer difference": ("coarse_code", "import numpy as np\ndef coarse_code(x, centres, width):\n    return (abs(np.subtract.outer(x, centres)) <= width / 2) * 1\n"),
    "backwards by accumulate": ("first_visit_returns", "import itertools\nimport numpy as np\ndef first_visit_returns(states, rewards, gamma, num_states):\n    G = list(itertools.accumulate(list(rewards)[::-1], lambda g, r: r + gamma * g))[::-1]\n    first = {}\n    for s, g in zip(states, G):\n        first.setdefault(int(s), g)\n    return [first.get(s, np.nan) for s in range(num_states)]\n"),
    "a power of truth values": ("adaptive_beta", "def adaptive_beta(beta, kl, target):\n    return beta * 2.0 ** ((kl > 1.5 * target) - (kl < target / 1.5))\n"),
    "selected": ("adaptive_beta", "import numpy as np\ndef adaptive_beta(beta, kl, target):\n    return np.select([kl > 1.5 * target, kl < target / 1.5], [2 * beta, beta / 2], beta)\n"),
    "matched": ("adaptive_beta", "def adaptive_beta(beta, kl, target):\n    match (kl > target * 1.5, kl < target / 1.5):\n        case (True, _):\n            return beta + beta\n        case (_, True):\n            return beta - 0.5 * beta\n        case _:\n            return beta\n"),
    "the middle of three": ("clipped_objective", "import numpy as np\ndef clipped_objective(ratio, advantage, clip):\n    middle = np.median([ratio, np.full_like(ratio, 1 - clip), np.full_like(ratio, 1 + clip)], axis=0)\n    return np.minimum(ratio * advantage, middle * advantage)\n"),
    "a bound by the sign": ("clipped_objective", "import torch\ndef clipped_objective(ratio, advantage, clip):\n    ratio, advantage = torch.as_tensor(ratio), torch.as_tensor(advantage)\n    bound = torch.where(advantage >= 0, (1 + clip) * advantage, (1 - clip) * advantage)\n    return torch.minimum(ratio * advantage, bound)\n"),
    "stacked and reduced": ("clipped_objective", "import torch\ndef clipped_objective(ratio, advantage, clip):\n    return torch.stack([ratio * advantage, torch.clamp(ratio, 1 - clip, 1 + clip) * advantage]).amin(0)\n"),
    "logical functions": ("clip_stops_gradient", "import numpy as np\ndef clip_stops_gradient(ratio, advantage, clip):\n    above = np.logical_and(np.greater(advantage, 0), np.greater(ratio, 1 + clip))\n    return np.logical_or(above, np.logical_and(np.less(advantage, 0), np.less(ratio, 1 - clip)))\n"),
    "the sign times the distance": ("clip_stops_gradient", "import numpy as np\ndef clip_stops_gradient(ratio, advantage, clip):\n    return np.sign(advantage) * (ratio - 1) > clip\n"),
    "pieces that are yielded": ("minibatches", "import numpy as np\ndef minibatches(n, size, rng):\n    left = rng.choice(n, n, replace=False)\n    while left.size:\n        piece, left = left[:size], left[size:]\n        yield piece\n"),
    "lists that are popped": ("minibatches", "def minibatches(n, size, rng):\n    left = list(map(int, rng.permuted(range(n))))\n    return [[left.pop() for _ in range(min(size, len(left)))] for _ in range(-(-n // size))]\n"),
    "torch's permutation": ("minibatches", "import torch\ndef minibatches(n, size, rng):\n    made = torch.Generator().manual_seed(int(rng.integers(2**62)))\n    return list(torch.randperm(n, generator=made).split(size))\n"),
    "an average with weights": ("vine_surrogate", "import numpy as np\ndef vine_surrogate(new_probs, old_probs, q):\n    return np.average(q, weights=new_probs / old_probs)\n"),
    "a softmax of logarithms": ("vine_surrogate", "import torch\ndef vine_surrogate(new_probs, old_probs, q):\n    return torch.softmax(new_probs.log() - old_probs.log(), -1) @ q\n"),
}  # fmt: skip


@pytest.mark.sandbox
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("style", list(RIGHT))
def test_what_is_right_passes_in_the_notebook_and_in_the_judge(style, judged):
    exercise, code = RIGHT[style]
    namespace = {}
    exec(compile(code, style, "exec"), namespace)
    feedback = check(exercise, namespace[exercise])
    assert feedback.passed, feedback.message
    result = judged(exercise, code)
    assert result.passed, result.message
