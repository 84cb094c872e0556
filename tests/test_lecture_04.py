"""Lecture 04: what its predictions and sentences say is so, and each exercise done as it is written."""

import contextlib
import io
import json

import gymnasium
import numpy as np
import pytest
import torch

from rlcourse import notebooks
from rlcourse.equations import markov
from rlcourse.equations.delay import delay_cliff, delayed_descent
from rlcourse.equations.returns import gae, td_lambda_weights
from rlcourse.statistics import intervals_of_sets

PAGE = notebooks.SOURCES / "04-actor-critic.py"


@pytest.fixture(scope="module")
def names():
    """The page's names after the cells that its labs, and its figures of section 1 and 2, need."""
    cells = notebooks.code_cells(notebooks.compile_source(PAGE))
    marks = ("draw_error", "variances[name] = ", "def at_rest", "def limit", "eligibility_traces(x")
    holding = [i for i, cell in enumerate(cells) if any(mark in cell for mark in marks)]
    needed = set().union(*(notebooks.needed_cells(cells, index) for index in holding))
    with contextlib.redirect_stdout(io.StringIO()):
        return notebooks.run_cells(cells, sorted(needed))


def test_the_best_lambda_rises_with_the_batch_whatever_the_critics_error_and_the_discount(names):
    for wrong in (0.25, 0.5, 1.0):
        for gamma in (0.8, 0.95, 0.99):
            mdp, grid = markov.corridor(gamma=gamma), np.linspace(0, 1, 101)
            bias, variance = names["errors"](grid, wrong, mdp)
            best = [grid[(bias + variance / n).argmin()] for n in (1, 10, 100, 1000)]
            assert best == sorted(best) and best[0] < best[-1]


def test_the_best_lambda_rises_with_the_critics_error(names):
    for n in (1, 10, 100):
        best = []
        for wrong in (0.25, 0.5, 1.0):
            bias, variance = names["errors"](np.linspace(0, 1, 101), wrong)
            best.append((bias + variance / n).argmin())
        assert best[0] < best[1] < best[2]


def test_section_1_what_the_lab_is_said_to_show(names):
    grid = np.linspace(0, 1, 21)
    for gamma in (0.5, 0.8, 0.99):
        bias, variance = names["errors"](grid, 0.0, markov.corridor(gamma=gamma))
        assert bias.max() < 1e-20 and variance.argmin() == 0  # the right critic: no bias, λ = 0
    spread = [names["errors"](grid, 1.0, markov.corridor(gamma=gamma))[1] for gamma in (0.5, 0.8, 0.99)]
    assert (spread[0] <= spread[1] + 1e-12).all() and (spread[1] <= spread[2] + 1e-12).all()


def test_section_1_the_best_lambdas_and_what_the_usual_one_costs(names):
    bias, variance = names["BIAS"], names["VARIANCE"]
    best = {n: (bias + variance / n).argmin() / 100 for n in (1, 100)}
    assert best == {1: 0.38, 100: 0.94}
    costs = {n: (bias + variance / n)[95] / (bias + variance / n).min() for n in (1, 100)}
    assert 7 < costs[1] < 8 and costs[100] < 1.03


def test_section_1_the_errors_are_those_of_simulated_averages(names):
    """From room D, right; n = 10 walks an average; many averages: their mean square error about the truth."""
    lam, n, batches = 0.8, 10, 2000
    walk, critic = names["WALK"], np.append(np.full(5, 0.5), 0.0)
    mean, variance = markov.gae_moments(walk, names["COIN"], critic, lam)
    rng, s = np.random.default_rng(1), np.full(n * batches, 3)
    a, total, weight = np.ones(n * batches, int), np.zeros(n * batches), 1.0
    for _ in range(150):
        after = (walk.transition[s, a].cumsum(axis=1) > rng.random(len(s))[:, None]).argmax(axis=1)
        total += weight * (walk.reward[s, a] + walk.gamma * critic[after] - critic[s])
        weight *= walk.gamma * lam
        s, a = after, rng.integers(2, size=len(s))
    averages = total.reshape(n, batches).mean(axis=0)
    advantage = markov.advantages(walk, names["COIN"])[3, 1]
    squares = (averages - advantage) ** 2
    exact = (mean[3, 1] - advantage) ** 2 + variance[3, 1] / n
    assert squares.mean() == pytest.approx(exact, abs=4 * squares.std() / batches**0.5)


