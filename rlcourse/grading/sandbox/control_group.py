"""A control group (cgroup v2) for each child, where this process may make one: the kernel's own bound.

It counts all memory of a child, whichever of its processes holds it, and what none holds: files in memory,
shared segments, pages that were sent and not read. Past the bound all of the child ends at once.

A grader may make groups where one was delegated to it, as by
`systemd-run --user --scope -p Delegate=yes python3 -m rlcourse grade …`. The kernel wants a group that hands
memory on to hold no process itself; so the grader first moves into one below it. Elsewhere there is no
group, and `fork_server.py` watches the sum over a child's processes, of which hidden memory is refused to it
(`system_calls.py`).
"""

import contextlib
import functools
import itertools
import os
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

MOUNT = Path("/sys/fs/cgroup")
OWN = "rlcourse-grader"  # the group into which graders move
NUMBERS = itertools.count()


@functools.cache
def delegated(mount: Path = MOUNT, process: Path = Path("/proc/self")) -> Path | None:
    """The group below which this process may make others that bound memory; None where there is none."""
    try:
        line = next(x for x in (process / "cgroup").read_text().splitlines() if x.startswith("0::"))
        home = mount / line.removeprefix("0::").strip("/")
        home = home.parent if home.name == OWN else home
        if not {"memory", "pids"} <= set((home / "cgroup.controllers").read_text().split()):
            return None
        if not set((home / "cgroup.subtree_control").read_text().split()) >= {"memory", "pids"}:
            move_out(home)
            (home / "cgroup.subtree_control").write_text("+memory +pids")
        return home
    except (OSError, StopIteration, NotOurs):
        return None


class NotOurs(Exception):
    """The group holds processes that are not this grader's."""


def move_out(home: Path) -> None:
    """Move what runs in a group into one below it, if all of that is this grader and what it started."""
    there = {int(pid) for pid in (home / "cgroup.procs").read_text().split()}
    this = psutil.Process()
    ours = {p.pid for p in (this, *this.parents(), *this.children(recursive=True))}
    if not there <= ours:
        raise NotOurs
    (home / OWN).mkdir(exist_ok=True)
    for pid in there:
        (home / OWN / "cgroup.procs").write_text(str(pid))


class ControlGroup:
    """A group below `home`, with a bound on memory (bytes) and on processes. Close it."""

    def __init__(self, home: Path, memory: int, processes: int):
        self.folder = home / f"rlcourse-child-{os.getpid()}-{next(NUMBERS)}"
        self.folder.mkdir()
        bounds = {"memory.max": memory, "memory.swap.max": 0, "memory.oom.group": 1, "pids.max": processes}
        for name, value in bounds.items():
            with contextlib.suppress(FileNotFoundError, PermissionError):  # no swap on this machine
                (self.folder / name).write_text(str(value))

    def add(self, processes: Iterable[int]) -> None:
        """Move processes in; what they start later is born there."""
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                (self.folder / "cgroup.procs").write_text(str(process))

    @property
    def overrun(self) -> bool:
        """Did the kernel end what was in it, for its memory?"""
        with contextlib.suppress(OSError, ValueError):
            counts = dict(line.split() for line in (self.folder / "memory.events").read_text().splitlines())
            return int(counts.get("oom_kill", 0)) > 0
        return False

    def close(self, patience: float = 2.0) -> None:
        """End what is in it, and remove it."""
        with contextlib.suppress(OSError):
            (self.folder / "cgroup.kill").write_text("1")
        end = time.monotonic() + patience
        while self.folder.exists() and time.monotonic() < end:
            try:
                self.folder.rmdir()
            except OSError:  # the last of its processes has not quite ended
                time.sleep(0.01)


def opened(memory: int, processes: int) -> ControlGroup | None:
    """A fresh group with these bounds, where one may be made."""
    home = delegated()
    with contextlib.suppress(OSError):
        return ControlGroup(home, memory, processes) if home else None
    return None
