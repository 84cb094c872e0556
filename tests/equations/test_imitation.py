"""Imitation's equations against simulation, matrix powers, enumeration and quadrature."""

import itertools

import numpy as np
import pytest
from scipy import stats

from rlcourse.equations import imitation, markov
from rlcourse.equations.markov import MDP

RIGHT = np.array([[1.0, 0.0], [1.0, 0.0]])


def learner(epsilon, epsilon_below):
    return np.array([[1 - epsilon, epsilon], [1 - epsilon_below, epsilon_below]])


def walked(epsilon, below, price, steps, runs, rng):
    """Steps lost by `runs` walkers, walked one step after the other."""
    on_rope, lost = np.ones(runs, bool), np.zeros(runs)
    for _ in range(steps):
        errs = rng.random(runs) < np.where(on_rope, epsilon, below)
        climbs = rng.random(runs) < 1 / (price - 1)
        lost += ~(on_rope & ~errs)
        on_rope = np.where(on_rope, ~errs, ~errs & climbs)
    return lost


# Drift


@pytest.mark.parametrize("epsilon, steps", [(0.01, 1), (0.01, 50), (0.3, 20), (1.0, 7), (0.0, 7), (0.5, 0)])
def test_cloning_on_the_rope_costs_the_sum_over_steps_of_having_fallen(epsilon, steps):
    expected = sum(1 - (1 - epsilon) ** t for t in range(1, steps + 1))
    assert imitation.cloning_cost(epsilon, steps) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("price", [2, 5, 40, np.inf])
def test_both_closed_forms_are_what_the_chain_of_the_rope_costs(price):
    rope = markov.tightrope_with_ladder(price)
    for epsilon, steps in itertools.product((0.01, 0.2, 0.9), (1, 13, 60)):
        clone, dagger = learner(epsilon, 1.0), learner(epsilon, epsilon)
        assert imitation.total_cost(rope, clone, steps) == pytest.approx(
            imitation.cloning_cost(epsilon, steps)
        )
        assert imitation.total_cost(rope, dagger, steps) == pytest.approx(
            imitation.dagger_cost(epsilon, steps, price)
        )


def test_walkers_lose_what_the_closed_forms_say():
    rng, n = np.random.default_rng(0), 40_000
    for price in (3, 20):
        lost = walked(0.03, 0.03, price, 50, n, rng)
        error = 4 * lost.std() / np.sqrt(n)
        assert abs(lost.mean() - imitation.dagger_cost(0.03, 50, price)) < error
    lost = walked(0.03, 1.0, 3, 50, n, rng)
    assert abs(lost.mean() - imitation.cloning_cost(0.03, 50)) < 4 * lost.std() / np.sqrt(n)


def test_without_a_way_back_dagger_costs_what_cloning_costs():
    for epsilon, steps in itertools.product((0.001, 0.1, 0.7), (1, 10, 300)):
        assert imitation.dagger_cost(epsilon, steps, np.inf) == pytest.approx(
            imitation.cloning_cost(epsilon, steps), rel=1e-9
        )


def test_dagger_is_at_most_price_times_mistakes_and_linear_in_the_steps_where_one_can_recover():
    for epsilon, price in itertools.product((0.001, 0.05, 0.5), (2, 6, 50)):
        for steps in (10, 100, 1000):
            assert imitation.dagger_cost(epsilon, steps, price) <= price * epsilon * steps + 1e-9
    long = [imitation.dagger_cost(0.01, steps, 5) for steps in (1000, 2000)]
    assert long[1] / long[0] == pytest.approx(2, rel=0.01)
    short = [imitation.cloning_cost(0.0001, steps) for steps in (100, 200)]
    assert short[1] / short[0] == pytest.approx(4, rel=0.02)


def cloned(mdp, rng):
    """A teacher that chooses one action in each state, and a clone that sometimes takes another."""
    S, A = mdp.states, mdp.actions
    expert = np.eye(A)[rng.integers(A, size=S)]
    epsilon = rng.random((S, 1)) * rng.choice([0.02, 0.3, 1.0])
    return expert, (1 - epsilon) * expert + epsilon * rng.dirichlet(np.ones(A), size=S)


def with_costs(mdp, rng):
    return MDP(mdp.transition, -rng.random((mdp.states, mdp.actions)), mdp.start, mdp.gamma)


