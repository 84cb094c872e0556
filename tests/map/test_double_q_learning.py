"""The maximum of one table is too large by what theory says; two tables have no such bias."""

import numpy as np

from rlcourse.equations import bias, markov
from rlcourse.map import double_q_learning, q_learning
from rlcourse.map.double_q_learning import ARMS, METHOD, NOISE, oracle
from rlcourse.map.record import Point
from rlcourse.training import learn

BEST = 0.99 * -0.1  # Q*(A, left)


def left(points):
    """Q(A, left), the mean over the later half of the curve's points: [S]."""
    tables = [p.found["Q"].reshape(len(p.measure), -1, 3, 10).mean(1)[:, 0, 0] for p in points]
    return np.mean(tables[len(tables) // 2 :], axis=0)


def test_q_star_of_the_arms_needs_no_value_iteration():
    assert np.isclose(markov.optimal_q_values(ARMS)[0, 0], BEST) and markov.optimal_q_values(ARMS)[0, 1] == 0


def test_one_table_is_biased_by_the_expected_maximum_of_ten_and_two_are_not():
    """The means of 16 seeds have standard errors of about 0.025."""
    maximum = BEST + 0.99 * bias.exact_biases(0.0, np.sqrt(0.1 / 1.9), 10)["max"]
    seeds = [*range(16), *range(100, 116), *range(200, 216)]
    one = left(list(q_learning.learn(seeds, 6000, 0.1, 1.0, ARMS, NOISE)))
    two = left(list(double_q_learning.learn(seeds, 6000, 0.1, 1.0)))
    for part in (slice(16), slice(16, 32), slice(32, 48)):
        assert abs(one[part].mean() - maximum) < 0.1 and abs(two[part].mean() - BEST) < 0.1
        assert one[part].mean() > two[part].mean() + 0.2


def test_the_oracle_rejects_what_one_table_makes_of_the_arms_and_what_is_too_low():
    for wrong in (0.25, -0.5):
        average = np.full((1, 3, 10), wrong)
        assert not all(claim.holds().all() for claim in oracle(Point(0, np.zeros(1), {"average": average})))


def test_it_holds_in_three_disjoint_sets_of_seeds():
    seeds = [*range(10, 16), *range(20, 26), *range(30, 36)]
    assert all(c.holds().all() for c in learn(METHOD, seeds=seeds).claims())


def test_it_finds_q_star_on_a_small_cliff():
    """8, up to 4, along the edge to 7, down to 11: worst of 16 seeds 1e-14."""
    cliff = markov.cliff(rows=3, columns=4)
    done = learn(METHOD, seeds=4, steps=20_000, alpha=0.5, epsilon=0.3, mdp=cliff, noise=0.0)
    path = [8, 4, 5, 6, 7]
    np.testing.assert_allclose(
        done.point.found["Q"].max(-1)[..., path],
        np.broadcast_to(markov.optimal_q_values(cliff)[path].max(-1), (4, 2, 5)), atol=1e-6,
    )  # fmt: skip
