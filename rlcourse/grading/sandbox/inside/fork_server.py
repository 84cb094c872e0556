"""Inside the sandbox: imports NumPy and torch once, then forks a child for each submission, in milliseconds.

The fork server never sees a submission: a child gets its cells over its own pipes, after the fork. Each child
has its own process table, network, /tmp and /dev/shm, and none of the server's rights (bubblewrap leaves it
one, to make such namespaces, in a user namespace that has no other power). When a child is done, all that it
started ends with its process table.

    python fork_server.py {limits as JSON} {confine: 0 or 1} {folder for sys.path} …

Standard input is a socket to the judge: b"s" with two descriptors starts a child, b"e" ends it.
"""

import contextlib
import ctypes
import importlib.abc
import importlib.machinery
import json
import os
import random
import signal
import socket
import sys
from types import ModuleType

NEW_MOUNTS, NEW_IPC, NEW_PROCESSES, NEW_NETWORK = 0x20000, 0x08000000, 0x20000000, 0x40000000
PRIVATE_AND_BELOW = 0x4000 | 0x40000
NO_SETUID_NO_DEVICES = 2 | 4
CHILD_SUBREAPER = 36

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    limits, confine = json.loads(sys.argv[1]), sys.argv[2] == "1"
    sys.path[:0] = sys.argv[3:]
    torch = preload()
    judge = socket.socket(fileno=os.dup(0))
    libc.prctl(CHILD_SUBREAPER, 1)  # unconfined, what a child leaves behind comes here
    first = None
    while True:
        message, descriptors, _, _ = socket.recv_fds(judge, 1, 2)
        if message == b"s":
            first = start(descriptors, limits, confine, torch)
            for descriptor in descriptors:
                os.close(descriptor)
        elif message == b"e" and first:
            end(first)
            first = None
        else:
            os._exit(0)
        judge.send(message)


def preload() -> dict[str, ModuleType]:
    """Import what most submissions need. torch is then hidden until somebody imports it (`Shelf`)."""
    import numpy  # noqa: F401
    import runner

    with contextlib.suppress(ImportError, OSError):
        runner.load_ipython()
    with contextlib.suppress(ImportError):
        import torch

        # An optimiser's first step imports a compiler for 1.4 s, in every child anew if not here.
        torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1).step()
    return {name: module for name, module in sys.modules.items() if name.split(".")[0] == "torch"}


class Shelf(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules that are loaded but not in sys.modules: an import of one of them puts all of them there."""

    def __init__(self, modules: dict[str, ModuleType]):
        self.modules = modules
        self.specs = {name: getattr(module, "__spec__", None) for name, module in modules.items()}
        for name in modules:
            sys.modules.pop(name, None)

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in self.modules:
            return None
        return importlib.machinery.ModuleSpec(name, self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return self.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.specs[module.__name__]
        sys.meta_path.remove(self)
        sys.modules.update(self.modules)


def start(
    descriptors: list[int], limits: dict, confine: bool, torch: dict[str, ModuleType]
) -> tuple[int, int]:
    """Fork a child; returns (the process to wait for, the process to kill)."""
    if not confine:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            work(descriptors, limits, torch)
        return pid, pid
    read, write = os.pipe()
    middle = os.fork()
    if middle == 0:
        done(libc.unshare(NEW_MOUNTS | NEW_IPC | NEW_PROCESSES | NEW_NETWORK))
        first = os.fork()
        if first == 0:
            own_world(descriptors, limits, torch)
        os.write(write, str(first).encode())
        for descriptor in (*descriptors, read, write):
            os.close(descriptor)
        os.waitpid(first, 0)
        os._exit(0)
    os.close(write)
    first = int(os.read(read, 20) or 0)
    os.close(read)
    return middle, first or middle


def own_world(descriptors: list[int], limits: dict, torch: dict[str, ModuleType]) -> None:
    """Process 1 of a new process table: lays out private places, gives up all rights, starts the child."""
    try:
        done(libc.mount(None, b"/", None, PRIVATE_AND_BELOW, None))
        done(libc.mount(b"proc", b"/proc", b"proc", NO_SETUID_NO_DEVICES, None))
        # An empty file takes 1 KB of the kernel's memory that no size shows: a million would be a gigabyte.
        size = f"size={2 * limits['file_bytes']},nr_inodes=4096".encode()
        for place, data in ((b"/tmp", size), (b"/dev/shm", b"size=1048576,nr_inodes=256")):
            done(libc.mount(b"tmpfs", place, b"tmpfs", NO_SETUID_NO_DEVICES, data))
        os.chdir("/tmp")
        header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        done(libc.capset(header, nothing))
        child = os.fork()
        if child == 0:
            work(descriptors, limits, torch)
        os.closerange(0, 256)
        while os.wait()[0] != child:
            pass
    finally:
        os._exit(0)


def work(descriptors: list[int], limits: dict, torch: dict[str, ModuleType]) -> None:
    """The child: its pipes as standard input and output, nothing else open, its own random numbers."""
    try:
        os.dup2(descriptors[0], 0)
        os.dup2(descriptors[1], 1)
        os.closerange(3, 256)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.meta_path.insert(0, Shelf(torch))
        random.seed()
        sys.modules["numpy"].random.seed()
        import runner

        runner.serve(limits)
    finally:
        os._exit(0)


def end(first: tuple[int, int]) -> None:
    """Kill the child, and with its process 1 all in its process table; unconfined, whatever came here."""
    middle, inside = first
    with contextlib.suppress(ProcessLookupError):
        os.kill(inside, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(inside, signal.SIGKILL)
    os.waitpid(middle, 0)
    while strays := children():
        for stray in strays:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(stray), signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(int(stray), 0)


def children() -> list[str]:
    with open("/proc/thread-self/children") as file:
        return file.read().split()


def done(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main()
