"""Labs and live runs as an instructor uses them: on small screens and dark pages, by keyboard, in a hall."""

from __future__ import annotations

import pytest
from driving import MS

from rlcourse.commands.test import fuse

pytestmark = pytest.mark.browser

LAB = """
import numpy as np
from rlcourse import plots
from rlcourse.widgets import Choice, Slider, Switch, explore, live, predict
plots.use()

def draw(fig, old=0.5, new=0.5, other=0.5, rate=1e-3, count=2, kind="sum"):
    ax = plots.axes(fig)
    x = np.linspace(0, 3, 200)
    ax.plot(x, old * np.sin(3 * x + 1e3 * rate))
    ax.set(xlabel="x (m)", ylabel="y (m)", ylim=(-1.1, 1.1), title="A wave")
    names = ["gain η(new) − η(old)", "surrogate", "KL bound", "largest divergence"]
    return {"rate": rate, **dict(zip(names, [old, new, other, old * new]))}

lab = explore(
    draw, old=Slider("old₀", "old: π(move|0)", min=0.01, max=0.99, step=0.01),
    new=Slider("new₀", "new: π(move|0)", min=0.01, max=0.99, step=0.01),
    other=Slider("new₁", "new: π(move|1)", min=0.01, max=0.99, step=0.01),
    rate=Slider("α", "learning rate", "per step", min=1e-5, max=1e-1, log=True),
    count=Slider("n", "count", min=1, max=9, step=1), kind=Choice("", "kind", ["sum", "product"]),
)
lab
"""

QUESTION = 'predict("How large is E[max] of ten standard normals?", answer=1.539, tolerance=0.1)'

LIVE = """
import time
from rlcourse.algorithms.ppo import PPO
from rlcourse.training import Curve, Run

class SwingUp:
    members = 1
    def member(self, index):
        return self
    def act(self, obs):
        cos, sin, speed = obs[..., 0], obs[..., 1], obs[..., 2]
        angle, energy = np.arctan2(sin, cos), speed**2 / 6 + 5 * cos
        pump = np.where(speed * (5 - energy) >= 0, 2.0, -2.0)
        return (np.clip(np.where(cos > 0.95, -20 * angle - 4 * speed, pump), -2, 2) / 2)[..., None]

class Training:
    def __init__(self, algorithm, env, steps, seeds):
        self.algorithm, self.steps, self.stopping, self.total = algorithm, 0, False, steps
        self.run = Run(algorithm, env, seeds, steps, policy=SwingUp())
    def stop(self):
        self.stopping = True
    def policy(self):
        return SwingUp()

def trainer(algorithm, env, *, steps, seeds, callbacks):
    seeds = list(range(seeds)) if isinstance(seeds, int) else seeds
    training = Training(algorithm, env, steps, seeds)
    while training.steps < steps and not training.stopping:
        time.sleep(0.02)
        training.steps += 20
        curve = training.run.curve
        now = -1500 + training.steps + 10 * np.arange(len(seeds))
        returns = np.column_stack([curve.returns.reshape(len(seeds), -1), now])
        training.run.curve = Curve(np.append(curve.steps, training.steps), curve.seconds, returns)
        for callback in callbacks:
            callback(training)
    training.run.status = "stopped" if training.stopping else "finished"
    return training.run

panel = live(PPO(), "Pendulum-v1", steps=1400, seeds=4, title="A first agent", trainer=trainer,
             learning_rate=Slider("α", "learning rate", min=1e-5, max=1e-1, log=True),
             clip=Slider("ε", "clip", min=0.1, max=0.5, step=0.1))
panel
"""

SIZES = [(1920, 1080), (1366, 768), (1024, 768)]


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook([LAB, QUESTION, LIVE])


@pytest.fixture
def sized(page):
    def resize(width, height):
        page.page.set_viewport_size({"width": width, "height": height})
        page.page.wait_for_timeout(300)

    yield resize
    resize(1400, 1000)


def room(page) -> float:
    """The height in which the notebook is seen."""
    return page.page.locator(".jp-WindowedPanel-outer").first.bounding_box()["height"]


