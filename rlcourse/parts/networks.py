"""Networks with member dimensions in front: eight seeds, or eight twin critics, are one batched product.

All parameters of a network live in one flat array, `flat` [*members, P], and their gradients in `grad`, of
the same shape; the layers are views of it. So an optimiser step, a Polyak average and TRPO's vector algebra
are single calls, and member s is row s.
"""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch

from rlcourse.parts import saving
from rlcourse.parts.distributions import Categorical, Distribution, Gaussian
from rlcourse.parts.randomness import Streams
from rlcourse.parts.room import must_fit

ACTIVATIONS = {"relu": (torch.relu, lambda x: np.maximum(x, 0)), "tanh": (torch.tanh, np.tanh)}


@contextlib.contextmanager
def plain_tensors() -> Iterator[None]:
    """Within, new tensors are float32 on the CPU and may have gradients, whatever the reader has set."""
    kind = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    # As a context, a device sends every operation through Python: a quarter of the time of a training
    elsewhere = torch.get_default_device() != torch.device("cpu")
    try:
        with (
            torch.device("cpu") if elsewhere else contextlib.nullcontext(),
            torch.inference_mode(False),
            torch.enable_grad(),
        ):
            yield
    finally:
        torch.set_default_dtype(kind)


class Spaces(NamedTuple):
    """What an algorithm needs to know of an environment."""

    obs_size: int
    action_size: int  # dimensions of a continuous action, or the number of discrete ones
    discrete: bool


