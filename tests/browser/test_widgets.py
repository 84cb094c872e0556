"""The widgets of the course on a page: sliders, errors, reset, predictions, live runs, in a real browser."""

from __future__ import annotations

import statistics

import pytest
from driving import until

pytestmark = pytest.mark.browser

PEER = """
import ipywidgets
import matplotlib.pyplot as plt

def plain(noise):
    fig, ax = plt.subplots(figsize=(8, 4.2))
    x = np.linspace(0, 3, 400)
    for k in range(5):
        ax.plot(x, noise * np.sin(3 * x + k), label=f"k = {k}")
    ax.set(xlabel="x (m)", ylabel="y (m)", ylim=(-2.2, 2.2))
    ax.set_title("Five waves, each shifted by the gap")
    plt.show()

slider = ipywidgets.FloatSlider(value=1.0, min=0.1, max=2.0, step=0.1)
ipywidgets.VBox([slider, ipywidgets.interactive_output(plain, {"noise": slider})])
"""

CELLS = [
    """
import numpy as np
from rlcourse import plots
from rlcourse.widgets import Choice, Slider, Switch, explore, predict
plots.use()

def draw(fig, gap=1.0, noise=1.0, count=2, kind="sum", square=False):
    if gap > 2.95:
        raise ZeroDivisionError("the gap is too wide")
    ax = plots.axes(fig)
    x = np.linspace(0, 3, 400)
    for k in range(5):
        ax.plot(x, noise * np.sin(3 * x + k * gap), label=f"k = {k}")
    ax.set(xlabel="x (m)", ylabel="y (m)", ylim=(-2.2, 2.2))
    ax.set_title("Five waves, each shifted by the gap")
    value = gap + noise if kind == "sum" else gap * noise
    return {"combined": value**2 if square else value, "count": count}

plots.picture(draw)
""",
    """
explore(draw, gap=Slider("Δ", "gap", "m", 0.0, 3.0, 0.1), noise=Slider("σ", "noise", "m", 0.1, 2.0, 0.1),
        count=Slider("n", "count", min=1, max=9, step=1), kind=Choice("", "kind", ["sum", "product"]),
        square=Switch("", "squared"))
""",
    """
predict("Which is larger?", ["the max of two", "the max of ten"], answer="the max of ten",
        why="More draws, larger max.")
""",
    """
predict("How large is E[max] of ten standard normals?", answer=1.539, tolerance=0.1, why="Order statistics.")
""",
    PEER,
]

TRAINER = """
import threading, time
from dataclasses import dataclass, replace
import numpy as np
from rlcourse.parts.settings import fixed
from rlcourse.training import Curve, Run
from rlcourse.widgets import Slider, explore, live

@dataclass(frozen=True)
class Climber:
    slope: float = 1.0
    horizon: int = fixed(10)
    fault: bool = False

class Climbing:
    def __init__(self, algorithm, env, steps, seeds):
        self.algorithm, self.total_steps, self.steps, self.stopping = algorithm, steps, 0, False
        self.run = Run(algorithm, env, seeds, steps)
    def stop(self):
        self.stopping = True

def climb(algorithm, env, *, steps, seeds, callbacks):
    seeds = list(range(seeds)) if isinstance(seeds, int) else seeds
    training = Climbing(algorithm, env, steps, seeds)
    height = np.zeros(len(seeds))
    for step in range(steps):
        if training.stopping:
            break
        time.sleep(0.002)
        height += training.algorithm.slope
        training.steps = step + 1
        if step % 50 == 49:
            curve = training.run.curve
            returns = np.column_stack([curve.returns.reshape(len(seeds), -1), height + np.array(seeds)])
            training.run.curve = Curve(np.append(curve.steps, step + 1), curve.seconds, returns)
            if training.algorithm.fault and step > 100:
                raise FloatingPointError("the climber fell")
        for callback in callbacks:
            callback(training)
    training.run.status = "stopped" if training.stopping else "finished"
    return training.run
"""

PANEL = """
panel = live(Climber(), "a hill", steps=3000, seeds=3, trainer=climb, title="A climber",
             slope=Slider("m", "slope", min=0.0, max=2.0, step=0.1),
             horizon=Slider("T", "horizon", min=1, max=20, step=1))
panel
"""

REAL = """
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.td3 import TD3
real = live([DDPG(), TD3()], "Pendulum-v1", steps=3000, seeds=4, title="DDPG beside TD3",
            policy_delay=Slider("d", "policy delay", min=1, max=4, step=1),
            gamma=Slider("γ", "discount", min=0.9, max=0.999, step=0.001))
real
"""


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook(CELLS, run="all")


