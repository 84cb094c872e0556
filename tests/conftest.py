"""What every test shares: one thread, no display, and a loud reason where the machine lacks a tool."""

import itertools
import os
import shutil
import signal
import threading
from collections import Counter

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")

TOOLS = {  # marker: (program, what to do)
    "browser": ("chromium", "no chromium on this machine (Debian: apt-get install chromium)"),
    "sandbox": ("bwrap", "no bubblewrap on this machine (Debian: apt-get install bubblewrap)"),
}


def pytest_configure(config):
    import torch

    torch.set_num_threads(1)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in a shell's background
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    for marker, (program, reason) in TOOLS.items():
        if shutil.which(program) is None:
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"NOT CHECKED: {reason}"))


@pytest.fixture(scope="module", autouse=True)
def settings_of_the_process():
    """What a page sets for its own kernel (how numbers print, how figures look) ends with its module; so do
    labs that still draw ahead in a thread, in a style of theirs."""
    import matplotlib
    import numpy as np
    import torch

    printing, errors, dtype = np.get_printoptions(), np.geterr(), torch.get_default_dtype()
    with matplotlib.rc_context():
        yield
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer):
                thread.cancel()
                thread.join()
    np.set_printoptions(**printing)
    np.seterr(**errors)
    torch.set_default_dtype(dtype)


# Time-outs. Each is a fuse (`rlcourse.commands.test.fuse`); set-up, test and tear-down burn one each.

SETTINGS = pytest.StashKey()


def pytest_timeout_set_timer(item, settings):
    item.stash[SETTINGS] = settings


def burn_anew(item):
    """A fresh fuse: the test that comes first does not pay for what its module or session sets up."""
    if SETTINGS in item.stash:
        item.config.hook.pytest_timeout_cancel_timer(item=item)
        item.config.hook.pytest_timeout_set_timer(item=item, settings=item.stash[SETTINGS])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    burn_anew(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item):
    burn_anew(item)


def pytest_terminal_summary(terminalreporter):
    """What each page took: a notebook, run whole by nbval, or the file of its tests in the browser."""
    seconds = Counter()
    for report in itertools.chain(*terminalreporter.stats.values()):
        file = getattr(report, "nodeid", "").split("::")[0]
        if file.endswith(".ipynb") or file.startswith("tests/browser/"):
            seconds[file] += getattr(report, "duration", 0)
    if seconds:
        terminalreporter.section("seconds a page")
        for file, taken in sorted(seconds.items()):
            terminalreporter.write_line(f"{taken:7.1f}  {file}")
