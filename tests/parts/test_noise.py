"""The exploration noises against their closed forms."""

import numpy as np
import pytest

from rlcourse.parts.noise import GaussianNoise, OUNoise
from rlcourse.parts.randomness import ACT, Streams


def test_gaussian_noise_has_its_deviation_and_no_memory():
    noise, xi = GaussianNoise(sigma=0.3), Streams([0], ACT).normal(20000)[0]
    x, path = 7.0, []
    for value in xi:
        x = noise.step(x, value)
        path.append(x)
    path = np.array(path)
    assert path.std() == pytest.approx(0.3, rel=0.03) and abs(path.mean()) < 0.01
    assert abs(np.corrcoef(path[1:], path[:-1])[0, 1]) < 0.03


def ou_paths(noise, steps, paths=20000, seed=0):
    xi = np.random.default_rng(seed).standard_normal((steps, paths))
    x = np.full(paths, noise.start)
    path = [x]
    for row in xi:
        x = noise.step(x, row)
        path.append(x)
    return np.array(path)


@pytest.mark.parametrize("dt", [1.0, 0.1])
def test_ornstein_uhlenbeck_has_its_mean_variance_and_autocorrelation_at_every_time_step(dt):
    """peers.md 4.19: increments are N(0, 1), with √Δt; mean μ, stationary variance σ²Δt/(1 − (1 − θΔt)²)."""
    noise = OUNoise(theta=0.5, sigma=0.4, dt=dt, mu=0.2, start=0.2)
    path = ou_paths(noise, steps=int(12 / dt))
    decay = 1 - 0.5 * dt
    variance = 0.4**2 * dt / (1 - decay**2)
    last, lag = path[-1], 3
    assert last.mean() == pytest.approx(0.2, abs=5 * np.sqrt(variance / 20000))
    assert last.var() == pytest.approx(variance, rel=0.05)
    assert np.corrcoef(last, path[-1 - lag])[0, 1] == pytest.approx(decay**lag, abs=0.03)


def test_a_small_time_step_gives_the_continuous_process():
    """peers.md 4.19: the stationary deviation tends to σ/√(2θ), whatever Δt."""
    path = ou_paths(OUNoise(theta=1.0, sigma=0.5, dt=0.02), steps=300)
    assert path[-1].std() == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


def test_ornstein_uhlenbeck_starts_from_its_start_and_forgets_it_at_rate_theta():
    noise = OUNoise(theta=0.3, sigma=0.2, dt=0.5, mu=1.0, start=4.0)
    path = ou_paths(noise, steps=10)
    assert (path[0] == 4.0).all()
    expected = 1.0 + 3.0 * (1 - 0.15) ** np.arange(11)
    np.testing.assert_allclose(path.mean(axis=1), expected, atol=0.02)


def test_without_volatility_the_noise_is_a_plain_decay():
    noise, x = OUNoise(theta=0.25, sigma=0.0, dt=1.0), 1.0
    for k in range(1, 6):
        x = noise.step(x, 123.0)
        assert x == pytest.approx(0.75**k)
