"""The forms that an answer may have: tuples of unequal parts, truth values, values with gradients; and
arguments that must be left as they are. In a notebook and in the judge's sandbox alike."""

import json

import numpy as np
import pytest
import torch

import rlcourse.grading.exercises as exercises
from rlcourse.grading import check, instant
from rlcourse.grading.exercises import find
from rlcourse.grading.judging.judge import decode_answers, encode
from rlcourse.grading.record import Exercise, Mistake
from rlcourse.grading.sandbox.inside import runner
from rlcourse.grading.sandbox.inside.observer import observe


def split(x, n):
    """The first n rows, all rows, and how many there are: parts of unequal shapes."""
    return x[:n], x, len(x)


def rows(rng):
    return [{"x": rng.normal(0, 1, (4, 2)), "n": n} for n in (1, 3)]


SPLIT = Exercise(
    split, rows, points=1, minutes=1, stars=1, parts=("head", "whole", "count"), pure=True,
    mistakes=(Mistake("tail", "The last rows.", lambda x, n: {"head": x[-n:], "whole": x, "count": 4}),),
)  # fmt: skip


def positive(x):
    return x > 0


POSITIVE = Exercise(
    positive, lambda rng: [{"x": rng.normal(0, 1, n)} for n in (5, 7)], points=1, minutes=1, stars=1,
    truth=True,
    mistakes=(Mistake("inverted", "Truth is turned round.", lambda x: 1.0 * (x <= 0)),),
)  # fmt: skip


def square(x, y):
    """mean((x − y)²), with y as data."""
    return ((x - y) ** 2).mean()


SQUARE = Exercise(
    square, lambda rng: [{"x": rng.normal(0, 1, n), "y": rng.normal(0, 1, n)} for n in (3, 4)],
    points=1, minutes=1, stars=1, gradient=("x",), mistakes=(),
)  # fmt: skip


@pytest.fixture(autouse=True)
def known(monkeypatch):
    made = {e.name: e for e in (SPLIT, POSITIVE, SQUARE)}
    monkeypatch.setattr(instant, "find", lambda name: made.get(name) or find(name))


@pytest.mark.parametrize(
    "answer",
    [
        split,
        lambda x, n: [x[:n].tolist(), x.tolist(), float(len(x))],
        lambda x, n: (torch.tensor(x[:n]), torch.tensor(x), torch.tensor(len(x))),
        lambda x, n: (x[:n].clone(), x, x.shape[0]),
    ],
    ids=["NumPy", "lists", "tensors", "torch only"],
)
def test_a_tuple_of_parts_of_unequal_shapes_is_an_answer(answer):
    assert check("split", answer).passed


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda x, n: x[:n], "3 parts, (head, whole, count), it returned"),
        (lambda x, n: (x[:n], x), "it returned 2 parts"),
        (lambda x, n: None, "it returned a NoneType"),
        (lambda x, n: {"head": x, "whole": x, "count": 4}, "it returned a dict"),
        (lambda x, n: (x[:n], x, "four"), "a str"),
    ],
)
def test_a_tuple_of_another_form_is_refused_in_words(answer, said):
    feedback = check("split", answer)
    assert not feedback.passed and feedback.misconception is None
    assert said in feedback.message


def test_of_a_tuple_the_symptom_names_the_part_that_is_wrong():
    feedback = check("split", lambda x, n: (x[-n:], x, len(x)))
    assert feedback.misconception == "tail"
    assert "The whole, count came out right, the head did not." in feedback.symptom


@pytest.mark.parametrize(
    "answer",
    [
        positive,
        lambda x: [bool(v > 0) for v in x],
        lambda x: torch.as_tensor(x) > 0,
        lambda x: torch.gt(x, 0),
        lambda x: np.where(x > 0, 1, 0),
        lambda x: (x > 0).astype(object),
        lambda x: np.sign(np.maximum(x, 0)),
    ],
)
def test_truth_values_are_an_answer_where_they_are_asked_and_so_are_0_and_1(answer):
    assert check("positive", answer).passed


def test_truth_values_are_judged_and_named_as_numbers_are():
    assert check("positive", lambda x: x <= 0).misconception == "inverted"
    assert not check("positive", lambda x: True).passed
    assert not check("positive", lambda x: x).passed


def test_truth_values_stay_no_answer_where_numbers_are_asked():
    assert "a truth value" in check("n_step_target", lambda rewards, next_value, gamma: True).message


CHANGING = {
    "in place": lambda x, n: (np.negative(x, out=x)[:n] * -1, -1 * x, len(x)),
    "torch only": lambda x, n: (x.neg_()[:n] * -1, -1 * x, x.size(0)),
}


