"""What a trained thing says while it learns: probes, asked every so many steps of one training run.

A probe is a function of the live `Training` that returns numbers, one row a seed: [S, ...]. It must not
change the training: what it draws comes from streams of its own, as `Streams(training.run.seeds, PROBE)`.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import torch

from rlcourse.agents import Rollout
from rlcourse.parts.networks import Networks
from rlcourse.parts.randomness import PROBE
from rlcourse.training.loop import train
from rlcourse.training.state import Training

__all__ = ["PROBE", "Probed", "last_batch", "q_of_own_action", "train_and_probe"]


class Probed(NamedTuple):
    """A training run that was asked L times."""

    training: Training  # as it was at the end: .agent, .policy(), .run.curve
    steps: np.ndarray  # [L] when it was asked
    found: np.ndarray  # [S, ..., L] what it said


def train_and_probe(
    algorithm: Any, env: str | Callable, steps: int, seeds: int | Sequence[int],
    probe: Callable[[Training], np.ndarray], *, every: int, **options: Any,
) -> Probed:  # fmt: skip
    """train(algorithm, env, steps, seeds, …), asking probe(training) -> [S, ...] every so many steps.

    options: those of `train`. Raises ValueError where the run is too short to be asked once.
    """
    if not 1 <= every <= steps:
        raise ValueError(f"train_and_probe: every {every} steps never comes in {steps}; give 1 … {steps}")
    live, asked, said = [], [], []

    def ask(training):
        live[:] = [training]
        if training.steps // every > (asked[-1] if asked else 0) // every:
            asked.append(training.steps)
            said.append(np.asarray(probe(training)))

    callbacks = [*options.pop("callbacks", ()), ask]
    train(algorithm, env, steps, seeds, callbacks=callbacks, **options)
    return Probed(live[0], np.array(asked), np.stack(said, axis=-1))


def last_batch(
    algorithm: Any, env: str | Callable, steps: int, seeds: int | Sequence[int]
) -> tuple[Networks, Rollout]:
    """Train an on-policy method: its networks before the last update, and the batch of that update."""
    kept = []

    class Watched(type(algorithm)):
        def update(self, nets, rollout, rng):
            kept[:] = [(deepcopy(nets), rollout)]
            return super().update(nets, rollout, rng)

    watched = Watched(**{field.name: getattr(algorithm, field.name) for field in fields(algorithm)})
    train(watched, env, steps, seeds, evaluate_every=steps, evaluation_episodes=1)
    return kept[0]


def q_of_own_action(training: Training, obs: torch.Tensor) -> np.ndarray:
    """Q₁(s, μ(s)) of each seed at obs [S, N, O] -> [S, N]; Q₁ is the critic that the actor climbs."""
    nets = training.agent.nets
    with torch.no_grad():
        q = nets.critics(obs, nets.actor(obs))  # [S, N], twins [S, 2, N]
    return (q if q.ndim == 2 else q[:, 0]).numpy().copy()
