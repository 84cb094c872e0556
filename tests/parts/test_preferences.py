"""Comparisons follow Bradley and Terry, and the tilted policy is the best that a price on KL allows."""

import numpy as np
import pytest

from rlcourse.parts import preferences
from rlcourse.parts.preferences import LANGUAGE, better, comparisons, reference, taste, tilted

P_REF = np.exp(LANGUAGE.log_prob(reference()[None]))[0]


def number(word):
    return int("".join(str("abc".index(letter)) for letter in word), 3)


def test_taste_is_a_point_for_each_a_less_a_price_for_each_repetition_of_it():
    for word, worth in (("abac", 2.0), ("aabc", 0.5), ("aaaa", 4 - 4.5), ("bbcc", 0.0)):
        assert taste()[number(word)] == worth
    assert taste().max() == taste()[number("abac")], "no word is better than two a's apart"


def test_the_reference_repeats_one_letter_in_ten():
    for word, probability in (("abca", 0.45**3 / 3), ("aabb", 0.1 * 0.45 * 0.1 / 3), ("cccc", 0.1**3 / 3)):
        assert np.isclose(P_REF[number(word)], probability)
    assert np.isclose(P_REF.sum(), 1)


def test_of_two_one_is_better_and_equals_win_half_the_time():
    wins = better(np.random.default_rng(0).normal(size=(3, 5)))
    np.testing.assert_allclose(wins + wins.swapaxes(1, 2), 1)
    assert np.isclose(better(np.array([np.log(3), 0.0]))[0, 1], 0.75)


def test_many_comparisons_become_endlessly_many():
    drawn, expected = comparisons([3, 4], 200_000), comparisons([3, 4], None)
    np.testing.assert_allclose(expected.sum(axis=(1, 2)), 1)
    np.testing.assert_allclose(drawn.sum(axis=(1, 2)), 1)
    spread = np.sqrt(expected / 200_000)
    assert np.all(np.abs(drawn - expected) < 6 * spread + 2e-5)
    assert (comparisons([4], 50)[0] == comparisons([3, 4], 50)[1]).all()


def test_no_policy_earns_more_than_the_tilted_one_less_the_price_of_kl():
    beta, rng = 0.5, np.random.default_rng(1)

    def worth(policy):
        return policy @ taste() - beta * (policy * np.log(policy / P_REF)).sum()

    best = tilted(taste(), beta)
    assert np.isclose(worth(best), beta * np.log(P_REF @ np.exp(taste() / beta))), "β log Z"
    for size in (0.01, 1.0):
        for _ in range(20):
            other = best * np.exp(size * rng.normal(size=best.shape))
            assert worth(other / other.sum()) < worth(best)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="beta is 0"):
        tilted(taste(), 0)
    with pytest.raises(ValueError, match="count is 0"):
        comparisons([0], 0)


def test_a_count_of_letters_knows_nothing_of_their_order():
    phi = preferences.letter_counts()
    assert (phi[number("aabc")] == phi[number("abac")]).all() and (phi.sum(axis=1) == 4).all()
