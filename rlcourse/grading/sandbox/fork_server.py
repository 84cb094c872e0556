"""The fork server as the judge sees it: started in the sandbox, told to start or to end a child, watched.

The other end of its socket is `inside/fork_server.py`.
"""

import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import asdict

import psutil

from rlcourse.grading.sandbox.confinement import (
    INSIDE,
    Limits,
    SandboxError,
    arguments,
    environment,
    interpreter,
    libraries,
)

OWN_BYTES = 256 << 20  # about the size of a process that has only imported torch


class ForkServer:
    """A confined process that holds NumPy and torch, and forks children, one at a time."""

    def __init__(self, limits: Limits, unsandboxed: bool):
        self._folder = tempfile.TemporaryDirectory(prefix="unsandboxed-") if unsandboxed else None
        # Unsandboxed, a limit on processes would count the user's own.
        values = asdict(limits) | ({"processes": None} if unsandboxed else {})
        del values["private"]  # names of folders here are nothing that a child need know
        self._socket, inside = socket.socketpair()
        options = {"stdin": inside, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "cwd": "/"}
        isolated = ["-I", "-S", "-B"]
        if unsandboxed:
            paths = [INSIDE, *sorted({source.parent for source in libraries().values()})]
            command = [sys.executable, *isolated, INSIDE / "fork_server.py", json.dumps(values), "0", *paths]
            options |= {"cwd": self._folder.name, "env": environment()}
            self.process = subprocess.Popen(command, start_new_session=True, **options)
        else:
            command = [interpreter()[1], *isolated, "/opt/course/fork_server.py", json.dumps(values), "1"]
            with arguments(limits) as (bwrap, fds):
                command = [*bwrap, *command, "/opt/course", "/opt/site"]
                options |= {"env": {}, "pass_fds": fds}  # as under `env -i`
                self.process = subprocess.Popen(command, start_new_session=True, **options)
        inside.close()
        self._socket.settimeout(60)  # it imports torch first
        weakref.finalize(self, _end, self.process, self._socket, self._folder)

    def tell(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send b"s" (start a child on these two descriptors) or b"e" (end it); returns when that is done."""
        try:
            socket.send_fds(self._socket, [message], descriptors)
            if self._socket.recv(1) == message:
                return
        except OSError:
            pass
        _end(self.process, self._socket, self._folder)
        words = self.process.stderr.read().decode(errors="replace").strip().splitlines()
        raise SandboxError(f"the sandbox does not start: {words[-1] if words else 'it gave no reason'}")

    def memory(self, enough: int) -> int:
        """Bytes that its children have beyond its own: the truth, or a bound where that is below `enough`.

        Resident pages that a child shares with the server, or children among themselves, count once in the
        truth (the proportional set size), which takes the kernel some milliseconds to find.
        """
        processes = self._below()
        bound = sum(size for size in map(resident, processes)) - len(processes[:3]) * OWN_BYTES
        if bound <= enough:
            return max(0, bound)
        return sum(map(proportional, processes))

    def waited(self) -> float:
        """Seconds for which the child's main thread was ready to run while others had the processor."""
        with contextlib.suppress(OSError, ValueError, IndexError, StopIteration):
            child = next(p for p in self._below() if last_in_namespace(p.pid) == 2 or self._folder)
            with open(f"/proc/{child.pid}/schedstat") as file:
                return int(file.read().split()[1]) / 1e9
        return 0.0

    def started(self) -> list[int]:
        """The processes of a fresh child, which has started none itself: the end of the server's one line."""
        return [process.pid for process in self._below()[-1 if self._folder else -3 :]]

    def _below(self) -> list[psutil.Process]:
        """All processes that it started, or that these started."""
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []


def resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return process.memory_info().rss
    return 0


def proportional(process: psutil.Process) -> int:
    """Bytes of a process; a page of n processes counts as 1/n. Its resident size where that is hidden."""
    with contextlib.suppress(OSError), open(f"/proc/{process.pid}/smaps_rollup") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return resident(process)


def last_in_namespace(pid: int) -> int:
    """A process's number in its innermost process table, where the judge's child is number 2; 0 outside."""
    with open(f"/proc/{pid}/status") as file:
        numbers = next(line.split()[1:] for line in file if line.startswith("NSpid"))
    return int(numbers[-1]) if len(numbers) >= 3 else 0


def _end(process, connection, folder):
    connection.close()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if folder:
        folder.cleanup()


# One for each grader process: torch takes a second to import.
shared = functools.lru_cache(maxsize=1)(ForkServer)
