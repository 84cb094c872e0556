"""log σ stays where it has a gradient: at the ends of its range it can turn back."""

import pytest
import torch

from rlcourse.algorithms import discover
from rlcourse.parts.adam import Adam
from rlcourse.parts.mixtures import MixturePolicy
from rlcourse.parts.networks import LOG_STD_RANGE, Spaces, StochasticPolicy
from rlcourse.parts.randomness import INITIALISE, Streams
from rlcourse.training import train

LOW, HIGH = LOG_STD_RANGE


def policy(log_std, kind="gaussian"):
    streams = Streams(range(2), INITIALISE)
    if kind == "mixture":
        return MixturePolicy(Spaces(3, 1, False), (4,), streams, 2, log_std)
    return StochasticPolicy(Spaces(3, 1, False), (4,), streams, log_std)


@pytest.mark.parametrize("kind", ["gaussian", "mixture"])
@pytest.mark.parametrize(("start", "end"), [(2.1, HIGH), (1e9, HIGH), (-21.0, LOW)])
def test_it_starts_within_its_range(start, end, kind):
    assert (policy(start, kind).extra == end).all()


@pytest.mark.parametrize("kind", ["gaussian", "mixture"])
@pytest.mark.parametrize(("wanted", "end"), [(0.0, HIGH), (9.0, LOW)])
def test_a_step_beyond_an_end_stops_there_and_the_next_may_lead_back(wanted, end, kind):
    """Driven far beyond, then asked for log σ = `wanted`: it gets there by the gradient alone."""
    net = policy(end, kind)
    optimiser = Adam(net)
    outwards = 1.0 if end == HIGH else -1.0

    def log_std():
        return net(torch.zeros(2, 1, 3)).log_std

    for _ in range(5):
        (-outwards * log_std().sum()).backward()
        optimiser.step(1.0)
        assert (net.extra == end).all()
    for _ in range(100):
        (outwards * log_std().sum()).backward()
        optimiser.step(0.1)
    assert ((net.extra - end).abs() > 2).all()


@pytest.mark.parametrize("name", ["a2c", "a3c", "impala", "npg", "ppo", "reinforce", "trpo"])
def test_a_policy_that_starts_beyond_moves(name):
    kind = discover()[name]
    small = {"num_envs": 2, "log_std": 2.1} | ({"horizon": 16} if hasattr(kind, "horizon") else {})
    small |= {"workers": 2} if hasattr(kind, "workers") else {}
    seen = []

    def look(training):
        seen.append(training.agent.nets.policy.extra.detach().clone())

    train(kind(**small), "Pendulum-v1", 768, 4, callbacks=[look], evaluation_episodes=1, evaluate_every=768)
    assert (torch.stack(seen) < HIGH).any()
    assert (torch.stack(seen) <= HIGH).all()
