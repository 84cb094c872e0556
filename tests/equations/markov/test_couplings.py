"""The coupling has the margins it must have, and the lemmas hold as corrected, not as printed."""

import numpy as np
from hypothesis import given, settings
from random_problems import problems, scale

from rlcourse.equations import markov


@given(problems())
@settings(max_examples=60, deadline=None)
def test_the_coupling_has_the_right_margins_and_differs_as_rarely_as_can_be(problem):
    _, old, new = problem
    joint = markov.coupling(old, new)
    assert joint.min() >= 0
    assert np.abs(joint.sum(axis=2) - old).max() < 1e-14
    assert np.abs(joint.sum(axis=1) - new).max() < 1e-14
    differ = 1 - np.trace(joint, axis1=1, axis2=2)
    assert np.abs(differ - markov.tv(old, new)).max() < 1e-14


@given(problems())
@settings(max_examples=60, deadline=None)
def test_lemma_2_and_the_corrected_lemma_3_hold(problem):
    mdp, old, new = problem
    lemma = markov.coupling_lemma(mdp, new, old, steps=30)
    tolerance = 1e-11 * scale(mdp, old, new)
    A_bar = np.abs(markov.expected_advantage(mdp, new, old)).max()
    assert A_bar <= 2 * lemma.alpha * np.abs(markov.advantages(mdp, old)).max() + tolerance
    assert np.all(lemma.gap <= lemma.middle + tolerance)
    assert np.all(lemma.middle <= lemma.right + tolerance)
    assert lemma.gap[0] <= tolerance


def test_the_printed_lemma_3_fails_at_the_first_step():
    # 0 ≤ 2α max Ā ≤ 0 needs max Ā = 0: a positive one breaks the second inequality, a negative one the first
    for seed in range(50):
        mdp = markov.MDP.random(5, 3, seed)
        old, new = markov.random_policy(mdp, seed + 1), markov.random_policy(mdp, seed + 2)
        lemma = markov.coupling_lemma(mdp, new, old, steps=2)
        assert lemma.gap[0] == lemma.right[0] == 0
        assert not lemma.gap[0] <= lemma.printed_middle[0] <= lemma.right[0]
        assert lemma.gap[0] <= lemma.middle[0] <= lemma.right[0]
