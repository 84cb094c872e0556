"""Lectures 05 and 05b: what predictions and sentences claim, and each exercise done as it is written."""

import contextlib
import io
from dataclasses import replace

import numpy as np
import pytest

from rlcourse import notebooks
from rlcourse.equations import importance, markov
from rlcourse.equations.lqr import LQR


def names_of(page, *texts):
    """A page's names after the cells that hold the texts, and those that they need."""
    cells = notebooks.code_cells(notebooks.compile_source(notebooks.SOURCES / page))
    holding = [i for i, cell in enumerate(cells) if any(text in cell for text in texts)]
    assert len(holding) >= len(texts)
    needed = set().union(*(notebooks.needed_cells(cells, index) for index in holding))
    with contextlib.redirect_stdout(io.StringIO()):
        return notebooks.run_cells(cells, sorted(needed))


@pytest.fixture(scope="module")
def names():
    return names_of(
        "05-off-policy.py", "def weighted_returns", "def draw_weights", "def draw_vtrace", "def bias"
    )


@pytest.fixture(scope="module")
def names_b():
    return names_of("05b-deterministic-policy-gradient.py", "def climb", "def draw_hill", "rests = {")


# 05: section 1


def test_a_million_weighted_episodes_average_below_the_truth_nine_times_in_ten(names):
    averages = np.array(
        [names["weighted_returns"](10**6, np.random.default_rng(s)).mean() for s in range(60)]
    )
    assert 0.75 < np.median(averages) < 0.9
    assert np.mean(averages < 1) > 0.75
    assert np.mean((averages > 0.75) & (averages < 0.9)) > 0.5  # "mostly too low, by 10 to 25 %"
    assert np.mean(abs(averages - 1) < 0.01) < 0.1


def test_the_weighted_returns_are_those_of_the_walk_that_is_drawn(names):
    """The shortcut (geometric, prize) against the walk step by step."""
    rng = np.random.default_rng(0)
    episodes = []
    for _ in range(40_000):
        weight = 1.0
        while True:
            if rng.random() < 0.5:
                episodes.append(0.0)
                break
            weight *= 2
            if rng.random() < 0.1:
                episodes.append(weight)
                break
    shortcut = names["weighted_returns"](40_000, rng)
    for weight in (0, 2, 4, 8):
        assert np.mean(shortcut == weight) == pytest.approx(np.mean(np.array(episodes) == weight), abs=0.004)
    # Σ_{k>20} 0.05 · 0.45^{k−1} 2^k = 0.9^20, and the episodes themselves 0.45^20/11
    k = np.arange(21, 2000)
    assert np.exp(np.log(0.05) + (k - 1) * np.log(0.45) + k * np.log(2)).sum() == pytest.approx(0.9**20)
    assert (0.05 * 0.45 ** (k - 1)).sum() == pytest.approx(0.45**20 / 11)
    assert round(0.9**20, 2) == 0.12 and 0.9e-8 < 0.45**20 / 11 < 1.1e-8


# Section 2


def test_a_thousand_trajectories_of_forty_steps_look_like_twenty_and_are_worth_three():
    measured = []
    for seed in range(200):
        k = np.random.default_rng(seed).binomial(40, 0.5, 1000)
        measured.append(importance.effective_sample_size(1.4**k * 0.6 ** (40 - k)))
    assert pytest.approx(2.6, abs=0.05) == 1000 / 1.16**40
    assert 15 < np.median(measured) < 25
    assert np.mean(np.array(measured) > 2.64) > 0.95


def test_what_the_lab_draws_are_walks_on_the_chain(names):
    states, rewards, coin = names["STATES"], names["REWARDS"], names["COIN"]
    chain = names["chain"]
    for t in (0, 1, 7, 30):
        action = np.where(coin[t], 0, 1)
        np.testing.assert_array_equal(rewards[t], chain.reward[states[t], action])
        assert (chain.transition[states[t], action, states[t + 1]] == 1).all()
    assert names["chances"](0.7, 9) @ np.arange(10) == pytest.approx(6.3)


# Section 3


def test_where_the_three_kinds_of_weights_stop_growing(names):
    chain, beta = names["chain"], names["BETA"]
    near, far = (importance.estimate_variances(chain, names["forward"](p), beta, 200) for p in (0.7, 0.8))
    assert near.trajectory[1] < near.per_decision[1] and near.trajectory[1] < near.marginal[1] + 1e-12
    assert near.per_decision[-1] == pytest.approx(near.per_decision[-2], rel=1e-4)
    assert far.per_decision[-1] / far.per_decision[-2] == pytest.approx(0.81 * 1.36, rel=1e-2)
    for found, p in ((near, 0.7), (far, 0.8)):
        assert found.marginal[-1] == pytest.approx(found.marginal[-2], rel=1e-6)
        assert found.trajectory[-1] / found.trajectory[-2] > 1.15
        own = importance.estimate_variances(chain, names["forward"](p), names["forward"](p), 60).trajectory
        for kind in found:
            assert (kind[5:60] > own[5:]).all()


# Section 5


def test_vtrace_with_the_usual_limits_lies_halfway(names):
    values = {p: markov.values(names["chain"], names["forward"](p))[0].round(1) for p in (0.5, 5 / 7, 0.8)}
    assert list(values.values()) == [12.1, 17.9, 25.5]
    assert importance.clipped_policy(names["PI"], names["BETA"], 1.0)[0, 0] == pytest.approx(5 / 7)


# Exercises of 05


def test_exercise_1_the_gap_that_a_hundred_steps_allow():
    g = np.sqrt((2**0.01 - 1) / 4)
    assert (1 + 4 * g**2) ** 100 - 1 == pytest.approx(1)
    assert round(g, 4) == 0.0417 and round(0.5 + g, 4) == 0.5417


