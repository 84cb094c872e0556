"""Panels when the kernel is busy, gone or not asked; and for readers with small screens or little motion."""

from __future__ import annotations

import pytest
from driving import MS, until
from test_live_and_labs import LIVE, room

from rlcourse.commands.test import fuse

pytestmark = pytest.mark.browser

LAB = """
import numpy as np
from rlcourse import plots
from rlcourse.widgets import Choice, Slider, Switch, explore, live
plots.use()

def draw(fig, gap=1.0, noise=1.0, count=2):
    ax = plots.axes(fig)
    x = np.linspace(0, 3, 400)
    for k in range(count):
        ax.plot(x, noise * np.sin(3 * x + k * gap), label=f"k = {k}")
    ax.set(xlabel="x (m)", ylabel="y (m)", ylim=(-2.2, 2.2))
    ax.set_title(f"Waves, each shifted by {gap:.1f}")
    return {"sum": gap + noise, "count": count}

lab = explore(
    draw, gap=Slider("Δ", "gap", "m", 0.0, 3.0, 0.1), noise=Slider("σ", "noise", "m", 0.1, 2.0, 0.1),
    count=Slider("n", "count", min=1, max=9, step=1), settings={"still": {"noise": 0.1}},
)
lab
"""

FEW = """
drawn = 0
def draw_few(fig, gap=1.0, square=False):
    global drawn
    drawn += 1
    ax = plots.axes(fig)
    ax.plot([0, 1], [0, gap])
    ax.set(ylim=(0, 1), title=f"A line of slope {gap:.2f}")
    return {"slope": gap**2 if square else gap}

explore(draw_few, gap=Slider("Δ", "gap", min=0.0, max=1.0, step=0.1), square=Switch("", "squared"))
"""

BUSY = """
const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
window.rlcourseSlow = kernel.requestExecute({code: 'import time; print("begun"); time.sleep(600)'});
window.rlcourseEnded = false;
rlcourseSlow.done.then(() => { window.rlcourseEnded = true; });
return new Promise(begun => { rlcourseSlow.onIOPub = m => m.header.msg_type === 'stream' && begun(); });
"""
FREE = """
const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
return kernel.interrupt().then(() => rlcourseSlow.done);
"""


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook([LAB, LIVE, FEW])


@pytest.fixture
def sized(page):
    def resize(width, height):
        page.page.set_viewport_size({"width": width, "height": height})
        page.page.wait_for_timeout(300)

    yield resize
    resize(1400, 1000)


# While a cell runs


@pytest.fixture
def busy(page):
    """A cell that runs until the test has ended."""
    page.page.evaluate(f"() => {{ {BUSY} }}")
    try:
        yield lambda: not page.page.evaluate("rlcourseEnded")
    finally:
        page.page.evaluate(f"() => {{ {FREE} }}")


def test_the_first_move_of_each_slider_is_answered_while_a_cell_runs(page, busy):
    lab = page.lab(0)
    for label, key, expected in (
        ("gap", "End", {"sum": 4.0, "count": 2}),
        ("noise", "End", {"sum": 5.0, "count": 2}),
        ("count", "Home", {"sum": 5.0, "count": 1}),
    ):
        lab.slider(label).press(key)
        until(lambda expected=expected: lab.numbers() == expected, 6, lambda: str(lab.numbers()))
        assert busy(), "the cell still runs"
    lab.root.get_by_role("button", name="Reset").click()
    until(lambda: lab.numbers() == {"sum": 2.0, "count": 2}, 6, lambda: f"Reset: {lab.numbers()}")
    assert busy()


def test_a_live_run_is_started_retuned_stopped_and_deleted_while_a_cell_runs(page, busy):
    panel = page.live(0)
    button = lambda name: panel.root.get_by_role("button", name=name, exact=True)  # noqa: E731
    button("Start").click()
    panel.wait("running")
    panel.slider("clip").press("End")
    until(lambda: "→" in panel.root.inner_text(), 6, panel.root.inner_text)
    button("Stop").click()
    panel.wait("stopped")
    panel.root.locator(".rlcourse-run button").first.click()
    until(lambda: panel.root.locator(".rlcourse-run").count() == 0, 6, panel.root.inner_text)
    assert busy()