def theme(page, name):
    page.page.evaluate("t => jupyterapp.commands.execute('apputils:change-theme', {theme: t})", name)
    page.page.wait_for_function(
        "dark => document.body.dataset.jpThemeLight === String(!dark)", arg="Dark" in name
    )
    page.page.wait_for_timeout(500)


# Screens


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_a_lab_and_a_live_panel_are_seen_whole_with_their_numbers(page, sized, size):
    sized(*size)
    for find, named in ((page.lab, "lab"), (page.live, "live")):
        panel = find(0)
        page.page.wait_for_timeout(200)
        box = panel.root.bounding_box()
        assert box["height"] <= room(page), f"{named} at {size}: {box['height']:.0f} of {room(page):.0f}"
        for part in panel.root.locator(".rlcourse-picture, .rlcourse-beside, .rlcourse-control").all():
            inner = part.bounding_box()
            assert inner["x"] >= box["x"] - 1 and inner["x"] + inner["width"] <= box["x"] + box["width"] + 1
        page.screenshot(f"{named}-{size[0]}")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_nothing_jumps_when_a_run_starts_and_ends(page, sized, size):
    sized(*size)
    panel = page.live(0)
    panel.click("Reset")
    boxes = lambda: [part.bounding_box() for part in (panel.root, panel.root.locator("img").first)]  # noqa: E731
    before = boxes()
    panel.click("Start")
    panel.wait("running")
    page.page.wait_for_timeout(500)
    assert boxes() == before
    panel.wait("finished")
    page.page.wait_for_timeout(300)
    assert boxes() == before
    page.screenshot(f"live-ended-{size[0]}")


# The trained policy is seen


SEEN = """root => [...root.querySelectorAll('.rlcourse-frame')]
    .filter(f => getComputedStyle(f).visibility === 'visible').map(f => f.style.getPropertyValue('--n'))"""


def test_after_a_run_whole_episodes_are_played_to_their_end_upright_and_again_by_replay(page):
    panel = page.live(0)
    panel.click("Reset")
    panel.click("Start")
    panel.wait("finished")
    scene = panel.root.locator(".rlcourse-scene")
    scene.locator(".rlcourse-film").wait_for()
    seen = []
    for _ in range(4):
        page.page.wait_for_timeout(400)
        seen += scene.evaluate(SEEN)
    assert len(set(seen)) >= 2 and len(seen) <= 8, "one picture after the other"
    page.screenshot("live-film")
    first = scene.inner_html()
    panel.click("Replay")
    assert scene.inner_html() != first
    end = "root => root.getAnimations({subtree: true}).forEach(a => a.finish())"
    scene.evaluate(end)
    assert scene.evaluate(SEEN) == ["399"]
    rod = scene.locator(".rlcourse-frame").last.locator("line").first
    assert abs(float(rod.get_attribute("x2"))) < 0.1 and float(rod.get_attribute("y2")) < -0.9
    page.screenshot("live-upright")


def test_a_reader_who_asked_for_less_motion_sees_the_last_moment_at_once(page):
    page.page.emulate_media(reduced_motion="reduce")
    try:
        assert page.live(0).root.locator(".rlcourse-scene").evaluate(SEEN) == ["399"]
    finally:
        page.page.emulate_media(reduced_motion="no-preference")


def test_runs_are_ticked_away_deleted_and_brought_back(page):
    panel = page.live(0)
    panel.click("Reset")
    for _ in range(2):
        panel.click("Start")
        panel.wait("finished")
    rows = panel.root.locator(".rlcourse-run")
    assert rows.count() == 2
    picture = panel.root.locator("img.rlcourse-picture")
    before = picture.get_attribute("src")
    rows.first.locator("input").click()
    panel.settle()
    assert picture.get_attribute("src") != before
    panel.click("Delete PPO")
    assert rows.count() == 1
    panel.click("Undo")
    assert rows.count() == 2
    assert page.execute("print([run.seeds for run in panel.runs])").strip() == "[4, [4, 5, 6, 7]]"


# Dark pages and contrast