def test_sliders_driven_by_keyboard_to_their_ends_give_the_right_numbers(page):
    lab = page.lab(0)
    assert lab.numbers() == {"combined": 2.0, "count": 2}
    assert lab.press("noise", "End")["combined"] == pytest.approx(3.0)
    assert lab.press("noise", "Home")["combined"] == pytest.approx(1.1)
    assert lab.press("gap", "Home")["combined"] == pytest.approx(0.1)
    assert lab.press("count", "End")["count"] == 9
    assert lab.press("count", "ArrowLeft", times=3)["count"] == 6
    assert lab.type("Δ gap", "2.5")["combined"] == pytest.approx(2.6)
    assert lab.choose("kind", "product")["combined"] == pytest.approx(0.25)
    assert lab.switch("squared")["combined"] == pytest.approx(0.0625)
    assert lab.value("gap") == "2.5"
    page.screenshot("widgets-lab")


def sharp(lab):
    """The picture, once it has the pixels of a large screen: two for each of the page's."""
    pixels = """image => image.complete && image.naturalWidth >= 2 * image.getAttribute('width')"""
    until(lambda: lab.picture.evaluate(pixels), 6, lambda: "after a rest the picture is not sharp")
    return lab.picture.get_attribute("src")


def test_a_raising_draw_is_shown_in_the_panel_and_the_lab_survives(page):
    lab = page.lab(0)
    lab.reset()
    before = sharp(lab)
    lab.press("gap", "End")
    assert "ZeroDivisionError: the gap is too wide" in lab.error()
    assert 'raise ZeroDivisionError("the gap is too wide")' in lab.error()
    assert lab.picture.get_attribute("src") == before
    page.screenshot("lab-error")
    assert lab.press("gap", "ArrowLeft")["combined"] == pytest.approx(3.9)
    assert lab.error() == ""
    assert lab.picture.get_attribute("src") != before


def test_reset_brings_every_control_back_to_its_start(page):
    lab = page.lab(0)
    lab.press("gap", "Home")
    lab.choose("kind", "product")
    assert lab.reset() == {"combined": 2.0, "count": 2}
    assert lab.value("gap") == "1.0"


def test_a_value_between_two_steps_goes_to_the_step_where_the_handle_stands(page):
    """Typed, or set by a cell: control, picture, numbers and kernel agree, also once it is sharp."""
    lab = page.lab(0)
    lab.reset()
    assert lab.type("gap", "0.88")["combined"] == pytest.approx(1.9)
    page.execute(
        "import gc; from rlcourse.widgets.lab import Lab\n"
        "LAB = next(one for one in gc.get_objects() if isinstance(one, Lab))\n"
        "LAB.set(gap=1.23)"
    )
    page.page.wait_for_timeout(1500)
    lab.shows({"combined": 2.2, "count": 2}, "set")
    assert lab.value("gap") == "1.2" and page.execute("print(LAB.numbers, LAB.values['gap'])").split() == [
        "{'combined':", "2.2,", "'count':", "2}", "1.2"
    ]  # fmt: skip
    assert lab.press("gap", "ArrowRight")["combined"] == pytest.approx(2.3)
    assert lab.press("gap", "ArrowLeft")["combined"] == pytest.approx(2.2)
    lab.reset()


def summary(times):
    times = sorted(times)
    return statistics.median(times), times[int(0.95 * len(times))]


def test_from_slider_to_picture_takes_at_most_60_ms_at_p95(page, speed):
    """Printed beside what interactive_output with plt.show takes, in turn, so that a busy spell hits both."""
    lab, peer = page.lab(0), page.page.locator(".jp-Cell-outputArea").last
    ours, theirs = [], []
    for _ in range(3):
        lab.root.scroll_into_view_if_needed()
        ours += lab.timings("noise", 24)
        peer.scroll_into_view_if_needed()
        theirs += page.timings(peer.element_handle(), peer.locator("[role=slider]"), 8)
    median, p95 = summary(theirs)
    speed(ours, f"lab (interactive_output beside it: median {median:.0f} ms, p95 {p95:.0f} ms)")


def test_a_choice_is_predicted_once_and_the_answer_stays(page):
    question = page.predict(0)
    assert question.verdict() == ""
    question.click("Answer")
    assert question.verdict() == ""
    said = question.answer("the max of two")
    assert question.correct() is False
    assert "You predicted the max of two." in said
    assert "The answer: the max of ten." in said
    assert question.root.get_by_role("button", name="Answer").is_disabled()
    page.screenshot("predict")