# Frames made ahead


def test_a_lab_with_few_positions_is_answered_by_the_page_alone(page):
    lab = page.lab("draw_few")
    lab.press("gap", "ArrowLeft")
    drawn = lambda: int(page.execute("print(drawn)"))  # noqa: E731
    until(lambda: drawn() >= 22, 12, lambda: f"{drawn()} of 22 positions are drawn")
    lab.settle()
    page.page.evaluate(f"() => {{ {BUSY} }}")
    try:
        # Nothing is awaited between key and number: the page has it in the event of the key.
        shown = lab.root.evaluate(
            """root => {
              const slider = root.querySelector('[role=slider]'), seen = [];
              slider.focus();
              for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'End']) {
                slider.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
                seen.push(Number(root.querySelector('[data-number]').dataset.value));
              }
              return seen;
            }"""
        )
        assert shown == pytest.approx([0.0, 0.1, 0.2, 1.0])
        until(lambda: "slope 1.00" in lab.picture.get_attribute("alt"), 6, lambda: "the sharp picture")
    finally:
        page.page.evaluate(f"() => {{ {FREE} }}")
    assert lab.switch("squared")["slope"] == 1.0
    assert lab.press("gap", "ArrowLeft")["slope"] == pytest.approx(0.81)
    assert lab.value("gap") == "0.9" and lab.error() == ""
    left = lab.root.locator(".rlcourse-frames template")
    until(lambda: left.count() == 0, 12, lambda: "a frame is left, and would be saved with the page")


COUNT = """() => {  // what goes over the wire because of one move: [which way, type, method, bytes]
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel, moves = new Set();
  window.rlcourseWire = [];
  kernel.anyMessage.connect((_, {msg, direction}) => {
    if (direction === 'send' && msg.header.msg_type === 'comm_msg') moves.add(msg.header.msg_id);
    if (!moves.has(direction === 'send' ? msg.header.msg_id : msg.parent_header.msg_id)) return;
    const buffers = (msg.buffers ?? []).reduce((sum, buffer) => sum + buffer.byteLength, 0);
    const bytes = JSON.stringify(msg.content).length + buffers;
    rlcourseWire.push([direction, msg.header.msg_type, msg.content.data?.method ?? '', bytes]);
  });
}"""


def quiet(page):
    """Has nothing passed the wire for as long as a last batch of frames may take?"""
    before = page.evaluate("rlcourseWire.length")
    page.wait_for_timeout(1000 * fuse(0.15))
    return page.evaluate("rlcourseWire.length") == before


def wire(lab, label, key):
    """What one move sends and receives, until the kernel has answered."""
    lab.settle()
    lab.page.evaluate("() => { rlcourseWire.length = 0; }")
    lab.press(label, key)
    return lab.page.evaluate("rlcourseWire")


def test_a_move_is_one_message_there_and_one_picture_back_or_none_where_the_page_has_it(page):
    rest = "import rlcourse.widgets.lab as timing; timing.PAUSE, timing.REST = {}"
    page.page.evaluate(COUNT)
    page.lab(0)
    page.execute("lab._frames.forget()\n" + rest.format("600, 600"))  # what follows at rest is not the answer
    many = wire(page.lab(0), "gap", "ArrowLeft")
    page.execute(rest.format("0.05, 0.3"))
    sent = [one for one in many if one[0] == "send"]
    back = [one for one in many if one[0] == "recv" and one[1] == "comm_msg"]
    assert [one[1] for one in sent] == ["comm_msg"]
    assert [one[2] for one in back] == ["echo_update", "update"]
    assert all(one[1] == "status" for one in many if one not in sent + back)
    few = page.lab("draw_few")
    few.press("gap", "ArrowLeft")
    drawn = lambda: int(page.execute("print(len(_frames_of[0].made))"))  # noqa: E731
    page.execute(
        "from rlcourse.widgets.ahead import Frames; import gc;"
        "_frames_of = [one for one in gc.get_objects() if isinstance(one, Frames) and one.whole]"
    )
    until(lambda: drawn() == 22, 12, lambda: f"{drawn()} of 22 frames")
    until(lambda: quiet(page.page), 6, lambda: "frames are still on their way")
    page.execute(rest.format("600, 600"))
    alone = wire(few, "gap", "ArrowLeft")
    page.execute(rest.format("0.05, 0.3"))
    back_alone = [one for one in alone if one[0] == "recv" and one[1] == "comm_msg"]
    assert [one[2] for one in back_alone] == ["echo_update"]
    total = lambda seen, way: sum(one[3] for one in seen if one[0] == way)  # noqa: E731
    assert total(alone, "recv") < 1000
    print(
        f"\na move: 1 message, {total(many, 'send')} bytes there; {len(many) - 1} messages, "
        f"{total(many, 'recv')} bytes back, {back[1][3]} of them picture and numbers; with frames made ahead "
        f"{len(alone) - 1} messages, {total(alone, 'recv')} bytes"
    )


