"""Drive the course's notebooks in JupyterLab and a real Chromium, in a few lines a test.

    @pytest.fixture(scope="module")
    def page(open_notebook):  # opens it, awaits the kernel, runs all cells; none failed
        return open_notebook("lectures/07-td3.ipynb")

    @pytest.mark.browser
    def test_the_bias_of_the_max_grows_with_the_noise(page):
        lab = page.lab(0)  # the first explore() of the page; or page.lab("a text in it")
        low = lab.press("noise", "Home")  # the slider to its end by keyboard; the numbers then
        high = lab.press("noise", "End")
        assert high["bias of max"] > low["bias of max"]

open_notebook(path_or_cells, run=True, allow_errors=False) -> Page
    a path below notebooks/ (a copy is opened; a `.py` source is compiled), or a list of cells.
Page: .page (playwright), .run_all(), .run_cell(i), .errors(), .text(i): what code cell i (from 0) printed,
    .execute(code) -> stdout, through the kernel, .screenshot(name), .lab(i or text), .predict(i or text),
    .live(i or text), .timings(root, slider, presses).
Lab: .press(label, key, times=1) -> numbers, .type(label, value), .choose(label, option), .switch(label),
    .reset(), .numbers(), .value(label): what the slider shows, .error(): text or "",
    .timings(label, presses=40) -> ms from key to painted picture, from the slider's lower end eight steps
    up, eight down, …: each of them must change the picture.
Predict: .answer(choice or number) -> what the page says, .verdict(), .correct().
Live: .click("Start"), .state(), .wait(state, …, seconds=30), .press, .numbers(), .error() as in Lab.
A label is the name of a control ("noise"), its symbol and name, or a part of them unique in the panel.

One JupyterLab server and one Chromium a session; both end with it on every way out. Screenshots go to
$RLCOURSE_SCREENSHOTS, or to a temporary folder, which is printed.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from rlcourse import notebooks
from rlcourse.commands.lab import PROMPT_SERVER

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
CHROMIUM_FLAGS += ["--disable-background-networking", "--disable-component-update"]
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
SECONDS = 1000  # playwright counts milliseconds


def _die_with_parent() -> None:
    # PR_SET_PDEATHSIG: even a killed pytest leaves no server behind.
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Server:
    """JupyterLab on a free loopback port with a random token, in its own process group and its own
    folders."""

    def __init__(self, folder: Path):
        self.root, self.token = folder / "notebooks", secrets.token_hex(16)
        self.root.mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        env = os.environ | {
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            "OMP_NUM_THREADS": "1",
        }
        env.pop("MPLBACKEND", None)
        quiet = folder / "settings" / "@jupyterlab" / "apputils-extension"
        quiet.mkdir(parents=True)
        (quiet / "notification.jupyterlab-settings").write_text(
            '{"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true}'
        )
        command = [
            *[sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"],
            *[
                f"--ServerApp.port={port}",
                "--ServerApp.port_retries=0",
                f"--IdentityProvider.token={self.token}",
            ],
            *[f"--ServerApp.root_dir={self.root}", "--LabApp.expose_app_in_browser=True"],
            "--LabApp.extension_manager=readonly",
            PROMPT_SERVER,
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        self.log = folder / "jupyterlab.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env=env, cwd=self.root, start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )  # fmt: skip
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-3000:]}")
            try:
                urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=2).read()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not answer within 60 s:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        for sign, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            if self.process.poll() is None:
                os.killpg(self.process.pid, sign)
                try:
                    self.process.wait(patience)
                except subprocess.TimeoutExpired:
                    continue


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("jupyter"))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS, headless=True
        )
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory):
    given = os.environ.get("RLCOURSE_SCREENSHOTS")
    folder = Path(given) if given else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    print(f"\nscreenshots: {folder}")
    return folder


@pytest.fixture(scope="module")
def open_notebook(jupyter, chromium, screenshots):
    """open_notebook(path or cells, run=True, allow_errors=False) -> Page; closed after the module."""
    opened = []

    def open_(source, run: bool = True, allow_errors: bool = False) -> Page:
        path = _place(source, jupyter.root)
        page = Page(chromium, jupyter, path, screenshots)
        opened.append(page)
        if run:
            page.run_all(allow_errors)
        return page

    yield open_
    for page in opened:
        page.close()


def _place(source: str | Path | list[str], root: Path) -> str:
    """Put a copy of the notebook below the server's root; its neighbours (recordings) come along."""
    import nbformat

    if isinstance(source, list):
        book = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in source], metadata=KERNEL
        )
        name = f"cells-{secrets.token_hex(4)}.ipynb"
        nbformat.write(book, root / name)
        return name
    path = ROOT / "notebooks" / source if not Path(source).is_absolute() else Path(source)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: give a path below notebooks/, such as lectures/07_td3.ipynb (built?)"
        )
    target = root / secrets.token_hex(4)
    shutil.copytree(path.parent, target, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__"))
    if path.suffix == ".py":
        nbformat.write(notebooks.compile_source(path), (target / path.name).with_suffix(".ipynb"))
    return str((target / path.name).with_suffix(".ipynb").relative_to(root))


READY = """async path => {
  let stage = 'JupyterLab';
  const late = new Promise((_, no) =>
    setTimeout(() => no(new Error(`not ready within 60 s: ${stage}`)), 60000));
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
  };
  await Promise.race([ready(), late]);
}"""

RUN_ALL = """async seconds => {
  const late = new Promise((_, no) =>
    setTimeout(() => no(new Error(`cells still run after ${seconds} s`)), 1000 * seconds));
  await Promise.race([jupyterapp.commands.execute('notebook:run-all-cells'), late]);
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
  slider.addEventListener('keydown', () => { started = performance.now(); }, true);
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

NEXT_PICTURE = """async (root, n) => {  // no polling: the page has nothing to do but the picture
  const late = new Promise((_, no) => setTimeout(() => no(new Error('no picture within 30 s')), 30000));
  const come = () => new Promise(yes => root.addEventListener('rlcourse-picture', yes, {once: true}));
  while (root.rlcourseTimings.length < n) await Promise.race([come(), late]);
}"""


class Page:
    """One notebook in one browser page."""

    def __init__(self, browser, server: Server, path: str, screenshots: Path):
        self.path, self.screenshots, self.server = path, screenshots, server
        self.context = browser.new_context(viewport={"width": 1400, "height": 1000})
        self.page = self.context.new_page()
        self.page.set_default_timeout(30 * SECONDS)
        self.console: list[str] = []
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.goto(f"{server.url}/lab/tree/{path}?token={server.token}&reset")
        self.page.evaluate(READY, path)

    def run_all(self, allow_errors: bool = False, seconds: float = 180) -> Page:
        """Run all cells and wait for their end; fails with the cells' errors, or after `seconds`."""
        self.page.evaluate(RUN_ALL, seconds)
        errors = self.errors()
        assert allow_errors or not errors, f"{self.path}: cells failed:\n" + "\n".join(errors)
        return self

    def run_cell(self, index: int) -> Page:
        """Run code cell `index` (from 0, among the code cells), as Shift-Enter does, and wait for its end."""
        self.page.evaluate(
            """async index => {
              const book = jupyterapp.shell.currentWidget.content;
              const code = book.widgets.map((w, i) => [w.model.type, i]).filter(([t]) => t === 'code');
              book.activeCellIndex = code[index][1];
              await jupyterapp.commands.execute('notebook:run-cell');
            }""",
            index,
        )
        return self

    def cells(self) -> list[dict]:
        text = self.page.evaluate("JSON.stringify(jupyterapp.shell.currentWidget.context.model.toJSON())")
        return [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]

    def errors(self) -> list[str]:
        return [
            f"{output['ename']}: {output['evalue']}"
            for cell in self.cells()
            for output in cell["outputs"]
            if output["output_type"] == "error"
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

    def _panel(self, kind: str, which: int | str):
        found = self.page.locator(f".rlcourse-{kind}")
        found = found.nth(which) if isinstance(which, int) else found.filter(has_text=which).first
        found.scroll_into_view_if_needed()
        return found

    def lab(self, which: int | str = 0) -> Lab:
        return Lab(self, self._panel("lab", which))

    def predict(self, which: int | str = 0) -> Predict:
        return Predict(self, self._panel("predict", which))

    def live(self, which: int | str = 0) -> Live:
        return Live(self, self._panel("live", which))

    def timings(self, root, slider, presses: int = 40) -> list[float]:
        """ms from each key press on the slider to the painted new picture inside root (an element handle)."""
        self.page.evaluate(STOPWATCH, [root, slider.element_handle()])
        slider.focus()
        slider.press("Home")
        self.page.evaluate(SETTLE, 30)
        root.evaluate("root => { root.rlcourseTimings.length = 0; }")
        hand = random.Random(0)
        for i in range(presses):
            time.sleep(hand.uniform(0.02, 0.12))  # a hand keeps no step with the screen's frames
            self.page.keyboard.press("ArrowRight" if i // 8 % 2 == 0 else "ArrowLeft")
            root.evaluate(NEXT_PICTURE, i + 1)
        return root.evaluate("root => root.rlcourseTimings")

    def screenshot(self, name: str) -> Path:
        path = self.screenshots / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def close(self) -> None:
        try:
            self.page.evaluate("jupyterapp.shell.currentWidget?.sessionContext.shutdown()")
        finally:
            self.context.close()


class Panel:
    """What labs and live panels share: labelled controls, named numbers, an error box."""

    def __init__(self, page: Page, root):
        self.notebook, self.page, self.root = page, page.page, root

    def row(self, label: str):
        rows = self.root.locator(".rlcourse-control")
        labels = rows.locator(".rlcourse-label").all_inner_texts()
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

    def settle(self, seconds: float = 30) -> None:
        """Wait until the kernel has answered all that the page asked, held-back slider values included."""
        self.page.evaluate(SETTLE, seconds)

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

    def timings(self, label: str, presses: int = 40) -> list[float]:
        """ms from each key press to the painted new picture, the slider going up and down; awaits each."""
        root = self.root.element_handle()
        return self.notebook.timings(root, self.slider(label), presses)


class Predict(Panel):
    def answer(self, given) -> str:
        radio = self.root.locator("input[type=radio]")
        if radio.count():
            self.root.locator("label", has_text=str(given)).first.click()
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
        return self.root.locator("[data-state]").get_attribute("data-state")

    def wait(self, *states: str, seconds: float = 30) -> str:
        """Wait until the panel is in one of states; returns it, or fails with the panel's text."""
        deadline = time.monotonic() + seconds
        while (now := self.state()) not in states:
            assert time.monotonic() < deadline, f"still {now!r} after {seconds} s:\n{self.root.inner_text()}"
            time.sleep(0.05)
        return now


@pytest.fixture
def speed():
    """speed(times, what, limit=60): prints median and p95; asserts p95 ≤ limit [ms] on an idle machine.

    Elsewhere (two workers, other processes) it asserts a loose bound, that only a lost fast path breaks,
    and skips with the numbers. 60 ms is the promise of a lab on a page of its own. Page, kernel, server and
    this driver share two cores, and a long lecture costs the page more for each frame: there 90 (see 08).
    """

    def judge(times, what, limit=60):
        times = sorted(times)
        median, p95 = times[len(times) // 2], times[int(0.95 * len(times))]
        measured = f"{what}: slider → picture median {median:.0f} ms, p95 {p95:.0f} ms (n = {len(times)})"
        print(f"\n{measured}")
        if os.environ.get("RLCOURSE_IDLE"):
            assert p95 <= limit, f"{measured}: more than {limit} ms"
        else:
            assert median <= 1000, measured
            pytest.skip(f"{limit} ms NOT ASSERTED (set RLCOURSE_IDLE=1 on an idle machine): {measured}")

    return judge
