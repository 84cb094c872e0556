"""A lecture on the stage, in Chromium at 1024 × 768, driven by the keyboard alone."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from driving import MS, until
from serving import Server

from rlcourse import desk, installation, notebooks
from rlcourse.commands import stage
from rlcourse.commands.test import fuse

pytestmark = pytest.mark.browser

PAGE = """# %% [markdown] tags=["head"]
# # Lecture 99 · A wave
#
# question: How high is a wave?
# objectives:
# - **say** how high
# needs:
# - nothing

# %%
import numpy as np
from rlcourse import plots
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.widgets import Slider, explore, live, predict
plots.use()
asked = 0

# %% [markdown]
# ## 1 · Height (10 minutes)
#
# A secret of the speaker. How high is it?

# %%
fig = plots.figure(8, 3)
plots.axes(fig).plot([0, 1], [0, 1])
plots.show(fig, alt="A line")

# %%
predict("How high?", choices={"low": "No.", "high": ""}, ordered=True, answer="high", why="So it is.")

# %% [markdown]
# ### The formula
#
# Only said, never shown.
#
# $$y = h \\sin x$$

# %% [markdown]
# **Try.** Make it high.

# %%
def draw(fig, height=0.5, other=0.5):
    ax = plots.axes(fig)
    ax.plot(np.linspace(0, 3), height * np.sin(np.linspace(0, 3)))
    ax.set_ylim(-1, 1)
    return {"height": height, "other": other}

explore(draw, settings={"storm": {"height": 0.9}, "calm": {"height": 0.1}},
        height=Slider("h", "height", "m", min=0.0, max=1.0, step=0.1),
        other=Slider("o", "other", min=0.0, max=1.0, step=0.1))

# %%
explore(draw, height=Slider("h", "height", "m", min=0.0, max=1.0, step=0.1))

# %%
live(DDPG(), "Pendulum-v1", steps=100_000, seeds=1)

