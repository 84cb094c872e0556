"""PETS: its particles follow the ensemble, and what it learnt swings a pendulum up."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from rlcourse.map.mpc import WORLD
from rlcourse.map.pets import HOLD, METHOD, _worth, learn, oracle
from rlcourse.map.record import Point
from rlcourse.parts.randomness import ACT, Streams
from rlcourse.training import learn as run


@dataclass
class Drift:
    """A stand-in for an ensemble: network b adds `speed` times b to the angle, with noise σ."""

    sigma: float
    speed: float = 0.1
    members: tuple[int, int] = (1, 4)

    def __call__(self, x):
        mean = torch.zeros(*x.shape[:-1], 2)
        mean[..., 0] = self.speed * torch.arange(4.0)[:, None]
        return mean, torch.full_like(mean, self.sigma)


def earned(sigma, every_step, seed=0, K=3):
    state, actions = np.array([[0.0, 0.0]]), np.zeros((1, 2, K))
    return _worth(Drift(sigma), state, actions, rng=Streams([seed], ACT), every_step=every_step)[0]


def test_without_noise_and_with_one_network_a_plan_the_worth_is_the_mean_over_networks():
    """TS∞: particle b stands at 0, 0.1 b, 0.2 b when it is paid, after each step."""
    expected = -HOLD * np.mean([sum((0.1 * b * k) ** 2 for k in (1, 2, 3)) for b in range(4)])
    np.testing.assert_allclose(earned(0.0, False), expected, rtol=1e-5)


def test_particles_that_change_networks_spread_less_than_particles_that_do_not():
    """E[(Σ_k b_k)²] over independent b is below that of one b three times: the mean over many seeds."""
    one = earned(0.0, False)[0]
    mixed = np.mean([earned(0.0, True, seed)[0] for seed in range(400)])
    b = 0.1 * np.arange(4)
    steps = [k * (b**2).mean() + k * (k - 1) * b.mean() ** 2 for k in (1, 2, 3)]  # independent networks
    assert mixed > one + 0.05 * abs(one)
    np.testing.assert_allclose(mixed, -HOLD * sum(steps), rtol=0.05)


def test_all_plans_meet_the_same_noise():
    two = earned(0.5, True)
    assert two[0] == two[1]


def test_the_reward_is_the_pendulums():
    """Where nothing moves: r(θ, ω, u), θ wrapped, times the steps that a torque lasts."""
    still = Drift(0.0, speed=0.0)
    for theta, omega, a in ((4.0, -2.0, 0.5), (-1.0, 7.0, -1.0)):
        state = np.array([[theta, omega]])
        _, reward, _ = WORLD.step(state, np.array([[2 * a]]))
        found = _worth(still, state, np.full((1, 1, 1), a), rng=Streams([0], ACT), every_step=False)
        np.testing.assert_allclose(found[0], HOLD * reward, rtol=1e-5)


def test_the_oracle_rejects_returns_that_no_learning_needs_and_intervals_that_do_not_cover():
    returns, coverage = np.full((1, 10), -1400.0), np.full((1, 10), 0.5)
    claims = oracle(Point(2000, returns[:, -1], {"returns": returns, "coverage": coverage}))
    assert [claim.holds().all() for claim in claims[:2]] == [False, False]


@pytest.mark.learning
@pytest.mark.parametrize("every_step", [True, False])
def test_after_a_handful_of_trials_it_swings_up(every_step):
    """TS1 and TS∞: the best of eight episodes. At random it earns about −1,450."""
    *_, end = learn([101, 202], steps=1600, every_step=every_step)
    assert (end.found["returns"][:, 0] < -1000).all() and (end.found["returns"].max(1) > -600).all()


def test_the_record_runs_by_steps_that_are_no_whole_episode():
    done = run(METHOD, seeds=1, steps=30)
    assert done.curve.steps.tolist() == [30] and np.isfinite(done.point.measure).all()


def test_eight_seeds_that_plan_are_eight_runs_alone_bit_for_bit():
    """One episode at random, and five decisions of the next, which are planned."""
    *_, together = learn(range(8), steps=225)
    for seed in (0, 7):
        *_, alone = learn([seed], steps=225)
        for name, value in alone.found.items():
            np.testing.assert_array_equal(value[0], together.found[name][seed])