@pytest.mark.parametrize("style", ["in place", "torch only"])
def test_an_argument_that_is_changed_is_seen_although_the_answer_is_right(style):
    instant.crosses.clear()
    one, two = check("split", CHANGING[style]), check("split", CHANGING[style])
    assert one.misconception == "changes_arguments" and not one.passed
    assert one.symptom == "After the call `x` no longer holds what it held before."
    assert one.folded and not two.folded and "Work on a copy" in two.message


def test_a_wrong_answer_that_changes_its_argument_is_named_by_the_mistake():
    feedback = check("split", lambda x, n: (-np.negative(x, out=x)[-n:], -x, 4))
    assert feedback.misconception == "tail"


def test_an_exercise_that_does_not_ask_for_it_forgives_changed_arguments():
    def mutates(target, online, tau):
        target *= 1 - tau
        target += tau * online
        return target

    assert not find("polyak").pure
    assert check("polyak", mutates).passed


def test_a_gradient_is_judged_where_one_comes_back_and_only_there():
    right = check("square", lambda x, y: torch.mean(torch.square(x - y)))
    number = check("square", lambda x, y: float(((x - y) ** 2).mean()))
    without = check("square", lambda x, y: torch.as_tensor(((x - y) ** 2).mean()))
    cut = check("square", lambda x, y: torch.square(x - y).detach().mean())
    assert right.passed and number.passed and without.passed and cut.passed  # no graph: a number


def test_a_right_value_with_a_wrong_gradient_is_rejected_and_the_symptom_says_which():
    def wrong(x, y):
        value = torch.square(x - y).mean()
        return value.detach() + 0 * torch.sum(x)

    feedback = check("square", wrong)
    assert not feedback.passed
    assert "x gradient" in feedback.message
    nan = check("square", lambda x, y: torch.square(x - y).mean() + 0 * torch.sum(x * float("inf")))
    assert not nan.passed


def test_the_gradient_of_a_reference_is_that_of_finite_differences():
    exercise = find("a2c_loss")
    for case in exercise.cases(3):
        expected = exercise.expected(case)
        for name in exercise.gradient:
            for i in range(len(case[name])):
                step = np.zeros(len(case[name]))
                step[i] = 1e-6
                up, down = (exercise.reference(**case | {name: case[name] + s}) for s in (step, -step))
                assert expected[f"{name}_gradient"][i] == pytest.approx((up - down) / 2e-6, abs=1e-7)


@pytest.mark.parametrize("exercise", [SPLIT, POSITIVE, SQUARE], ids=lambda e: e.name)
def test_what_crosses_between_the_processes_is_judged_as_in_a_notebook(exercise):
    """From cases to JSON, through the runner's coding and back, as the judge and a child do it."""
    cases = exercise.cases(5)
    sent = json.loads(json.dumps([{key: encode(value) for key, value in case.items()} for case in cases]))
    spec = json.loads(json.dumps(exercise.spec))
    received = [{key: runner.decode(value) for key, value in case.items()} for case in sent]
    answers = observe(spec, exercise.reference, received)
    back = json.loads(json.dumps([{k: runner.encode(v) for k, v in a.items()} for a in answers]))
    assert exercise.judge(cases, decode_answers(back)).passed
    assert set(back[0]) >= set(exercise.parts or ("value",))


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("exercise", "source"),
    [
        (SPLIT, "def split(x, n):\n    return x[:n], x, len(x)\n"),
        (POSITIVE, "def positive(x):\n    return x > 0\n"),
        (SQUARE, "import torch\ndef square(x, y):\n    return torch.square(x - y).mean()\n"),
    ],
    ids=lambda v: getattr(v, "name", ""),
)
def test_every_form_of_answer_leaves_the_sandbox(exercise, source):
    from rlcourse.grading.sandbox.child import Child

    cases = exercise.cases(5)
    with Child() as child:
        child.ask({"cell": {"role": "solution", "name": exercise.name, "source": source}})
        assert child.ask({"run": 1})["error"] is None
        encoded = [{key: encode(value) for key, value in case.items()} for case in cases]
        answers = decode_answers(child.ask({"observe": exercise.spec, "cases": encoded})["answers"])
    assert exercise.judge(cases, answers).passed


@pytest.mark.sandbox
@pytest.mark.parametrize("homework", ["homework-1", "homework-2"])
def test_the_judge_gives_the_instructors_answers_all_points(homework):
    from rlcourse.grading.judging.batch import assignments
    from rlcourse.grading.judging.judge import judge
    from rlcourse.grading.judging.submission import Cell

    assignment = assignments()[homework]
    cells = [Cell("code", cell.source, cell.grade_id) for cell in assignment.of_role("solution")]
    for seed in (1, 2):
        results, _ = judge(assignment, cells, seed, student="ada")
        assert {name: result.message for name, result in results.items() if not result.passed} == {}


def test_the_folder_of_exercises_finds_homework_1_and_2():
    assert {find(name).homework for name in exercises.EXERCISES} >= {1, 2, 3, 4, 5}
