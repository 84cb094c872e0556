"""Networks with member dimensions in front: eight seeds, or eight pairs of twin critics, are one batched product.

All parameters of a network live in one flat array, `flat` [*members, P], and their gradients in `grad`, of the same shape; the layers
are views of it. So an optimiser step, a Polyak average and TRPO's vector algebra are single calls, and member s is row s.
"""

import math
from typing import NamedTuple

import numpy as np
import torch

from rlcourse.equations import divergences

ACTIVATIONS = {"relu": (torch.relu, lambda x: np.maximum(x, 0)), "tanh": (torch.tanh, np.tanh)}


class Network:
    """y = W_L φ(… φ(x W_1 + b_1) …) + b_L, for every member at once: x [*members, B, sizes[0]] → y [*members, B, sizes[-1]].

    sizes: widths from input to output. members: leading shape, (S,) or (S, 2). streams: one random stream per seed draws the
    initial weights: "uniform" U(±1/√fan_in), PyTorch's default, or "orthogonal" with gain √2 and `final_gain` in the last layer, zero biases.
    extra: so many further free parameters per member (a Gaussian policy's log σ), all starting at `extra_start`.
    """

    def __init__(
        self,
        sizes,
        members,
        streams,
        activation="relu",
        start="uniform",
        final_gain=1.0,
        extra=0,
        extra_start=0.0,
    ):
        self.sizes, self.members, self.activation, self.extra_size = (
            tuple(sizes),
            tuple(members),
            activation,
            extra,
        )
        self.count = sum(i * o + o for i, o in zip(sizes, sizes[1:])) + extra
        self.flat = torch.zeros(*members, self.count)
        self.grad = torch.zeros_like(self.flat)
        self._make_views()
        self._initialise(streams, start, final_gain, extra_start)

    def _make_views(self):
        """Leaf tensors that share memory with `flat`, and whose gradients share memory with `grad`."""
        flat, grad = self.flat.view(-1, self.count), self.grad.view(-1, self.count)
        self.layers, self.parameters, at = [], [], 0
        shapes = [s for i, o in zip(self.sizes, self.sizes[1:]) for s in ((i, o), (1, o))]
        for rows, columns in [*shapes, (1, self.extra_size)]:
            piece = slice(at, at + rows * columns)
            leaf = flat[:, piece].view(len(flat), rows, columns).requires_grad_()
            leaf.grad = grad[:, piece].view(len(flat), rows, columns)
            self.parameters.append(leaf)
            at += rows * columns
        self.extra = self.parameters.pop()
        if self.extra_size:
            self.parameters.append(self.extra)
        self.layers = list(
            zip(self.parameters[0 : len(shapes) : 2], self.parameters[1 : len(shapes) : 2], strict=True)
        )
        self._frozen = [(w.detach(), b.detach()) for w, b in self.layers]
        self._numpy = [(w.numpy(), b.numpy()) for w, b in self._frozen]

    @torch.no_grad()
    def _initialise(self, streams, start, final_gain, extra_start):
        per_seed = math.prod(self.members[1:])
        for row in range(math.prod(self.members)):
            generator = torch.Generator().manual_seed(
                int(streams.generators[row // per_seed].integers(2**62))
            )
            for index, (weight, bias) in enumerate(self.layers):
                bound = 1 / math.sqrt(weight.shape[1])
                if start == "uniform":
                    weight[row].uniform_(-bound, bound, generator=generator)
                    bias[row].uniform_(-bound, bound, generator=generator)
                else:
                    gain = final_gain if index == len(self.layers) - 1 else math.sqrt(2)
                    fresh = torch.empty(weight.shape[2], weight.shape[1])
                    weight[row] = torch.nn.init.orthogonal_(fresh, gain, generator=generator).T
            self.extra[row] = extra_start

    def __call__(self, x, frozen=False):
        """Forward pass; with `frozen` no gradient reaches the weights (only x), which spares half the backward pass."""
        phi = ACTIVATIONS[self.activation][0]
        h = x.reshape(-1, *x.shape[-2:])
        layers = self._frozen if frozen else self.layers
        for weight, bias in layers[:-1]:
            h = phi(torch.baddbmm(bias, h, weight))
        weight, bias = layers[-1]
        return torch.baddbmm(bias, h, weight).view(*x.shape[:-1], self.sizes[-1])

    def numpy(self, x):
        """The same forward pass in NumPy, cheaper for a single observation: x [S, B, in] → [S, B, out]."""
        phi = ACTIVATIONS[self.activation][1]
        for weight, bias in self._numpy[:-1]:
            x = phi(x @ weight + bias)
        weight, bias = self._numpy[-1]
        return x @ weight + bias

    def copy(self):
        """A network of the same shape with the same weights: a target network starts as one."""
        return self.rows(slice(None))

    def rows(self, index):
        """A copy of the members with these indices along the seed axis (a slice)."""
        twin = object.__new__(Network)
        twin.sizes, twin.activation, twin.extra_size, twin.count = (
            self.sizes,
            self.activation,
            self.extra_size,
            self.count,
        )
        twin.flat = self.flat[index].clone()
        twin.grad = torch.zeros_like(twin.flat)
        twin.members = tuple(twin.flat.shape[:-1])
        twin._make_views()
        return twin

    def __getstate__(self):
        keep = ("sizes", "members", "activation", "extra_size", "count", "flat")
        return {name: getattr(self, name) for name in keep}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.grad = torch.zeros_like(self.flat)
        self._make_views()

    @torch.no_grad()
    def follow(self, online, tau):
        """Polyak: θ' ← τ θ + (1 − τ) θ'."""
        self.flat.lerp_(online.flat, tau)

    def grad_norm(self):
        """‖∇‖₂ per seed, [S]."""
        return self.grad.flatten(1).norm(dim=1)


class Adam:
    """PyTorch's Adam with a state per seed, so that a seed whose epoch loop has stopped stays exactly where it is."""

    def __init__(self, network, eps=1e-8):
        self.network = network
        self.rows = list(network.flat.unbind(0))
        self.optimiser = torch.optim.Adam(self.rows, lr=0.0, eps=eps, fused=True)

    def minimise(self, loss, learning_rate):
        """∇ of the loss (a scalar, summed over seeds), then one step for every seed."""
        self.network.grad.zero_()
        loss.backward()
        self.step(learning_rate)

    def step(self, learning_rate, active=None):
        """One Adam step along `network.grad`, for the seeds that are active (all by default)."""
        for seed, (row, grad) in enumerate(zip(self.rows, self.network.grad, strict=True)):
            row.grad = grad if active is None or active[seed] else None
        self.optimiser.param_groups[0]["lr"] = learning_rate
        self.optimiser.step()

    def state(self):
        kept = [self.optimiser.state.get(row, {}) for row in self.rows]
        return [{name: value.numpy().copy() for name, value in state.items()} for state in kept]

    def restore(self, states):
        for row, state in zip(self.rows, states, strict=True):
            self.optimiser.state[row] = {
                name: torch.from_numpy(np.array(value)) for name, value in state.items()
            }


class Gaussian(NamedTuple):
    """π(·|s) = N(μ(s), σ²), diagonal; mean [S, B, A], log_std [S, B, A]."""

    mean: torch.Tensor
    log_std: torch.Tensor

    def log_prob(self, action):
        return divergences.gaussian_log_prob(action, self.mean, self.log_std)

    def entropy(self):
        return divergences.gaussian_entropy(self.log_std)

    def kl(self, other):
        """KL(self ‖ other), [S, B]."""
        return divergences.gaussian_kl(*self, *other)

    def detach(self):
        return Gaussian(self.mean.detach(), self.log_std.detach())


class Categorical(NamedTuple):
    """π(a|s) = softmax of the logits; log_p [S, B, A]."""

    log_p: torch.Tensor

    def log_prob(self, action):
        return self.log_p.gather(-1, action[..., None])[..., 0]

    def entropy(self):
        return divergences.categorical_entropy(self.log_p)

    def kl(self, other):
        """KL(self ‖ other), [S, B]."""
        return divergences.categorical_log_kl(self.log_p, other.log_p)

    def detach(self):
        return Categorical(self.log_p.detach())


LOG_STD_RANGE = (-20.0, 2.0)  # keeps σ from underflowing to 0 or overflowing


def distribution(network, obs, discrete):
    """The stochastic policy π(·|s) that the network stands for: Categorical over its outputs, or Gaussian around them.

    obs [S, B, O]. A Gaussian's log σ does not depend on the state: it is the network's `extra` parameter.
    """
    output = network(obs)
    if discrete:
        return Categorical(torch.log_softmax(output, dim=-1))
    return Gaussian(output, network.extra.clamp(*LOG_STD_RANGE).expand_as(output))
