"""The exercises against oracles of their own, and `check` against everything a student may hand it."""

import itertools
import sys
import time

import numpy as np
import pytest
import torch
from scipy import optimize
from scipy.sparse.linalg import LinearOperator, cg

from rlcourse.grading import check, plug_in, plug_in_solver
from rlcourse.grading.exercises import EXERCISES, find
from rlcourse.grading.record import close, named, values_of
from rlcourse.grading.sandbox.inside.observer import SIGNATURES, observe

NAMES = list(EXERCISES)
VALUED = [name for name, exercise in EXERCISES.items() if not exercise.random]

# ------------------------------------------------------------ references and their oracles


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
        assert find("performance_difference").reference(**case) == pytest.approx(gain, abs=1e-9)


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
        step = find("trust_region_step").reference(**case) - case["x"]
        mine = f.deriv()(case["x"]) * step + f.deriv(2)(case["x"]) * step**2 / 2
        assert abs(step) <= case["radius"] + 1e-12
        assert mine <= model.min() + 1e-9


def test_conjugate_gradient_agrees_with_scipy_at_every_iteration():
    for case in over_cases("conjugate_gradient"):
        operator = LinearOperator(case["matrix"].shape, matvec=lambda v, A=case["matrix"]: A @ v)
        x, _ = cg(operator, case["b"], rtol=0.0, atol=1e-14, maxiter=case["iterations"])
        assert np.allclose(find("conjugate_gradient").reference(**case), x, atol=1e-8)


def test_the_natural_step_is_what_a_constrained_optimiser_finds():
    case = find("natural_step").cases(0)[2]
    constraint = {"type": "ineq", "fun": lambda d: case["delta"] - d @ case["F"] @ d / 2}
    found = optimize.minimize(
        lambda d: -case["g"] @ d, np.zeros(len(case["g"])), constraints=constraint, options={"ftol": 1e-12}
    )
    assert np.allclose(find("natural_step").reference(**case), found.x, atol=1e-4)


def test_the_actor_gradient_in_closed_form_is_autograds():
    cases = find("actor_loss").cases(3)
    answers = observe("actor_loss", lambda critic, actor, o, a: -critic(o, actor(o)).mean(), cases)
    for case, answer in zip(cases, answers, strict=True):
        assert np.allclose(find("actor_loss").reference(**case)["gradient"], answer["gradient"], atol=1e-10)


# ------------------------------------------------------------ known mistakes


@pytest.mark.parametrize("name", VALUED)
def test_every_known_mistake_is_rejected_and_named_on_five_seeds(name):
    exercise = find(name)
    for seed, mistake in itertools.product(range(5), exercise.mistakes):
        cases = exercise.cases(seed)
        with np.errstate(all="ignore"):
            answers = [values_of(mistake, case) for case in cases]
        feedback = exercise.judge(cases, answers)
        assert (feedback.passed, feedback.misconception) == (False, mistake.name), (
            seed,
            mistake.hint,
            feedback,
        )


@pytest.mark.parametrize("name", VALUED)
def test_no_two_mistakes_of_different_names_look_alike(name):
    """Else the second could never be named."""
    exercise, cases = find(name), find(name).cases(0)
    with np.errstate(all="ignore"):
        values = [(m.name, [values_of(m, case) for case in cases]) for m in exercise.mistakes]
    for (one, a), (other, b) in itertools.combinations(values, 2):
        alike = all(close(x, y, exercise.tolerance, nan=True) for x, y in zip(a, b, strict=True))
        assert one == other or not alike


@pytest.mark.parametrize("name", NAMES)
def test_a_hint_is_one_to_three_sentences_that_end(name):
    for mistake in find(name).mistakes:
        assert mistake.hint.endswith((".", "?", ")")), mistake
        assert len(mistake.hint) <= 260, mistake
        assert mistake.name.isidentifier()


# ------------------------------------------------------------ what check does


def right_td3(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated) * np.minimum(next_q1, next_q2)


def test_feedback_says_what_the_notebook_shows():
    good = check("td3_target", right_td3)
    bad = check("td3_target", lambda r, t, a, b, g: r + g * (1 - t) * np.maximum(a, b))
    assert (good.passed, good.score, good.misconception) == (True, 1.0, None)
    assert (bad.passed, bad.score, bad.misconception) == (False, 0.0, "max_for_min")
    assert "✓" in good._repr_html_()
    assert "✗" in repr(bad)
    assert "smaller" in bad.message


def test_html_in_a_message_is_escaped():
    feedback = check("polyak", lambda target, online, tau: 1 / 0 if "<script>" else 0)
    assert "<script>" not in feedback._repr_html_()


