"""Adam against torch.optim.Adam, seed by seed."""

import numpy as np
import pytest
import torch

from rlcourse.parts.adam import Adam
from tests.parts.made_up import make


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


@pytest.mark.parametrize("eps", [1e-8, 1e-5])
def test_fifty_steps_are_those_of_torchs_adam(eps):
    network = make(members=(3, 2), out=1)
    theirs = network.flat.clone().requires_grad_()
    ours, optimiser = Adam(network, eps=eps), torch.optim.Adam([theirs], lr=0.01, eps=eps)
    generator = torch.Generator().manual_seed(0)
    for step in range(50):
        rate = 0.01 / (1 + step)  # learning rates that change, as a schedule's do
        gradient = torch.randn(theirs.shape, generator=generator) * 10.0 ** (step % 7 - 3)
        network.grad.copy_(gradient)
        ours.step(rate)
        theirs.grad = gradient
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
    torch.testing.assert_close(network.flat, theirs.detach(), rtol=1e-4, atol=1e-6)


def test_a_seed_that_rests_stays_bit_for_bit_and_counts_its_own_steps():
    """Each seed against a torch.optim.Adam of its own, that steps only when the seed does."""
    network = make()
    theirs = [row.clone().requires_grad_() for row in network.flat]
    ours, optimisers = Adam(network), [torch.optim.Adam([p], lr=0.01) for p in theirs]
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    for _ in range(50):
        active = (rng.random(3) < [0.9, 0.5, 0.2]).tolist()
        before = network.flat.clone()
        network.grad.copy_(torch.randn(before.shape, generator=generator))
        ours.step(0.01, active)
        for seed, on in enumerate(active):
            if on:
                theirs[seed].grad = network.grad[seed].clone()
                optimisers[seed].step()
            else:
                assert torch.equal(network.flat[seed], before[seed])
    assert len(set(ours.t.tolist())) == 3
    # One step for all, though their counts differ.
    ours.step(0.01)
    for seed, optimiser in enumerate(optimisers):
        theirs[seed].grad = network.grad[seed].clone()
        optimiser.step()
    torch.testing.assert_close(network.flat, torch.stack(theirs).detach(), rtol=1e-4, atol=1e-6)
    assert ours.t.tolist() == [int(o.state[p]["step"]) for o, p in zip(optimisers, theirs, strict=True)]


def test_a_step_of_one_seed_alone_gives_the_bits_of_its_row_in_a_step_of_all():
    together, alone = make(), make().rows(slice(1, 2))
    a, b = Adam(together), Adam(alone)
    for _ in range(5):
        together.grad.normal_()
        alone.grad.copy_(together.grad[1:2])
        a.step(0.01)
        b.step(0.01)
    assert torch.equal(together.flat[1], alone.flat[0])


def test_a_restored_optimiser_goes_on_with_the_same_bits():
    network = make()
    optimiser = Adam(network)
    for active in ([True] * 3, [True, False, True]):
        network.grad.normal_()
        optimiser.step(0.01, active)
    other_network = network.copy()
    other = Adam(other_network)
    other.restore(optimiser.state())
    network.grad.normal_()
    other_network.grad.copy_(network.grad)
    optimiser.step(0.01)
    other.step(0.01)
    assert torch.equal(network.flat, other_network.flat) and (optimiser.t == other.t).all()
