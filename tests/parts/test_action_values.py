"""Networks of values of actions: one number, probabilities of atoms, or quantiles."""

import numpy as np
import pytest
import torch

from rlcourse.parts.action_values import ActionValues, of_action
from rlcourse.parts.networks import Spaces
from rlcourse.parts.randomness import INITIALISE, Streams

SPACES, OBS = Spaces(3, 4, True), np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)


def network(**options):
    return ActionValues(SPACES, (8,), Streams([0, 1], INITIALISE), **options)


@pytest.mark.parametrize("options", [{}, {"each": 6}, {"atoms": np.linspace(-1, 2, 7)}])
def test_q_is_the_mean_of_the_law_and_the_greedy_action_its_argmax(options):
    net = network(**options)
    numbers = net(torch.from_numpy(OBS))
    assert numbers.shape == (2, 5, 4, net.each)
    z, p = net.law(OBS)
    np.testing.assert_allclose(p.sum(-1), 1)
    Q = (z * p).sum(-1)
    np.testing.assert_allclose(net.values(numbers).detach(), Q, atol=1e-6)
    np.testing.assert_array_equal(net.mode(OBS), Q.argmax(-1))
    np.testing.assert_array_equal(net.copy().mode(OBS), Q.argmax(-1))
    np.testing.assert_array_equal(net.rows(slice(1, 2)).mode(OBS[1:]), Q[1:].argmax(-1))


def test_the_row_of_an_action_is_its_own_and_carries_gradients_to_no_other():
    numbers = torch.randn(2, 5, 4, 3, requires_grad=True)
    action = torch.tensor([[0, 1, 2, 3, 0], [3, 3, 1, 0, 2]])
    chosen = of_action(numbers, action)
    for s in range(2):
        for b in range(5):
            torch.testing.assert_close(chosen[s, b], numbers[s, b, action[s, b]])
    chosen.sum().backward()
    assert numbers.grad.sum() == 30 and (numbers.grad.sum(-1).argmax(-1) == action).all()
