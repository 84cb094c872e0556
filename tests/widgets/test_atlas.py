"""The map of methods as a panel: every box a button, its words, its code, its live curve, its oracle."""

import re
from dataclasses import replace

import numpy as np
import pytest

from rlcourse.map import Claim, Method, Point, discover
from rlcourse.training import learn
from rlcourse.widgets import atlas
from rlcourse.widgets.atlas import claims_html, code_html, in_numbers, source_of, steps_of, still_html


def counting(seeds, steps=100):
    for step in range(10, steps + 1, 10):
        yield Point(step, np.full(len(seeds), float(step)), {"sum": np.full(len(seeds), step)})


def breaking(seeds, steps=100):
    yield Point(10, np.zeros(len(seeds)), {})
    raise RuntimeError("the dice fell off the table")


def made(learn=counting, truth=100.0, **changes):
    def oracle(end):
        """The sum, by counting."""
        return [
            Claim("sum = 100", end.measure, truth, 1e-9),
            Claim("sum > 0 <b>", end.measure, 0.0, 0.0, "≥"),
        ]

    told = {"name": "Counting", "box": "model", "paper": "Euclid", "idea": "one more", "task": "numbers"}
    return Method(**told | changes, learn=learn, oracle=oracle)


def test_every_method_has_a_button_words_and_code():
    panel, methods = atlas(seeds=2), discover()
    assert set(panel._buttons) == set(methods)
    for key, method in methods.items():
        panel.choose(key)
        assert f'data-method="{method.name}"' in panel._words.value
        assert method.idea.split("’")[0].split("'")[0] in panel._words.value.replace("&#x27;", "'")
        file, source = source_of(method)
        assert file.startswith("rlcourse/") and "METHOD = " not in source
        assert "def learn(" in source or "class " in source
        assert [b.button_style for k, b in panel._buttons.items() if k == key] == ["info"]
        assert sum(b.button_style == "info" for b in panel._buttons.values()) == 1


def test_a_run_ends_with_what_its_oracle_says():
    panel = atlas({"a": made(), "b": made(truth=99.0, name="Miscounting")}, seeds=3, chosen="a")
    assert "The sum, by counting." in panel._claims.value
    panel.start().wait(30)
    assert panel.sessions["a"].state == "finished"
    assert panel._claims.value.count('data-holds="true"') == 2
    assert "in 3 of 3 seeds" in panel._claims.value and "&lt;b&gt;" in panel._claims.value
    panel.choose("b").start().wait(30)
    assert re.findall(r'data-holds="(\w+)"', panel._claims.value) == ["false", "true"]
    panel.choose("a")
    assert panel._claims.value.count('data-holds="true"') == 2, "what was learnt is kept"
    assert panel.sessions["a"].runs[0].returns.shape == (3, 10)


def test_the_picture_is_that_of_the_chosen_method():
    panel = atlas({"a": made(), "b": made(name="Other")}, seeds=2, chosen="a")
    empty = panel.png
    panel.start().wait(30)
    grown = panel.png
    assert grown != empty
    panel.choose("b")
    assert panel.png not in (grown,)
    panel.choose("a")
    assert panel.png == grown


def near_the_top(seeds, steps=100):
    for step in range(10, steps + 1, 10):
        yield Point(step, np.where(np.arange(len(seeds)) == 0, 1.0, 10.0), {})


def test_no_band_leaves_what_the_record_says_no_curve_can_leave():
    tops = []
    for bounds in ((None, None), (0, 10)):
        panel = atlas({"a": made(learn=near_the_top, bounds=bounds)}, seeds=4, chosen="a")
        panel.start().wait(30)
        tops.append(
            max(band.get_paths()[0].vertices[:, 1].max() for band in panel.figure.axes[0].collections)
        )
    assert tops[0] > 11 and tops[1] == 10


