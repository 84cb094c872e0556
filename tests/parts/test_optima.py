"""The pendulum's best returns: coarse grids come from below, and extrapolate to what finer ones recorded."""

from rlcourse.parts.optima import PENDULUM, PENDULUM_ERROR, pendulum


def test_two_coarse_grids_extrapolate_to_the_average_that_is_recorded():
    """The error falls with the spacing, so 2 V_121 − V_61 is nearly without it (off by 0.36)."""
    coarse, fine = pendulum(61, 9), pendulum(121, 9)
    assert coarse["on average"] < fine["on average"] < PENDULUM["on average"]
    assert abs(2 * fine["on average"] - coarse["on average"] - PENDULUM["on average"]) < 0.5
    assert PENDULUM["from rest"] - 20 < fine["from rest"] < PENDULUM["from rest"]


def test_the_recorded_errors_are_those_of_the_two_finest_extrapolations():
    """`python -m rlcourse.parts.optima`, 121² … 961² points: the last column, the last two rows of each."""
    for name, last, before in (("from rest", -295.37, -294.80), ("on average", -136.97, -136.97)):
        assert abs(last - PENDULUM[name]) + abs(last - before) <= PENDULUM_ERROR[name]
