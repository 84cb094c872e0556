"""The delay cliff against the descent itself, against bisection, and against what is known of d = 0 and 1."""

import numpy as np
import pytest

from rlcourse.equations.delay import delay_cliff, delayed_descent, delayed_growth

DELAYS = (0, 1, 2, 5, 10, 40)


def test_the_cliff_without_a_lag_is_two_and_with_one_step_of_lag_one():
    assert delay_cliff(0) == pytest.approx(2)
    assert delay_cliff(1) == pytest.approx(1)


def test_the_cliff_of_two_steps_is_the_golden_ratio_less_one():
    """z³ − z² + κ with κ = 2 sin 18°, which Euclid knew."""
    assert delay_cliff(2) == pytest.approx((5**0.5 - 1) / 2, abs=1e-14)


@pytest.mark.parametrize("delay", DELAYS)
def test_at_the_cliff_the_growth_is_one_and_it_is_found_by_bisection(delay):
    low, high = 0.0, 3.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if delayed_growth(middle, delay) < 1 else (low, middle)
    assert low == pytest.approx(delay_cliff(delay), rel=1e-6)


@pytest.mark.parametrize("delay", DELAYS)
def test_the_descent_settles_below_the_cliff_and_diverges_above_it(delay):
    cliff, updates = delay_cliff(delay), 4000 + 400 * delay
    below, above = (delayed_descent(share * cliff, delay, updates) for share in (0.97, 1.03))
    late = slice(-4 * delay - 10, None)
    assert np.abs(below[late]).max() < 1e-3 < 1 < np.abs(above[late]).max()


@pytest.mark.parametrize("delay, step", [(0, 0.5), (1, 0.9), (3, 0.5), (6, 0.1)])
def test_the_descent_multiplies_by_the_largest_root_at_each_update(delay, step):
    sizes = np.abs(delayed_descent(step, delay, 400))
    window = 60
    early, late = sizes[100 : 100 + window].max(), sizes[300 : 300 + window].max()
    assert (late / early) ** (1 / 200) == pytest.approx(delayed_growth(step, delay), abs=2e-3)


def test_the_descent_is_the_recursion_and_a_lag_of_zero_is_plain_descent():
    np.testing.assert_allclose(delayed_descent(0.3, 0, 20), 0.7 ** np.arange(21))
    x = delayed_descent(0.3, 3, 30, start=2.0)
    for t in range(30):
        assert x[t + 1] == pytest.approx(x[t] - 0.3 * x[max(t - 3, 0)])


def test_several_lags_at_once_and_one_alone():
    np.testing.assert_allclose(delay_cliff(np.array(DELAYS)), [delay_cliff(d) for d in DELAYS])
    assert np.ndim(delay_cliff(4)) == 0


@pytest.mark.parametrize(
    "wrong", [lambda: delay_cliff(-1), lambda: delayed_growth(1, -1), lambda: delayed_descent(1, -2, 3)]
)
def test_a_negative_lag_is_refused(wrong):
    with pytest.raises(ValueError, match="a lag is 0 or more"):
        wrong()
