"""The right answers, against oracles of their own."""

import numpy as np
import pytest
from scipy import optimize
from scipy.sparse.linalg import LinearOperator, cg

from rlcourse.grading.exercises import find
from rlcourse.grading.exercises.hw3 import actor_loss
from rlcourse.grading.sandbox.inside.observer import observe


def over_cases(name, seeds=range(3)):
    return [case for seed in seeds for case in find(name).cases(seed)]


def test_the_stationary_variance_is_that_of_a_long_run():
    rng = np.random.default_rng(0)
    theta, sigma, dt = 0.4, 0.7, 0.5
    x, visited = np.zeros(4000), []
    for _ in range(400):
        x = find("ou_step").reference(x, theta, 0.0, sigma, dt, rng.normal(size=4000))
        visited.append(x.var())
    expected = find("ou_stationary_variance").reference(theta, sigma, dt)
    assert np.mean(visited[50:]) == pytest.approx(expected, rel=0.01)


def test_expected_maximum_equals_the_integral_of_one_minus_the_distribution():
    for case in over_cases("expected_maximum"):
        points = np.unique(case["values"])
        below = [(case["probabilities"] * (case["values"] <= x)).sum(1).prod() for x in points]
        expected = points @ np.diff([0.0, *below])
        assert find("expected_maximum").reference(**case) == pytest.approx(expected, abs=1e-12)


def test_visitation_is_the_distribution_of_a_chain_that_restarts():
    for case in over_cases("visitation"):
        P = np.einsum("sa,sat->st", case["policy"], case["P"])
        restarting = case["gamma"] * P + (1 - case["gamma"]) * case["start"]
        d = np.linalg.matrix_power(restarting, 4000)[0]
        assert np.allclose(find("visitation").reference(**case), d, atol=1e-10)


def truncated_performance(P, R, start, gamma, policy, steps=2000):
    p, total = start, 0.0
    for t in range(steps):
        total += gamma**t * p @ (policy * R).sum(1)
        p = p @ np.einsum("sa,sat->st", policy, P)
    return total


def test_the_lemma_equals_the_difference_of_two_sums_over_time():
    for case in over_cases("performance_difference", seeds=[0]):
        shared = [case[k] for k in ("P", "R", "start", "gamma")]
        gain = truncated_performance(*shared, case["new"]) - truncated_performance(*shared, case["old"])
        terms = find("performance_difference").reference(**case)
        assert terms.shape == case["start"].shape
        assert terms.sum() == pytest.approx(gain, abs=1e-9)


def test_the_terms_of_the_lemma_are_the_discounted_gains_at_each_state():
    for case in over_cases("performance_difference", seeds=[0]):
        V = np.array([truncated_performance(case["P"], case["R"], one, case["gamma"], case["old"])
                      for one in np.eye(len(case["start"]))])  # fmt: skip
        A = case["R"] + case["gamma"] * case["P"] @ V - V[:, None]
        p, terms = case["start"], 0.0
        for t in range(2000):
            terms = terms + case["gamma"] ** t * p * (case["new"] * A).sum(1)
            p = p @ np.einsum("sa,sat->st", case["new"], case["P"])
        np.testing.assert_allclose(find("performance_difference").reference(**case), terms, atol=1e-8)


def test_the_surrogate_touches_the_performance_to_first_order():
    case = find("surrogate").cases(0)[0]
    gaps = []
    for t in (1e-3, 2e-3):
        moved = {**case, "new": (1 - t) * case["old"] + t * case["new"]}
        eta = truncated_performance(*[case[k] for k in ("P", "R", "start", "gamma")], moved["new"])
        gaps.append(eta - find("surrogate").reference(**moved))
    assert gaps[1] / gaps[0] == pytest.approx(4, rel=0.02)  # a gap of second order


def test_the_bound_holds_with_its_constant():
    rng = np.random.default_rng(1)
    for _ in range(20):
        case = find("surrogate").cases(int(rng.integers(1, 1000)))[0]
        shared = [case[k] for k in ("P", "R", "start", "gamma")]
        eta = truncated_performance(*shared, case["new"])
        kl = (case["old"] * np.log(case["old"] / case["new"])).sum(1).max()
        P, R, start, gamma = shared
        chain = np.einsum("sa,sat->st", case["old"], P)
        V = np.linalg.solve(np.eye(len(R)) - gamma * chain, (case["old"] * R).sum(1))
        epsilon = np.abs(R + gamma * P @ V - V[:, None]).max()
        C = find("bound_constant").reference(epsilon, gamma)
        assert eta >= find("surrogate").reference(**case) - C * kl


def test_the_trust_region_step_minimises_the_model_on_a_grid():
    for case in over_cases("trust_region_step"):
        f = np.polynomial.Polynomial(case["coefficients"])
        p = np.linspace(-case["radius"], case["radius"], 20001)
        model = f.deriv()(case["x"]) * p + f.deriv(2)(case["x"]) * p**2 / 2
        step = find("trust_region_step").expected(case)["value"] - case["x"]
        mine = f.deriv()(case["x"]) * step + f.deriv(2)(case["x"]) * step**2 / 2
        assert abs(step) <= case["radius"] + 1e-12
        assert mine <= model.min() + 1e-9


def test_conjugate_gradient_agrees_with_scipy_at_every_iteration():
    for case in over_cases("conjugate_gradient"):
        operator = LinearOperator(case["matrix"].shape, matvec=lambda v, A=case["matrix"]: A @ v)
        x, _ = cg(operator, case["b"], rtol=0.0, atol=1e-14, maxiter=case["iterations"])
        assert np.allclose(find("conjugate_gradient").expected(case)["value"], x, atol=1e-8)


def test_the_natural_step_is_what_a_constrained_optimiser_finds():
    case = find("natural_step").cases(0)[2]
    constraint = {"type": "ineq", "fun": lambda d: case["delta"] - d @ case["F"] @ d / 2}
    found = optimize.minimize(
        lambda d: -case["g"] @ d, np.zeros(len(case["g"])), constraints=constraint, options={"ftol": 1e-12}
    )
    assert np.allclose(find("natural_step").reference(**case), found.x, atol=1e-4)


def test_the_actor_gradient_in_closed_form_is_autograds():
    cases = find("actor_loss").cases(3)
    spec = find("actor_loss").spec
    answers = observe(spec, lambda critic, actor, o, a: -critic(o, actor(o)).mean(), cases)
    for case, answer in zip(cases, answers, strict=True):
        closed = actor_loss.loss_with()(**case)
        assert np.allclose(closed["gradient"], answer["gradient"], atol=1e-10)
        assert closed["value"] == pytest.approx(answer["value"].item(), abs=1e-10)
        assert np.allclose(find("actor_loss").expected(case)["gradient"], closed["gradient"], atol=1e-10)
