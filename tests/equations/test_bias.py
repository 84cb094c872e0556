"""The bias of each estimator of a maximum against quadrature."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from rlcourse.equations import bias


def expected_order(estimator, actions):
    """Quadrature for independent standard normals."""
    norm = scipy.stats.norm

    def largest(x):  # density of the maximum
        return actions * norm.pdf(x) * norm.cdf(x) ** (actions - 1)

    if estimator == "max":
        return scipy.integrate.quad(
            lambda x: x * actions * norm.pdf(x) * norm.cdf(x) ** (actions - 1), -9, 9
        )[0]
    if estimator == "clipped":  # min of two: distribution function 1 − (1 − Φ)²

        def cdf(x):
            return 1 - norm.sf(x) ** 2

        def density(x):
            return 2 * norm.pdf(x) * norm.sf(x)

        return scipy.integrate.quad(lambda x: x * actions * density(x) * cdf(x) ** (actions - 1), -9, 9)[0]

    def smaller(x):  # E[min(x, ξ)] = x Φ̄(x) − φ(x)
        return x * norm.sf(x) - norm.pdf(x)

    return scipy.integrate.quad(lambda x: smaller(x) * largest(x), -9, 9)[0]


@pytest.mark.parametrize("actions", [2, 10])
@pytest.mark.parametrize("estimator", ["max", "clipped", "actor"])
def test_the_bias_of_each_estimator_is_what_quadrature_says(estimator, actions):
    samples = 200_000
    rng = np.random.default_rng(1)
    simulated = bias.expected_maximum(np.zeros(actions), 1.0, samples, estimator, rng)
    assert simulated == pytest.approx(expected_order(estimator, actions), abs=5 / np.sqrt(samples))


def test_corrections_row_21_to_two_digits():
    table = {("max", 2): 0.56, ("max", 10): 1.54, ("clipped", 2): -0.10, ("clipped", 10): 0.67}
    table |= {("actor", 2): -0.28, ("actor", 10): -0.05}
    for (estimator, actions), value in table.items():
        assert round(expected_order(estimator, actions), 2) == value


def test_the_double_estimator_is_unbiased_for_equal_means_and_never_above_the_best():
    rng = np.random.default_rng(2)
    assert abs(bias.expected_maximum(np.zeros(5), 1.0, 200_000, "double", rng)) < 5 / np.sqrt(200_000)
    assert bias.expected_maximum([0.0, 1.0], 1.0, 50_000, "double", rng) < 1.0


def test_without_noise_every_estimator_is_exact():
    for estimator in bias.ESTIMATORS:
        assert bias.expected_maximum([0.5, 2.0, -1.0], 0.0, 7, estimator) == 2.0
        assert bias.expected_maximum([0.5, 2.0], 0.0, 1, estimator) == 2.0  # one sample is enough


@pytest.mark.parametrize(
    "arguments", [([], 1.0, 5), ([0.0], -1.0, 5), ([0.0], 1.0, 0), ([[0.0]], 1.0, 5), ([np.nan], 1.0, 5)]
)
def test_bad_arguments_of_the_bias_simulation_get_one_line(arguments):
    with pytest.raises(ValueError, match="expected_maximum"):
        bias.expected_maximum(*arguments)
    with pytest.raises(ValueError, match="max, double, clipped, actor"):
        bias.expected_maximum([0.0], 1.0, 5, "median")
