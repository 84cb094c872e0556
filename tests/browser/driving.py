"""An open notebook in a test's hands: its labs, predictions and live runs, driven as a reader does."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rlcourse.commands.test import fuse
from rlcourse.notebooks import calls, code_cells, needed_cells

if TYPE_CHECKING:  # without playwright, the other tests run
    from playwright.sync_api import Locator

PANELS = {
    "lab": "explore",
    "predict": "predict",
    "live": "live",
    "atlas": "atlas",
}  # what is on the page: what makes it
MS = 1000  # playwright counts milliseconds

READY = """async ([path, seconds]) => {
  let stage = 'JupyterLab';
  const late = new Promise((_, no) =>
    setTimeout(() => no(new Error(`not ready within ${seconds} s: ${stage}`)), 1000 * seconds));
  const until = async test => { while (!test()) await new Promise(r => setTimeout(r, 50)); };
  const ready = async () => {
    await until(() => window.jupyterapp);
    await jupyterapp.restored;
    stage = 'the notebook';
    await until(() => jupyterapp.shell.currentWidget?.context?.path === path);
    const panel = jupyterapp.shell.currentWidget;
    await panel.context.ready;
    stage = 'its kernel (does the notebook name one?)';
    await panel.sessionContext.ready;
    await until(() => panel.sessionContext.session?.kernel);
    const kernel = panel.sessionContext.session.kernel;
    await kernel.info;
    const asked = window.rlcourseAsked = new Set();  // what the kernel has not finished (comms too)
    kernel.anyMessage.connect((_, {msg, direction}) => {
      if (direction === 'send' && ['comm_msg', 'execute_request'].includes(msg.header.msg_type))
        asked.add(msg.header.msg_id);
      if (direction === 'recv' && msg.header.msg_type === 'status' && msg.content.execution_state === 'idle')
        asked.delete(msg.parent_header.msg_id);
    });
    panel.content.widgets.filter(w => w.model.type === 'code').forEach((w, i) => w.node.dataset.codeCell = i);
  };
  await Promise.race([ready(), late]);
}"""

RUN = """async ([index, seconds]) => {  // a code cell, as Shift-Enter does; without an index, all of them
  const late = new Promise((_, no) =>
    setTimeout(() => no(new Error(`${index ?? 'the page'} still runs after ${seconds} s`)), 1000 * seconds));
  const run = async () => {
    if (index === null) return jupyterapp.commands.execute('notebook:run-all-cells');
    const book = jupyterapp.shell.currentWidget.content;
    book.activeCellIndex = book.widgets.findIndex(w => w.node.dataset.codeCell == index);
    await jupyterapp.commands.execute('notebook:run-cell');
  };
  await Promise.race([run(), late]);
}"""

SETTLE = """async seconds => {
  const end = performance.now() + 1000 * seconds;
  for (let quiet = 0; quiet < 3; quiet = rlcourseAsked.size ? 0 : quiet + 1) {
    if (performance.now() > end) throw new Error(`the kernel has not answered within ${seconds} s`);
    await new Promise(r => setTimeout(r, 20));
  }
}"""

STOPWATCH = """([root, slider]) => {
  // key pressed → a new picture in root, decoded and handed to the compositor: ms of the page's own clock
  const log = root.rlcourseTimings = [];
  let started = null;
  const begin = event => { if (event.target === slider) started = performance.now(); };
  window.addEventListener('keydown', begin, true);  // before the panel, which keeps a log slider's keys
  new MutationObserver(async records => {
    const added = records.flatMap(r => r.type === 'attributes' ? [r.target] : [...r.addedNodes]);
    const image = added.map(n => n.nodeName === 'IMG' ? n : n.querySelector?.('img')).find(n => n);
    if (started === null || !image) return;
    const start = started;
    started = null;
    try { await image.decode(); } catch (_) { }
    requestAnimationFrame(() => {
      log.push(performance.now() - start);
      root.dispatchEvent(new Event('rlcourse-picture'));
    });
  }).observe(root, {attributes: true, attributeFilter: ['src'], childList: true, subtree: true});
}"""

NEXT_PICTURE = """async (root, [n, seconds]) => {  // no polling: the page has nothing to do but the picture
  const late = new Promise((_, no) =>
    setTimeout(() => no(new Error(`no picture within ${seconds} s`)), 1000 * seconds));
  const come = () => new Promise(yes => root.addEventListener('rlcourse-picture', yes, {once: true}));
  while (root.rlcourseTimings.length < n) await Promise.race([come(), late]);
}"""


def until(holds: Callable[[], object], seconds: float, what: Callable[[], str]) -> None:
    """Wait until `holds()`, at most for what takes `seconds` on an idle machine; fails with `what()`."""
    deadline = time.monotonic() + fuse(seconds)
    while not holds():
        assert time.monotonic() < deadline, f"after {fuse(seconds)} s: {what()}"
        time.sleep(0.02)


@contextmanager
def offline(chromium) -> Iterator[Callable]:
    """open(file, **options of the context) -> its page, once it is ready; fails where one asked a network or
    raised an error."""
    contexts, asked = [], []

    def open_(file: Path, **options):
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(fuse(20) * MS)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: asked.append(f"https://error/{error}"))
        page.goto(file.as_uri())
        page.wait_for_function("document.documentElement.dataset.rlcourse === 'ready'")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


class Page:
    """One notebook in one browser page. Every `seconds` is what a thing takes on an idle machine."""

    def __init__(self, browser, server, path: str, screenshots: Path, place: str = "lab/tree"):
        """place: "lab/tree" for JupyterLab, "notebooks" for Notebook 7, which the same server has."""
        self.path, self.screenshots, self.server, self.place = path, screenshots, server, place
        self.sources = code_cells(json.loads((server.root / path).read_text(encoding="utf-8")))
        self.context = browser.new_context(viewport={"width": 1400, "height": 1000})
        self.page = self.context.new_page()
        self.page.set_default_timeout(fuse(6) * MS)
        self.console: list[str] = []
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.open()

    def open(self) -> None:
        """The notebook as it lies on the server; again, where it is open already."""
        address = f"{self.server.url}/{self.place}/{self.path}?token={self.server.token}&reset"
        self.page.goto(address, timeout=fuse(12) * MS)
        self.page.evaluate(READY, [self.path, fuse(12)])

    def run_all(self, seconds: float = 36) -> Page:
        """Run all cells and wait for their end; fails with the cells' errors."""
        self.page.evaluate(RUN, [None, fuse(seconds)])
        assert not self.errors(), f"{self.path}: cells failed:\n" + "\n".join(self.errors())
        return self

    def run_cell(self, index: int, seconds: float = 20) -> Page:
        """Run code cell `index` (from 0, among the code cells), as Shift-Enter does, and wait for its end."""
        self.page.evaluate(RUN, [index, fuse(seconds)])
        return self

    def run_needed(self, wanted: list[int]) -> Page:
        """Run code cells `wanted` and those that they need, each once, in the page's order, and no others."""
        for index in sorted(set().union(*(needed_cells(self.sources, cell) for cell in wanted))):
            self.run_cell(index)
        return self

    def run_panels(self) -> Page:
        """Run what the labs, predictions and live runs need; what fails, fails where it is asked for."""
        return self.run_needed([cell for cell, _ in self.places(*PANELS)])

    def places(self, *kinds: str) -> list[tuple[int, int]]:
        """(code cell, how many of the kinds stand above it in that cell) of each panel of these kinds."""
        makers = {PANELS[kind] for kind in kinds}
        found = [calls(source, makers) for source in self.sources]
        return [(cell, place) for cell, made in enumerate(found) for place in range(len(made))]

    def cells(self) -> list[dict]:
        text = self.page.evaluate("JSON.stringify(jupyterapp.shell.currentWidget.context.model.toJSON())")
        return [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]

    def errors(self, among: list[int] | None = None) -> list[str]:
        """What cells raised: all cells, or those `among`."""
        return [
            f"{output['ename']}: {output['evalue']}"
            for index, cell in enumerate(self.cells())
            for output in cell["outputs"]
            if output["output_type"] == "error" and (among is None or index in among)
        ]

    def text(self, index: int) -> str:
        """What code cell `index` printed and returned."""
        parts = []
        for output in self.cells()[index]["outputs"]:
            said = output.get("text") or output.get("data", {}).get("text/plain") or ""
            parts.append("".join(said))
        return "".join(parts)

    def execute(self, code: str) -> str:
        """Run code in the page's kernel, beside the notebook; what it printed. Fails if it raised."""
        said = self.page.evaluate(
            """async code => {
              const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
              const future = kernel.requestExecute({code, silent: false, store_history: false});
              let text = '', error = null;
              future.onIOPub = m => {
                if (m.header.msg_type === 'stream') text += m.content.text;
                if (m.header.msg_type === 'error') error = m.content.ename + ': ' + m.content.evalue;
              };
              await future.done;
              return [text, error];
            }""",
            code,
        )
        assert said[1] is None, said[1]
        return said[0]

    def _panel(self, kind: str, which: int | str) -> tuple[Page, Locator, int]:
        """The which-th of its kind, or the one whose cell holds a text; fails with its cells' errors."""
        places = self.places(kind)
        if isinstance(which, str):
            places = [(cell, place) for cell, place in places if which in self.sources[cell]]
            assert len(places) == 1, f"{self.path}: {which!r} stands in {len(places)} cells with a {kind}"
        cell, place = places[which if isinstance(which, int) else 0]
        errors = self.errors(needed_cells(self.sources, cell))
        assert not errors, f"{self.path}: cells that {kind} {which!r} needs failed:\n" + "\n".join(errors)
        root = self.page.locator(f"[data-code-cell='{cell}'] .rlcourse-{kind}").nth(place)
        root.scroll_into_view_if_needed()
        return self, root, cell

    def lab(self, which: int | str = 0) -> Lab:
        return Lab(*self._panel("lab", which))

    def predict(self, which: int | str = 0) -> Predict:
        return Predict(*self._panel("predict", which))

    def live(self, which: int | str = 0) -> Live:
        return Live(*self._panel("live", which))

    def atlas(self, which: int | str = 0) -> Live:
        return Live(*self._panel("atlas", which))

    def timings(self, root, slider, presses: int = 40, reach: int = 8) -> list[float]:
        """ms from each key press on the slider to the painted new picture inside root (an element handle).

        The slider goes `reach` steps up from its lower end, and down again.
        """
        self.page.evaluate(STOPWATCH, [root, slider.element_handle()])
        slider.focus()
        slider.press("Home")
        self.page.evaluate(SETTLE, fuse(6))
        root.evaluate("root => { root.rlcourseTimings.length = 0; }")
        hand = random.Random(0)
        for i in range(presses):
            time.sleep(hand.uniform(0.02, 0.12))  # a hand keeps no step with the screen's frames
            self.page.keyboard.press("ArrowRight" if i // reach % 2 == 0 else "ArrowLeft")
            root.evaluate(NEXT_PICTURE, [i + 1, fuse(6)])
        return root.evaluate("root => root.rlcourseTimings")

    def screenshot(self, name: str) -> Path:
        path = self.screenshots / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def close(self) -> None:
        if self.page.is_closed():
            return
        try:
            self.page.evaluate("jupyterapp.shell.currentWidget?.sessionContext.shutdown()")
        finally:
            self.context.close()


def same(shown: dict, expected: dict) -> bool:
    """Equal words, and numbers equal to nine digits (nan to nan)."""
    words = {name: value for name, value in expected.items() if isinstance(value, str)}
    numbers = {name: value for name, value in expected.items() if name not in words}
    rest = {name: value for name, value in shown.items() if name not in words}
    return all(shown.get(name) == word for name, word in words.items()) and rest == pytest.approx(
        numbers, rel=1e-9, abs=1e-9, nan_ok=True
    )


class Panel:
    """What labs and live panels share: labelled controls, named numbers, an error box."""

    def __init__(self, page: Page, root: Locator, cell: int):
        self.notebook, self.page, self.root, self.cell = page, page.page, root, cell

    def row(self, label: str) -> Locator:
        """The control with this label, once all are laid out: JupyterLab skips what is far from the view."""
        rows = self.root.locator(".rlcourse-control")
        labels = rows.locator(".rlcourse-label").all_inner_texts()
        if not all(labels):
            self.root.scroll_into_view_if_needed()
            read = rows.locator(".rlcourse-label").all_inner_texts
            until(lambda: all(read()), 3, lambda: f"labels without text: {read()}")
            labels = read()
        plain = [" ".join(text.split()) for text in labels]
        hits = [i for i, text in enumerate(plain) if text == label or text.split(" ", 1)[-1] == label]
        hits = hits or [i for i, text in enumerate(plain) if label in text]
        assert len(hits) == 1, f"control {label!r}: {len(hits)} of {plain} fit"
        return rows.nth(hits[0])

    def slider(self, label: str):
        return self.row(label).locator("[role=slider]")

    def value(self, label: str) -> str:
        return self.row(label).locator(".widget-readout").inner_text()

    def numbers(self) -> dict[str, float | str]:
        pairs = self.root.locator("[data-number]").evaluate_all(
            "all => all.map(e => [e.dataset.number, e.dataset.value])"
        )
        numbers = {}
        for name, value in pairs:
            try:
                numbers[name] = float(value)
            except ValueError:
                numbers[name] = value
        return numbers

    def error(self) -> str:
        box = self.root.locator(".rlcourse-error")
        return box.inner_text() if box.count() else ""

    def settle(self, seconds: float = 6) -> None:
        """Wait until the kernel has answered all that the page asked, held-back slider values included."""
        self.page.evaluate(SETTLE, fuse(seconds))

    def shows(self, expected: dict[str, float | str], what: str) -> dict[str, float | str]:
        """The numbers, once they are the expected ones: a busy machine may answer late, never wrongly."""
        until(
            lambda: same(self.numbers(), expected), 3,
            lambda: f"{what}: shown {self.numbers()}, expected {expected} {self.error()}",
        )  # fmt: skip
        assert self.error() == "", what
        return self.numbers()

    def press(self, label: str, key: str, times: int = 1) -> dict[str, float | str]:
        """Focus the slider, press a key (Home, End, ArrowRight, PageUp, …); the panel's numbers
        afterwards."""
        slider = self.slider(label)
        slider.focus()
        for _ in range(times):
            slider.press(key)
        self.settle()
        return self.numbers()

    def type(self, label: str, value: str) -> dict[str, float | str]:
        """Write a value into the slider's readout, as a reader may, and press Enter."""
        readout = self.row(label).locator(".widget-readout")
        readout.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(str(value))
        self.page.keyboard.press("Enter")
        self.settle()
        return self.numbers()

    def choose(self, label: str, option: str) -> dict[str, float | str]:
        self.row(label).locator("select").select_option(label=option)
        self.settle()
        return self.numbers()

    def switch(self, label: str) -> dict[str, float | str]:
        self.row(label).locator("input[type=checkbox]").click()
        self.settle()
        return self.numbers()

    def click(self, button: str) -> dict[str, float | str]:
        self.root.get_by_role("button", name=button, exact=True).click()
        self.settle()
        return self.numbers()


class Lab(Panel):
    @property
    def picture(self):
        return self.root.locator("img.rlcourse-picture")

    def reset(self) -> dict[str, float | str]:
        return self.click("Reset")

    def ends(
        self, label: str, argument: str, low, high, numbers: Callable[..., dict], **others
    ) -> list[dict]:
        """Home and End of a slider show numbers(argument=low or high, **others); returns both, as shown."""
        shown = []
        for key, value in (("Home", low), ("End", high)):
            self.press(label, key)
            shown.append(self.shows(numbers(**others | {argument: value}), f"{label} {key}"))
        return shown

    def drive(self, sliders: dict[str, tuple], numbers: Callable[..., dict]) -> None:
        """Home, End, Reset of each slider {label: (argument, start, low, high)} show numbers(**values)."""
        starts = {argument: start for argument, start, _, _ in sliders.values()}
        at_start = self.shows(numbers(**starts), "start")
        for label, (argument, _, low, high) in sliders.items():
            at_home, at_end = self.ends(label, argument, low, high, numbers, **starts)
            assert not at_home == at_start == at_end, f"{label} changes nothing"  # −180 degrees are 180
            self.reset()
            self.shows(numbers(**starts), f"reset after {label}")

    def timings(self, label: str, presses: int = 40) -> list[float]:
        """ms from each key press to the painted new picture, the slider going up and down; awaits each."""
        root = self.root.element_handle()
        return self.notebook.timings(root, self.slider(label), presses)


class Predict(Panel):
    def answer(self, given) -> str:
        radio = self.root.locator("input[type=radio]")
        if radio.count():
            choice = self.root.locator("label", has_text=str(given)).first

            def chosen() -> bool:  # a click on a page that is still being laid out may miss
                if not choice.locator("input").is_checked():
                    choice.click()
                return choice.locator("input").is_checked()

            until(chosen, 3, lambda: f"not chosen: {given}")
            self.settle()
            self.click("Answer")
            until(self.verdict, 3, lambda: f"no verdict on {given!r}:\n{self.root.inner_text()}")
        else:
            self.root.locator("input[type=text]").fill(str(given))
            self.click("Answer")
        return self.verdict()

    def verdict(self) -> str:
        box = self.root.locator(".rlcourse-verdict")
        return box.inner_text() if box.count() else ""

    def correct(self) -> bool | None:
        box = self.root.locator(".rlcourse-verdict")
        return box.get_attribute("data-correct") == "true" if box.count() else None


class Live(Panel):
    def state(self) -> str:
        """What the panel says it is doing; "" while the page has nothing to say, however busy it is."""
        said = self.root.locator("[data-state]").evaluate_all("all => all.map(e => e.dataset.state)")
        return said[0] if said else ""

    def wait(self, *states: str, seconds: float = 6) -> str:
        """Wait until the panel is in one of states; returns it, or fails with the panel's text."""
        until(lambda: self.state() in states, seconds, lambda: f"{self.state()!r}:\n{self.root.inner_text()}")
        return self.state()

    def await_steps(self, steps: int, seconds: float = 6) -> None:
        """Wait until the run has made so many steps."""
        until(
            lambda: self.numbers().get("steps", 0) >= steps,
            seconds,
            lambda: f"{steps} steps: {self.numbers()}",
        )
