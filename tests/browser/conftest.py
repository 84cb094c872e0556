"""Drive the course's notebooks in JupyterLab and a real Chromium, in a few lines a test.

    @pytest.fixture(scope="module")
    def page(open_notebook):  # opened, its kernel awaited, and what its labs and other panels need has run
        return open_notebook("lectures/07-td3.ipynb")

    @pytest.mark.browser
    def test_the_bias_of_the_max_grows_with_the_noise(page):
        lab = page.lab(0)  # the first explore() of the page; or page.lab("a text in its cell")
        low = lab.press("noise", "Home")  # the slider to its end by keyboard; the numbers then
        high = lab.press("noise", "End")
        assert high["bias of max"] > low["bias of max"]

A page is not run whole here: nbval does that, once. A test gets the cells that the page's panels need
(`rlcourse.notebooks.needed_cells`), in the page's order. `page.lab(0)` fails with the errors of the cells
that this lab needs, and of no others, so one broken lab fails its own tests alone.

open_notebook(path_or_cells, run="panels") -> Page, closed after the module.
    A path below notebooks/ (a copy is opened; a `.py` source is compiled), or a list of cells.
    run: "panels", "all" (fails with the cells' errors), or "nothing".
The rest is in driving.py: Page, Lab, Predict, Live. A label is the name of a control ("noise"), its symbol
and name, or a part of them unique in the panel.

One JupyterLab server and one Chromium a session; both end with it on every way out. Screenshots go to
$RLCOURSE_SCREENSHOTS, or to a temporary folder, which is printed. Time-outs are fuses (`fuse`): they end what
hangs, also on a machine five times slower.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from pathlib import Path

import pytest

from rlcourse import notebooks
from rlcourse.desk import PROMPT_SERVER

pytest.register_assert_rewrite("driving")
from driving import Page  # noqa: E402
from serving import Server  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
CHROMIUM_FLAGS += ["--disable-background-networking", "--disable-component-update"]
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    """JupyterLab, as `python3 -m rlcourse lab` starts it."""
    folder = tmp_path_factory.mktemp("jupyter")
    quiet = folder / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true}'
    )
    (folder / "notebooks").mkdir()
    (folder / "config").mkdir()
    extensions = {"ServerApp": {"jpserver_extensions": {"rlcourse.server": True}}}
    (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(extensions))
    server = Server(
        "jupyterlab",
        folder / "notebooks",
        folder,
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
        PROMPT_SERVER,
        JUPYTERLAB_SETTINGS_DIR=str(folder / "settings"),
        JUPYTERLAB_WORKSPACES_DIR=str(folder / "workspaces"),
        IPYTHONDIR=str(folder / "ipython"),
        PYTHONPATH=os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        OMP_NUM_THREADS="1",
    )
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
    """open_notebook(path or cells, run="panels", "all" or "nothing", place) -> Page, closed in the end."""
    opened = []

    def open_(source, run: str = "panels", place: str = "lab/tree") -> Page:
        runs = {"panels": Page.run_panels, "all": Page.run_all, "nothing": lambda page: page}[run]
        started = time.monotonic()
        page = Page(chromium, jupyter, _place(source, jupyter.root), screenshots, place)
        opened.append(page)
        ready = time.monotonic()
        runs(page)
        print(
            f"\n{page.path}: opened in {ready - started:.1f} s, {run} run in {time.monotonic() - ready:.1f} s"
        )
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


@pytest.fixture
def speed():
    """speed(times, what): prints median and p95; asserts p95 ≤ 60 ms on an idle machine.

    Elsewhere (two workers, other processes) it asserts a loose bound, that only a lost fast path breaks,
    and skips with the numbers.
    """

    def judge(times, what):
        times = sorted(times)
        median, p95 = times[len(times) // 2], times[int(0.95 * len(times))]
        measured = f"{what}: slider → picture median {median:.0f} ms, p95 {p95:.0f} ms (n = {len(times)})"
        print(f"\n{measured}")
        if os.environ.get("RLCOURSE_IDLE"):
            assert p95 <= 60, f"{measured}: more than 60 ms"
        else:
            assert median <= 1000, measured
            pytest.skip(f"60 ms NOT ASSERTED (set RLCOURSE_IDLE=1 on an idle machine): {measured}")

    return judge
