"""Lectures 00 and 07 in Chromium: every slider to both ends, predictions, live runs under their buttons.

The README's picture is made here too:
    RLCOURSE_SCREENSHOTS=notebooks/images .venv/bin/python -m pytest tests/browser/test_00_07.py -k readme
"""

import math
import time

import numpy as np
import pytest
from scipy.stats import norm

from rlcourse.equations.bias import ESTIMATORS, expected_maximum

pytestmark = pytest.mark.browser
CLOSE = {"rel": 1e-9, "abs": 1e-9}


def open_and_run(open_notebook, source):
    page = open_notebook(source, run=False)
    started = time.monotonic()
    page.run_all(seconds=420)
    print(f"\n{source}: all cells in {time.monotonic() - started:.0f} s")
    return page


@pytest.fixture(scope="module")
def welcome(open_notebook):
    return open_and_run(open_notebook, "lectures/00-welcome.ipynb")


@pytest.fixture(scope="module")
def td3(open_notebook):
    return open_and_run(open_notebook, "lectures/07-td3.ipynb")


def await_numbers(lab, expected, what):
    """The lab's numbers, once they are the expected ones: a busy machine may answer late, never wrongly."""
    deadline = time.monotonic() + 15
    while lab.numbers() != pytest.approx(expected, **CLOSE) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert lab.error() == ""
    assert lab.numbers() == pytest.approx(expected, **CLOSE), what
    return lab.numbers()


def drive_to_the_ends(lab, sliders, numbers):
    """Home and End of each slider {label: (argument, start, low, high)}; numbers(**values) must be shown."""
    values = {argument: start for argument, start, _, _ in sliders.values()}
    await_numbers(lab, numbers(**values), "start")
    for label, (argument, _, low, high) in sliders.items():
        seen = []
        for key, value in (("Home", low), ("End", high)):
            lab.press(label, key)
            seen.append(await_numbers(lab, numbers(**{**values, argument: value}), f"{label} {key}"))
        assert seen[0] != seen[1], f"{label} changes nothing"
        lab.reset()
        await_numbers(lab, numbers(**values), f"reset after {label}")


# Lecture 00


def test_the_first_page_says_ok_and_lists_the_lectures(welcome):
    assert "OK: everything is here, on one thread." in welcome.text(0)
    links = welcome.page.locator("a", has_text="07 · TD3")
    assert links.count() == 1
    assert welcome.page.get_by_text("12 · PPO (to come)").count() <= 1
    welcome.screenshot("00-end")


def test_the_pendulum_lab_shows_the_accelerations_of_the_formula(welcome):
    def numbers(angle, torque):
        theta = math.radians(angle)
        gravity, motor = 15 * math.sin(theta), 3 * torque
        return {
            "gravity (rad/s²)": gravity,
            "motor (rad/s²)": motor,
            "sum (rad/s²)": gravity + motor,
            "reward at rest": -(theta**2) - 0.001 * torque**2,
        }

    lab = welcome.lab(0)
    sliders = {"angle": ("angle", 60, -180, 180), "torque": ("torque", -2.0, -2.0, 2.0)}
    drive_to_the_ends(lab, sliders, numbers)
    welcome.screenshot("00-lab")


def test_the_first_prediction_accepts_a_near_number_and_explains(welcome):
    question = welcome.predict(0)
    assert "sin θ = 0.4" in question.answer("25")
    assert question.correct() is True


def test_the_first_check_finds_the_slip_and_then_passes(welcome):
    said = [welcome.text(i) for i in range(len(welcome.cells()))]
    wrong = next(i for i, text in enumerate(said) if "swapped" in text)
    assert "✓" in said[wrong + 1]


def test_the_first_agent_learns_while_one_watches(welcome):
    panel = welcome.live("A first agent")
    assert panel.state() == "ready"
    welcome.screenshot("00-live-ready")
    panel.click("Start")
    panel.wait("running")
    panel.click("Pause")
    panel.wait("paused")
    assert welcome.execute("print(21)").strip() == "21", "the kernel answers while a run is paused"
    panel.click("Resume")
    panel.wait("finished", seconds=240)
    assert panel.error() == ""
    numbers = panel.numbers()
    print(f"\nPPO, 4 seeds: {numbers}")
    assert numbers["mean return"] > -400
    assert panel.root.locator("svg[role=img]").count() == 1
    welcome.screenshot("00-live")


