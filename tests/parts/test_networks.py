"""Batched networks against autograd, each member against itself alone, Adam against PyTorch's."""

import copy
import pickle

import numpy as np
import pytest
import torch

from rlcourse.parts.networks import Adam, Network
from rlcourse.parts.noise import Streams


def network(members=(3,), sizes=(4, 16, 8, 2), seeds=None, **options):
    return Network(sizes, members, Streams(seeds or range(members[0]), 0), **options)


CASES = [
    {}, {"members": (3, 2)}, {"activation": "tanh"}, {"squash": True}, {"sizes": (4, 16, 1)}, {"sizes": (4, 16, 1), "members": (1,)},
    {"extra": 2}, {"start": "orthogonal", "activation": "tanh"},
]  # fmt: skip


def same_gradient(net, expected):
    return torch.testing.assert_close(net.grad, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("options", CASES, ids=str)
def test_the_written_out_passes_equal_autograd(options):
    """The fast paths forward + backward, fast and numpy against the plain operations."""
    net = network(**options)
    x = torch.randn(*net.members, 7, 4)
    g = torch.randn(*net.members, 7, net.sizes[-1])
    y = net(x)
    gradients = torch.autograd.grad((y * g).sum(), [p for layer in net.layers for p in layer])
    expected = torch.zeros_like(net.grad)
    at = 0
    for piece in gradients:
        n = piece[0].numel()
        expected.view(-1, net.count)[:, at : at + n] = piece.reshape(len(piece), -1)
        at += n
    torch.testing.assert_close(net.forward(x), y.detach(), rtol=1e-5, atol=1e-6)
    net.backward(g)
    same_gradient(net, expected)
    net.grad.zero_()
    (net.fast(x) * g).sum().backward()
    same_gradient(net, expected)
    if len(net.members) == 1:
        np.testing.assert_allclose(net.numpy(x.numpy()), y.detach().numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("members", [(3,), (3, 2)])
def test_the_input_gradient_equals_autograd_and_leaves_the_weights_gradients_alone(members):
    net = network(members, (5, 16, 1))
    x = torch.randn(*members, 7, 5, requires_grad=True)
    expected = torch.autograd.grad(net(x).sum(), x)[0]
    net.grad.fill_(7.0)
    torch.testing.assert_close(net.input_gradient(x.detach()), expected)
    assert (net.grad == 7).all()
    if len(members) == 2:
        first = net.input_gradient(x.detach()[:, 0].contiguous(), first_twin=True)
        torch.testing.assert_close(first, expected[:, 0])


@pytest.mark.parametrize("sizes", [(4, 64, 64, 1), (3, 32, 2)])
def test_a_member_gives_the_same_bits_alone_and_among_eight(sizes):
    many, x = network((8,), sizes), torch.randn(8, 64, sizes[0])
    g = torch.randn(8, 64, sizes[-1])
    y = many.forward(x)
    many.backward(g)
    for s in (0, 5):
        alone = network((1,), sizes, seeds=[s])
        assert torch.equal(alone.flat[0], many.flat[s])
        assert torch.equal(alone.forward(x[s : s + 1])[0], y[s])
        alone.backward(g[s : s + 1])
        assert torch.equal(alone.grad[0], many.grad[s])


def test_members_do_not_mix():
    net, x = network(), torch.randn(3, 5, 4)
    before = net.forward(x)
    with torch.no_grad():
        net.flat[1] += 1.0
    after = net.forward(x)
    assert torch.equal(before[[0, 2]], after[[0, 2]]) and not torch.equal(before[1], after[1])


def test_orthogonal_weights_are_orthonormal_times_their_gain_and_biases_zero():
    net = network((2,), (4, 16, 3), start="orthogonal", final_gain=0.01)
    (w1, b1), (w2, b2) = net.layers
    torch.testing.assert_close(w1[1] @ w1[1].T, 2 * torch.eye(4))
    torch.testing.assert_close(w2[1].T @ w2[1], 1e-4 * torch.eye(3), atol=1e-7, rtol=1e-4)
    assert not b1.any() and not b2.any()


def test_uniform_weights_stay_within_one_over_the_root_of_the_inputs():
    (w1, b1), (w2, _) = network((2,), (4, 400, 1)).layers
    assert 0.49 < w1.abs().max() <= 0.5 and b1.abs().max() <= 0.5 and w2.abs().max() <= 0.05


@pytest.mark.parametrize("twin", [lambda n: n.copy(), copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_is_equal_and_independent_and_its_layers_still_view_its_flat_array(twin):
    net = network(extra=2)
    other, x = twin(net), torch.randn(3, 5, 4)
    assert torch.equal(net.forward(x), other.forward(x))
    with torch.no_grad():
        other.flat.zero_()
    assert not other.forward(x).any() and net.forward(x).any()


def test_polyak_closes_the_gap_by_tau_at_each_step():
    online, target = network(seeds=[0, 1, 2]), network(seeds=[3, 4, 5])
    gap = (target.flat - online.flat).clone()
    for _ in range(4):
        target.follow(online, 0.1)
    torch.testing.assert_close(target.flat - online.flat, 0.9**4 * gap, rtol=1e-4, atol=1e-6)


def test_adam_is_pytorchs_adam_and_a_seed_that_is_not_active_stays_bit_for_bit():
    net = network((2,))
    ours, rows = Adam(net, eps=1e-6), [net.flat[s].clone().requires_grad_() for s in range(2)]
    theirs = [torch.optim.Adam([row], lr=0.0, eps=1e-6) for row in rows]
    for k in range(40):
        active = [True, k % 3 != 1]
        net.grad.copy_(torch.randn(net.grad.shape) * 10.0 ** (k % 4))
        before = net.flat.clone()
        ours.step(1e-2, active)
        for s in range(2):
            if active[s]:
                rows[s].grad = net.grad[s].clone()
                theirs[s].param_groups[0]["lr"] = 1e-2
                theirs[s].step()
            else:
                assert torch.equal(net.flat[s], before[s])
    torch.testing.assert_close(net.flat, torch.stack([row.detach() for row in rows]), rtol=1e-4, atol=1e-5)
    assert ours.t.tolist() == [40, 27]


def test_adam_continues_from_its_state():
    nets = [network(), network()]
    adams = [Adam(n) for n in nets]
    for k in range(6):
        grad = torch.randn(nets[0].grad.shape, generator=torch.Generator().manual_seed(k))
        if k == 3:
            state = adams[0].state()
            adams[1] = Adam(nets[1])
            adams[1].restore(state)
        for n, a in zip(nets, adams, strict=True):
            n.grad.copy_(grad)
            a.step(0.1)
    assert torch.equal(nets[0].flat, nets[1].flat)
