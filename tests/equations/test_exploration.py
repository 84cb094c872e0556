"""Exploration noise: closed forms beside the trainer's own noise, dense matrices and the world's motion."""

import numpy as np
import pytest

from rlcourse.equations.exploration import (
    coloured_autocorrelation,
    coloured_noise,
    coloured_spectrum,
    oscillator_energy,
    ou_autocorrelation,
    ou_mean,
    ou_spectrum,
    ou_variance,
    push_weights,
    rms_distance,
)  # fmt: skip
from rlcourse.parts.noise import OUNoise
from rlcourse.parts.worlds import DoubleIntegrator

N = 100_000


def paths(noise, steps, start, seed=0):
    """x_0 … x_T of N processes, as the trainer makes them: [T+1, N]."""
    rng, x = np.random.default_rng(seed), np.full(N, float(start))
    found = [x]
    for _ in range(steps):
        found.append(x := noise.step(x, rng.standard_normal(N)))
    return np.array(found)


@pytest.mark.parametrize("theta, sigma, dt, mu, start", [(0.15, 0.2, 1, 0, 0), (2, 0.5, 0.1, 0.3, -1)])
def test_mean_and_variance_after_t_steps_are_those_of_samples(theta, sigma, dt, mu, start):
    x = paths(OUNoise(theta, sigma, dt, mu), 20, start)
    t = np.arange(21)
    variance = ou_variance(theta, sigma, dt, t)
    assert np.all(abs(x.mean(1) - ou_mean(theta, dt, mu, start, t)) <= 4.5 * np.sqrt(variance / N) + 1e-12)
    assert np.all(abs(x.var(1) - variance) <= 4.5 * variance * np.sqrt(2 / N) + 1e-12)


def test_stationary_variance_reproduces_itself_and_is_the_limit():
    theta, sigma, dt = 0.15, 0.2, 0.5
    v = ou_variance(theta, sigma, dt)
    assert (1 - theta * dt) ** 2 * v + sigma**2 * dt == pytest.approx(v, rel=1e-14)
    assert ou_variance(theta, sigma, dt, 500) == pytest.approx(v, rel=1e-14)
    assert ou_variance(theta, sigma, 1e-7) == pytest.approx(sigma**2 / (2 * theta), rel=1e-6)  # the SDE's


def test_autocorrelation_is_that_of_a_stationary_path():
    theta, sigma = 0.3, 0.2
    start = np.sqrt(ou_variance(theta, sigma, 1)) * np.random.default_rng(1).standard_normal(N)
    x = paths(OUNoise(theta, sigma), 12, 0)
    x[0] = start
    rng = np.random.default_rng(2)
    for t in range(12):
        x[t + 1] = OUNoise(theta, sigma).step(x[t], rng.standard_normal(N))
    measured = [np.corrcoef(x[0], x[k])[0, 1] for k in range(13)]
    assert measured == pytest.approx(ou_autocorrelation(theta, 1, np.arange(13)), abs=4.5 / np.sqrt(N))


@pytest.mark.parametrize("theta", [0, 2, 3, -0.1])
def test_noise_that_never_settles_has_no_variance(theta):
    with pytest.raises(ValueError, match="settles only for 0 < θΔt < 2"):
        ou_variance(theta, 0.2, 1)


def test_a_push_moves_the_mass_of_the_world_by_its_weight():
    world, steps = DoubleIntegrator(), 30
    state, forces = np.zeros((steps, 2)), 0.7 * np.eye(steps)  # copy t is pushed at step t alone
    for t in range(steps):
        state = world.step(state, forces[:, t : t + 1])[0]
    assert state[:, 0] == pytest.approx(0.7 * push_weights(steps, world.dt), rel=1e-12)


