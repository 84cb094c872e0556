"""Networks, inputs and streams for the tests of parts."""

import torch

from rlcourse.parts.networks import Network
from rlcourse.parts.randomness import INITIALISE, Streams


def streams(seeds=3):
    return Streams(range(seeds), INITIALISE)


def make(activation="relu", squash=False, members=(3,), out=2, **options):
    return Network((4, 8, 6, out), members, streams(members[0]), activation, squash=squash, **options)


def inputs(network, batch=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*network.members, batch, network.sizes[0], generator=generator)
