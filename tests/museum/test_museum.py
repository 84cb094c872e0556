"""The bug museum: each test tells the bug from the right thing, and each bug is small."""

import ast
import inspect
import textwrap

import pytest

from rlcourse.algorithms import ppo
from rlcourse.museum import Exhibit, discover

EXHIBITS = discover()


@pytest.mark.parametrize("exhibit", EXHIBITS.values(), ids=list(EXHIBITS))
def test_the_test_of_an_exhibit_passes_without_the_bug_and_fails_with_it(exhibit):
    exhibit.catch(exhibit.right)
    with pytest.raises(AssertionError, match="."):
        exhibit.catch(exhibit.wrong)


@pytest.mark.parametrize("exhibit", EXHIBITS.values(), ids=list(EXHIBITS))
def test_a_bug_has_at_most_five_lines_and_says_what_where_and_why(exhibit):
    for words in (exhibit.seen, exhibit.cause):
        assert words.endswith((".", ".)")) and len(words) >= 7
    assert exhibit.found and exhibit.catch.__doc__
    if exhibit.field not in ("env", "tau", "noise"):
        (function,) = ast.parse(textwrap.dedent(inspect.getsource(exhibit.wrong))).body
        lines = function.body[-1].end_lineno - function.body[0].lineno + 1
        assert lines <= 5, f"{exhibit.name}: {lines} lines"


def test_the_museum_has_at_least_twenty_bugs_in_one_replacement_each():
    assert len(EXHIBITS) >= 20
    for exhibit in EXHIBITS.values():
        (algorithm, env), (broken, broken_env) = exhibit.healthy(), exhibit.broken()
        assert (algorithm == broken) == (exhibit.field == "env") and (env != broken_env) == (
            exhibit.field == "env"
        )


def test_an_exhibit_names_a_field_that_there_is():
    with pytest.raises(ValueError, match="PPO has no field 'advantages'"):
        Exhibit("x", "y.", "z.", "here", ppo.PPO(), "CartPole-v1", "advantages", None, lambda thing: None)
