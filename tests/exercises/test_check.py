"""`check`, against everything that a student may hand it."""

import numpy as np
import pytest
import torch

from rlcourse.grading import check
from rlcourse.grading.exercises import EXERCISES, find
from rlcourse.grading.sandbox.inside.observer import observe

NAMES = list(EXERCISES)


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
    observe(find("polyak").spec, mutates, cases)
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
