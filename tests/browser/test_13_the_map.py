"""Lecture 13 in Chromium: the map by keyboard, code, a live run and its oracle; predictions; the race."""

import pytest
from driving import until

from rlcourse.experiments import replayed
from rlcourse.map import discover
from rlcourse.notebooks import LECTURES

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/13-the-map.ipynb")


def test_13_the_map_is_walked_by_keyboard_and_each_box_tells_of_its_method(page):
    chart = page.atlas()
    for key in ("sarsa", "td3", "dagger", "expected_sarsa"):
        method = discover()[key]
        button = chart.root.get_by_role("button", name=method.name, exact=True)
        button.focus()
        button.press("Enter")
        words = chart.root.locator(".rlcourse-atlas-words")
        until(lambda w=words, m=method: w.get_attribute("data-method") == m.name, 6, words.inner_text)
        assert method.paper.split(",")[0] in words.inner_text()
    for box in {method.box for method in discover().values()}:
        assert chart.root.get_by_text(box, exact=True).count() == 1


def test_13_code_unfolds_inside_the_panel(page):
    chart = page.atlas()
    chart.root.get_by_text("Its code:").click()
    source = chart.root.locator("pre.rlcourse-source")
    assert "y = td_target(" in source.inner_text()
    box, panel = source.bounding_box(), chart.root.bounding_box()
    assert box["width"] <= panel["width"] and box["height"] > 100
    page.screenshot("13-code")
    chart.root.get_by_text("Its code:").click()


def test_13_a_method_learns_and_its_oracle_says_that_it_is_right(page):
    chart = page.atlas()
    chart.root.get_by_role("button", name="Q-learning", exact=True).click()
    tall = chart.root.bounding_box()["height"]
    assert tall <= 640, "the panel is seen whole in a window of 768 pixels"
    chart.click("Start")
    chart.wait("finished", seconds=30)
    rows = chart.root.locator("[data-holds]")
    until(lambda: rows.count() == 2, 6, chart.root.inner_text)
    assert [rows.nth(i).get_attribute("data-holds") for i in range(2)] == ["true", "true"]
    assert "in 8 of 8 seeds" in chart.root.inner_text()
    assert abs(chart.root.bounding_box()["height"] - tall) < 30, "the page below does not jump"
    page.screenshot("13-map")


def test_13_the_race_over_steps_and_over_seconds(page):
    lab = page.lab("draw_race,")
    for which in ("Pendulum-v1", "CartPole-v1"):
        lab.choose("task", which)
        for over in ("seconds", "steps"):
            before = lab.picture.get_attribute("src")
            lab.choose("horizontal axis", over)
            until(lambda b=before: lab.picture.get_attribute("src") != b, 6, lambda: "the picture stays")
            page.screenshot(f"13-race-{which}-{over}")
            assert lab.error() == ""
        files = (LECTURES / "recordings").glob(f"13-leaderboard-{which}-*.json")
        ends = {file.stem.split(f"{which}-")[1]: replayed(file)["returns"][:, -1].mean() for file in files}
        assert ends[lab.numbers()["highest mean at the end"]] == max(ends.values())


@pytest.mark.parametrize(
    "question, right",
    [
        ("earns more in the end", "Sarsa, as its target is an average over what is done"),
        ("Which box is its own", "policy, off-policy"),
        ("how many of the three parts", "one"),
        ("as many seconds", "about 25 times"),
        ("no price on leaving", "it rises, then falls below where it began"),
    ],
)
def test_13_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    asked.answer(right)
    assert asked.correct()
