"""Networks against PyTorch's own layers and autograd."""

import copy
import pickle

import numpy as np
import pytest
import torch

from rlcourse.equations.solvers import fisher_vector_product
from rlcourse.parts.adam import Adam
from rlcourse.parts.networks import ActionValue, Network, Networks, Spaces, StateValue, StochasticPolicy
from rlcourse.parts.randomness import INITIALISE, Streams
from tests.parts.made_up import inputs, make, streams

KINDS = [  # what `make` is called with
    pytest.param({"activation": activation, "squash": squash, "members": members, "out": out}, id=name)
    for name, activation, squash, members, out in [
        ("relu", "relu", False, (3,), 2),
        ("tanh", "tanh", False, (3,), 2),
        ("actor", "relu", True, (3,), 2),
        ("twin critics", "relu", False, (3, 2), 1),
        ("tanh critic", "tanh", False, (3,), 1),
        ("one seed", "relu", False, (1,), 1),
    ]
] + [
    pytest.param({"out": 2, "extra": 2}, id="extra"),
    pytest.param({"out": 2, "activation": "tanh", "start": "orthogonal"}, id="orthogonal"),
]


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def as_torch(network, row):
    """Member `row` as torch.nn modules in float64, with its own copy of the weights."""
    layers = []
    for weight, bias in network.layers:
        linear = torch.nn.Linear(weight.shape[1], weight.shape[2]).double()
        linear.weight.data, linear.bias.data = weight.detach()[row].T.double(), bias.detach()[row, 0].double()
        layers += [linear, torch.nn.ReLU() if network.activation == "relu" else torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1], *([torch.nn.Tanh()] if network.squash else []))


def torch_gradient(module):
    """The gradients of the modules in the order of `flat`: W [in, out] by rows, then b, layer by layer."""
    linears = [m for m in module if isinstance(m, torch.nn.Linear)]
    return torch.cat([g for m in linears for g in (m.weight.grad.T.flatten(), m.bias.grad)]).float()


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_forward_is_the_stack_of_torchs_own_layers(kind):
    network = make(**kind)
    x = inputs(network)
    expected = [
        as_torch(network, row)(x.flatten(0, -3)[row].double()) for row in range(len(x.flatten(0, -3)))
    ]
    expected = torch.stack(expected).view(*x.shape[:-1], kind["out"]).detach().float()
    near = {"rtol": 1e-4, "atol": 1e-6}
    for way in (network, network.graph):
        torch.testing.assert_close(way(x).detach(), expected, **near)
    if len(network.members) == 1:
        np.testing.assert_allclose(network.numpy(x.numpy()), expected, **near)


@pytest.mark.parametrize("kind", KINDS)
def test_the_passes_by_hand_give_the_bits_of_the_pass_in_torchs_graph(kind):
    network = make(**kind)
    x = inputs(network)
    assert torch.equal(network.graph(x).detach(), network(x).detach())