@pytest.mark.parametrize("theta", [1.0, 0.15])
def test_rms_distance_is_that_of_masses_pushed_by_the_noise(theta):
    steps, spread, rng = 60, 0.1, np.random.default_rng(3)  # so small that no force is clipped
    sigma = spread * np.sqrt(1 - (1 - theta) ** 2)
    noise, x = OUNoise(theta, sigma), spread * rng.standard_normal(20_000)
    state = np.zeros((20_000, 2))
    for _ in range(steps):
        state = DoubleIntegrator().step(state, x[:, None])[0]
        x = noise.step(x, rng.standard_normal(20_000))
    squares = state[:, 0] ** 2
    expected = rms_distance(ou_autocorrelation(theta, 1, np.arange(steps)), spread, 0.1)
    assert squares.mean() == pytest.approx(expected**2, abs=4.5 * squares.std() / np.sqrt(20_000))


def test_one_steady_push_goes_as_half_a_t_squared():
    assert rms_distance(np.ones(100), 0.3, 0.1) == pytest.approx(0.5 * 0.3 * 10**2)


@pytest.mark.parametrize("theta", [0.15, 1.0, 1.8])
def test_the_spectrum_is_the_sum_over_the_autocorrelation_and_has_the_variance_as_its_mean(theta):
    f, lags = np.linspace(0, 0.5, 11), np.arange(1, 2000)
    terms = ou_autocorrelation(theta, 1, lags)[:, None] * np.cos(2 * np.pi * f * lags[:, None])
    assert ou_spectrum(theta, 1, f) == pytest.approx(1 + 2 * terms.sum(axis=0), rel=1e-9)
    assert ou_spectrum(theta, 1, (np.arange(10_000) + 0.5) / 20_000).mean() == pytest.approx(1, rel=1e-9)


def test_noise_that_never_settles_has_no_spectrum():
    with pytest.raises(ValueError, match="settles only"):
        ou_spectrum(2.0, 1, np.zeros(1))


@pytest.mark.parametrize("steps", [20, 21])
@pytest.mark.parametrize("exponent", [0, 1, 2])
def test_coloured_noise_has_the_powers_of_its_colour_as_eigenvalues_of_its_covariance(steps, exponent):
    filtered = coloured_noise(np.eye(steps), exponent)  # a matrix, column by column
    covariance = filtered @ filtered.T
    assert np.diag(covariance) == pytest.approx(np.ones(steps))
    assert covariance[0] == pytest.approx(coloured_autocorrelation(steps, exponent))
    cycles = [max(min(k, steps - k), 1) for k in range(steps)]  # k/T and −k/T are one frequency
    powers = np.sort(np.array(cycles, float) ** -exponent)
    assert np.linalg.eigvalsh(covariance) == pytest.approx(powers * steps / powers.sum())
    lowest = np.linalg.eigvalsh(covariance).max()
    assert coloured_spectrum(steps, exponent)[:2] == pytest.approx([lowest, lowest])


def test_white_noise_passes_unchanged_and_paths_do_not_mix():
    xi = np.random.default_rng(0).standard_normal((30, 4))
    assert coloured_noise(xi, 0) == pytest.approx(xi)
    assert coloured_noise(xi, 1)[:, 2] == pytest.approx(coloured_noise(xi[:, 2], 1))


def test_one_step_has_no_colour():
    with pytest.raises(ValueError, match="at least 2 steps, got 1"):
        coloured_noise(np.zeros((1, 3)), 1)


@pytest.mark.parametrize("rho", [np.eye(1, 40)[0], 0.85 ** np.arange(40), np.ones(40)], ids=str)
def test_the_energy_is_that_of_a_spring_moved_by_matrices(rho):
    """The motion by scipy's matrix exponential, the force held: (s, a) as one state."""
    from scipy.linalg import expm

    stiffness, dt, spread = 2.5, 0.1, 0.3
    motion = expm(dt * np.array([[0, 1, 0], [-stiffness, 0, 1], [0, 0, 0]]))
    response, state = np.zeros((40, 2)), motion[:2, 2]  # where the push of t steps ago has led
    for t in range(40):
        response[39 - t], state = state, motion[:2, :2] @ state
    covariance = spread**2 * rho[abs(np.arange(40)[:, None] - np.arange(40))]
    second = response.T @ covariance @ response  # E[s sᵀ]
    expected = 0.5 * stiffness * second[0, 0] + 0.5 * second[1, 1]
    assert oscillator_energy(rho, spread, dt, stiffness) == pytest.approx(expected)