def test_a_number_is_predicted_within_its_tolerance(page):
    question = page.predict(1)
    question.answer("a lot")
    assert question.verdict() == ""
    assert "You predicted 1.5." in question.answer("1,5")
    assert question.correct() is True


# Live runs


@pytest.fixture(scope="module")
def live_page(open_notebook):
    return open_notebook([TRAINER, PANEL, CELLS[0], CELLS[1], REAL], run="all")


def workers(page) -> int:
    return int(page.execute("print(sum(t.name == 'rlcourse-live' for t in threading.enumerate()))"))


def test_a_live_run_starts_pauses_resumes_and_stops(live_page):
    panel = live_page.live("A climber")
    assert panel.state() == "ready"
    panel.click("Start")
    panel.wait("running")
    panel.await_steps(100)
    panel.click("Pause")
    panel.wait("paused")
    held = live_page.execute("print(panel.runs[-1].steps[-1], panel.session.counts['steps'])")
    live_page.page.wait_for_timeout(500)  # a claim about time: nothing happens in it
    assert live_page.execute("print(panel.runs[-1].steps[-1], panel.session.counts['steps'])") == held
    panel.click("Resume")
    panel.wait("running")
    panel.click("Stop")
    panel.wait("stopped")
    assert workers(live_page) == 0
    live_page.screenshot("live-fake")


def test_a_control_that_applies_at_once_retunes_the_run_and_its_label(live_page):
    panel = live_page.live("A climber")
    assert "at once" in panel.row("slope").inner_text()
    assert "next run" in panel.row("horizon").inner_text()
    panel.click("Start")
    panel.wait("running")
    panel.press("slope", "Home")
    live_page.page.wait_for_function(
        "() => document.querySelector('.rlcourse-live').innerText.includes('→ slope=0')"
    )
    panel.press("horizon", "End")
    panel.click("Stop")
    panel.wait("stopped")
    assert "horizon" not in live_page.execute("print(panel.runs[-1].label)")
    panel.click("Start")
    panel.wait("running")
    panel.click("Stop")
    panel.wait("stopped")
    assert live_page.execute("print(panel.runs[-1].label)").strip() == "Climber slope=0 horizon=20"


def test_starting_twice_or_running_the_cell_again_leaves_one_worker(live_page):
    panel = live_page.live("A climber")
    panel.click("Start")
    panel.wait("running")
    live_page.execute("panel.start()")
    assert workers(live_page) == 1
    live_page.run_cell(panel.cell)
    assert workers(live_page) == 0
    panel = live_page.live("A climber")
    panel.click("Start")
    panel.wait("running")
    assert workers(live_page) == 1
    panel.click("Reset")
    assert panel.state() == "ready"
    assert workers(live_page) == 0


def test_an_error_in_the_run_is_shown_in_the_panel(live_page):
    live_page.execute("panel.algorithms['Climber'] = Climber(fault=True)")
    panel = live_page.live("A climber")
    panel.click("Start")
    panel.wait("failed")
    until(lambda: "FloatingPointError: the climber fell" in panel.error(), 3, panel.error)
    assert not live_page.errors()
    live_page.screenshot("live-error")


def test_the_page_stays_responsive_while_ddpg_and_td3_train(live_page):
    panel = live_page.live("DDPG beside TD3")
    lab = live_page.lab(0)
    quiet = summary(lab.timings("noise", 30))
    panel.choose("algorithm", "each in turn")
    panel.click("Start")
    panel.wait("running")
    busy = summary(lab.timings("noise", 30))
    assert panel.state() == "running"
    print(
        f"\nslider → picture: median {quiet[0]:.0f} ms, p95 {quiet[1]:.0f} ms; "
        f"while training {busy[0]:.0f}, {busy[1]:.0f} ms"
    )
    assert busy[0] <= 400
    panel.root.scroll_into_view_if_needed()
    panel.wait("finished", seconds=60)
    numbers = panel.numbers()
    print(f"steps per second, 4 seeds: {numbers['steps per second']:.0f}")
    assert panel.error() == ""
    assert numbers["steps"] == 3000
    assert live_page.execute("print([r.label for r in real.runs])").strip() == "['DDPG', 'TD3']"
    assert panel.root.locator("svg[role=img]").count() == 1
    live_page.screenshot("live-real")