def test_section_2_the_variances_are_as_the_prediction_and_the_figure_say(names):
    G, Q, A, delta, traced = names["variances"].values()
    assert pytest.approx(0.15, abs=0.01) == 1 - Q / G
    assert pytest.approx(20, abs=0.5) == Q / A
    assert A < delta < traced < Q < G


def test_section_2_the_variances_are_those_of_sampled_walks(names):
    """100,000 of the walks, drawn by their chances: each variance within four standard errors."""
    rng = np.random.default_rng(0)
    drawn = rng.choice(len(names["chance"]), p=names["chance"], size=100_000)
    for name, psi in names["forms"].items():
        gradients = names["gradients"](psi)[drawn].reshape(len(drawn), -1)
        squares = np.sum((gradients - gradients.mean(axis=0)) ** 2, axis=1)
        error = squares.std() / len(drawn) ** 0.5
        assert squares.mean() == pytest.approx(names["variances"][name], abs=4 * error)


def test_section_3_the_weights_that_the_prediction_names():
    weights = td_lambda_weights(0.95, 10)
    assert weights[-1] == pytest.approx(0.63, abs=0.005)
    assert weights[:-1].sum() == pytest.approx(0.37, abs=0.005)
    assert pytest.approx(0.03, abs=0.005) == 0.05 * 0.95**9


def test_section_3_first_episodes_of_cartpole_last_about_twenty_steps():
    env, lengths = gymnasium.make("CartPole-v1"), []
    rng = np.random.default_rng(0)
    for episode in range(300):
        env.reset(seed=episode)
        steps, over = 0, False
        while not over:
            _, _, ended, cut, _ = env.step(int(rng.integers(2)))
            steps, over = steps + 1, ended or cut
        lengths.append(steps)
    assert 18 < np.mean(lengths) < 26


def test_section_5_the_full_gradient_flattens_the_critic(names):
    V, semi, full = names["V"][:5], names["semi"], names["full"]
    assert np.abs(semi - V).max() < 1e-9
    assert np.ptp(full) < 0.8 * np.ptp(V)


def test_section_5_without_chance_the_full_gradient_is_right_too(names):
    """What the text gives as the reason: the variance of δ. Without it nothing is flattened."""
    walk = markov.corridor(slip=0.0)
    always = np.tile([0.0, 1.0], (6, 1))  # to the right, surely
    V = markov.values(walk, always)
    P, r = markov.induced_process(walk, always)
    rows = (np.eye(6) - walk.gamma * P)[:5, :5]
    np.testing.assert_allclose(np.linalg.lstsq(rows, r[:5], rcond=None)[0], V[:5], atol=1e-12)


@pytest.mark.parametrize("actions", [2, 5])
def test_section_5_the_entropys_gradient_by_finite_differences(actions):
    logits = np.random.default_rng(actions).normal(size=actions)

    def entropy(x):
        p = np.exp(x - x.max()) / np.exp(x - x.max()).sum()
        return -(p * np.log(p)).sum(), p

    H, p = entropy(logits)
    formula = -p * (np.log(p) + H)
    for i in range(actions):
        step = 1e-6 * np.eye(actions)[i]
        slope = (entropy(logits + step)[0] - entropy(logits - step)[0]) / 2e-6
        assert slope == pytest.approx(formula[i], abs=1e-8)


def late_returns(name):
    """Of each run of a recording its mean return in the second half, [seeds]."""
    found = json.loads((notebooks.LECTURES / "recordings" / name).read_text(encoding="utf-8"))["found"]
    late = np.array(found.pop("at")) > 30_000
    return {setting: np.array(curves)[:, late].mean(axis=1) for setting, curves in found.items()}