def enumerated_mistakes(mdp, expert, other, under, steps):
    """The same, path by path."""
    found = np.zeros(steps)
    for path in itertools.product(range(mdp.states), repeat=steps):
        P = np.einsum("sa,sat->st", under, mdp.transition)
        chance = mdp.start[path[0]] * np.prod([P[a, b] for a, b in itertools.pairwise(path)])
        for t, s in enumerate(path):
            found[t] += chance * (1 - expert[s] @ other[s])
    return found


def test_mistakes_are_counted_over_the_states_of_whoever_acts():
    rng = np.random.default_rng(1)
    mdp = MDP.random(3, 3, 1)
    expert, clone = cloned(mdp, rng)
    for under in (expert, clone):
        np.testing.assert_allclose(
            imitation.mistakes(mdp, expert, clone, under, 4),
            enumerated_mistakes(mdp, expert, clone, under, 4),
        )
    with pytest.raises(ValueError, match="gambles"):
        imitation.mistakes(mdp, clone, expert, expert, 4)


def test_on_random_processes_both_bounds_hold_and_no_smaller_constant_does():
    rng, steps, worst, nearest = np.random.default_rng(2), 12, 0.0, 0.0
    for seed in range(300):
        mdp = with_costs(MDP.random(4, 2, seed, branching=2), rng)
        expert, clone = cloned(mdp, rng)
        gap = imitation.total_cost(mdp, clone, steps) - imitation.total_cost(mdp, expert, steps)
        seen = imitation.drift_bound(imitation.mistakes(mdp, expert, clone, expert, steps))
        own = imitation.mistakes(mdp, expert, clone, clone, steps).sum()
        price = imitation.price_of_a_mistake(mdp, expert, steps)
        if price * own > 0:
            worst, nearest = max(worst, gap / seen), max(nearest, gap / (price * own))
        assert gap <= seen + 1e-9 and gap <= price * own + 1e-9
    assert 0 < worst < 1 and 0 < nearest < 1
    # On the rope a small ε makes the first nearly an equality
    rope = markov.tightrope_with_ladder()
    errors = imitation.mistakes(rope, RIGHT, learner(1e-5, 1.0), RIGHT, 20)
    assert imitation.cloning_cost(1e-5, 20) / imitation.drift_bound(errors) > 0.999


def test_the_price_of_a_mistake_on_the_rope_is_that_of_its_name():
    for price in (2, 5, 11):
        rope = markov.tightrope_with_ladder(price)
        assert imitation.price_of_a_mistake(rope, RIGHT, 3000) == pytest.approx(price)
    assert imitation.price_of_a_mistake(markov.tightrope_with_ladder(), RIGHT, 30) == 30


def test_the_rope_with_a_ladder_says_what_is_wrong():
    for price in (1.5, np.nan):
        with pytest.raises(ValueError, match="2 steps at least"):
            markov.tightrope_with_ladder(price)
        with pytest.raises(ValueError, match="2 steps at least"):
            imitation.dagger_cost(0.1, 10, price)
    with pytest.raises(ValueError, match="between 0 and 1"):
        imitation.cloning_cost(1.2, 10)
    with pytest.raises(ValueError, match="must be ≥ 0"):
        imitation.dagger_cost(0.2, -1, 3)


@pytest.mark.parametrize("observations, signs", [(0, 4), (1, 2), (7, 3), (200, 20), (3000, 20)])
def test_the_error_of_add_one_is_its_mean_over_binomial_counts(observations, signs):
    c = np.arange(observations + 1)
    expected = stats.binom.pmf(c, observations, 1 / signs) @ (1 / (c + 2))
    assert imitation.add_one_error(observations, signs) == pytest.approx(expected)


# A teacher without noise


def test_the_fitted_gain_is_that_of_numpys_least_squares_and_zero_where_nothing_was_shown():
    rng = np.random.default_rng(3)
    s, a = rng.normal(size=(2, 40, 5))
    expected = np.linalg.lstsq(s.reshape(-1, 1), a.ravel(), rcond=None)[0][0]
    assert imitation.fitted_gain(s, a) == pytest.approx(expected)
    assert imitation.fitted_gain(np.zeros(9), np.zeros(9)) == 0.0


