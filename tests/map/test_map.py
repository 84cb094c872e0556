"""What every box of the map must do, whichever it is. Each has tests of its own beside this file, too."""

import inspect
import re

import numpy as np
import pytest
import torch

from rlcourse import map as the_map
from rlcourse.equations import markov
from rlcourse.map import BOXES, Claim, Loop, Method, Point, discover, due, papers
from rlcourse.training import learn

METHODS = discover()
FUNCTIONS = {name: method for name, method in METHODS.items() if not isinstance(method.learn, Loop)}
SEVERAL = [0, 1, 2]


def arrays(point):
    """The measure and whatever was found that is an array, by name; each has the seeds first."""
    found = {"measure": point.measure}
    for name, value in point.found.items():
        if isinstance(value, np.ndarray | torch.Tensor):
            found[name] = np.asarray(value)
    return found


@pytest.mark.parametrize("name", METHODS)
def test_a_record_says_where_its_method_stands(name):
    method = METHODS[name]
    assert method.box in BOXES and all((method.name, method.paper, method.idea, method.task, method.measure))
    for words in (method.paper, method.idea, method.task):
        assert "\n" not in words and len(words) <= 150, "one line"
    assert any(part.isdigit() and len(part) == 4 for part in method.paper.replace(",", " ").split()), "a year"


def test_every_title_that_has_an_address_is_on_the_map_and_the_address_is_a_whole_one():
    found = [found for method in METHODS.values() if (found := papers.address(method.paper))]
    assert {name for name, _ in found} == set(papers.ADDRESSES.values()) and len(found) >= 20
    for name, page in found:
        number = name.partition(":")[2]
        assert re.fullmatch(r"arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4}/\S+", name) and page.endswith(number)
    assert papers.address("Pomerleau 1989, “ALVINN”") is None and papers.address("Euclid") is None


@pytest.mark.parametrize("name", [n for n in METHODS if hasattr(the_map, n)])
def test_the_first_line_of_a_file_is_its_place_on_the_map(name):
    first = getattr(the_map, name).__doc__.splitlines()[0]
    box = METHODS[name].box
    assert first == f"{box[0].upper()}{box[1:]}: {METHODS[name].name}."


@pytest.mark.parametrize("name", FUNCTIONS)
def test_learning_needs_seeds_and_nothing_else(name):
    seeds, *others = inspect.signature(FUNCTIONS[name].learn).parameters.values()
    assert seeds.name == "seeds" and "steps" in {p.name for p in others}
    assert all(p.default is not p.empty for p in others)


def short(method):
    """A twentieth of its usual steps: enough to see whether seeds mix."""
    return max(2, inspect.signature(method.learn).parameters["steps"].default // 20)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_eight_seeds_at_once_are_eight_runs_alone_bit_for_bit(name):
    method = FUNCTIONS[name]
    together = learn(method, seeds=8, steps=short(method))
    for seed in (0, 3, 7):
        alone = learn(method, seeds=[seed], steps=short(method))
        np.testing.assert_array_equal(alone.curve.returns[0], together.curve.returns[seed])
        everyone = arrays(together.point)
        for part, value in arrays(alone.point).items():
            assert len(everyone[part]) == 8, f"{part}: seeds stand first"
            np.testing.assert_array_equal(value[0], everyone[part][seed], err_msg=f"{part} of seed {seed}")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_seeds_differ_a_curve_has_ten_points_and_the_oracle_holds(name):
    learnt = learn(FUNCTIONS[name], seeds=SEVERAL)
    assert learnt.curve.returns.shape == (3, len(learnt.curve.steps)) and len(learnt.curve.steps) >= 10
    assert np.isfinite(learnt.curve.returns).all()
    assert np.ptp(learnt.curve.returns, axis=0).any(), "all seeds learn the same"
    low, high = (np.nan if bound is None else bound for bound in FUNCTIONS[name].bounds)
    assert not (learnt.curve.returns < low).any() and not (learnt.curve.returns > high).any(), "its bounds"
    for claim in learnt.claims():
        assert claim.holds().shape == (3,) and claim.holds().all(), (claim.claim, claim.found, claim.truth)


def test_no_curve_can_rise_above_the_best_return_and_that_is_value_iteration_s():
    cliff = markov.cliff(gamma=0.99)
    stumbling = {0.1: ("sarsa", "expected_sarsa"), 0.0: ("q_learning",)}
    best = {name: (cliff, epsilon) for epsilon, names in stumbling.items() for name in names}
    best["monte_carlo"] = markov.cliff(gamma=0.99, rows=3, columns=4), 0.1
    best["exact_policy_gradient"] = markov.corridor(gamma=0.9), 0.0
    for name, (mdp, epsilon) in best.items():
        Q = markov.optimal_q_values(markov.with_random_actions(mdp, epsilon))
        assert 0 <= METHODS[name].bounds[1] - Q.max(axis=1) @ mdp.start < 1e-3, name


# The record itself


def test_a_claim_holds_seed_by_seed_and_never_for_nan():
    found = np.array([[1.0, 2.0], [1.0, 2.2], [np.nan, 2.0]])
    assert Claim("=", found, np.array([1.0, 2.0]), 0.1).holds().tolist() == [True, False, False]
    assert Claim("≥", found[:, 1], 2.1, 0.0, "≥").holds().tolist() == [False, True, False]
    assert Claim("≤", found[:, 0], 1.0, 0.0, "≤").holds().tolist() == [True, True, False]


def test_points_are_due_forty_times_and_at_the_end():
    assert sum(due(step, 10_000) for step in range(1, 10_001)) == 40
    assert [step for step in range(1, 8) if due(step, 7, points=2)] == [3, 6, 7]
    assert all(due(step, 5) for step in range(1, 6))


def test_a_box_that_is_not_on_the_map_is_refused():
    with pytest.raises(ValueError, match="box is 'elsewhere'; it must be one of policy, on-policy"):
        Method("X", "elsewhere", "p", "i", "t", learn=lambda seeds: iter(()), oracle=lambda end: [])


def count(seeds, steps=20, slope=1.0):
    """A stand-in for a method: it counts."""
    for step in range(1, steps + 1):
        yield Point(step, slope * np.full(len(seeds), step), {})


COUNTING = Method("Counting", "model", "p 2026", "i", "t", count, lambda end: [Claim("", end.measure, 20.0)])


def test_a_callback_sees_each_point_as_it_comes_and_stops_the_method():
    seen = []

    def watch(learning):
        seen.append((learning.steps, learning.run.curve.returns.shape))
        if learning.steps == 5:
            learning.stop()

    learnt = learn(COUNTING, seeds=2, callbacks=[watch])
    assert seen == [(k, (2, k)) for k in range(1, 6)]
    assert learnt.status == "stopped" and learnt.point.steps == 5


def test_options_reach_the_method_and_its_claims_come_out():
    assert learn(COUNTING, seeds=[4, 9]).claims()[0].holds().all()
    assert not learn(COUNTING, seeds=[4, 9], slope=0.5).claims()[0].holds().any()
    assert learn(COUNTING, seeds=1, steps=7).curve.steps.tolist() == list(range(1, 8))
    with pytest.raises(ValueError, match="seeds must be a count ≥ 1, or different integers"):
        learn(COUNTING, seeds=0)
