"""A student's function inside a trainer: the same numbers as the course's own."""

import numpy as np
import pytest
import torch

from rlcourse.grading import plug_in, plug_in_solver


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


def test_a_plugged_in_solver_solves_and_refuses_several_seeds():
    torch.manual_seed(0)
    A = torch.randn(6, 6)
    A, b = A @ A.T + torch.eye(6), torch.randn(1, 6)

    def mine(matvec, b, iterations):
        x = np.zeros_like(b)
        for _ in range(2000):
            x = x + 0.02 * (b - matvec(x))
        return x

    x = plug_in_solver(mine)(lambda v: v @ A, b, 10)
    assert torch.allclose(x @ A, b, atol=1e-2)
    with pytest.raises(ValueError, match="train one seed"):
        plug_in_solver(mine)(lambda v: v @ A, torch.randn(2, 6), 10)