def test_a_paper_leads_to_its_page_and_one_without_an_address_is_named():
    panel = atlas(seeds=2, chosen="ppo_clip")
    assert '<a href="https://arxiv.org/abs/1707.06347"' in panel._words.value
    panel.choose("q_learning")
    assert '<a href="https://doi.org/10.1007/BF00992698"' in panel._words.value
    panel.choose("cloning")
    assert "ALVINN" in panel._words.value and "<a " not in panel._words.value


def test_what_goes_wrong_is_said_in_the_panel_and_another_method_still_runs():
    panel = atlas({"a": made(learn=breaking), "b": made(name="Other")}, seeds=2, chosen="a")
    panel.start().wait(30)
    assert panel.sessions["a"].state == "failed"
    assert "the dice fell off the table" in panel._problem.value
    panel.choose("b").start().wait(30)
    assert panel.sessions["b"].state == "finished" and panel._problem.value == ""


def test_an_unknown_method_is_one_line():
    with pytest.raises(ValueError, match="no method 'x'; there are q_learning"):
        atlas({"q_learning": discover()["q_learning"]}, chosen="x")
    with pytest.raises(ValueError, match="no method 'x' on this map"):
        atlas(seeds=1).choose("x")


def test_steps_are_those_of_the_record():
    assert steps_of(made()) == 100
    assert steps_of(discover()["td3"]) == 800
    assert steps_of(discover()["q_learning"]) == 10_000


def test_a_page_without_a_kernel_opens_every_method():
    methods = {"a": made(), **discover()}
    page = still_html(methods)
    assert page.count('<details class="rlcourse-atlas-still">') == len(methods)
    for method in methods.values():
        assert f"<summary>{method.name}</summary>" in page
    assert "<script" not in page


def test_code_is_coloured_and_escaped():
    page = code_html(discover()["q_learning"])
    assert '<span class="k">def</span>' in page and "&lt;" not in page.split("<pre")[0]
    assert "lines</summary>" in page


def test_claims_of_an_oracle_without_words_are_those_of_the_best_return():
    assert "The best return, in closed form." in claims_html(discover()["td3"], None)


def test_a_claim_says_what_was_found_and_what_may_be():
    x = np.array([1.0, 1.5])
    assert in_numbers(Claim("", x, 1.2, 0.4)) == "1 to 1.5, must be = 1.2 ± 0.4"
    assert in_numbers(Claim("", x, 1.2, 0.2, "≥")) == "1 to 1.5, must be ≥ 1"
    assert in_numbers(Claim("", x[:1], 1.2, 0.3, "≤")) == "1, must be ≤ 1.5"
    table = np.array([[0.0, -1.0], [2.0, 3.0]])
    assert in_numbers(Claim("", table, 1.0, 2.5)) == "off by 2 at most, allowed 2.5"
    assert in_numbers(Claim("", table, 0.0, 1.0, "≥")) == "off by 1 at most, allowed 1"
    assert in_numbers(Claim("", table, 4.0, 0.0, "≤")) == "off by 0 at most, allowed 0"


def test_rounding_errors_of_a_claim_are_told_as_such_and_do_not_become_a_tag():
    rounded = np.array([[1.0, 1.0 + 7.105e-15]])
    assert in_numbers(Claim("", rounded, 1.0, 0.1)) == "off by < 1e−9 at most, allowed 0.1"
    assert in_numbers(Claim("", rounded, np.ones(2), 0.1)) == "off by < 1e−9 at most, allowed 0.1"
    assert in_numbers(Claim("", rounded[0] - 1.0, 0.0, 0.1)) == "0 to < 1e−9, must be = 0 ± 0.1"
    assert in_numbers(Claim("", 2e-9 * rounded, 0.0, 0.1)) == "off by 2e−09 at most, allowed 0.1"
    method = replace(made(), oracle=lambda end: [Claim("", rounded, 1.0, 0.1)])
    learnt = learn(method, seeds=1, steps=40)
    assert "off by &lt; 1e−9 at most" in claims_html(method, learnt)