# Lecture 07


def live_panel(page):
    """The live panel, once its labels are laid out: JupyterLab skips what is far from the view."""
    panel = page.live("DDPG beside TD3")
    deadline = time.monotonic() + 15
    while not all(panel.root.locator(".rlcourse-label").all_inner_texts()) and time.monotonic() < deadline:
        panel.root.scroll_into_view_if_needed()
        page.page.wait_for_timeout(50)
    return panel


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
    drive_to_the_ends(td3.lab(0), sliders, biases)


def test_the_readme_shows_the_bias_lab(td3, screenshots):
    """Two Gaussians: +1/√π for max, −1/√π/2 for actor, within four standard errors of 2000 draws."""
    lab = td3.lab(0)
    lab.reset()
    shown = lab.press("actions", "Home")
    shown = await_numbers(lab, biases(0.0, 1.0, 2, 1), "two actions")
    error = 4 / 2000**0.5
    assert shown["bias of max"] == pytest.approx(1 / math.pi**0.5, abs=error)
    assert shown["bias of actor"] == pytest.approx(-0.5 / math.pi**0.5, abs=error)
    lab.reset()
    await_numbers(lab, biases(0.0, 1.0, 10, 1), "reset")
    lab.root.screenshot(path=screenshots / "lab.png")
    assert (screenshots / "lab.png").stat().st_size < 200_000


def test_from_slider_to_picture_in_lecture_07_takes_at_most_90_ms_at_p95(td3, speed):
    lab = td3.lab(0)
    times = lab.timings("gap", 40) + lab.timings("actions", 40)
    lab.reset()
    speed(times, "lecture 07", 90)


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
    drive_to_the_ends(lab, sliders, numbers)
    td3.screenshot("07-smoothing")


def test_predictions_of_lecture_07_keep_the_first_answer_and_say_why(td3):
    assert "one case in four" in td3.predict(0).answer("0.5")
    assert td3.predict(0).correct() is True
    said = td3.predict(1).answer("clipped")
    assert td3.predict(1).correct() is False
    assert "The answer: actor." in said
    td3.screenshot("07-predict")


def test_ddpg_beside_td3_starts_pauses_retunes_and_stops_while_the_lab_still_answers(td3):
    from playwright.sync_api import expect

    lab, panel = td3.lab(0), live_panel(td3)
    expect(panel.row("policy delay")).to_contain_text("TD3 only")
    panel.choose("algorithm", "TD3")
    panel.click("Start")
    panel.wait("running")
    panel.press("policy delay", "Home")
    expect(panel.root).to_contain_text("policy_delay=1")
    lab.reset()
    lab.press("actions", "End")
    await_numbers(lab, biases(0.0, 1.0, 20, 1), "the lab during a run")
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
    panel = live_panel(td3)
    panel.click("Start")
    panel.wait("running")
    assert td3.execute(count).strip() == "1"
    td3.run_cell(len(td3.cells()) - 1)
    assert td3.execute(count).strip() == "0"
    panel = live_panel(td3)
    panel.click("Start")
    panel.wait("running")
    assert td3.execute(count).strip() == "1"
    panel.click("Stop")
    panel.wait("stopped")


def test_ddpg_and_td3_train_each_in_turn_to_the_end(td3):
    panel = live_panel(td3)
    panel.click("Reset")
    td3.execute("panel.steps = 3000")
    panel.choose("algorithm", "each in turn")
    panel.click("Start")
    panel.wait("finished", seconds=240)
    assert td3.execute("print([run.label for run in panel.runs])").strip() == "['DDPG', 'TD3']"
    td3.screenshot("07-live")


def test_an_error_of_a_run_is_shown_in_the_panel_of_lecture_07(td3):
    td3.execute(
        "def broken(*args): raise RuntimeError('a mistake in the target')\n"
        "panel.algorithms['TD3'] = replace(panel.algorithms['TD3'], target=broken)"
    )
    panel = live_panel(td3)
    panel.choose("algorithm", "TD3")
    panel.click("Start")
    panel.wait("failed", seconds=60)
    assert "RuntimeError: a mistake in the target" in panel.error()
    assert not td3.errors()