def test_of_many_quick_moves_the_newest_wins_and_the_others_do_not_queue(page):
    lab = page.lab(0)
    lab.reset()
    lab.press("gap", "Home")
    before = int(page.execute("print(lab.pictures)"))
    lab.slider("gap").evaluate(
        """slider => {
          for (let i = 0; i < 25; i++)
            slider.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}));
        }"""
    )
    lab.settle()
    assert lab.shows({"sum": 3.5, "count": 2}, "after 25 presses") and lab.value("gap") == "2.5"
    assert int(page.execute("print(lab.pictures)")) - before <= 3
    lab.reset()


def test_what_a_cell_changes_is_drawn_anew(page):
    lab = page.lab("draw_few")
    lab.reset()
    page.page.evaluate(
        """jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute(
             {code: 'from math import inf', store_history: true}).done"""
    )
    before = int(page.execute("print(drawn)"))
    lab.press("gap", "Home")
    assert int(page.execute("print(drawn)")) > before
    assert lab.numbers()["slope"] == 0.0


# Kept settings


def test_kept_settings_are_come_back_to_by_name_and_copied_with_it(page):
    lab = page.lab(0)
    lab.reset()
    lab.press("gap", "Home")
    lab.click("Keep")
    names = lab.root.get_by_role("combobox", name="go to kept values")
    chosen = lambda: " ".join(names.evaluate("list => list.selectedOptions[0].text").split())  # noqa: E731
    assert chosen() == "A"
    lab.press("noise", "End")
    assert chosen() == "go to …"
    names.select_option(label="still")
    lab.settle()
    assert lab.numbers() == {"sum": 1.1, "count": 2}
    names.select_option(label="A")
    lab.settle()
    assert lab.numbers() == {"sum": 1.0, "count": 2} and lab.value("gap") == "0.0"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.click("Copy settings")
    code = page.page.evaluate("navigator.clipboard.readText()")
    assert code == "lab.set(gap=0.0, noise=1.0, count=2)  # A"
    few = page.lab("draw_few")
    few.reset()
    few.click("Copy settings")  # a lab that no variable holds: its still
    code = page.page.evaluate("navigator.clipboard.readText()")
    assert code == "plots.picture(draw_few, gap=1.0, square=False)"
    page.execute(code)
    page.screenshot("lab-kept")


# Small screens


def test_at_150_percent_on_a_small_laptop_panels_are_whole_and_large_enough(page, sized):
    sized(911, 512)  # 1366 × 768 at 150 %
    for find, named in ((page.lab, "lab"), (page.live, "live")):
        panel = find(0)
        page.page.wait_for_timeout(300)
        box = panel.root.bounding_box()
        picture = panel.root.locator("img.rlcourse-picture").bounding_box()
        assert picture["width"] >= 400, f"{named}: {picture['width']:.0f} px"
        for part in panel.root.locator(
            ".rlcourse-picture, .rlcourse-beside, .rlcourse-control, button"
        ).all():
            if not part.is_visible():
                continue
            inner = part.bounding_box()
            assert inner["x"] >= box["x"] - 1 and inner["x"] + inner["width"] <= box["x"] + box["width"] + 1
        page.screenshot(f"{named}-150")
        control = panel.root.locator(".rlcourse-control").last.bounding_box()
        assert picture["y"] + picture["height"] - control["y"] <= room(page), f"{named}: control and picture"