def test_an_unknown_name_is_answered_with_the_nearest_one():
    feedback = check("td3_tarqet", right_td3)
    assert not feedback.passed
    assert "did you mean 'td3_target'" in feedback.message
    assert all(name in feedback.message for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "what",
    [None, 3, "text", lambda: 0, lambda *a: None, lambda *a: "x", lambda *a: True, lambda *a: object()],
)
def test_nothing_that_is_handed_in_makes_check_raise_or_pass(name, what):
    feedback = check(name, what)
    assert (feedback.passed, feedback.score) == (False, 0.0)
    assert feedback.message


class AlwaysEqual:
    def __eq__(self, other):
        return True

    def __float__(self):
        return 0.0

    def __array__(self, *args, **kwargs):
        return np.zeros(4)


OBJECTS = np.empty(4, dtype=object)
OBJECTS[:] = [AlwaysEqual() for _ in range(4)]


@pytest.mark.parametrize(
    "answer",
    [
        AlwaysEqual(),
        OBJECTS,
        {"value": 1},
        1 + 2j,
        np.array(["1", "2"]),
        np.array([True, False]),
        torch.tensor([True]),
        [[1], [2, 3]],
        float("nan"),
        np.inf,
        np.zeros(2_000_000),
        range(4),
        (x for x in range(3)),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_merely_looks_like_a_number_fails(answer):
    for name in ("td3_target", "bound_constant"):
        assert not check(name, lambda *a: answer).passed  # noqa: B023


def raises(error):
    def function(reward, terminated, next_q1, next_q2, gamma):
        raise error

    return function


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a\nb"),
        KeyError("k"),
        SystemExit(3),
        RecursionError(),
        MemoryError(),
        AssertionError(),
        StopIteration(),
    ],
)
def test_an_exception_in_student_code_becomes_a_sentence(error):
    feedback = check("td3_target", raises(error))
    assert not feedback.passed
    assert "\n" not in feedback.message


def test_an_exception_names_type_line_and_likely_reason():
    def mine(reward, terminated, next_q1, next_q2, gamma):
        q = np.minimum(next_q1, next_q2)
        return reward if terminated else reward + gamma * q

    line = mine.__code__.co_firstlineno + 2
    message = check("td3_target", mine).message
    assert f"ValueError in line {line}" in message
    assert "np.where" in message


def test_an_interrupt_goes_through():
    with pytest.raises(KeyboardInterrupt):
        check("td3_target", raises(KeyboardInterrupt()))


def test_an_unwritten_answer_is_told_so_kindly():
    feedback = check("td3_target", raises(NotImplementedError("This one is yours to write.")))
    assert "not written yet" in feedback.message
    assert "exception" not in feedback.message.lower().replace("notimplementederror", "")


def test_a_wrong_signature_is_named():
    assert "expected `td3_target(reward," in check("td3_target", lambda a, b: 0).message
    swapped = check("polyak", eval("lambda online, target, tau: target + tau * (online - target)"))
    assert not swapped.passed
    assert "order" in swapped.message


def test_inputs_are_copied_so_that_mutation_does_no_harm():
    def mutates(target, online, tau):
        target *= 1 - tau
        target += tau * online
        online[:] = 0
        return target

    assert check("polyak", mutates).passed
    cases = find("polyak").cases(0)
    before = [case["online"].copy() for case in cases]
    observe("polyak", mutates, cases)
    assert all(np.array_equal(a, case["online"]) for a, case in zip(before, cases, strict=True))


def test_a_division_by_zero_is_not_hidden_by_trying_tensors():
    feedback = check(
        "trust_region_step", lambda f, df, d2f, x, radius: x + max(-radius, min(radius, -df(x) / d2f(x)))
    )
    assert not feedback.passed


def test_a_column_where_a_row_is_asked_is_told_so():
    feedback = check("td3_target", lambda r, t, a, b, g: right_td3(r, t, a, b, g)[:, None])
    assert feedback.misconception == "wrong_shape"


def test_a_lost_factor_and_a_lost_sign_are_seen_without_being_listed():
    assert (
        check("polyak", lambda target, online, tau: 3 * (target + tau * (online - target))).misconception
        == "constant_factor"
    )
    assert (
        check("polyak", lambda target, online, tau: -(target + tau * (online - target))).misconception
        == "sign"
    )


def test_an_unseeded_right_buffer_passes_with_a_remark():
    import random

    class Buffer:
        def __init__(self, capacity, rng):
            self.capacity, self.items = capacity, []

        def add(self, item):
            self.items = [*self.items, item][-self.capacity :]

        def sample(self, n):
            return random.choices(self.items, k=n)

        def __len__(self):
            return len(self.items)

    feedback = check("ReplayBuffer", Buffer)
    assert feedback.passed
    assert "rng" in feedback.message


