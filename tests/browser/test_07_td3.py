"""Lecture 07 in Chromium: every slider to both ends, predictions, live runs under their buttons.

The README's picture is made here too:
    RLCOURSE_SCREENSHOTS=notebooks/images .venv/bin/python -m pytest tests/browser/test_07_td3.py -k readme
"""

import math

import numpy as np
import pytest
from scipy.stats import norm

from rlcourse.equations.bias import ESTIMATORS, expected_maximum

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def td3(open_notebook):
    return open_notebook("lectures/07-td3.ipynb")


def biases(gap, noise, actions, samples):
    means = [0.0, *[-gap] * (actions - 1)]
    sd = noise / samples**0.5
    return {
        f"bias of {name}": expected_maximum(means, sd, 2000, name, np.random.default_rng(0))
        for name in ESTIMATORS
    }


def test_the_bias_lab_shows_the_simulation_of_the_package_at_every_end(td3):
    sliders = {
        "gap": ("gap", 0.0, 0.0, 3.0),
        "noise": ("noise", 1.0, 0.1, 2.0),
        "actions": ("actions", 10, 2, 20),
        "samples per estimate": ("samples", 1, 1, 32),
    }
    td3.lab(0).drive(sliders, biases)


def test_the_readme_shows_the_bias_lab(td3, screenshots):
    """Two Gaussians: +1/√π for max, −1/√π/2 for clipped double, within four standard errors of 2000 draws."""
    lab = td3.lab(0)
    lab.reset()
    shown = lab.press("actions", "Home")
    shown = lab.shows(biases(0.0, 1.0, 2, 1), "two actions")
    error = 4 / 2000**0.5
    assert shown["bias of max"] == pytest.approx(1 / math.pi**0.5, abs=error)
    assert shown["bias of clipped double"] == pytest.approx(-0.5 / math.pi**0.5, abs=error)
    lab.reset()
    lab.shows(biases(0.0, 1.0, 10, 1), "reset")
    lab.root.screenshot(path=screenshots / "lab.png")
    assert (screenshots / "lab.png").stat().st_size < 200_000


def test_the_smoothing_lab_shows_what_quantiles_of_the_noise_give(td3):
    def numbers(sigma, clip, width, height):
        def critic(a):
            return 1 - (a + 0.3) ** 2 + height * np.exp(-0.5 * ((a - 0.5) / width) ** 2)

        noise = np.clip(sigma * norm.ppf((np.arange(81) + 0.5) / 81), -clip, clip)
        nearby = np.clip(0.5 + noise, -1, 1)
        spike = height * np.exp(-0.5 * ((nearby - 0.5) / width) ** 2).mean()
        return {
            "without smoothing": critic(0.5),
            "with smoothing": critic(nearby).mean(),
            "share of the spike": spike / height if height else 0.0,
        }

    lab = td3.lab(1)
    sliders = {
        "target noise": ("sigma", 0.2, 0.0, 0.6),
        "noise clip": ("clip", 0.5, 0.05, 1.0),
        "width of the spike": ("width", 0.05, 0.01, 0.4),
        "height of the spike": ("height", 1.0, 0.0, 1.0),
    }
    lab.drive(sliders, numbers)
    td3.screenshot("07-smoothing")


def test_predictions_of_lecture_07_keep_the_first_answer_and_say_why(td3):
    assert "lucky rather than good" in td3.predict(0).answer("about 90 %")
    assert "one case in four" in td3.predict(1).answer("0.5")
    assert td3.predict(1).correct() is True
    said = td3.predict(2).answer("maxmin")
    assert td3.predict(2).correct() is False
    assert "The answer: clipped double." in said
    td3.screenshot("07-predict")


def test_ddpg_beside_td3_starts_pauses_retunes_and_stops_while_the_lab_still_answers(td3):
    from playwright.sync_api import expect

    lab, panel = td3.lab(0), td3.live("DDPG beside TD3")
    expect(panel.row("policy delay")).to_contain_text("TD3 only")
    panel.choose("algorithm", "TD3")
    panel.click("Start")
    panel.wait("running")
    panel.press("policy delay", "Home")
    expect(panel.root).to_contain_text("policy_delay=1")
    lab.reset()
    lab.press("actions", "End")
    lab.shows(biases(0.0, 1.0, 20, 1), "the lab during a run")
    assert panel.state() == "running"
    panel.click("Pause")
    panel.wait("paused")
    panel.click("Resume")
    panel.wait("running")
    panel.click("Stop")
    panel.wait("stopped")
    assert panel.error() == ""
    lab.reset()
    panel.click("Reset")


def test_running_the_live_cell_again_leaves_one_worker(td3):
    count = "import threading; print(sum(t.name == 'rlcourse-live' for t in threading.enumerate()))"
    panel = td3.live("DDPG beside TD3")
    panel.click("Start")
    panel.wait("running")
    assert td3.execute(count).strip() == "1"
    td3.run_cell(panel.cell)
    assert td3.execute(count).strip() == "0"
    panel = td3.live("DDPG beside TD3")
    panel.click("Start")
    panel.wait("running")
    assert td3.execute(count).strip() == "1"
    panel.click("Stop")
    panel.wait("stopped")


def test_ddpg_and_td3_train_each_in_turn_to_the_end(td3):
    panel = td3.live("DDPG beside TD3")
    panel.click("Reset")
    td3.execute("panel.steps = 3000")
    panel.choose("algorithm", "each in turn")
    panel.click("Start")
    panel.wait("finished", seconds=60)
    assert td3.execute("print([run.label for run in panel.runs])").strip() == "['DDPG', 'TD3']"
    td3.screenshot("07-live")


def test_an_error_of_a_run_is_shown_in_the_panel_of_lecture_07(td3):
    td3.execute(
        "from dataclasses import replace\n"
        "def broken(*args): raise RuntimeError('a mistake in the target')\n"
        "panel.algorithms['TD3'] = replace(panel.algorithms['TD3'], target=broken)"
    )
    panel = td3.live("DDPG beside TD3")
    panel.choose("algorithm", "TD3")
    panel.click("Start")
    panel.wait("failed", seconds=12)
    panel.settle()  # the status and the box of the error are two messages
    assert "RuntimeError: a mistake in the target" in panel.error()
    assert not td3.errors()
