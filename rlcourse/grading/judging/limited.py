"""Work on a stranger's file in a process of bounded memory and time: what it takes dies with it."""

import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Callable

SECONDS = 60


class OutOfBounds(RuntimeError):
    """The work took more memory or time than it may."""


def within(extra: int, function: Callable, *arguments: object) -> object:
    """`function(*arguments)` in a fork that may have `extra` bytes more than this process; its value as JSON.

    Where it raises ValueError, so does this; OutOfBounds where it ended without a word.
    """
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        code = 1
        try:
            gc.disable()  # of millions of lists it would look at each, again and again
            bound(extra)
            code = report(write, function, arguments)
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        said = stream.read()  # to its end, which is the child's, or that of its alarm
    os.waitpid(pid, 0)
    if not said:
        raise OutOfBounds
    kind, value = json.loads(said)
    if kind == "refused":
        raise ValueError(value)
    return value


def bound(extra: int) -> None:
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = now + extra if hard == resource.RLIM_INFINITY else min(now + extra, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + 1, SECONDS + 2))
    signal.alarm(4 * SECONDS)


def report(write: int, function: Callable, arguments: tuple) -> int:
    """0 where all was said, 1 where memory was short."""
    with os.fdopen(write, "wb") as stream:
        try:
            said = json.dumps(["value", function(*arguments)])
        except ValueError as refusal:
            said = json.dumps(["refused", str(refusal)])
        except MemoryError:
            return 1
        stream.write(said.encode())
    return 0
