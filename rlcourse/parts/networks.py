"""Networks with member dimensions in front: eight seeds, or eight pairs of twin critics, are one batched
product.

All parameters of a network live in one flat array, `flat` [*members, P], and their gradients in `grad`, of
the same shape; the layers are views of it. So an optimiser step, a Polyak average and TRPO's vector algebra
are single calls, and member s is row s.
"""

import itertools
import math
import warnings
from typing import NamedTuple

import numpy as np
import torch

from rlcourse.equations import divergences

# The layers' gradients are rows of `grad`, not blocks of their own: that is the point, and costs nothing
# here.
warnings.filterwarnings("ignore", message="grad and param do not obey the gradient layout contract")

ACTIVATIONS = {"relu": (torch.relu, lambda x: np.maximum(x, 0)), "tanh": (torch.tanh, np.tanh)}


class Network:
    """y = W_L φ(… φ(x W_1 + b_1) …) + b_L for every member: x [*members, B, sizes[0]] → y [*members, B,
    sizes[-1]].

    sizes: widths from input to output. members: leading shape, (S,) or (S, 2). streams: one random stream per
    seed draws the initial weights: start = "uniform" U(±1/√fan_in), PyTorch's default, or "orthogonal" with
    gain √2, and `final_gain` in the last layer, biases 0. squash: tanh at the output, so that y lies in
    [−1, 1]. extra: so many further free parameters per member (a Gaussian policy's log σ), starting at
    `extra_start`.
    """

    def __init__(
        self, sizes, members, streams, activation="relu", start="uniform", final_gain=1.0,
        squash=False, extra=0, extra_start=0.0,
    ):  # fmt: skip
        self.sizes, self.members = tuple(sizes), tuple(members)
        self.activation, self.squash, self.extra_size = activation, squash, extra
        self.count = sum(i * o + o for i, o in itertools.pairwise(sizes)) + extra
        self.flat = torch.zeros(*members, self.count)
        self._make_views()
        self._initialise(streams, start, final_gain, extra_start)

    def _make_views(self):
        """Leaf tensors that share memory with `flat`, and whose gradients share memory with `grad`."""
        self.grad = torch.zeros_like(self.flat)
        flat, grad = self.flat.view(-1, self.count), self.grad.view(-1, self.count)
        shapes = [s for i, o in itertools.pairwise(self.sizes) for s in ((i, o), (1, o))]
        leaves, at = [], 0
        for rows, columns in [*shapes, (1, self.extra_size)]:
            piece = slice(at, at + rows * columns)
            leaf = flat[:, piece].view(len(flat), rows, columns).requires_grad_()
            leaf.grad = grad[:, piece].view(len(flat), rows, columns)
            leaves.append(leaf)
            at += rows * columns
        *layers, self.extra = leaves
        self.parameters = leaves if self.extra_size else layers
        self.layers = list(zip(layers[::2], layers[1::2], strict=True))
        self._weights = [(w.detach(), b.detach()) for w, b in self.layers]
        self._first_twins = [(w[::2], b[::2]) for w, b in self._weights]
        self._gradients = [(w.grad, b.grad) for w, b in self.layers]
        self._arrays = [(w.numpy(), b.numpy()) for w, b in self._weights]
        self._hidden = None
        self._anchor = torch.zeros((), requires_grad=True)  # so that autograd asks `fast` for a gradient

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

    def __call__(self, x):
        """The forward pass in PyTorch's operations:
        may be differentiated any number of times (Fisher products need two).
        """
        phi = ACTIVATIONS[self.activation][0]
        h = x.reshape(-1, *x.shape[-2:])
        for weight, bias in self.layers[:-1]:
            h = phi(torch.baddbmm(bias, h, weight))
        y = _last_layer(h, *self.layers[-1]).view(*x.shape[:-1], self.sizes[-1])
        return torch.tanh(y) if self.squash else y

    @torch.no_grad()
    def forward(self, x):
        """The same forward pass without a graph. It remembers what `backward` needs, until the next call."""
        self._hidden = self._push(x, self._weights)
        return self._hidden[-1].view(*x.shape[:-1], self.sizes[-1])

    @torch.no_grad()
    def backward(self, g):
        """∇_θ J into `grad`, given g = ∂J/∂y [*members, B, out] at the y of the last `forward`.

        Overwrites what was there.
        """
        self._pull(self._hidden, g.reshape(self._hidden[-1].shape), self._weights, self._gradients)

    @torch.no_grad()
    def input_gradient(self, x, first_twin=False):
        """∂y/∂x [*members, B, in] of a network with one output: ∇_a Q(s, a) is a part of it. The weights
        stay as they are.

        first_twin: of the first of each pair of twins only, x [S, B, in].
        """
        layers = self._first_twins if first_twin else self._weights
        hidden = self._push(x, layers)
        return self._pull(hidden, torch.ones_like(hidden[-1]), layers, None).view(x.shape)

    def fast(self, x):
        """`forward` and `backward` as one node of PyTorch's graph, for objectives that autograd
        differentiates once.
        """
        return _Node.apply(x, self._anchor, self)

    def numpy(self, x):
        """The same forward pass in NumPy, cheaper for a single observation: x [S, B, in] → y [S, B, out]."""
        phi = ACTIVATIONS[self.activation][1]
        for weight, bias in self._arrays[:-1]:
            x = phi(x @ weight + bias)
        weight, bias = self._arrays[-1]
        y = x @ weight + bias
        return np.tanh(y) if self.squash else y

    def _push(self, x, layers):
        """h_l = φ(h_{l−1} W_l + b_l): all of [x, h_1, …, y]."""
        hidden = [x.reshape(-1, *x.shape[-2:])]
        for weight, bias in layers[:-1]:
            h = torch.baddbmm(bias, hidden[-1], weight)
            hidden.append(h.relu_() if self.activation == "relu" else h.tanh_())
        y = _last_layer(hidden[-1], *layers[-1])
        return [*hidden, y.tanh_() if self.squash else y]

    def _pull(self, hidden, g, layers, gradients):
        """∂W_l = h_{l−1}ᵀ g,  ∂b_l = Σ_B g,  g ← (g W_lᵀ) ⊙ φ′(h_{l−1}):
        into `gradients`, or where None down to ∂J/∂x.
        """
        ops = torch.ops.aten
        if self.squash:
            g = ops.tanh_backward(g, hidden[-1])
        for index in reversed(range(len(layers))):
            h = hidden[index]
            if gradients is not None:
                weight_gradient, bias_gradient = gradients[index]
                _outer(h, g, weight_gradient)
                torch.sum(g, 1, keepdim=True, out=bias_gradient)
                if index == 0:
                    return None
            g = torch.bmm(g, layers[index][0].mT)
            if index > 0 and self.activation == "relu":
                ops.threshold_backward.grad_input(g, h, 0, grad_input=g)
            elif index > 0:
                ops.tanh_backward.grad_input(g, h, grad_input=g)
        return g

    def copy(self):
        """A network of the same shape with the same weights: a target network starts as one."""
        return self.rows(slice(None))

    def rows(self, index):
        """A copy of the members with these indices along the seed axis (a slice)."""
        flat = self.flat[index].clone()
        twin = object.__new__(Network)
        twin.__setstate__({**self.__getstate__(), "flat": flat, "members": tuple(flat.shape[:-1])})
        return twin

    def __getstate__(self):
        keep = ("sizes", "members", "activation", "squash", "extra_size", "count", "flat")
        return {name: getattr(self, name) for name in keep}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._make_views()

    @torch.no_grad()
    def follow(self, online, tau):
        """Polyak: θ' ← τ θ + (1 − τ) θ'."""
        self.flat.lerp_(online.flat, tau)

    def grad_norm(self):
        """‖∇‖₂ per seed, [S]."""
        return self.grad.flatten(1).norm(dim=1)


