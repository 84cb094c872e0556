"""What an ensemble says of its uncertainty, where the truth is known."""

import numpy as np
import pytest
import torch

from rlcourse.parts.ensembles import Ensemble, with_known_noise
from rlcourse.parts.randomness import INITIALISE, LEARN, Streams


def ensemble(seeds=2):
    return Ensemble(3, 2, Streams(range(seeds), INITIALISE), count=4, hidden=(8,))


def test_its_parts_are_mean_and_variance_of_the_mixture_of_its_networks():
    """By a million draws: a network by lot, then its Gaussian."""
    net, rng = ensemble(1), np.random.default_rng(0)
    x = rng.normal(size=(1, 1, 3))
    mean, aleatoric, epistemic = net.parts(x)
    with torch.no_grad():
        m, s = (
            z.numpy()[0, :, 0]
            for z in net(torch.from_numpy(x.astype(np.float32))[:, None].expand(-1, 4, -1, -1))
        )
    b = rng.integers(4, size=1_000_000)
    draws = m[b] + s[b] * rng.normal(size=(1_000_000, 2))
    spread = np.sqrt(aleatoric + epistemic)[0, 0]
    assert (np.abs(draws.mean(0) - mean[0, 0]) < 5e-3 * spread).all()
    np.testing.assert_allclose(draws.var(0), (aleatoric + epistemic)[0, 0], rtol=1e-2)
    np.testing.assert_allclose(epistemic[0, 0], m.var(0), rtol=1e-4)


def test_its_networks_learn_from_different_bootstraps_and_begin_differently():
    net = ensemble()
    assert (np.ptp(net.flat.numpy(), axis=1) > 0).all()
    x = np.random.default_rng(0).normal(size=(2, 50, 3))
    net.flat.copy_(net.flat[:, :1].expand_as(net.flat).clone())
    net.fit(x, x[..., :2], Streams(range(2), LEARN), steps=3)
    assert (net.flat[:, 0] != net.flat[:, 1]).any(dim=1).all()


def test_a_fit_of_eight_seeds_is_eight_fits_bit_for_bit():
    x = np.random.default_rng(0).normal(size=(8, 40, 3))
    together = ensemble(8)
    together.fit(x, x[..., :2] ** 2, Streams(range(8), LEARN), steps=20)
    for seed in (0, 5):
        alone = Ensemble(3, 2, Streams([seed], INITIALISE), count=4, hidden=(8,))
        alone.fit(x[[seed]], x[[seed], :, :2] ** 2, Streams([seed], LEARN), steps=20)
        np.testing.assert_array_equal(alone.flat[0].numpy(), together.flat[seed].numpy())
        for mine, all_of_them in zip(alone.parts(x[[seed]]), together.parts(x), strict=True):
            np.testing.assert_array_equal(mine[0], all_of_them[seed])


@pytest.mark.learning
def test_what_is_not_known_vanishes_with_data_and_the_noise_stays():
    """32 seeds: epistemic .003 … .019 with 64 points, at most .0053 with 4,096; aleatoric .0375 … .0459."""
    (_, few, _), (aleatoric, many, covered) = (with_known_noise([101, 202], n) for n in (64, 4096))
    np.testing.assert_allclose(aleatoric, 0.04, atol=0.015)
    assert (many < few - 0.001).all() and (many < 0.01).all()
    np.testing.assert_allclose(covered, 0.9, atol=0.04)


@pytest.mark.learning
def test_where_the_noise_is_twice_as_large_the_ensemble_says_so():
    aleatoric, _, covered = with_known_noise([101], 2048, noise=0.4)
    np.testing.assert_allclose(aleatoric, 0.16, atol=0.04)
    np.testing.assert_allclose(covered, 0.9, atol=0.04)