class Network:
    """y = φ(… φ(x W₁ + b₁) …) W_L + b_L for every member: x [*members, B, in] → y [*members, B, out].

    `net(x)` is for one derivative, `net.graph(x)` for more, `net.numpy(x)` for acting; the same numbers.

    sizes: widths from input to output. members: leading shape, (S,) or (S, 2). streams: one random stream per
    seed draws the initial weights: start = "uniform" U(±1/√fan_in), PyTorch's default, or "orthogonal" with
    gain √2, and `final_gain` in the last layer, biases 0. squash: tanh at the output, so that y lies in
    [−1, 1]. extra: so many further free parameters per member (a Gaussian policy's log σ), starting at
    `extra_start`, and kept within the class's `extra_range`.

    Raises ValueError for more than fits into memory.
    """

    extra_range: ClassVar[tuple[float, float] | None] = None

    def __init__(
        self, sizes: Sequence[int], members: Sequence[int], streams: Streams, activation: str = "relu",
        start: str = "uniform", final_gain: float = 1.0, squash: bool = False, extra: int = 0,
        extra_start: float = 0.0,
    ):  # fmt: skip
        self.sizes, self.members = tuple(sizes), tuple(members)
        self.activation, self.squash, self.extra_size = activation, squash, extra
        self.count = sum(i * o + o for i, o in itertools.pairwise(sizes)) + extra
        must_fit(
            f"a network of {' × '.join(f'{size:,}' for size in sizes)} for {self.members[0]} seeds",
            2 * 4 * math.prod(members) * self.count,  # parameters and gradients
            "take smaller layers or fewer seeds",
        )
        self.flat = _aligned(*members, self.count)
        self._make_views()
        self._initialise(streams, start, final_gain, extra_start)

    def _make_views(self, grad=None):
        """Leaf tensors that share memory with `flat`, and whose gradients share memory with `grad`."""
        self.grad = _aligned(*self.flat.shape) if grad is None else grad
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
        self._gradients = [(w.grad, b.grad) for w, b in self.layers]
        self._arrays = [(w.numpy(), b.numpy()) for w, b in self._weights]
        self._anchor = torch.zeros(
            (), device="cpu", requires_grad=True
        )  # so that autograd asks `_Node` for a gradient

    @torch.no_grad()
    def _initialise(self, streams, start, final_gain, extra_start):
        per_seed = math.prod(self.members[1:])
        for row in range(math.prod(self.members)):
            generator = streams.pytorch(row // per_seed)
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
        self.keep_in_range()

    @property
    def obs_size(self) -> int:
        """How many numbers of an observation a policy or a value sees."""
        return self.sizes[0]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """y, for objectives that are differentiated once.

        It is one node of PyTorch's graph, whose backward pass is written out below. `backward()` overwrites
        `grad`; nothing needs to be set to zero before.
        """
        if not torch.is_grad_enabled():
            return self._push(x, self._weights)[-1].view(*x.shape[:-1], self.sizes[-1])
        return self.with_extra(x)[0]

    def with_extra(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """(y, the extra parameters), both with gradients."""
        return _Node.apply(x, self._anchor, self)

    def graph(self, x: torch.Tensor) -> torch.Tensor:
        """The same y in PyTorch's own operations, for any number of derivatives (Fisher products need two).

        They are taken with respect to `parameters`.
        """
        phi = ACTIVATIONS[self.activation][0]
        h = x.reshape(-1, *x.shape[-2:])
        for weight, bias in self.layers[:-1]:
            h = phi(torch.baddbmm(bias, h, weight))
        y = _last_layer(h, *self.layers[-1]).view(*x.shape[:-1], self.sizes[-1])
        return torch.tanh(y) if self.squash else y

    def numpy(self, x: np.ndarray) -> np.ndarray:
        """The same y in NumPy, cheaper for a single observation: x [S, B, in] → y [S, B, out]."""
        phi = ACTIVATIONS[self.activation][1]
        for weight, bias in self._arrays[:-1]:
            x = phi(x @ weight + bias)
        weight, bias = self._arrays[-1]
        y = x @ weight + bias
        return np.tanh(y) if self.squash else y

    @torch.no_grad()
    def vjp(self, x: torch.Tensor) -> tuple[torch.Tensor, Callable[[torch.Tensor], None]]:
        """y, and g ↦ gᵀ ∂y/∂θ into `grad`: the vector-Jacobian product, where ∂J/∂y = g is known.

        g is of y's shape. What `net(x).backward(g)` does, to the bit, without a graph of PyTorch's: half the
        time of a step, with nets this small. Raises ValueError for a network with extra parameters, whose
        gradient g does not tell.
        """
        if self.extra_size:
            raise ValueError("vjp: the network has extra parameters; use net.with_extra(x) and backward")
        hidden = self._push(x, self._weights)

        @torch.no_grad()
        def pull(g):
            self._pull(hidden, g.reshape(hidden[-1].shape), self._weights, self._gradients)

        return hidden[-1].view(*x.shape[:-1], self.sizes[-1]), pull

    @torch.no_grad()
    def _regress(self, x, target, weight):
        """∇_θ weight · E[(y − target)²] into `grad`; returns y, of the target's shape [*members, B]."""
        y, pull = self.vjp(x)
        pull((y[..., 0] - target).mul_(2 * weight / target.shape[-1]))
        return y[..., 0]

    def _push(self, x, layers):
        """h_l = φ(h_{l−1} W_l + b_l): all of [x, h_1, …, y]."""
        hidden = [x.reshape(-1, *x.shape[-2:])]
        for weight, bias in layers[:-1]:
            h = torch.baddbmm(bias, hidden[-1], weight)
            hidden.append(h.relu_() if self.activation == "relu" else h.tanh_())
        y = _last_layer(hidden[-1], *layers[-1])
        return [*hidden, y.tanh_() if self.squash else y]

    def _pull(self, hidden, g, layers, gradients):
        """∂W_l = h_{l−1}ᵀ g,  ∂b_l = Σ_B g,  g ← (g W_lᵀ) ⊙ φ′(h_{l−1}).

        Into `gradients`; where that is None, all the way down to ∂J/∂x, which is returned.
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

    def copy(self) -> Self:
        """A network of the same shape with the same weights: a target network starts as one."""
        return self.rows(slice(None))

    def member(self, index: int) -> Self:
        """The network of one seed in the same memory: what it learns is learnt here, its `grad` is here."""
        one = slice(index, index + 1)
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__getstate__(), flat=self.flat[one], members=(1, *self.members[1:]))
        twin._make_views(self.grad[one])
        return twin

    def rows(self, index: slice | torch.Tensor) -> Self:
        """A copy of the members with these indices along the seed axis."""
        flat = _aligned(*self.flat[index].shape).copy_(self.flat[index])
        twin = object.__new__(type(self))
        twin.__setstate__({**self.__getstate__(), "flat": flat, "members": tuple(flat.shape[:-1])})
        return twin

    def __getstate__(self):
        views = ("grad", "extra", "parameters", "layers")
        return {name: x for name, x in vars(self).items() if name not in views and not name.startswith("_")}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._make_views()

    def state(self) -> np.ndarray:
        return self.flat.numpy().copy()

    def restore(self, state: np.ndarray) -> None:
        self.flat.copy_(torch.from_numpy(saving.fitted(state, self.flat)))

    @torch.no_grad()
    def follow(self, online: "Network", tau: float) -> None:
        """Polyak: θ′ ← τ θ + (1 − τ) θ′."""
        self.flat.lerp_(online.flat, tau)

    @torch.no_grad()
    def keep_in_range(self) -> None:
        """Project the extra parameters into `extra_range`: beyond it they would have no gradient.

        Whatever takes a step calls this after it.
        """
        if self.extra_size and self.extra_range is not None:
            self.flat[..., -self.extra_size :].clamp_(*self.extra_range)

    def grad_norm(self) -> torch.Tensor:
        """‖∇‖₂ per seed, [S]."""
        return self.grad.flatten(1).norm(dim=1)


class _Node(torch.autograd.Function):
    """x ↦ (y, extra) of a network; its backward pass writes the network's `grad`, all of it."""

    @staticmethod
    def forward(ctx, x, anchor, network):
        ctx.network, ctx.hidden, ctx.shape = network, network._push(x, network._weights), x.shape
        y = ctx.hidden[-1].view(*x.shape[:-1], network.sizes[-1])
        return y, network.extra.detach().clone() if network.extra_size else None

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g, g_extra):
        network, g = ctx.network, g.reshape(ctx.hidden[-1].shape)
        network._pull(ctx.hidden, g, network._weights, network._gradients)
        if network.extra_size:
            network.extra.grad.copy_(g_extra)
        if not ctx.needs_input_grad[0]:
            return None, None, None
        return network._pull(ctx.hidden, g, network._weights, None).view(ctx.shape), None, None


def _aligned(*shape):
    """Zeros [*shape] whose rows start at multiples of 64 bytes.

    The BLAS chooses its kernel by the alignment of a matrix, and kernels round differently. With the same
    alignment for every member, a run of one seed gives the bits of its row in a run of eight.
    """
    *members, count = shape
    return torch.zeros(*members, -(-count // 16) * 16, dtype=torch.float32, device="cpu")[..., :count]


def _layer(h, weight, bias):
    return torch.baddbmm(bias, h, weight)


# One matrix times a vector goes another way through the BLAS than a batch of them does, and rounds otherwise.
# Written as a sum, a run of one seed rounds as a run of eight does, and gives the same bits.
def _last_layer(h, weight, bias):
    if weight.shape[-1] == 1:
        return (h * weight.mT).sum(-1, keepdim=True) + bias
    return _layer(h, weight, bias)


def _outer(h, g, out):
    if g.shape[-1] == 1:
        torch.sum(h * g, 1, out=out[..., 0])
    else:
        torch.bmm(h.mT, g, out=out)


class DeterministicPolicy(Network):
    """μ(s) in [−1, 1]: obs [S, B, O] → actions [S, B, A]."""

    def __init__(self, spaces: Spaces, hidden: Sequence[int], streams: Streams):
        sizes = (spaces.obs_size, *hidden, spaces.action_size)
        super().__init__(sizes, (len(streams),), streams, squash=True)

    def mode(self, obs: np.ndarray) -> np.ndarray:
        return self.numpy(obs)

    def sample(self, obs: np.ndarray, streams: Streams) -> np.ndarray:
        """The action itself: nothing is drawn."""
        return self.numpy(obs)


class ActionValue(Network):
    """Q(s, a): obs [S, B, O], action [S, B, A] → [S, B]; of twin critics [S, 2, B]."""

    def __init__(self, spaces: Spaces, hidden: Sequence[int], streams: Streams, twins: bool = False):
        members = (len(streams), 2) if twins else (len(streams),)
        super().__init__((spaces.obs_size + spaces.action_size, *hidden, 1), members, streams)

    def _make_views(self, grad=None):
        super()._make_views(grad)
        first = slice(None, None, 2 if len(self.members) == 2 else 1)
        self._first = [(weight[first], bias[first]) for weight, bias in self._weights]

    def __call__(self, obs: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        return super().__call__(self._inputs(obs, action)).squeeze(-1)

    def graph(self, obs: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        return super().graph(self._inputs(obs, action))[..., 0]

    def regress(
        self, obs: torch.Tensor, action: torch.Tensor, target: torch.Tensor, weight: float = 1.0
    ) -> torch.Tensor:
        """∇_φ weight · E[(Q_φ(s, a) − y)²] into `grad`, E the mean over B; each of twins towards the same y.

        target: y [S, B]. Returns Q before the step, [S, B] or [S, 2, B].
        """
        if len(self.members) == 2:
            target = target[:, None].expand(-1, 2, -1)
        return self._regress(self._inputs(obs, action), target, weight)

    def least_gradient(self, obs: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """∇_a min(Q₁, Q₂)(s, a) of twins, [S, B, A]. The weights' `grad` stays."""
        a = action.detach().requires_grad_()
        return torch.autograd.grad(self.graph(obs, a).amin(1).sum(), a)[0]

    @torch.no_grad()
    def action_gradient(self, obs: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """∇_a Q(s, a), [S, B, A]; of the first critic where there are twins. The weights' `grad` stays."""
        hidden = self._push(torch.cat([obs, action], dim=-1), self._first)
        gradient = self._pull(hidden, torch.ones_like(hidden[-1]), self._first, None)
        return gradient[..., obs.shape[-1] :]

    def _inputs(self, obs, action):
        x = torch.cat([obs, action], dim=-1)
        return x[:, None].expand(-1, 2, -1, -1) if len(self.members) == 2 else x


class StateValue(Network):
    """V(s): obs [S, B, O] → [S, B]."""

    def __init__(
        self, spaces: Spaces, hidden: Sequence[int], streams: Streams, activation: str = "tanh",
        start: str = "orthogonal",
    ):  # fmt: skip
        super().__init__((spaces.obs_size, *hidden, 1), (len(streams),), streams, activation, start)

    def __call__(self, obs: torch.Tensor) -> torch.Tensor:
        return super().__call__(obs).squeeze(-1)

    def graph(self, obs: torch.Tensor) -> torch.Tensor:
        return super().graph(obs)[..., 0]

    def regress(self, obs: torch.Tensor, target: torch.Tensor, weight: float = 1.0) -> torch.Tensor:
        """∇_φ weight · E[(V_φ(s) − y)²] into `grad`, E the mean over B. y: [S, B]. Returns V, [S, B]."""
        return self._regress(obs, target, weight)


LOG_STD_RANGE = (-20.0, 2.0)  # keeps σ from underflowing to 0 or overflowing


class StochasticPolicy(Network):
    """π(·|s): obs [S, B, O] → Categorical over the outputs, or Gaussian around them.

    A Gaussian's log σ does not depend on the state: it is the network's `extra` parameter. Actions are in
    [−1, 1] whatever the environment's range is, so log_std = 0 is σ = 2 on the pendulum's torque (±2) and
    σ = 3 on InvertedPendulum-v5's force (±3). That is right for small tasks; on HalfCheetah-v5, with six
    joints, PPO earns five times as much from −1.1 (tests/benchmarks/fidelity.md). The last layer starts at a
    hundredth of its usual size, so that the first policy is nearly the same everywhere.
    """

    extra_range = LOG_STD_RANGE

    def __init__(
        self, spaces: Spaces, hidden: Sequence[int], streams: Streams, log_std: float = 0.0,
        activation: str = "tanh", start: str = "orthogonal",
    ):  # fmt: skip
        self.discrete = spaces.discrete
        sizes, extra = (spaces.obs_size, *hidden, spaces.action_size), spaces.action_size
        super().__init__(
            sizes, (len(streams),), streams, activation, start, final_gain=0.01,
            extra=0 if spaces.discrete else extra, extra_start=log_std,
        )  # fmt: skip

    @property
    def choices(self) -> int | None:
        """How many actions there are to choose among; None where they are continuous."""
        return self.sizes[-1] if self.discrete else None

    def __call__(self, obs: torch.Tensor) -> Distribution:
        return self._around(*self.with_extra(obs))

    def graph(self, obs: torch.Tensor) -> Distribution:
        return self._around(super().graph(obs), self.extra)

    def scores(self, obs: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """∇_θ log π_θ(a|s) of every sample, [S, B, P]: each sample meets a copy of θ of its own."""
        S, B = obs.shape[:2]
        copies = self.rows(torch.arange(S).repeat_interleave(B))
        pi = copies(obs.reshape(S * B, 1, -1))
        pi.log_prob(action.reshape(S * B, 1, *action.shape[2:])).sum().backward()
        return copies.grad.view(S, B, -1)

    @torch.no_grad()
    def fisher_product(
        self, obs: torch.Tensor, damping: float = 0.0
    ) -> Callable[[torch.Tensor], torch.Tensor]:
        """v ↦ (F + damping · I) v,  F = E_s[Jᵀ M J], the Hessian of the mean KL(π_old ‖ π_θ) at θ = θ_old.

        J is the Jacobian of the outputs, M the Fisher matrix of the distribution in its own parameters: one
        pass forwards and one backwards a product. obs: [S, B, O]. Returns a function [S, P] → [S, P] for the
        weights of now. Source (from memory): Schulman et al. 2015, appendix C.1.
        """
        hidden, direction = self._push(obs, self._weights), self.copy()
        pi = self._around(hidden[-1], self.extra)

        @torch.no_grad()
        def product(v):
            direction.flat.copy_(v)
            tangent = self._tangent(hidden, direction._weights)  # J v
            self._pull(hidden, pi.fisher(tangent) / obs.shape[1], self._weights, direction._gradients)
            if self.extra_size:  # σ does not depend on the state: M = 2 for each log σ
                direction.extra.grad.copy_(2 * direction.extra)
            return direction.grad + damping * v

        return product

    def _tangent(self, hidden, direction):
        """ḣ_l = φ′(h_l) ⊙ (ḣ_{l−1} W_l + h_{l−1} Ẇ_l + ḃ_l), ḣ_0 = 0, up to ẏ, which has no φ′.

        direction: (Ẇ, ḃ) of each layer.
        """
        ops, z = torch.ops.aten, None
        for index, ((weight, _), moved) in enumerate(zip(self._weights, direction, strict=True)):
            layer, h = _last_layer if index == len(direction) - 1 else _layer, hidden[index]
            own = layer(h, *moved)
            if index > 0:
                relu = self.activation == "relu"
                tangent = ops.threshold_backward(z, h, 0) if relu else ops.tanh_backward(z, h)
                own = layer(tangent, weight, own)
            z = own
        return z

    def _around(self, output, log_std):
        if self.discrete:
            return Categorical(torch.log_softmax(output, dim=-1))
        return Gaussian(output, log_std.clamp(*LOG_STD_RANGE).expand_as(output))

    def mode(self, obs: np.ndarray) -> np.ndarray:
        """The most probable action: actions [S, B, A], or integers [S, B]."""
        output = self.numpy(obs)
        return output.argmax(-1) if self.discrete else output

    def sample(self, obs: np.ndarray, streams: Streams) -> np.ndarray:
        """a ~ π(·|s) in NumPy: μ + σ ξ, or the softmax's inverse distribution function at u ~ U[0, 1)."""
        output = self.numpy(obs)
        if not self.discrete:
            sigma = np.exp(self.extra.detach().numpy().clip(*LOG_STD_RANGE))
            return output + sigma * streams.normal(*output.shape[1:])
        return inverse_cdf(output, streams.uniform(output.shape[1]))


def inverse_cdf(logits: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The action into whose share of [0, 1) the number u falls: logits [S, B, A], u [S, B] → [S, B]."""
    weights = np.exp(logits - logits.max(-1, keepdims=True)).cumsum(-1)
    return (weights[..., :-1] <= u[..., None] * weights[..., -1:]).sum(-1)


class Networks(SimpleNamespace):
    """What an algorithm learns, by name: networks, their optimisers, numbers that go with them.

    progress: the share of the training that is over, set by the loop, for learning rates that fall.
    """

    def __init__(self, **parts: Any):
        super().__init__(progress=0.0, **parts)

    def member(self, index: int) -> "Networks":
        """Networks, optimisers and tensors of one seed, in the same memory; plain numbers as they are."""
        one = slice(index, index + 1)
        parts = {
            name: part.member(index)
            if hasattr(part, "member")
            else part[one]
            if torch.is_tensor(part)
            else part
            for name, part in vars(self).items()
        }
        progress = parts.pop("progress")
        twin = Networks(**parts)
        twin.progress = progress
        return twin

    def state(self) -> dict:
        return saving.state_of(self, vars(self))

    def restore(self, state: dict) -> None:
        saving.restore_to(self, state, vars(self))
