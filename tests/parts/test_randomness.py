"""Random streams: one per seed and purpose."""

import numpy as np
import scipy.stats

from rlcourse.parts.randomness import ACT, LEARN, Streams


def draws(streams):
    return [streams.normal(3, 2), streams.uniform(4), streams.permutation(10), streams.normal(1)]


def test_row_s_depends_on_seed_s_alone():
    together = draws(Streams([3, 1, 4, 1], ACT))
    for row, seed in enumerate([3, 1, 4, 1]):
        for of_all, alone in zip(together, draws(Streams([seed], ACT)), strict=True):
            assert (of_all[row] == alone[0]).all()


def test_purposes_do_not_share_numbers():
    a, b = Streams([0, 1], ACT).normal(5000), Streams([0, 1], LEARN).normal(5000)
    assert abs(np.corrcoef(np.concatenate([a, b]))[np.triu_indices(4, 1)]).max() < 0.06


def test_a_restored_stream_goes_on_where_it_was():
    streams = Streams([5, 6], ACT)
    streams.normal(7)  # an odd number: half-used words of the generator are a part of the state
    state = streams.state()
    expected = draws(streams)
    other = Streams([0, 0], LEARN)
    other.restore(state)
    for a, b in zip(expected, draws(other), strict=True):
        assert (a == b).all()


def test_draws_have_the_shapes_kinds_and_distributions_they_name():
    streams = Streams(range(4), ACT)
    normal, uniform, order = streams.normal(5000, 2), streams.uniform(10000), streams.permutation(9)
    assert normal.shape == (4, 5000, 2) and normal.dtype == np.float32
    assert uniform.shape == (4, 10000) and uniform.dtype == np.float64
    assert scipy.stats.kstest(normal.ravel(), "norm").pvalue > 1e-3
    assert scipy.stats.kstest(uniform.ravel(), "uniform").pvalue > 1e-3
    assert uniform.min() >= 0 and uniform.max() < 1
    assert order.shape == (4, 9) and (np.sort(order) == np.arange(9)).all()


def test_one_number_per_seed_needs_no_shape():
    assert Streams([0, 1], ACT).normal().shape == (2,) and Streams([0, 1], ACT).uniform().shape == (2,)


def test_an_inactive_seed_draws_no_permutation_and_its_stream_stands_still():
    streams, untouched = Streams([1, 2], ACT), Streams([1, 2], ACT)
    order = streams.permutation(20, [False, True])
    assert (order[0] == np.arange(20)).all() and (order[1] != np.arange(20)).any()
    first, second = streams.normal(4), untouched.normal(4)
    assert (first[0] == second[0]).all() and (first[1] != second[1]).all()


def test_of_some_streams_only_the_active_move_on_and_a_members_draws_are_gone_for_all():
    streams, expected = Streams([3, 1, 4], ACT), Streams([3, 1, 4], ACT).normal(2, 5)
    first = streams.only([True, False, True]).normal(5)
    assert (first[[0, 2]] == expected[[0, 2], 0]).all()
    assert (streams.member(1).normal(5)[0] == expected[1, 0]).all()
    assert (streams.normal(5) == expected[:, 1]).all()
