"""The right answers of homework 2, against oracles of their own: differences, enumeration, SciPy, sums."""

import itertools

import numpy as np
import pytest
from scipy import optimize, special, stats

from rlcourse.grading.exercises import EXERCISES, find


def over_cases(name, seeds=range(3)):
    return [case for seed in seeds for case in find(name).cases(seed)]


def right(name, **case):
    return find(name).reference(**case)


def slopes(f, x, h=1e-5):
    """∂f/∂x by central differences."""
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


def test_the_softmax_score_is_the_slope_of_the_log_probability():
    for case in over_cases("softmax_score"):
        a = case["action"]
        expected = slopes(lambda z, a=a: special.log_softmax(z)[a], case["logits"])
        np.testing.assert_allclose(right("softmax_score", **case), expected, atol=1e-8)


def test_the_gaussian_scores_are_the_slopes_of_scipys_log_density():
    for case in over_cases("gaussian_score"):
        a, m, l = case["action"], case["mean"], case["log_std"]
        mean, log_std = right("gaussian_score", **case)
        by_mean = slopes(lambda m, a=a, l=l: stats.norm.logpdf(a, m, np.exp(l)).sum(), m)
        by_log_std = slopes(lambda l, a=a, m=m: stats.norm.logpdf(a, m, np.exp(l)).sum(), l)
        np.testing.assert_allclose(mean, by_mean, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(log_std, by_log_std, rtol=1e-6, atol=1e-6)


def test_scores_have_mean_zero_under_their_policy():
    for case in over_cases("softmax_score"):
        p = special.softmax(case["logits"])
        mean = sum(p[a] * right("softmax_score", logits=case["logits"], action=a) for a in range(len(p)))
        np.testing.assert_allclose(mean, 0, atol=1e-12)


def test_the_returns_solve_a_linear_system():
    for case in over_cases("reward_to_go"):
        n = len(case["reward"])
        link = case["gamma"] * (1 - case["done"][:-1].astype(float))
        expected = np.linalg.solve(np.eye(n) - np.diag(link, 1), case["reward"])
        np.testing.assert_allclose(right("reward_to_go", **case), expected, atol=1e-12)


def two_steps(theta):
    """Every trajectory of a process of two steps and two states: (probability, scores [2, 4], rewards)."""
    P = np.array([[[0.7, 0.3], [0.2, 0.8]], [[0.5, 0.5], [0.9, 0.1]]])
    R = np.array([[1.0, -0.5], [2.0, 0.3]])
    policy = special.softmax(theta.reshape(2, 2), axis=1)
    for a, s, b in itertools.product(range(2), repeat=3):
        scores = np.zeros((2, 2, 2))
        scores[0, 0], scores[1, s] = np.eye(2)[a] - policy[0], np.eye(2)[b] - policy[s]
        yield (
            policy[0, a] * P[0, a, s] * policy[s, b],
            scores.reshape(2, 4),
            np.array([R[0, a], R[s, b]]),
        )


def test_the_estimate_of_reinforce_has_the_gradient_as_its_mean_by_enumeration():
    theta = np.random.default_rng(0).normal(size=4)
    mean = sum(
        p * right("reinforce_gradient", scores=scores, rewards=rewards, gamma=1.0)
        for p, scores, rewards in two_steps(theta)
    )
    gradient = slopes(lambda x: sum(p * rewards.sum() for p, _, rewards in two_steps(x)), theta)
    np.testing.assert_allclose(mean, gradient, atol=1e-9)


def test_the_terms_before_t_vanish_in_the_mean_and_the_term_at_t_does_not():
    """Homework 2, 2.3: correction 1 of the course."""
    theta = np.random.default_rng(1).normal(size=4)
    before = sum(p * scores[1] * rewards[0] for p, scores, rewards in two_steps(theta))
    at = sum(p * scores[1] * rewards[1] for p, scores, rewards in two_steps(theta))
    np.testing.assert_allclose(before, 0, atol=1e-15)
    assert np.abs(at).max() > 0.01


@pytest.mark.parametrize("theta", [0.2, 0.7])
def test_the_counterexample_of_the_written_answer_is_one_whatever_theta(theta):
    probabilities, rewards = np.array([theta, 1 - theta]), np.array([1.0, 0.0])
    scores = np.array([1 / theta, -1 / (1 - theta)])
    assert probabilities @ (scores * rewards) == pytest.approx(1)


def test_the_best_baseline_is_where_an_optimiser_finds_the_least_second_moment():
    for case in over_cases("optimal_baseline"):
        g, R = case["scores"], case["returns"]
        found = optimize.minimize_scalar(lambda b, g=g, R=R: ((g * (R - b)[:, None]) ** 2).sum())
        assert right("optimal_baseline", **case) == pytest.approx(found.x, rel=1e-6)


def test_the_best_baseline_has_the_least_variance_where_the_mean_score_is_zero():
    case = find("optimal_baseline").cases(0)[0]
    g = np.concatenate([case["scores"], -case["scores"]])
    R = np.concatenate([case["returns"], case["returns"]])
    found = optimize.minimize_scalar(lambda b: np.var(g * (R - b)[:, None], axis=0).sum())
    assert right("optimal_baseline", scores=g, returns=R) == pytest.approx(found.x, rel=1e-6)


def test_the_n_step_target_is_a_polynomial_in_gamma():
    for case in over_cases("n_step_target"):
        expected = np.polynomial.Polynomial([*case["rewards"], case["next_value"]])(case["gamma"])
        assert right("n_step_target", **case) == pytest.approx(expected)


def weighted_n_steps(case, t):
    """Σ_n (1 − λ)λ^{n−1} Â^(n)_t over all n until the episode or the data end; the last takes the rest."""
    gamma, lam, total, back, weight = case["gamma"], case["lam"], 0.0, 0.0, 1.0
    for k in range(t, len(case["reward"])):
        after = 0.0 if case["terminated"][k] else case["next_value"][k]
        back += gamma ** (k - t) * case["reward"][k]
        n_step = back + gamma ** (k - t + 1) * after - case["value"][t]
        last = case["terminated"][k] or case["truncated"][k] or k == len(case["reward"]) - 1
        total += weight * (1.0 if last else 1 - lam) * n_step
        weight *= lam
        if last:
            return total


def test_gae_is_the_weighted_mean_of_the_n_step_advantages():
    for case in over_cases("gae"):
        expected = [weighted_n_steps(case, t) for t in range(len(case["reward"]))]
        np.testing.assert_allclose(right("gae", **case), expected, atol=1e-10)


def test_td_lambda_over_an_episode_with_w_held_moves_as_the_lambda_returns_do():
    """Forward view = backward view, offline."""
    rng = np.random.default_rng(0)
    x, rewards, w, gamma, lam, alpha = (
        rng.normal(0, 1, (6, 3)),
        rng.normal(0, 1, 6),
        rng.normal(0, 1, 3),
        0.9,
        0.7,
        0.1,
    )
    V = np.append(x @ w, 0.0)
    delta = rewards + gamma * V[1:] - V[:-1]
    moved, trace = np.zeros(3), np.zeros(3)
    for t in range(6):
        after, trace = right(
            "td_lambda_update",
            w=w,
            trace=trace,
            features=x[t],
            delta=delta[t],
            alpha=alpha,
            gamma=gamma,
            lam=lam,
        )
        moved += after - w
    off = np.zeros(6, dtype=bool)
    end = np.arange(6) == 5
    case = {"reward": rewards, "value": V[:-1], "next_value": V[1:], "terminated": end, "truncated": off}
    case |= {"gamma": gamma, "lam": lam}
    forward = alpha * np.array([weighted_n_steps(case, t) for t in range(6)]) @ x
    np.testing.assert_allclose(moved, forward, atol=1e-12)


def test_weights_turn_the_mean_of_one_policy_into_that_of_another_by_enumeration():
    rng = np.random.default_rng(0)
    target, behaviour = rng.dirichlet(np.ones(3), 2), rng.dirichlet(np.ones(3), 2)
    rewards, gamma = rng.normal(0, 1, (2, 3)), 0.8
    exact = sum(gamma**t * target[t] @ rewards[t] for t in range(2))
    by_weights, by_decision = 0.0, 0.0
    for actions in itertools.product(range(3), repeat=2):
        steps = range(2), list(actions)
        p, q, r = target[steps][None], behaviour[steps][None], rewards[steps][None]
        w = right("trajectory_weights", target_probs=p, behaviour_probs=q)[0]
        by_weights += q.prod() * w * (r[0] @ gamma ** np.arange(2))
        by_decision += q.prod() * right(
            "per_decision_estimate", rewards=r, target_probs=p, behaviour_probs=q, gamma=gamma
        )
    assert by_weights == pytest.approx(exact) and by_decision == pytest.approx(exact)


def test_the_effective_size_is_the_variance_of_a_weighted_mean_turned_round():
    """Var(Σ w x / Σ w) = σ² Σ w² / (Σ w)² = σ²/ESS for independent x."""
    for case in over_cases("effective_sample_size"):
        share = case["weights"] / case["weights"].sum()
        variance = np.linalg.multi_dot([share, np.eye(len(share)), share])
        assert right("effective_sample_size", **case) == pytest.approx(1 / variance)


def test_vtrace_on_policy_with_loose_bounds_is_the_return_that_bootstraps_at_the_end():
    case = find("vtrace_targets").cases(0)[3]
    case = case | {"log_rho": np.zeros(len(case["reward"])), "rho_bar": 5.0, "c_bar": 5.0}
    v, back = right("vtrace_targets", **case), case["next_value"][-1]
    for t in reversed(range(len(v))):
        back = case["reward"][t] + case["gamma"] * back
        assert v[t] == pytest.approx(back)


def test_vtrace_is_the_double_sum_of_the_paper():
    for case in over_cases("vtrace_targets"):
        ratio = np.exp(case["log_rho"])
        for s, v in enumerate(right("vtrace_targets", **case)):
            total, link = case["value"][s], 1.0
            for t in range(s, len(ratio)):
                after = 0.0 if case["terminated"][t] else case["next_value"][t]
                delta = case["reward"][t] + case["gamma"] * after - case["value"][t]
                total += link * min(case["rho_bar"], ratio[t]) * delta
                link *= 0.0 if case["terminated"][t] else case["gamma"] * min(case["c_bar"], ratio[t])
            assert v == pytest.approx(total)


def test_the_deterministic_gradient_is_the_slope_of_the_mean_value():
    """μ(s) = tanh(Wᵀs), Q = −|a − g|²."""
    rng = np.random.default_rng(0)
    states, goal, theta = rng.normal(0, 1, (5, 2)), rng.normal(0, 1, (5, 3)), rng.normal(0, 1, 6)

    def mu(theta):
        return np.tanh(states @ theta.reshape(2, 3))

    dq_da = -2 * (mu(theta) - goal)
    dmu = np.einsum("ni,na,ab->niab", states, 1 - mu(theta) ** 2, np.eye(3)).reshape(5, 6, 3)
    expected = slopes(lambda x: -((mu(x) - goal) ** 2).sum(1).mean(), theta)
    found = right("deterministic_policy_gradient", dq_da=dq_da, dmu_dtheta=dmu)
    np.testing.assert_allclose(found, expected, atol=1e-8)


EMPTY, NO_STEPS = np.zeros(0), np.ones((4, 0))


@pytest.mark.parametrize(
    ("name", "case", "expected"),
    [
        ("reward_to_go", {"reward": EMPTY, "done": EMPTY, "gamma": 0.9}, EMPTY),
        ("reinforce_gradient", {"scores": np.zeros((0, 3)), "rewards": EMPTY, "gamma": 0.9}, np.zeros(3)),
        ("n_step_target", {"rewards": EMPTY, "next_value": 4.0, "gamma": 0.0}, 4.0),
        ("gae", dict.fromkeys(find("gae").parameters[:5], EMPTY) | {"gamma": 0.9, "lam": 0.5}, EMPTY),
        ("trajectory_weights", dict.fromkeys(("target_probs", "behaviour_probs"), NO_STEPS), np.ones(4)),
        ("per_decision_estimate", dict.fromkeys(find("per_decision_estimate").parameters[:3], NO_STEPS)
         | {"gamma": 0.9}, 0.0),
        ("vtrace_targets", dict.fromkeys(find("vtrace_targets").parameters[:5], EMPTY)
         | {"gamma": 0.9, "rho_bar": 1.0, "c_bar": 1.0}, EMPTY),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)  # fmt: skip
def test_no_steps_at_all_are_no_error(name, case, expected):
    np.testing.assert_array_equal(right(name, **case), expected)


@pytest.mark.parametrize("name", ["reward_to_go", "per_decision_estimate"])
def test_no_steps_are_asked_of_where_a_loop_over_none_gives_the_answer(name):
    """The statements of the others say T ≥ 1."""
    assert any(min(case[find(name).parameters[0]].shape) == 0 for case in find(name).cases(0))


@pytest.mark.parametrize(
    "name", [n for n in EXERCISES if find(n).homework == 2 and "gamma" in find(n).parameters]
)
def test_a_discount_of_zero_is_asked_of_everything_that_discounts(name):
    assert any(case["gamma"] == 0 for case in find(name).cases(0))


@pytest.mark.parametrize("name", [n for n in EXERCISES if find(n).homework == 2 and not find(n).adaptor])
def test_no_answer_of_homework_2_is_so_small_that_0_would_pass(name):
    """The tolerance is relative to the largest number of an answer: no other number may be near it."""
    exercise = find(name)
    zeros = [{key: 0 * value for key, value in exercise.expected(case).items()} for case in exercise.cases(0)]
    assert not exercise.judge(exercise.cases(0), zeros).passed
    if name in ("trajectory_weights", "per_decision_estimate", "effective_sample_size", "softmax_score"):
        for case in over_cases(name):
            if name == "per_decision_estimate" and case["rewards"].size == 0:
                continue  # no steps: the answer is 0
            value = np.abs(exercise.expected(case)["value"])
            assert value.min() > 10 * exercise.tolerance * value.max()