def test_section_5_each_larger_lambda_does_better_in_each_of_three_sets():
    late = late_returns("04-lambda.json")
    for more, less in (("0.8", "0"), ("0.95", "0.8"), ("1", "0.95")):
        assert all(found.low > 0 for found in intervals_of_sets(late[more] - late[less]))


def test_section_6_what_a_lag_costs_in_each_of_three_sets():
    late = late_returns("04-lag.json")

    def low(rate, lag):
        return [found.low for found in intervals_of_sets(late[f"{rate} 0"] - late[f"{rate} {lag}"])]

    assert min(low(0.001, 40)) > 0 and min(low(0.004, 40)) > 0 and min(low(0.004, 10)) > 0
    assert sum(bound < 0 for bound in low(0.001, 10)) == 1


def test_section_6_the_cliffs_that_the_prediction_names():
    assert delay_cliff(0) == pytest.approx(2) and delay_cliff(1) == pytest.approx(1)
    assert delay_cliff(5) == pytest.approx(0.28, abs=0.005)
    lags = np.arange(20, 40)
    np.testing.assert_allclose(delay_cliff(lags), np.pi / (2 * lags), rtol=0.03)


def test_section_6_of_the_roots_one_is_near_one_and_the_others_near_zero_for_a_small_step():
    roots = np.sort(np.abs(np.roots([1, -1, 0, 0, 0, 0, 1e-6])))
    assert roots[-1] == pytest.approx(1, abs=1e-5) and roots[-2] < 0.1


# The exercises


@pytest.mark.parametrize("ended, expected", [(True, [0.02875, 0.175, 0.5]), (False, [0.12, 0.3775, 0.95])])
def test_exercise_1_three_steps_by_hand(ended, expected):
    last = np.array([False, False, True])
    never = np.zeros(3, bool)
    ends = (last, never) if ended else (never, last)
    half = np.full(3, 0.5)
    A = gae(np.array([0.0, 0.0, 1.0]), half, half, *ends, 0.9, 0.5)
    assert pytest.approx(expected, abs=2e-4) == A


def test_exercise_2_half_of_the_weight_on_the_longest():
    assert td_lambda_weights(0.964, 20)[-1] == pytest.approx(0.5, abs=3e-3)


def test_exercise_3_a_critic_too_high_everywhere_moves_only_a_baseline():
    mdp = markov.MDP.random(5, 3, seed=0)
    policy, c = markov.random_policy(mdp, 1), 2.0
    for lam in (0.0, 0.3, 0.9, 1.0):
        mean, _ = markov.gae_moments(mdp, policy, markov.values(mdp, policy) + c, lam)
        moved = mean - markov.advantages(mdp, policy)
        np.testing.assert_allclose(moved, (mdp.gamma - 1) * c / (1 - mdp.gamma * lam), atol=1e-12)


def test_exercise_4_six_numbers_and_the_longest_lag():
    path = delayed_descent(1.0, 1, 12)
    np.testing.assert_allclose(path, [1, 0, -1, -1, 0, 1, 1, 0, -1, -1, 0, 1, 1])
    assert delay_cliff(15) > 0.1 > delay_cliff(16)
    assert np.pi / (2 * np.arcsin(0.05)) == pytest.approx(31.4, abs=0.05)


def test_further_the_semi_gradient_is_what_the_package_takes():
    """`a2c_loss` has the gradient 2 c (V − y) in V and none in y."""
    from rlcourse.equations.objectives import a2c_loss

    value, target = (torch.tensor(x, requires_grad=True) for x in ([0.5, 1.0], [1.0, 3.0]))
    zero = torch.zeros(2)
    a2c_loss(zero, zero, value, target, zero, 0.5, 0.0).backward()
    torch.testing.assert_close(value.grad, 0.5 * (value - target).detach())
    assert target.grad is None
