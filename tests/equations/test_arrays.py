"""The same function of a NumPy array and of a torch tensor: same numbers, same kind, gradients kept."""

import numpy as np
import pytest
import torch

from rlcourse.equations import arrays

X, Y = np.arange(6.0).reshape(3, 2) - 2, np.array([[1.0, -2], [0, 4], [-1, 2]])

CALLS = {
    "flip": lambda x, y: arrays.flip(x),
    "stack": lambda x, y: arrays.stack([x, y]),
    "concatenate": lambda x, y: arrays.concatenate(x, y[:1]),
    "where": lambda x, y: arrays.where(x > y, x, 7.0),
    "minimum": lambda x, y: arrays.minimum(x, y),
    "exp": lambda x, y: arrays.exp(x),
    "dot": lambda x, y: arrays.dot(x, y),
    "constant": lambda x, y: arrays.constant(x),
}
BY_HAND = {
    "flip": [[2, 3], [0, 1], [-2, -1]],
    "stack": [[[-2, -1], [0, 1], [2, 3]], [[1, -2], [0, 4], [-1, 2]]],
    "concatenate": [[-2, -1], [0, 1], [2, 3], [1, -2]],
    "where": [[7, -1], [7, 7], [2, 3]],
    "minimum": [[-2, -2], [0, 1], [-1, 2]],
    "exp": [[np.e**-2, np.e**-1], [1, np.e], [np.e**2, np.e**3]],
    "dot": [[0], [4], [4]],
    "constant": [[-2, -1], [0, 1], [2, 3]],
}


def test_every_helper_of_the_module_is_in_the_table():
    public = {
        name for name, value in vars(arrays).items() if getattr(value, "__module__", "") == arrays.__name__
    }
    assert public == {*CALLS, "same_shape"} and set(CALLS) == set(BY_HAND)


@pytest.mark.parametrize("name", CALLS)
def test_numpy_and_torch_give_the_numbers_worked_out_by_hand(name):
    ours, theirs = CALLS[name](X, Y), CALLS[name](torch.from_numpy(X), torch.from_numpy(Y))
    assert isinstance(ours, np.ndarray) and torch.is_tensor(theirs)
    np.testing.assert_allclose(ours, BY_HAND[name], rtol=1e-14)
    np.testing.assert_allclose(theirs.numpy(), BY_HAND[name], rtol=1e-14)


@pytest.mark.parametrize("name", sorted(CALLS.keys() - {"constant"}))
def test_gradients_flow_through_torchs(name):
    x = torch.from_numpy(X).requires_grad_()
    CALLS[name](x, torch.from_numpy(Y)).sum().backward()
    assert x.grad.abs().sum() > 0


def test_no_gradient_flows_out_of_a_constant():
    assert not arrays.constant(torch.from_numpy(X).requires_grad_()).requires_grad


def test_unequal_shapes_are_named_in_one_line_and_equal_ones_pass():
    arrays.same_shape(a=np.ones((2, 3)), b=torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"a \(2,\), b \(2, 1\); reshape") as error:
        arrays.same_shape(a=np.ones(2), b=torch.ones(2, 1))
    assert "\n" not in str(error.value)