def test_a_path_is_the_sum_of_its_gusts_each_grown_by_the_steps_since():
    gusts = np.random.default_rng(4).normal(size=(20, 3))
    path = imitation.path_of_gain(-0.5, gusts, start=2.0)
    powers = 0.7 ** np.arange(20)[::-1]
    np.testing.assert_allclose(path[-1], 2 * 0.7**20 + powers @ gusts)
    assert path.shape == (21, 3)


@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("growth, gain, fade", [(0.9, 0.3, 0.5), (1.2, -0.1, 0.0), (0.5, 2.0, -0.4)])
def test_a_chunk_does_what_playing_it_does(length, growth, gain, fade):
    y = 1.7
    for j in range(length):
        y = growth * y + gain * fade**j * 1.7
    assert imitation.chunk_factor(length, growth, gain, fade) == pytest.approx(y / 1.7)


# Answers with several modes


def test_the_density_integrates_to_one_and_has_the_mean_of_its_parts():
    parts = np.array([0.3, 0.7]), np.array([-1.0, 2.0]), np.array([0.2, 0.5])
    x = np.linspace(-5, 8, 20001)
    p = imitation.mixture_density(x, *parts)
    assert np.trapezoid(p, x) == pytest.approx(1)
    assert np.trapezoid(x * p, x) == pytest.approx(parts[0] @ parts[1])


def test_one_gaussian_is_mean_and_deviation_and_more_sweeps_never_lower_the_likelihood():
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.normal(-1, 0.2, 150), rng.normal(0.8, 0.3, 100)])
    _, mean, sigma = imitation.fit_mixture(x, 1)
    assert (mean[0], sigma[0]) == pytest.approx((x.mean(), x.std()))
    likelihood = [
        np.log(imitation.mixture_density(x, *imitation.fit_mixture(x, 3, sweeps))).sum()
        for sweeps in (1, 2, 5, 20, 100)
    ]
    assert (np.diff(likelihood) > -1e-9).all()


def test_two_humps_are_found_and_neither_more_points_nor_fewer_than_components_break_it():
    rng = np.random.default_rng(6)
    x = np.concatenate([rng.normal(-1, 0.2, 3000), rng.normal(0.8, 0.3, 1000)])
    weights, means, sigmas = imitation.fit_mixture(x, 2)
    np.testing.assert_allclose(weights, [0.75, 0.25], atol=0.02)
    np.testing.assert_allclose(means, [-1, 0.8], atol=0.05)
    np.testing.assert_allclose(sigmas, [0.2, 0.3], atol=0.03)
    assert np.isfinite(imitation.fit_mixture(np.zeros(5), 2)).all()
    with pytest.raises(ValueError, match="3 components for 2 points"):
        imitation.fit_mixture(x[:2], 3)


def test_autoregressive_bins_have_the_joint_frequencies_and_independent_ones_the_marginals():
    rng = np.random.default_rng(7)
    first = rng.uniform(-1, 1, 500)
    actions, edges = (
        np.column_stack([first, np.clip(-first + rng.normal(0, 0.1, 500), -1, 1)]),
        np.linspace(-1, 1, 6),
    )
    joint = imitation.joint_frequencies(actions, edges)
    np.testing.assert_allclose(imitation.autoregressive_bins(actions, edges), joint, atol=1e-12)
    apart = imitation.independent_bins(actions, edges)
    for axis in (0, 1):
        np.testing.assert_allclose(apart.sum(axis), joint.sum(axis))
    assert abs(apart - joint).sum() / 2 > 0.5
    shuffled = np.column_stack([rng.uniform(-1, 1, 10**6), rng.uniform(-1, 1, 10**6)])
    np.testing.assert_allclose(
        imitation.independent_bins(shuffled, edges), imitation.joint_frequencies(shuffled, edges), atol=1e-3
    )


# Goals


def test_a_later_step_lies_in_the_same_episode_and_each_is_as_likely():
    over = np.array([0, 0, 1, 0, 0, 0, 1, 0])
    draws = np.random.default_rng(8).random((8, 30_000))
    later = imitation.later_in_episode(np.repeat(over[:, None], 30_000, 1), draws)
    ends = [2, 2, 2, 6, 6, 6, 6, 7]
    for t, end in enumerate(ends):
        steps, counts = np.unique(later[t], return_counts=True)
        assert list(steps) == list(range(t, end + 1))
        np.testing.assert_allclose(counts / 30_000, 1 / (end - t + 1), atol=0.02)