def test_exercise_2_rewards_that_cancel():
    mdp = markov.MDP([[[0, 1], [0, 1]], [[1, 0], [1, 0]]], [[1, 1], [-1, -1]], [1, 0], 1 - 1e-12)
    pi, beta = np.tile([0.7, 0.3], (2, 1)), np.full((2, 2), 0.5)
    found = importance.estimate_variances(mdp, pi, beta, 2)
    assert found.trajectory[1] == pytest.approx(0, abs=1e-9)
    assert found.per_decision[1] == pytest.approx(1.16 * 0.16, rel=1e-6)
    assert round(1.16 * 0.16, 3) == 0.186


def test_exercise_3_the_limit_that_learns_a_given_policy(names):
    learnt = {
        rho: importance.clipped_policy(names["PI"], names["BETA"], rho)[0, 0] for rho in (1.2, 1.59, 1.6)
    }
    assert learnt[1.2] == pytest.approx(0.75)
    assert learnt[1.59] < 0.8 - 1e-4 and learnt[1.6] == pytest.approx(0.8)


def test_exercise_4_self_normalised_from_the_first_prize_on_and_a_finite_variance_above_one_half(names):
    weights = names["weighted_returns"](1000, np.random.default_rng(3))
    first = np.argmax(weights > 0)
    returns = (weights > 0).astype(float)
    averages = np.cumsum(weights * returns)[first:] / np.cumsum(weights)[first:]
    assert (averages == 1).all()
    k = np.arange(1, 200)
    for q, finite in ((0.1, False), (0.49, False), (0.51, True), (0.6, True)):
        terms = 0.5 * q * (0.5 * (1 - q)) ** (k - 1) * 4.0**k
        assert (terms[-1] < terms[0]) == finite
        assert terms[1] / terms[0] == pytest.approx(2 * (1 - q))


# 05b


def test_both_climbs_and_their_steps_are_those_of_the_page(names_b):
    assert [len(path) - 1 for path in names_b["climbs"].values()] == [1122, 5]


def test_a_spring_alone_must_be_weak(names_b):
    """What the first lab asks for: without a brake the best is far below what both can do."""
    mass = names_b["MASS"]
    springs = np.linspace(0.05, 3.5, 70)
    returns = [-float(mass.cost(np.array([[k, 0.0]]))) for k in springs]
    assert max(returns) == pytest.approx(-29, abs=0.1) and springs[np.argmax(returns)] == pytest.approx(
        0.4, abs=0.05
    )
    assert -float(mass.cost(names_b["BEST"])) == pytest.approx(-17.46, abs=0.01)


def test_the_critic_of_wide_data_points_inward_and_that_of_narrow_data_outward(names_b):
    def told(width):
        return names_b["advice"](lambda x: names_b["fitted_critic"](width)[2] * x)

    assert told(1.0) < 0 < told(0.3)
    assert names_b["advice"](names_b["truth"]) > 0


def test_the_updates_rest_where_the_page_says(names_b):
    rests = names_b["rests"]
    assert {name: round(float(k), 2) for name, k in rests.items()} == {"with γᵗ": 1.08, "without": 1.98}


def test_exercise_b1_the_golden_ratio():
    problem = LQR([[1.0]], [[1.0]], [[1.0]], [[1.0]], 1.0, [[1.0]])
    K = problem.optimal_gain()
    assert problem.value_matrix(K).item() == pytest.approx((1 + 5**0.5) / 2)
    assert K.item() == pytest.approx((5**0.5 - 1) / 2) and round(K.item(), 3) == 0.618


def test_exercise_b2_root_two(names_b):
    mass, K, s, sigma = names_b["MASS"], np.array([[0.5, 0.3]]), np.array([1.5, 0.0]), 1e-3
    H, xi = mass.action_value_matrix(K), np.random.default_rng(0).standard_normal(400_000)

    def q(a):
        return -(s @ H[:2, :2] @ s + 2 * a * (s @ H[:2, 2]) + H[2, 2] * a**2)

    mu = (-K @ s).item()
    spread = np.std(1.5 * xi * (q(mu + sigma * xi) - q(mu)) / sigma)
    slope = abs(-2 * (s @ H[:2, 2] + H[2, 2] * mu))
    assert spread == pytest.approx(2**0.5 * 1.5 * slope, rel=0.02)


def test_exercise_b3_the_width_of_no_advice(names_b):
    width = np.sqrt(4 / 12 - 0.01)
    assert round(width, 3) == 0.569
    assert names_b["fitted_critic"](width)[2] == pytest.approx(0, abs=1e-9)


def test_exercise_b4_untied_both_updates_rest_at_riccatis_gain(names_b):
    mass, motion = names_b["MASS"], names_b["motion"]
    for weights in (0.95 ** np.arange(100), np.ones(100)):
        K = np.array([[1.0, 1.0]])
        for _ in range(20_000):
            H, states = mass.action_value_matrix(K), motion(K, 99, (7 / 3) ** 0.5)
            slope = -2 * (states @ H[:2, 2:] - states @ K.T @ H[2:, 2:])
            K = K + 0.01 * (weights @ (-states * slope))[None]
        np.testing.assert_allclose(K, names_b["BEST"], atol=1e-4)


def test_the_mass_is_the_world_that_opdac_is_trained_in(names_b):
    """E[x²] of a start uniform between 1 and 2 m is 7/3; the motion is the exact one of a held force."""
    mass = names_b["MASS"]
    x = np.linspace(1, 2, 100_001)
    assert np.trapezoid(x**2, x) == pytest.approx(mass.start[0, 0])
    assert replace(mass, gamma=0.5).gamma == 0.5
    np.testing.assert_allclose(mass.B[:, 0], [0.1**2 / 2, 0.1])
