"""A student's function inside a trainer: the same numbers as the course's own."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.grading import plug_in, plug_in_solver
from rlcourse.training import train


def numpy_target(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated) * np.minimum(next_q1, next_q2)


@pytest.mark.parametrize(
    "function",
    [numpy_target, lambda r, t, a, b, g: r + g * (1 - t) * torch.minimum(a, b)],
    ids=["numpy", "torch"],
)
def test_a_plugged_in_target_equals_the_course_s(function):
    from rlcourse.equations.returns import clipped_double_q_target

    torch.manual_seed(0)
    reward, terminated, values = torch.randn(2, 5), (torch.rand(2, 5) < 0.3).float(), torch.randn(2, 2, 5)
    mine = plug_in(function)(reward, terminated, values[:, 0], values[:, 1], 0.9)
    assert torch.equal(mine, clipped_double_q_target(reward, terminated, values, 0.9))


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_plugged_in_solver_of_one_vector_solves_for_every_seed(seeds):
    """Each seed has a matrix of its own; the function meets one vector at a time."""
    torch.manual_seed(0)
    A = torch.randn(seeds, 6, 6)
    A, b = A @ A.mT + torch.eye(6), torch.randn(seeds, 6)

    def mine(matvec, b, iterations):
        assert b.shape == (6,)
        x = np.zeros(6)
        for _ in range(2000):
            x = x + 0.02 * (np.asarray(b) - np.asarray(matvec(x)))
        return x

    def matvec(v):
        return (A @ v[..., None])[..., 0]

    x = plug_in_solver(mine)(matvec, b, 10)
    assert torch.allclose(matvec(x), b, atol=1e-2)


def loop_target(reward, terminated, next_q1, next_q2, gamma):
    y = []
    for r, over, first, second in zip(reward, terminated, next_q1, next_q2, strict=True):
        y.append(r if over else r + gamma * min(first, second))
    return y


def flag_target(reward, terminated, next_q1, next_q2, gamma):
    return np.where(~terminated, reward + gamma * np.minimum(next_q1, next_q2), reward)


def column_gae(reward, value, next_value, terminated, truncated, gamma, lam):
    out, running = np.zeros(len(reward)), 0.0
    for t in reversed(range(len(reward))):
        delta = reward[t] + gamma * (1 - terminated[t]) * next_value[t] - value[t]
        running = float(delta + gamma * lam * (1 - max(terminated[t], truncated[t])) * running)
        out[t] = running
    return out


REPLAY = {"hidden": (8,), "warmup": 20, "batch_size": 8, "capacity": 60}
ROLLOUT = {"hidden": (8,), "num_envs": 2, "horizon": 16, "minibatch_size": 12, "epochs": 2}
AS_IT_STANDS = {
    "NumPy": (TD3(**REPLAY), "target", numpy_target),
    "a loop": (TD3(**REPLAY), "target", loop_target),
    "truth values": (TD3(**REPLAY), "target", flag_target),
    "DDPG": (DDPG(**REPLAY), "target", lambda r, t, q, gamma: r + gamma * np.where(t, 0, q)),
    "one column": (PPO(**ROLLOUT), "advantage", column_gae),
}


@pytest.mark.parametrize(("algorithm", "field", "function"), AS_IT_STANDS.values(), ids=AS_IT_STANDS)
def test_a_right_answer_trains_as_it_stands_and_gives_the_course_s_curve(algorithm, field, function):
    options = {"evaluate_every": 40, "evaluation_episodes": 1}
    theirs = train(replace(algorithm, **{field: function}), "Pendulum-v1", 80, 2, **options)
    ours = train(algorithm, "Pendulum-v1", 80, 2, **options)
    np.testing.assert_allclose(theirs.curve.returns, ours.curve.returns, rtol=1e-3)


def test_a_function_that_cannot_take_the_arguments_is_refused_with_both_signatures():
    words = r"TD3.target is called with \(reward, terminated, next_q1.*yours takes \(r, d\)"
    with pytest.raises(ValueError, match=words):
        train(TD3(target=lambda r, d: r), "Pendulum-v1", 10)
