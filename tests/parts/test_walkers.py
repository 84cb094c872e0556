"""Walkers see what the process says, in the right shares; an end starts them anew; seeds do not mix."""

import numpy as np

from rlcourse.equations import markov
from rlcourse.parts.walkers import Walkers


def walk(walkers, policy, steps):
    seen = []
    for _ in range(steps):
        s = walkers.state
        a = walkers.act(policy[s])
        seen.append((s, a, *walkers.step(a)))
    return [np.array(column) for column in zip(*seen, strict=True)]


def test_steps_are_as_frequent_as_the_process_and_the_policy_say():
    mdp, policy = markov.chain(), np.tile([0.7, 0.3], (5, 1))
    s, a, r, next_s, over = walk(Walkers(mdp, range(40)), policy, 2500)
    assert not over.any() and np.array_equal(r, mdp.reward[s, a])
    np.testing.assert_array_equal(s[1:], next_s[:-1])
    n = np.bincount(s.ravel(), minlength=5)
    assert (abs(np.bincount(s[a == 0], minlength=5) / n - 0.7) < 5 * np.sqrt(0.21 / n)).all()
    for state in range(5):
        for action in range(2):
            went = next_s[(s == state) & (a == action)]
            p = mdp.transition[state, action]
            share = np.bincount(went, minlength=5) / len(went)
            assert (abs(share - p) <= 5 * np.sqrt(p * (1 - p) / len(went))).all()


def test_an_end_shows_the_true_successor_and_then_starts_anew():
    mdp = markov.corridor()
    s, _, _, next_s, over = walk(Walkers(mdp, range(8)), np.full((6, 2), 0.5), 400)
    assert over.any() and (next_s[over] == 5).all() and not (s == 5).any()
    assert (s[1:][over[:-1]] == 2).all()
    np.testing.assert_array_equal(s[1:][~over[:-1]], next_s[:-1][~over[:-1]])


def test_a_state_that_pays_for_ever_is_no_end():
    assert not Walkers(markov.tightrope(), [0]).ends.any()
    assert Walkers(markov.cliff(), [0]).ends.nonzero()[0].tolist() == [47]


def test_rewards_have_the_noise_that_was_asked_for_and_only_there():
    mdp, sigma = markov.two_state(), np.array([[0.0, 2.0], [0.5, 0.0]])
    s, a, r, *_ = walk(Walkers(mdp, range(20), sigma), np.full((2, 2), 0.5), 2000)
    extra = r - mdp.reward[s, a]
    for state in range(2):
        for action in range(2):
            here = extra[(s == state) & (a == action)]
            n, sd = len(here), sigma[state, action]
            assert abs(here.mean()) <= 5 * sd / np.sqrt(n) and abs(here.std() - sd) <= 5 * sd / np.sqrt(2 * n)


def test_a_seed_walks_alone_as_it_walks_among_others():
    mdp, policy = markov.MDP.random(6, 3, 0), markov.random_policy(markov.MDP.random(6, 3, 0), 1)
    together, alone = (walk(Walkers(mdp, seeds, 1.0), policy, 600) for seeds in (range(8), [5]))
    for everyone, one in zip(together, alone, strict=True):
        np.testing.assert_array_equal(everyone[:, 5], one[:, 0])