CONTRAST = """root => {
  const luminance = rgb => {
    const [r, g, b] = rgb.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > .5) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const found = [];
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement, words = walk.currentNode.textContent.trim();
    if (!words || element.closest('style, script, button[disabled], .rlcourse-alt') || !element.offsetParent
        && !element.closest('svg')) continue;
    const style = getComputedStyle(element);
    if (style.visibility !== 'visible') continue;
    const ink = element.closest('text') ? style.fill : style.color;
    const [a, b] = [luminance(parse(ink).slice(0, 3)), luminance(ground(element))].sort((x, y) => y - x);
    found.push([words.slice(0, 30), (a + .05) / (b + .05)]);
  }
  return found;
}"""


@pytest.mark.parametrize("name", ["JupyterLab Light", "JupyterLab Dark"])
def test_every_word_of_a_panel_has_a_contrast_of_at_least_4_5(page, name):
    theme(page, name)
    try:
        for panel in (page.lab(0), page.predict(0), page.live(0)):
            page.page.wait_for_timeout(200)
            found = panel.root.evaluate(CONTRAST)
            assert len(found) >= 3
            assert [pair for pair in found if pair[1] < 4.5] == []
        page.screenshot(name.replace(" ", "-"))
    finally:
        theme(page, "JupyterLab Light")


# Names and numbers


def test_controls_have_names_and_a_log_slider_says_its_value(page):
    lab = page.lab(0)
    names = lab.root.locator("[role=slider]").evaluate_all(
        "all => all.map(e => e.getAttribute('aria-label'))"
    )
    assert names[:2] == ["old₀ old: π(move|0)", "new₀ new: π(move|0)"]
    assert lab.root.get_by_role("combobox", name="kind").count() == 1
    rate = lab.root.get_by_role("slider", name="α learning rate")
    assert rate.get_attribute("aria-valuetext") == "1.0e-3 per step"
    lab.press("learning rate", "ArrowRight")
    assert rate.get_attribute("aria-valuetext") == "1.1e-3 per step"
    lab.reset()


@pytest.mark.parametrize("typed, value", [("0,003", 3e-3), ("3e-4", 3e-4), ("5e-4", 5e-4), ("0.02", 0.02)])
def test_a_typed_number_is_taken_as_it_was_written(page, typed, value):
    assert page.lab(0).type("learning rate", typed)["rate"] == value


def test_a_hundred_presses_go_from_end_to_end_of_a_log_slider(page):
    lab = page.lab(0)
    assert lab.press("learning rate", "Home")["rate"] == 1e-5
    assert lab.press("learning rate", "ArrowRight", times=100)["rate"] == 1e-1
    lab.reset()


def test_enter_answers_a_question(page):
    question = page.predict(0)
    field = question.root.locator("input[type=text]")
    field.fill("1,5")
    field.press("Enter")
    question.settle()
    assert "You predicted 1.5" in question.verdict()


# Keys


def test_letters_and_a_presenters_remote_do_nothing_to_the_notebook_while_a_slider_has_the_focus(page):
    lab = page.lab(0)
    kinds = "jupyterapp.shell.currentWidget.content.widgets.map(w => w.model.type).join()"
    before, value = page.page.evaluate(kinds), lab.value("old: π(move|0)")
    lab.slider("old: π(move|0)").focus()
    for key in ("d", "d", "m", "b", "x", "c", "PageDown", "PageUp"):
        page.page.keyboard.press(key)
    lab.settle()
    assert page.page.evaluate(kinds) == before
    assert lab.value("old: π(move|0)") == value
    lab.press("old: π(move|0)", "ArrowRight")
    assert lab.value("old: π(move|0)") == "0.51"
    lab.reset()


def test_a_live_run_is_started_paused_and_stopped_by_keys(page):
    panel = page.live(0)
    panel.click("Reset")
    page.execute("panel.steps = 200_000")  # a run that does not end before this test sees it run
    panel.slider("clip").focus()
    page.page.keyboard.press("s")
    panel.wait("running")
    page.page.keyboard.press("p")
    panel.wait("paused")
    page.page.keyboard.press("x")
    panel.wait("stopped")
    page.execute("panel.steps = 1400")


# In a hall