class _Node(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, anchor, network):
        y = network.forward(x)
        ctx.network, ctx.hidden = network, network._hidden
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        network = ctx.network
        network._pull(ctx.hidden, g.reshape(ctx.hidden[-1].shape), network._weights, network._gradients)
        return None, None, None


# One matrix times a vector goes another way through the BLAS than a batch of them does, and rounds otherwise.
# Written as a sum, a run of one seed rounds as a run of eight does, and gives the same bits.
def _last_layer(h, weight, bias):
    if weight.shape[-1] == 1:
        return (h * weight.mT).sum(-1, keepdim=True) + bias
    return torch.baddbmm(bias, h, weight)


def _outer(h, g, out):
    if g.shape[-1] == 1:
        torch.sum(h * g, 1, out=out[..., 0])
    else:
        torch.bmm(h.mT, g, out=out)


class Adam:
    """m ← β₁m + (1 − β₁)∇,  v ← β₂v + (1 − β₂)∇²,  θ ← θ − α m̂ / (√v̂ + ε),  m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1
    − β₂ᵗ).

    Equal to PyTorch's (tested), for all seeds at once; with a step count t per seed, so that a seed whose
    epochs have stopped stays exactly where it is. Source: Kingma & Ba 2015, algorithm 1.
    """

    beta1, beta2 = 0.9, 0.999

    def __init__(self, network, eps=1e-8):
        self.network, self.eps = network, eps
        self.m, self.v = torch.zeros_like(network.flat), torch.zeros_like(network.flat)
        self.t = np.zeros(len(network.flat), dtype=np.int64)

    @torch.no_grad()
    def step(self, learning_rate, active=None):
        """One step down `network.grad`, for the seeds that are active (a list of bool [S]; all if None)."""
        if active is None or all(active):
            self._step(slice(None), learning_rate)
        else:
            for seed in np.flatnonzero(active):
                self._step(slice(seed, seed + 1), learning_rate)

    def _step(self, seeds, learning_rate):
        self.t[seeds] += 1
        grad, m, v = self.network.grad[seeds], self.m[seeds], self.v[seeds]
        m.lerp_(grad, 1 - self.beta1)
        v.mul_(self.beta2).addcmul_(grad, grad, value=1 - self.beta2)
        for seed_or_all, t in self._counts(seeds):
            root = math.sqrt(1 - self.beta2**t)
            denominator = v[seed_or_all].sqrt().div_(root).add_(self.eps)
            rate = learning_rate / (1 - self.beta1**t)
            self.network.flat[seeds][seed_or_all].addcdiv_(m[seed_or_all], denominator, value=-rate)

    def _counts(self, seeds):
        """All seeds at once where their step counts agree, otherwise one by one."""
        t = self.t[seeds].tolist()
        return [(slice(None), t[0])] if len(set(t)) == 1 else [(slice(i, i + 1), c) for i, c in enumerate(t)]

    def state(self):
        return {"m": self.m.numpy().copy(), "v": self.v.numpy().copy(), "t": self.t.copy()}

    def restore(self, state):
        self.m.copy_(torch.from_numpy(state["m"]))
        self.v.copy_(torch.from_numpy(state["v"]))
        self.t = state["t"].copy()


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


def distribution(network, obs, discrete, fast=False):
    """The stochastic policy π(·|s) that a network stands for: Categorical over its outputs, or Gaussian
    around them.

    obs [S, B, O]. A Gaussian's log σ does not depend on the state: it is the network's `extra` parameter.
    fast: by the network's own backward pass, differentiable once.
    """
    output = network.fast(obs) if fast else network(obs)
    if discrete:
        return Categorical(torch.log_softmax(output, dim=-1))
    return Gaussian(output, network.extra.clamp(*LOG_STD_RANGE).expand_as(output))
