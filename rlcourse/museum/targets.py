"""Bugs of DDPG and TD3: targets, slow copies, noise."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import ndtr

from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.td3 import TD3
from rlcourse.equations.returns import td_target
from rlcourse.museum.exhibit import Exhibit
from rlcourse.parts.noise import OUNoise

SMALL = {"hidden": (32, 32), "batch_size": 64}


def larger_of_the_twins(reward, terminated, next_q1, next_q2, gamma):
    return td_target(reward, terminated, torch.maximum(next_q1, next_q2), gamma)


def undiscounted(reward, terminated, next_value, gamma):
    return td_target(reward, terminated, next_value, 1.0)


def one_target_for_all(reward, terminated, next_value, gamma):
    target = reward[..., None] + gamma * ((terminated == 0) * next_value)[..., None, :]  # (B, 1) + (B,)
    return target.mean(-2)


def immediate(reward, terminated, next_value, gamma):
    return reward + 0 * next_value


@dataclass(frozen=True)
class UniformOU(OUNoise):
    """Ornstein and Uhlenbeck's process with increments of U[0, 1) in place of N(0, 1)."""

    def step(self, x: np.ndarray, xi: np.ndarray) -> np.ndarray:
        return super().step(x, ndtr(xi))  # Φ(ξ) is uniform


def _pair(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def the_smaller_twin_counts(target):
    """min(3, 5) = 3."""
    found = target(_pair(0.0, 0.0), _pair(0.0, 0.0), _pair(3.0, 5.0), _pair(5.0, 3.0), 0.5)
    assert torch.allclose(found, _pair(1.5, 1.5)), "γ min(Q₁, Q₂)"


def each_transition_has_its_own_target(target):
    """y = r + γ (1 − terminated) Q, transition by transition."""
    found = target(_pair(1.0, 2.0), _pair(0.0, 1.0), _pair(10.0, 20.0), 0.9)
    assert torch.allclose(found, _pair(10.0, 2.0)), "r + γ(1 − terminated)Q"


def slow_copies_move_slowly(tau):
    """w′ ← τ w + (1 − τ) w′ from 0 to w = 1: hardly moved after one update, nearly there after a thousand."""
    way, copy = [], 0.0
    for _ in range(1000):
        copy = tau * 1.0 + (1 - tau) * copy
        way.append(copy)
    assert way[0] <= 0.1 and way[-1] >= 0.9, "slowly, but surely"


def noise_has_mean_zero(noise):
    """The stationary mean over 200 steps of 2,000 processes."""
    rng, x = np.random.default_rng(0), np.zeros(2000)
    for _ in range(200):
        x = noise.step(x, rng.normal(size=2000))
    assert abs(x.mean()) < 0.05, "mean 0"


EXHIBITS = (
    Exhibit(
        "the larger of the twins",
        "It leads on average; at the end eight seeds decide nothing.",
        "max for min: twin critics that make the overestimation worse, not better.",
        "a common slip",
        TD3(**SMALL), "Pendulum-v1", "target", larger_of_the_twins, the_smaller_twin_counts, 8_000,
    ),
    Exhibit(
        "γ forgotten",
        "Nothing that eight seeds could show in episodes of 200 steps.",
        "With γ = 1 the values of a task without an end have no limit.",
        "a common slip",
        DDPG(**SMALL), "Pendulum-v1", "target", undiscounted, each_transition_has_its_own_target, 8_000,
    ),
    Exhibit(
        "(B, 1) + (B,)",
        "Nothing is learnt, and no error is raised.",
        "Sum of a column and a row: every transition of a batch gets the batch's mean target, so no "
        "action is better than another.",
        "cleanrl #379",
        DDPG(**SMALL), "Pendulum-v1", "target", one_target_for_all, each_transition_has_its_own_target, 8_000,
    ),
    Exhibit(
        "only the next reward",
        "It swings, but does not get up.",
        "The target has lost its future: a critic of one step is greedy for the next one.",
        "a common slip",
        DDPG(**SMALL), "Pendulum-v1", "target", immediate, each_transition_has_its_own_target, 8_000,
    ),
    Exhibit(
        "copies that are not slow",
        "It learns late and unsteadily.",
        "τ and 1 − τ confused: the target network is the network, and chases itself.",
        "a common slip",
        DDPG(**SMALL), "Pendulum-v1", "tau", 0.995, slow_copies_move_slowly, 8_000,
    ),
    Exhibit(
        "copies that never move",
        "Nothing is learnt.",
        "The slow copies keep their random first weights, so the targets stay what they were at the start.",
        "JORLDY #120",
        DDPG(**SMALL), "Pendulum-v1", "tau", 1e-9, slow_copies_move_slowly, 8_000,
    ),
    Exhibit(
        "noise that always pushes",
        "Nothing that eight seeds could show.",
        "Uniform increments in [0, 1) have the mean ½: the process settles at σ/(2θ) = 0.33, here, "
        "and explores one side.",
        "udacity/deep-reinforcement-learning #19 and #20",
        DDPG(**SMALL), "Pendulum-v1", "noise", UniformOU(sigma=0.1), noise_has_mean_zero, 8_000,
    ),
)  # fmt: skip