def test_a_panel_fills_the_screen_and_comes_back(page):
    lab = page.lab(0)
    width = lab.picture.bounding_box()["width"]
    lab.click("Full screen")
    page.page.wait_for_function("() => document.fullscreenElement?.classList.contains('rlcourse-lab')")
    page.page.wait_for_timeout(300)
    assert lab.picture.bounding_box()["width"] > 1.15 * width
    page.screenshot("lab-full")
    lab.click("Full screen")
    page.page.wait_for_function("() => !document.fullscreenElement")


def chosen(chooser) -> str:
    return chooser.evaluate("list => list.selectedOptions[0].textContent.replaceAll('\\u00a0', ' ')")


def test_a_live_panel_keeps_a_ghost_of_its_curves_and_its_settings_by_name(page):
    live = page.live(0)
    live.click("Reset")
    live.press("clip", "End")
    live.click("Keep")
    chooser = live.root.locator(".rlcourse-settings select")
    assert len(chooser.locator("option").all()) == 2
    assert chosen(chooser) == "A"
    live.click("Start")
    live.wait("finished", seconds=20)
    live.click("Keep as ghost")
    ghost = live.root.locator(".rlcourse-ghost")
    held, under = ghost.get_attribute("src"), live.root.locator("img.rlcourse-picture").bounding_box()
    for side, length in ghost.bounding_box().items():
        assert abs(length - under[side]) <= 1, side
    live.press("clip", "Home")
    assert (live.value("clip"), chosen(chooser)) == ("0.1", "go to …")
    live.click("Reset")
    assert ghost.get_attribute("src") == held and ghost.is_visible()
    page.screenshot("live-ghost")
    chooser.select_option(label="A")
    live.settle()
    assert live.value("clip") == "0.5"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live.click("Copy settings")
    code = page.page.evaluate("navigator.clipboard.readText()")
    assert code.startswith("panel.set(") and code.endswith("clip=0.5)  # A")
    live.press("clip", "Home")
    page.execute(code)
    live.settle()
    assert live.value("clip") == "0.5"
    live.slider("clip").focus()
    page.page.keyboard.press("g")
    assert ghost.count() == 0
    live.click("Reset")


def test_a_ghost_of_the_former_picture_stays_and_the_settings_are_copied_as_code(page):
    lab = page.lab(0)
    lab.reset()
    lab.click("Keep as ghost")
    ghost = lab.root.locator(".rlcourse-ghost")
    held = ghost.get_attribute("src")
    lab.press("old: π(move|0)", "End")
    assert ghost.get_attribute("src") == held
    page.screenshot("lab-ghost")
    lab.click("Keep as ghost")
    assert ghost.count() == 0
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.click("Copy settings")
    code = page.page.evaluate("navigator.clipboard.readText()")
    assert code.startswith("lab.set(old=0.99, new=0.5")
    lab.reset()
    page.execute(code)
    assert lab.value("old: π(move|0)") == "0.99"
    with page.page.expect_download() as file:
        lab.root.get_by_role("button", name="Save picture").click()
    assert file.value.suggested_filename == "picture.png"
    lab.reset()


# Saved and opened again


def test_a_saved_page_shows_its_panels_as_they_were_when_it_is_opened_without_its_kernel(
    open_notebook, jupyter
):
    setting = jupyter.root.parent / "settings/@jupyter-widgets/jupyterlab-manager/plugin.jupyterlab-settings"
    setting.parent.mkdir(parents=True, exist_ok=True)
    setting.write_text('{"saveState": true}')  # as `python3 -m rlcourse lab` sets it
    page = open_notebook([LAB, QUESTION])
    page.lab(0).press("old: π(move|0)", "End")
    page.predict(0).answer("1.5")
    page.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.open()
    page.page.locator(".rlcourse-lab").wait_for(timeout=MS * fuse(24))
    lab = page.lab(0)
    assert lab.numbers()["gain η(new) − η(old)"] == 0.99
    assert lab.picture.evaluate("image => image.naturalWidth") > 0
    assert "You predicted 1.5" in page.predict(0).verdict()
    assert page.page.get_by_text("model not found").count() == 0
    setting.unlink()
