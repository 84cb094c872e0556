"""What on-policy methods learn from: steps as they were collected, and the same as one batch per seed."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Self

import torch
from scipy.optimize import minimize

from rlcourse.equations import objectives
from rlcourse.parts.adam import Adam
from rlcourse.parts.distributions import Distribution
from rlcourse.parts.networks import Network, Networks, StateValue
from rlcourse.parts.randomness import Streams


def rows(x: torch.Tensor) -> torch.Tensor:
    """[T, S, N, …] → [S, T·N, …]: all the transitions of a seed, as one batch."""
    # Contiguous, also where N = 1 would allow a view: products of other strides round otherwise
    return x.transpose(0, 1).flatten(1, 2).contiguous()


class Rollout(NamedTuple):
    """T steps of N environments for each of S seeds, time first."""

    obs: torch.Tensor  # [T, S, N, O], normalised where the algorithm asks for it
    action: torch.Tensor  # [T, S, N, A], or integers [T, S, N]; as sampled, before the environment clips it
    reward: torch.Tensor  # [T, S, N], scaled where the algorithm asks for it
    terminated: torch.Tensor  # [T, S, N]
    truncated: torch.Tensor  # [T, S, N]
    next_obs: torch.Tensor  # [T, S, N, O], the true successors
    behaviour: Distribution | None = None  # of rows [S, T·N, …]: the policy that acted; None: the one of now

    @torch.no_grad()
    def values(self, critic: StateValue) -> tuple[torch.Tensor, torch.Tensor]:
        """V(s_t) and V(s_{t+1}) of every step, [T, S, N] each."""
        T, S, N = self.reward.shape

        def each(obs):
            return critic(rows(obs)).view(S, T, N).transpose(0, 1)

        return each(self.obs), each(self.next_obs)

    def samples(self, nets: Networks, advantage: Callable, gamma: float, lam: float) -> "Samples":
        """The batch that policy and critic learn from: Â by `advantage` (see `returns.gae`), target Â + V."""
        value, next_value = self.values(nets.critic)
        A = advantage(self.reward, value, next_value, self.terminated, self.truncated, gamma, lam)
        obs, action, A, value = map(rows, (self.obs, self.action, A, value))
        with torch.no_grad():
            old = nets.policy(obs) if self.behaviour is None else self.behaviour
            return Samples(obs, action, A, value, A + value, old.log_prob(action), old)


class Samples(NamedTuple):
    """Transitions of each seed as one batch: M = T·N of them, or a minibatch."""

    obs: torch.Tensor  # [S, M, O]
    action: torch.Tensor  # [S, M, A], or integers [S, M]
    advantage: torch.Tensor  # [S, M]  Â
    value: torch.Tensor  # [S, M]  V(s) before the update
    target: torch.Tensor  # [S, M]  Â + V, for the critic
    log_prob: torch.Tensor  # [S, M]  log π_old(a|s)
    old: Distribution  # π_old(·|s)

    def surrogate(self, log_prob: torch.Tensor, advantage: torch.Tensor) -> torch.Tensor:
        """E[ r(θ) Â ] of each seed, [S], from log π_θ(a|s) and Â [S, M]."""
        return objectives.surrogate(log_prob, self.log_prob, advantage, dim=-1)

    def minibatches(self, size: int, rng: Streams, active: Sequence[bool] | None = None) -> Iterator[Self]:
        """One pass over the batch in an order of each seed's own; a seed that is not active draws none."""
        *named, old = self
        for batch in _shuffled([*named, *old], size, rng, active):
            yield Samples(*batch[: len(named)], type(old)(*batch[len(named) :]))


def _shuffled(tensors, size, rng, active=None):
    """Minibatches of several [S, M, …] tensors, shuffled alike, each seed in its own order."""
    S, M = tensors[0].shape[:2]
    order = (torch.arange(S)[:, None], torch.from_numpy(rng.permutation(M, active)))
    return zip(*(x[order].split(size, dim=1) for x in tensors), strict=True)


def standardised(x: torch.Tensor) -> torch.Tensor:
    """(x − mean) / std along the batch, [S, M]; a constant becomes 0."""
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.pow(2).mean(-1, keepdim=True).sqrt() + 1e-8)


def fit_critic(
    critic: StateValue, optimiser: Adam, samples: Samples, rng: Streams, learning_rate: float, epochs: int,
    minibatch_size: int,
) -> None:  # fmt: skip
    """Minimise ½ E[(V(s) − y)²], y = Â + V_old fixed, by minibatches of Adam."""
    for _ in range(epochs):
        for obs, target in _shuffled([samples.obs, samples.target], minibatch_size, rng):
            critic.regress(obs, target, weight=0.5)
            optimiser.step(learning_rate)


def fit_policy(
    policy: Network, optimiser: Adam, obs: torch.Tensor, action: torch.Tensor, rng: Streams,
    learning_rate: float, epochs: int, minibatch_size: int,
) -> torch.Tensor:  # fmt: skip
    """Maximise the likelihood E[log π(a|s)] of a data set [S, M, …] by minibatches of Adam.

    Returns the log-loss −E[log π(a|s)] over the whole of it afterwards, [S].
    """
    for _ in range(epochs):
        for s, a in _shuffled([obs, action], minibatch_size, rng):
            (-policy(s).log_prob(a).mean(-1)).sum().backward()
            optimiser.step(learning_rate)
    with torch.no_grad():
        return -policy(obs).log_prob(action).mean(-1)


def fit_critic_by_lbfgs(
    critic: StateValue, optimiser: Adam, samples: Samples, rng: Streams, learning_rate: float, epochs: int,
    minibatch_size: int, *, iterations: int = 25, decay: float = 1e-3,
) -> None:  # fmt: skip
    """Minimise E[(V(s) − y)²] + decay · ‖φ‖² on the whole batch by L-BFGS, seed by seed.

    Called as `fit_critic` is; optimiser, rng, learning_rate, epochs and minibatch_size are not used.
    """
    for seed in range(len(critic.flat)):
        one, obs, target = critic.member(seed), samples.obs[seed, None], samples.target[seed, None]

        def loss(phi, one=one, obs=obs, target=target):
            one.flat.copy_(torch.from_numpy(phi).float())
            error = (2 * objectives.value_loss(one(obs), target)).reshape(())
            error.backward()
            gradient = one.grad[0].double().numpy() + 2 * decay * phi
            return float(error.detach()) + decay * float(phi @ phi), gradient

        start = one.flat[0].double().numpy()
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
        one.flat.copy_(torch.from_numpy(found.x).float())