def test_a_conjugate_gradient_without_a_guard_passes_with_a_remark():
    def unguarded(matvec, b, iterations):
        x, r, p = np.zeros_like(b), b.copy(), b.copy()
        for _ in range(iterations):
            Ap = matvec(p)
            alpha = r @ r / (p @ Ap)
            x, new = x + alpha * p, r - alpha * Ap
            p, r = new + new @ new / (r @ r) * p, new
        return x

    with np.errstate(all="ignore"):
        feedback = check("conjugate_gradient", unguarded)
    assert feedback.passed
    assert "tiny" in feedback.message


# ------------------------------------------------------------ judging as a stranger


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "answers",
    [
        None,
        [],
        "text",
        [{}],
        [{"value": 1.0}],
        [{"value": np.array([object()])}],
        [{"value": np.zeros(3), "extra": np.zeros(1)}],
        [{"error": np.zeros(9), "kind": 3}],
        [{"value": np.full(4, np.nan)}],
        [
            {
                "lengths": np.zeros(3),
                "draws": np.zeros((2, 2)),
                "length_after": np.zeros(()),
                "again": np.zeros(1),
            }
        ],
    ],
)
def test_judge_survives_and_rejects_whatever_a_child_sends(name, answers):
    exercise = find(name)
    cases = exercise.cases(1)
    many = answers * len(cases) if isinstance(answers, list) else answers
    for sent in (answers, many):
        feedback = exercise.judge(cases, sent)
        assert (feedback.passed, feedback.score) == (False, 0.0)


@pytest.mark.parametrize("name", VALUED)
def test_one_wrong_case_of_all_is_enough_to_fail(name):
    exercise = find(name)
    cases = exercise.cases(4)
    answers = [named(exercise.reference(**case)) for case in cases]
    assert exercise.judge(cases, answers).passed
    answers[-2] = {key: value + 1.0 for key, value in answers[-2].items()}
    assert not exercise.judge(cases, answers).passed


@pytest.mark.parametrize("name", NAMES)
def test_cases_are_plain_data_and_repeat_from_their_seed(name):
    exercise = find(name)
    for one, other in zip(exercise.cases(7), exercise.cases(7), strict=True):
        assert one.keys() == other.keys()
        for key in one:
            assert np.array_equal(one[key], other[key])
            assert isinstance(one[key], (float, int)) or one[key].dtype.kind in "fib"


def test_hidden_inputs_differ_from_the_visible_ones():
    for name in VALUED:
        visible, hidden = find(name).cases(0), find(name).cases(1)
        assert not all(
            np.array_equal(a[key], b[key]) for a, b in zip(visible, hidden, strict=True) for key in a
        )


def test_the_driver_imports_nothing_of_the_course():
    import ast
    import inspect

    from rlcourse.grading.sandbox.inside import observer as driver

    tree = ast.parse(inspect.getsource(driver))
    modules = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    modules |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {m.split(".")[0] for m in modules} <= {*sys.stdlib_module_names, "numpy", "torch"}
    assert set(SIGNATURES) == set(NAMES)


# ------------------------------------------------------------ plugging into trainers


@pytest.mark.parametrize(
    "function",
    [right_td3, lambda r, t, a, b, g: r + g * (1 - t) * torch.minimum(a, b)],
    ids=["numpy", "torch"],
)
def test_a_plugged_in_target_equals_the_course_s(function):
    from rlcourse.equations.returns import clipped_double_q_target

    torch.manual_seed(0)
    reward, terminated, values = torch.randn(2, 5), (torch.rand(2, 5) < 0.3).float(), torch.randn(2, 2, 5)
    mine = plug_in(function)(reward, terminated, values[:, 0], values[:, 1], 0.9)
    assert torch.equal(mine, clipped_double_q_target(reward, terminated, values, 0.9))


def test_a_plugged_in_solver_solves_and_refuses_several_seeds():
    torch.manual_seed(0)
    A = torch.randn(6, 6)
    A, b = A @ A.T + torch.eye(6), torch.randn(1, 6)

    def mine(matvec, b, iterations):
        x = np.zeros_like(b)
        for _ in range(2000):
            x = x + 0.02 * (b - matvec(x))
        return x

    x = plug_in_solver(mine)(lambda v: v @ A, b, 10)
    assert torch.allclose(x @ A, b, atol=1e-2)
    with pytest.raises(ValueError, match="train one seed"):
        plug_in_solver(mine)(lambda v: v @ A, torch.randn(2, 6), 10)


# ------------------------------------------------------------ speed


@pytest.mark.parametrize("name", NAMES)
def test_the_judging_of_a_known_mistake_takes_at_most_50_ms(name):
    exercise = find(name)
    cases = exercise.cases(0)
    if exercise.random:
        pytest.skip("its answers come from a buffer: timed in the bank")
    with np.errstate(all="ignore"):
        answers = [values_of(exercise.mistakes[-1], case) for case in cases]
    best = np.inf
    for _ in range(5):
        start = time.process_time()
        exercise.judge(cases, answers)
        best = min(best, time.process_time() - start)
    assert best <= 0.05