# Less motion


def test_a_reader_who_asked_for_less_motion_gets_a_calm_run(page):
    page.page.emulate_media(reduced_motion="reduce")
    try:
        page.run_cell(1)  # the page is told of the wish by a panel that has just been made, too
        panel = page.live(0)
        panel.settle()
        until(lambda: page.execute("print(panel._calm.value)").strip() == "True", 3, lambda: "not told")
        panel.root.evaluate(
            """root => {
              window.rlcourseChanges = {scene: 0, picture: 0};
              const count = (part, name) => new MutationObserver(() => { rlcourseChanges[name]++; }).observe(
                root.querySelector(part), {childList: true, subtree: true, attributes: true});
              count('.rlcourse-scene', 'scene');
              count('img.rlcourse-picture', 'picture');
            }"""
        )
        panel.click("Start")
        panel.wait("running")
        page.page.wait_for_timeout(1000)
        assert panel.state() == "running"
        assert "less motion" in panel.root.locator(".rlcourse-scene").inner_text()
        changes = page.page.evaluate("rlcourseChanges")
        assert changes["scene"] <= 2 and changes["picture"] <= 2, changes
        page.screenshot("live-calm")
        panel.wait("finished")
        scene = panel.root.locator(".rlcourse-scene")
        scene.locator(".rlcourse-film").wait_for()
        assert scene.evaluate("root => root.getAnimations({subtree: true}).length") == 0
    finally:
        page.page.emulate_media(reduced_motion="no-preference")


# Opened again


def picture_of(panel) -> str:
    return panel.root.locator("img.rlcourse-picture").evaluate(
        """async image => {
          await image.decode();
          const canvas = document.createElement('canvas');
          [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
          canvas.getContext('2d').drawImage(image, 0, 0);
          return canvas.toDataURL();
        }"""
    )


def save_and_stop(page):
    page.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def test_a_live_panel_shows_its_last_picture_and_that_its_kernel_is_gone(open_notebook, jupyter):
    setting = jupyter.root.parent / "settings/@jupyter-widgets/jupyterlab-manager/plugin.jupyterlab-settings"
    setting.parent.mkdir(parents=True, exist_ok=True)
    setting.write_text('{"saveState": true}')  # as `python3 -m rlcourse lab` sets it
    try:
        page = open_notebook([LAB, LIVE])
        panel = page.live(0)
        assert not panel.root.get_by_text("No kernel answers").is_visible()
        start = picture_of(panel)
        panel.click("Start")
        panel.wait("finished")
        panel.settle()
        last = picture_of(panel)
        assert last != start
        for opening in (
            "first",
            "second",
        ):  # the second time no kernel has the state, and the page is saved again
            save_and_stop(page)
            page.open()
            page.page.evaluate("jupyterapp.shell.currentWidget.content.scrollToItem(1)")  # below the view
            page.page.locator(".rlcourse-live").wait_for(timeout=MS * fuse(12))
            panel = page.live(0)
            panel.root.get_by_text("No kernel answers this panel").wait_for()
            assert picture_of(panel) == last, opening
            assert panel.state() == "finished"
            assert page.page.get_by_text("model not found").count() == 0
            page.screenshot(f"live-reopened-{opening}")
        still = page.cells()[1]["outputs"][0]["data"]["image/png"]
        panel.root.evaluate(
            "(root, src) => { root.querySelector('img.rlcourse-picture').src = src; }",
            f"data:image/png;base64,{''.join(still).strip()}",
        )
        assert picture_of(panel) == last, "readers without widgets see it too"
        page.run_cell(0).run_cell(1)
        assert not panel.root.get_by_text("No kernel answers").is_visible()
        assert page.live(0).state() == "ready"
    finally:
        setting.unlink()