# %% [markdown]
# ## Further: never shown
#
# $$z = 1$$
"""
KINDS = ["title", "picture", "question", "board", "lab", "lab", "live"]


class Stage:
    """The page of the stage: keys only, and what is to be seen."""

    def __init__(self, page, own: Path, shown: Path):
        self.page, self.own, self.shown = page, own, shown

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def to(self, at: int) -> None:
        self.press("Escape", "Home", *["PageDown"] * at)
        assert self.at() == at

    def at(self) -> int:
        return int(self.page.evaluate("document.body.dataset.scene"))

    def numbers(self) -> dict[str, float]:
        pairs = self.on("[data-number]").evaluate_all(
            "all => all.map(e => [e.dataset.number, e.dataset.value])"
        )
        return {name: float(value) for name, value in pairs}

    def on(self, selector: str):
        return self.page.locator(f".rlcourse-on {selector}")

    def shows(self, holds, what: str = "") -> None:
        until(holds, 6, lambda: f"{what}: {self.page.locator('.rlcourse-on').inner_text()}")


@pytest.fixture(scope="module")
def stage_page(chromium, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stage")
    (folder / "lectures").mkdir()
    (folder / "99-wave.py").write_text(PAGE)
    nbformat.write(notebooks.compile_source(folder / "99-wave.py"), folder / "lectures" / "99-wave.ipynb")
    with pytest.MonkeyPatch.context() as patch:  # the command's own settings, in a folder of this test
        patch.setattr(installation, "ENVIRONMENT", folder)
        patch.setenv("JUPYTER_CONFIG_PATH", "")
        desk.settle_jupyter(instructor=False, presentation=True)
        settled = os.environ["JUPYTER_CONFIG_PATH"]
    words = desk.jupyterlab(
        folder / ".stage", stage.address(Path("lectures/99-wave.ipynb")), None, no_browser=True
    )
    shown = stage.copy_of(Path("lectures/99-wave.ipynb"), folder)
    server = Server(
        "jupyterlab", shown, folder, *words[3:], *stage.words(shown),
        PYTHONPATH=os.pathsep.join([str(notebooks.ROOT), os.environ.get("PYTHONPATH", "")]),
        OMP_NUM_THREADS="1",
        JUPYTER_CONFIG_PATH=settled, **stage.SURROUNDINGS,
    )  # fmt: skip
    context = chromium.new_context(viewport={"width": 1024, "height": 768})
    page = context.new_page()
    page.set_default_timeout(fuse(6) * MS)
    try:
        address = stage.address(Path("lectures/99-wave.ipynb"))
        page.goto(f"{server.url}{address}?token={server.token}", timeout=fuse(12) * MS)
        page.wait_for_selector("body[data-stage=ready]", state="attached", timeout=fuse(24) * MS)
        yield Stage(page, folder / "lectures" / "99-wave.ipynb", shown / "lectures" / "99-wave.ipynb")
    finally:
        context.close()
        server.stop()


def test_page_up_and_down_show_one_scene_at_a_time_and_nothing_else(stage_page):
    stage_page.to(0)
    kinds = []
    for at in range(len(KINDS)):
        shown = stage_page.page.locator(".jp-Cell:visible")
        assert shown.count() == 1 and stage_page.at() == at
        kinds.append(shown.get_attribute("data-kind"))
        assert not stage_page.page.locator(".jp-Cell-inputWrapper:visible .cm-editor:visible").count()
        stage_page.press("PageDown")
    assert kinds == KINDS and stage_page.at() == len(KINDS) - 1, "the last scene is the last"
    assert not stage_page.page.locator("#jp-top-panel:visible, .jp-NotebookPanel-toolbar:visible").count()
    stage_page.press("PageUp")
    assert stage_page.at() == len(KINDS) - 2


def test_all_text_is_large_and_nothing_is_cut_at_the_smallest_screen(stage_page):
    for at in range(len(KINDS)):
        stage_page.to(at)
        stage_page.shows(lambda: fits(stage_page), KINDS[at])
        found = stage_page.page.locator(".rlcourse-on").evaluate(
            """cell => {
              const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), sizes = [];
              for (let node; node = walker.nextNode();) {
                const box = node.parentElement.getBoundingClientRect();
                const at = node.parentElement, seen = node.data.trim() && box.width && box.height;
                if (!seen || !at.checkVisibility() || at.closest('mjx-container, select')) continue;
                sizes.push([parseFloat(getComputedStyle(at).fontSize) * cell.currentCSSZoom, node.data]);
              }
              return sizes.sort((a, b) => a[0] - b[0])[0];
            }"""
        )
        assert found is None or found[0] >= 18, f"{KINDS[at]}: {found[1]} has {found[0]} px"


def fits(stage_page) -> bool:
    box = stage_page.page.locator(".rlcourse-on").bounding_box()
    return box["y"] + box["height"] <= 768 + 1 and box["x"] + box["width"] <= 1024 + 1


def test_what_is_spoken_is_not_on_the_screen(stage_page):
    stage_page.to(3)
    assert stage_page.on("mjx-container").count() == 1
    assert "Only said" not in stage_page.page.locator(".rlcourse-on").inner_text()


def test_a_question_is_answered_with_a_digit_and_enter(stage_page):
    stage_page.to(2)
    assert "So it is." not in stage_page.page.locator(".rlcourse-on").inner_text()
    stage_page.press("1", "Enter")
    stage_page.shows(lambda: "So it is." in stage_page.page.locator(".rlcourse-on").inner_text())
    assert "You predicted low" in stage_page.on(".rlcourse-verdict").inner_text()


def test_digits_recall_the_prepared_settings_of_a_lab_and_0_its_start(stage_page):
    stage_page.to(4)
    for key, height in (("1", 0.9), ("2", 0.1), ("0", 0.5)):
        stage_page.press(key)
        stage_page.shows(lambda height=height: stage_page.numbers() == {"height": height, "other": 0.5}, key)


def test_a_lab_without_settings_has_the_ends_of_its_controls_under_the_digits(stage_page):
    stage_page.to(5)
    for key, height in (("2", 1.0), ("1", 0.0), ("0", 0.5)):
        stage_page.press(key)
        stage_page.shows(lambda height=height: stage_page.numbers().get("height") == height, key)


def test_tab_goes_to_a_slider_which_the_arrows_move_and_escape_leaves_it(stage_page):
    stage_page.to(4)
    stage_page.press("Tab")
    assert stage_page.page.evaluate("document.activeElement.getAttribute('role')") == "slider"
    stage_page.press("ArrowRight")
    stage_page.shows(lambda: stage_page.numbers()["height"] == 0.6)
    assert stage_page.at() == 4
    stage_page.press("Escape", "ArrowRight")
    assert stage_page.at() == 5
    stage_page.press("ArrowLeft", "0")
    stage_page.shows(lambda: stage_page.numbers()["height"] == 0.5)


def test_a_run_starts_pauses_goes_on_stops_and_is_reset_by_keys(stage_page):
    stage_page.to(6)
    state = stage_page.on("[data-state]")
    for key, expected in (
        ("s", "running"),
        ("p", "paused"),
        ("p", "running"),
        ("x", "stopped"),
        ("0", "ready"),
    ):
        stage_page.press(key)
        stage_page.shows(
            lambda expected=expected: state.get_attribute("data-state") == expected, f"{key}: {expected}"
        )


def test_no_key_of_the_stage_changes_the_notebook(stage_page):
    cells = "rlcourseStage.book.content.widgets.length"
    before = stage_page.page.evaluate(cells)
    stage_page.to(1)
    stage_page.press("x", "x", "d", "d", "a", "b", "m", "y", "z", "0")
    assert stage_page.page.evaluate(cells) == before and stage_page.at() == 1


def test_plus_makes_text_bigger_and_minus_smaller(stage_page):
    stage_page.to(4)
    size = "parseFloat(getComputedStyle(document.querySelector('.rlcourse-on .rlcourse-label')).fontSize)"
    sizes = [stage_page.page.evaluate(size)]
    for key in "+-":
        stage_page.press(key)
        sizes.append(stage_page.page.evaluate(size))
    assert sizes[1] == pytest.approx(1.1 * sizes[0], rel=0.02) and sizes[2] == pytest.approx(
        sizes[0], rel=0.02
    )


def test_f_fills_the_screen_and_leaves_it(stage_page):
    for expected in (True, False):
        stage_page.press("f")
        until(
            lambda e=expected: stage_page.page.evaluate("!!document.fullscreenElement") == e, 3, lambda: "f"
        )


def test_the_list_of_scenes_leads_to_one_of_them(stage_page):
    stage_page.to(1)
    stage_page.press("o", "ArrowDown", "ArrowDown", "Enter")
    assert stage_page.at() == 3


def test_the_notes_follow_in_a_second_window_which_turns_the_pages_too(stage_page):
    stage_page.to(1)
    with stage_page.page.expect_popup() as opened:
        stage_page.press("n")
    notes = opened.value
    text = notes.locator("body")
    until(lambda: "A secret of the speaker" in text.inner_text(), 3, lambda: text.inner_text())
    assert "Ask first: How high is it?" in text.inner_text()
    notes.keyboard.press("PageDown")
    until(lambda: "The answer: high" in text.inner_text(), 3, lambda: text.inner_text())
    assert stage_page.at() == 2
    notes.keyboard.press("PageDown")
    until(lambda: "Only said, never shown" in text.inner_text(), 3, lambda: text.inner_text())
    notes.keyboard.press("PageDown")
    until(lambda: "1 storm · 2 calm" in text.inner_text(), 3, lambda: text.inner_text())
    assert notes.locator("mjx-container").count() or "Make it high" in text.inner_text()
    notes.close()


def test_e_leaves_the_stage_for_the_notebook_and_comes_back(stage_page):
    stage_page.to(4)
    stage_page.press("e")
    assert stage_page.page.locator(".jp-Cell:visible").count() > 1
    stage_page.press("e")
    assert stage_page.page.locator(".jp-Cell:visible").count() == 1 and stage_page.at() == 4


def test_a_page_that_is_loaded_again_stands_where_it_stood_and_runs_nothing_again(stage_page):
    stage_page.to(4)
    stage_page.press("1")
    stage_page.shows(lambda: stage_page.numbers()["height"] == 0.9)
    counts = "rlcourseStage.book.content.widgets.map(cell => cell.model.executionCount)"
    before = stage_page.page.evaluate(counts)
    stage_page.page.reload()
    stage_page.page.wait_for_selector("body[data-stage=ready]", state="attached", timeout=fuse(12) * MS)
    assert stage_page.page.evaluate(counts) == before
    assert stage_page.at() == 4
    stage_page.shows(lambda: stage_page.numbers().get("height") == 0.9)
    stage_page.press("2")
    stage_page.shows(lambda: stage_page.numbers()["height"] == 0.1, "the panel lives")


def test_what_ran_on_the_stage_is_saved_in_its_copy_and_not_in_the_readers_page(stage_page):
    own, shown = (nbformat.read(path, as_version=4) for path in (stage_page.own, stage_page.shown))
    assert own == notebooks.compile_source(stage_page.own.parent.parent / "99-wave.py")
    assert any(cell.get("outputs") for cell in shown.cells)
