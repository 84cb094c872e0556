"""How much memory is left, and one line for what would not fit into it, before it is made."""

import contextlib
import math
from pathlib import Path

import psutil

CONTAINER = Path("/sys/fs/cgroup")  # Linux, control groups


def free_memory() -> float:
    """Bytes that this process could still fill: of the machine, and of its container where it has a limit.

    Files that a container has read count as free: they give way.
    """
    free = math.inf
    with contextlib.suppress(OSError, RuntimeError):  # a sandbox may hide it
        free = float(psutil.virtual_memory().available)
    with contextlib.suppress(OSError, ValueError, KeyError):  # "max" is no number
        limit, used = (
            int((CONTAINER / name).read_text(encoding="ascii")) for name in ("memory.max", "memory.current")
        )
        rows = (CONTAINER / "memory.stat").read_text(encoding="ascii").splitlines()
        shares = {name: int(value) for name, value in map(str.split, rows)}
        free = min(free, limit - used + shares["inactive_file"] + shares["active_file"])
    return free


def must_fit(what: str, needed: float, remedy: str) -> None:
    """Raises ValueError where `needed` bytes are not free: how many `what` needs, how many are, a remedy."""
    if needed > (free := free_memory()):
        gigabytes = min(needed, 1e24) / 1e9
        raise ValueError(
            f"{what} needs {gigabytes:,.1f} GB, {free / 1e9:,.1f} GB of memory are free; {remedy}"
        )