@pytest.mark.parametrize("kind", KINDS)
def test_backward_is_the_gradient_that_autograd_finds_for_each_member(kind):
    network = make(**kind)
    x, g = inputs(network), torch.randn(*make(**kind).members, 5, kind["out"])
    network.grad.fill_(9.0)  # what was there is overwritten, not added to
    network(x).backward(g)
    rows = zip(x.flatten(0, -3), g.flatten(0, -3), network.grad.flatten(0, -2), strict=True)
    for row, (x_row, g_row, gradient) in enumerate(rows):
        module = as_torch(network, row)
        module(x_row.double()).backward(g_row.double())
        expected = torch_gradient(module)
        torch.testing.assert_close(gradient[: len(expected)], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", [k for k in KINDS if "extra" not in k.values[0]])
def test_the_product_without_a_graph_has_the_bits_of_backward(kind):
    network, twin = make(**kind), make(**kind)
    x, g = inputs(network), torch.randn(*network.members, 5, kind["out"])
    network.grad.fill_(9.0)  # what was there is overwritten, not added to
    y, pull = network.vjp(x)
    pull(g)
    expected = twin(x)
    expected.backward(g)
    assert torch.equal(y, expected.detach()) and not y.requires_grad
    assert torch.equal(network.grad, twin.grad)


def test_a_network_with_extra_parameters_has_no_product_without_a_graph():
    network = make(out=2, extra=2)
    with pytest.raises(ValueError, match="extra parameters; use net.with_extra"):
        network.vjp(inputs(network))


@pytest.mark.parametrize("batch", [128, 100, 1])  # a mean over 100 divides by no power of two
@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("weight", [1.0, 0.5])
@pytest.mark.parametrize("twins", [None, False, True])
def test_a_critics_regression_has_the_bits_of_autograd_on_the_mean_square(twins, weight, seeds, batch):
    spaces = Spaces(3, 2, False)

    def critic():
        if twins is None:
            return StateValue(spaces, (16, 16), streams(seeds))
        return ActionValue(spaces, (16, 16), streams(seeds), twins)

    one, other = critic(), critic()
    inputs = [torch.randn(seeds, batch, 3)] + ([] if twins is None else [torch.randn(seeds, batch, 2)])
    y = torch.randn(seeds, batch)
    before, value = y.clone(), other(*inputs)
    (weight * ((value - (y[:, None] if twins else y)) ** 2).mean(-1)).sum().backward()
    found = one.regress(*inputs, y, weight)
    assert torch.equal(found, value.detach()) and torch.equal(one.grad, other.grad)
    assert torch.equal(y, before) and one.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_fast_node_gives_the_gradient_of_the_plain_graph(kind):
    network = make(**kind)
    x = inputs(network)
    parameters = [p for pair in network.layers for p in pair]
    plain = torch.autograd.grad((network.graph(x) ** 3).sum(), parameters)
    (network(x) ** 3).sum().backward()
    for gradient, parameter in zip(plain, parameters, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_that_is_asked_for_reaches_the_input_too(kind):
    """So that one network's output may be another's input: ∇_x through the node is autograd's."""
    network = make(**kind)
    x = inputs(network).requires_grad_()
    g = torch.randn(*network.members, 5, kind["out"])
    (expected,) = torch.autograd.grad(network.graph(x), x, g)
    (found,) = torch.autograd.grad(network(x), x, g)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("twins", [False, True])
def test_the_action_gradient_is_autograds_and_leaves_the_weights_gradients_alone(twins):
    """peers.md 4.22: ∇_a Q goes to the actor; the critic's own gradient is not touched."""
    critic = ActionValue(Spaces(3, 2, False), (8, 6), streams(), twins)
    obs, action = torch.randn(3, 5, 3), torch.randn(3, 5, 2).requires_grad_()
    critic.grad.fill_(9.0)
    kept, values = critic.flat.clone(), critic.graph(obs, action)
    (expected,) = torch.autograd.grad((values[:, 0] if twins else values).sum(), action)
    found = critic.action_gradient(obs, action.detach())
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    assert (critic.grad == 9).all() and torch.equal(critic.flat, kept)


def test_a_squashed_network_stays_within_one():
    network = make(squash=True)
    assert network(1e4 * inputs(network)).abs().max() <= 1


@pytest.mark.parametrize(
    ("sizes", "twins"), [((4, 64, 64, 1), ()), ((3, 32, 2), ()), ((4, 8, 1), (2,)), ((4, 64, 64, 1), (2,))]
)
def test_one_seed_alone_gives_the_bits_of_its_row_among_eight(sizes, twins):
    eight = Network(sizes, (8, *twins), Streams(range(8), INITIALISE))
    x = inputs(eight, batch=64)
    g = torch.randn(8, *twins, 64, sizes[-1])
    y = eight(x)
    y.backward(g)
    for seed in (0, 5):
        one = Network(sizes, (1, *twins), Streams([seed], INITIALISE))
        assert torch.equal(one.flat[0], eight.flat[seed])
        alone = one(x[seed : seed + 1])
        assert torch.equal(alone[0], y[seed])
        alone.backward(g[seed : seed + 1])
        assert torch.equal(one.grad[0], eight.grad[seed])


def test_a_member_sees_neither_the_inputs_nor_the_weights_of_the_others():
    network = make(members=(3, 2), out=1)
    x = inputs(network)
    before = network(x).clone()
    network.flat[1, 0] += 1.0
    x[2, 1] += 1.0
    changed = (network(x) != before).flatten(2).any(2)
    assert changed.tolist() == [[False, False], [True, False], [False, True]]


def test_twins_and_seeds_start_from_different_weights():
    flat = make(members=(3, 2), out=1).flat.flatten(0, 1)
    assert len({tuple(row.tolist()) for row in flat}) == 6


def test_uniform_weights_and_biases_lie_within_one_over_root_fan_in_and_fill_the_interval():
    network = Network((16, 64, 3), (5,), streams(5))
    for (weight, bias), fan_in in zip(network.layers, (16, 64), strict=True):
        bound = fan_in**-0.5
        assert weight.abs().max() <= bound and bias.abs().max() <= bound
        assert weight.abs().max() > 0.97 * bound
        assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)


def test_orthogonal_weights_are_orthonormal_times_their_gain_and_biases_zero():
    network = Network((6, 8, 5, 2), (3,), streams(), start="orthogonal", final_gain=0.01)
    for (weight, bias), gain in zip(network.layers, (2**0.5, 2**0.5, 0.01), strict=True):
        assert (bias == 0).all()
        for W in weight.detach():
            gram = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W
            torch.testing.assert_close(gram, gain**2 * torch.eye(len(gram)), rtol=1e-4, atol=1e-5 * gain**2)


def test_extra_parameters_come_last_and_start_at_their_value():
    network = make(extra=2, extra_start=-0.5)
    assert network.count == 4 * 8 + 8 + 8 * 6 + 6 + 6 * 2 + 2 + 2
    assert (network.flat[:, -2:] == -0.5).all() and network.extra.shape == (3, 1, 2)
    network.flat[:, -1] = 7.0
    assert (network.extra[..., 1] == 7).all()


def test_layers_and_gradients_are_views_of_one_flat_array():
    network = make(extra=1)
    network.flat.fill_(2.0)
    network.grad.fill_(3.0)
    assert all((p == 2).all() and (p.grad == 3).all() for p in network.parameters)
    assert sum(p.numel() for p in network.parameters) == network.flat.numel()


@pytest.mark.parametrize(
    "twin",
    [Network.copy, copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_has_the_same_weights_and_a_life_of_its_own(twin):
    network = make(members=(3, 2), out=1, extra=1, activation="tanh", squash=True)
    other, x = twin(network), inputs(network)
    before = network(x).clone()
    assert torch.equal(other(x), before)
    other.flat.add_(0.1)
    assert not torch.equal(other(x), before) and torch.equal(network(x), before)
    other.grad.zero_()
    other(x).backward(torch.ones(3, 2, 5, 1))
    assert other.grad.abs().max() > 0 and (network.grad == 0).all()
    assert all(
        p.grad.data_ptr() != q.grad.data_ptr()
        for p, q in zip(network.parameters, other.parameters, strict=True)
    )
    Adam(other).step(0.1)
    assert torch.equal(other.graph(x), other(x))  # its layers are still views of its flat array


def test_rows_are_copies_of_those_members():
    network = make(members=(3, 2), out=1)
    some, x = network.rows(slice(1, 3)), inputs(network)
    assert some.members == (2, 2) and torch.equal(some(x[1:3]), network(x)[1:3])
    some.flat.zero_()
    assert (network.flat[1:3] != 0).any()


def test_following_moves_the_target_by_exactly_tau():
    """peers.md 4.22: θ' ← τ θ + (1 − τ) θ', and the online network stays."""
    online, target = make(), make()
    target.flat.normal_()
    old, kept = target.flat.clone(), online.flat.clone()
    target.follow(online, 0.005)
    torch.testing.assert_close(target.flat, 0.005 * kept + 0.995 * old)
    assert torch.equal(online.flat, kept)
    target.follow(online, 1.0)
    assert torch.equal(target.flat, kept)


def test_the_gradient_norm_is_one_number_per_seed_over_both_twins():
    network = make(members=(3, 2), out=1)
    network.grad.normal_()
    expected = [torch.linalg.vector_norm(network.grad[s]).item() for s in range(3)]
    np.testing.assert_allclose(network.grad_norm(), expected, rtol=1e-6)


def test_a_member_learns_in_the_memory_of_the_whole_and_leaves_the_others_alone():
    """One step of seed 1 by itself gives the bits of its row in a step of all three."""
    alone, together = (make(members=(3,)) for _ in range(2))
    optimisers = Adam(alone), Adam(together)
    x = inputs(alone)
    (together(x) ** 2).sum().backward()
    optimisers[1].step(0.1)
    parts = Networks(net=alone, optimiser=optimisers[0], number=torch.arange(3.0), count=7).member(1)
    (parts.net(x[1:2]) ** 2).sum().backward()
    parts.optimiser.step(0.1)
    parts.number += 1
    assert parts.count == 7 and parts.number.tolist() == [2.0]
    fresh = make(members=(3,))
    assert torch.equal(alone.flat[1], together.flat[1]) and not torch.equal(alone.flat[1], fresh.flat[1])
    assert torch.equal(alone.flat[[0, 2]], fresh.flat[[0, 2]])
    assert optimisers[0].t.tolist() == [0, 1, 0] and torch.equal(optimisers[0].m[1], optimisers[1].m[1])
    assert torch.equal(alone.grad[1], together.grad[1]) and not alone.grad[0].any()


@pytest.mark.parametrize("discrete", [False, True])
def test_scores_are_autograds_gradients_of_each_log_probability(discrete):
    policy = StochasticPolicy(Spaces(3, 2, discrete), (5,), Streams(range(2), INITIALISE), log_std=0.3)
    obs = torch.randn(2, 4, 3)
    action = torch.randint(2, (2, 4)) if discrete else torch.randn(2, 4, 2)
    scores, log_prob = policy.scores(obs, action), policy.graph(obs).log_prob(action)
    assert scores.shape == (2, 4, policy.count)
    for s in range(2):
        for i in range(4):
            gradient = torch.autograd.grad(log_prob[s, i], policy.parameters, retain_graph=True)
            expected = torch.cat([g[s].flatten() for g in gradient])
            torch.testing.assert_close(scores[s, i], expected, rtol=1e-4, atol=1e-6)


FISHER = pytest.mark.parametrize(
    ("hidden", "activation", "actions", "discrete"),
    [
        ((8, 6), "tanh", 2, False),
        ((8, 6), "relu", 3, True),
        ((8,), "tanh", 1, False),
        ((), "tanh", 2, True),
    ],
)


def policy_of(seeds, hidden, activation, actions, discrete):
    spaces = Spaces(4, actions, discrete)
    return StochasticPolicy(spaces, hidden, Streams(seeds, INITIALISE), -0.7, activation, "uniform")


@FISHER
def test_fisher_products_by_hand_are_second_derivatives_of_the_kl(hidden, activation, actions, discrete):
    """Against double backpropagation; and the weights' own gradients stay."""
    net, obs = policy_of(range(3), hidden, activation, actions, discrete), torch.randn(3, 17, 4)
    v, pi = torch.randn_like(net.flat), net.graph(obs)
    expected = fisher_vector_product(pi.detach().kl(pi).mean(-1).sum(), net.parameters, 0.3)(v)
    net.grad.fill_(5.0)
    product = net.fisher_product(obs, 0.3)
    torch.testing.assert_close(product(v), expected, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(product(2 * v), 2 * product(v))  # nothing stays of the product before
    assert not torch.allclose(expected, 0.3 * v, atol=1e-2)
    assert (net.grad == 5).all()


@FISHER
def test_fisher_products_of_one_seed_are_the_bits_of_its_row_among_eight(
    hidden, activation, actions, discrete
):
    obs, eight = torch.randn(8, 64, 4), policy_of(range(8), hidden, activation, actions, discrete)
    v = torch.randn_like(eight.flat)
    rows = eight.fisher_product(obs)(v)
    for seed in range(8):
        one = policy_of([seed], hidden, activation, actions, discrete)
        assert torch.equal(one.fisher_product(obs[seed, None])(v[seed, None])[0], rows[seed])
