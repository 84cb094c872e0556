"""All sequences, once each; their probabilities sum to 1; the gradient is that of finite differences."""

import itertools

import numpy as np
import pytest

from rlcourse.parts.sequences import Sequences

MODEL = Sequences(3, 3)
THETA = np.random.default_rng(0).normal(size=(2, 13, 3))


def test_it_counts_all_sequences_and_all_their_prefixes():
    assert MODEL.all.tolist() == [list(word) for word in itertools.product(range(3), repeat=3)]
    assert MODEL.prefixes == 1 + 3 + 9
    names = {}
    for word, numbers in zip(MODEL.all.tolist(), MODEL.prefix.tolist(), strict=True):
        for t, number in enumerate(numbers):
            assert names.setdefault(number, word[:t]) == word[:t]
    assert sorted(names) == list(range(13))


def test_the_log_probability_is_the_product_of_its_letters_and_all_sum_to_one():
    log_p = MODEL.log_prob(THETA)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1)
    p = np.exp(THETA[1]) / np.exp(THETA[1]).sum(axis=1, keepdims=True)
    # c a b: the empty prefix is 0, "c" is 1 + 2, "ca" is 4 + 3·2 + 0
    assert np.isclose(np.exp(log_p[1, 2 * 9 + 0 * 3 + 1]), p[0, 2] * p[3, 0] * p[10, 1])


def test_the_gradient_is_that_of_finite_differences():
    w, h = np.random.default_rng(1).normal(size=(2, 27)), 1e-6
    found = MODEL.gradient(THETA, w)
    for place in np.ndindex(13, 3):
        step = np.zeros((13, 3))
        step[place] = h
        slope = (w * (MODEL.log_prob(THETA + step) - MODEL.log_prob(THETA - step))).sum(axis=1) / (2 * h)
        np.testing.assert_allclose(found[:, *place], slope, atol=1e-7)


def test_draws_come_as_often_as_they_are_probable_and_never_if_impossible():
    p = np.array([[0.5, 0.0, 0.3, 0.2] + [0.0] * 23])
    y = MODEL.draw(p, np.random.default_rng(0).random((1, 100_000)))
    assert np.allclose(np.bincount(y[0], minlength=27) / 100_000, p[0], atol=0.01)
    assert MODEL.draw(p, np.array([[0.0, 0.5, 0.999999999999]])).tolist() == [[0, 2, 3]]


def test_a_language_that_cannot_be_summed_over_is_refused():
    for letters, length in ((1, 3), (3, 0), (10, 4)):
        with pytest.raises(ValueError, match="need 2 letters, length 1, at most 4096"):
            Sequences(letters, length)
