"""What every test shares: one thread, no display, and a loud reason where the machine lacks a tool."""

import os
import shutil

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


def pytest_collection_modifyitems(items):
    for marker, (program, reason) in TOOLS.items():
        if shutil.which(program) is None:
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"NOT CHECKED: {reason}"))
