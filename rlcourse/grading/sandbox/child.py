"""A child process that holds no answers: values cross a private pipe, code does not.

A frame on the pipe is a length and JSON; `inside/runner.py`, at its other end, has the list of messages.
"""

import json
import os
import select
import time

from rlcourse.grading.sandbox import control_group
from rlcourse.grading.sandbox.confinement import LIMITS, Limits, SandboxError
from rlcourse.grading.sandbox.fork_server import OWN_BYTES, shared

LOOK = 0.25  # seconds between two looks at what a child uses
PATIENCE = 4  # times the limit is the most that a child may take by the clock on the wall


class ChildDied(RuntimeError):
    """The child gave no answer. `.kind` is "timeout", "memory", "crash" or "protocol".

    `.starved`: it ran out of time, a part of which it waited for a processor.
    """

    def __init__(self, kind: str, message: str, starved: bool = False):
        super().__init__(message)
        self.kind, self.starved = kind, starved


class Deadline:
    """When a child must have answered. The time that it waited for a processor, while others had it, is not
    its own: the end moves by it, to PATIENCE times the limit at most."""

    def __init__(self, seconds: float):
        now = time.monotonic()
        self.seconds, self.last = seconds, now + PATIENCE * seconds
        self.end, self.look = now + seconds, now + min(LOOK, seconds)
        self._first, self.starved = None, False

    def waited(self, seconds: float) -> None:
        """So long has the child waited for a processor, since it was started."""
        if self._first is None:
            self._first = (seconds, self.end)
        before, end = self._first
        self.end = min(end + seconds - before, self.last)
        self.starved = self.end - end > 0.1 * self.seconds


class Child:
    """A fresh fork of the fork server, for one submission. Close it, or use it in a `with`."""

    def __init__(self, limits: Limits = LIMITS, unsandboxed: bool = False):
        self.limits, self._open, self._asked, self._group = limits, True, 0, None
        if shared(limits, unsandboxed).process.poll() is not None:
            shared.cache_clear()
        self._server = shared(limits, unsandboxed)
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        try:
            self._server.tell(b"s", (requests, replies))
        except SandboxError:
            shared.cache_clear()
            os.close(self._requests)
            os.close(self._replies)
            raise
        finally:
            os.close(requests)
            os.close(replies)
        os.set_blocking(self._requests, False)
        os.set_blocking(self._replies, False)
        try:
            self.ask({"cell": {"role": "given", "name": "empty", "source": ""}}, seconds=60)
        except ChildDied as death:
            raise SandboxError(f"a child of the sandbox does not start: {death}") from None
        # Nothing of a student has run yet: what the server started is the child and its process 1.
        self._group = control_group.opened(limits.memory + OWN_BYTES, limits.processes + 8)
        if self._group:
            self._group.add(self._server.started())

    def ask(self, message: dict, seconds: float | None = None) -> dict:
        """The reply to a message. Where none comes: `ChildDied`, and what is left of the child is ended."""
        deadline = Deadline(self.limits.seconds if seconds is None else seconds)
        self._asked += 1
        body = json.dumps(message | {"n": self._asked}).encode()
        try:
            self._send(len(body).to_bytes(4, "big") + body, deadline)
            size = int.from_bytes(self._receive(4, deadline), "big")
            if size > self.limits.frame_bytes:
                raise ChildDied("protocol", f"the answer is larger than {self.limits.frame_bytes >> 20} MB")
            reply = json.loads(self._receive(size, deadline))
            if not isinstance(reply, dict) or reply.pop("n", None) != self._asked:
                raise ValueError  # of another question: something else wrote to the pipe
        except ChildDied:
            self.close()
            raise
        except (ValueError, RecursionError, MemoryError):
            self.close()
            raise ChildDied("protocol", "the answer is not readable data") from None
        return reply

    def _send(self, data, deadline):
        view = memoryview(data)
        while view:
            self._wait(deadline, writing=True)
            try:
                view = view[os.write(self._requests, view) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self._death() from None

    def _receive(self, size, deadline):
        chunks = []
        while size:
            self._wait(deadline)
            try:
                chunk = os.read(self._replies, min(size, 1 << 20))
            except BlockingIOError:
                continue
            if not chunk:
                raise self._death()
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)

    def _wait(self, deadline, writing=False):
        """Until the pipe is ready; meanwhile, though bytes drip, watch time, and memory of all it started."""
        while True:
            now = time.monotonic()
            if now >= deadline.look:
                deadline.look = now + LOOK
                if self._server.memory(self.limits.memory) > self.limits.memory:
                    text = f"more than {self.limits.memory / 2**30:.2g} GB of memory was used"
                    raise ChildDied("memory", text)
                deadline.waited(self._server.waited())
            if now >= deadline.end:
                text = "nothing came back within the time limit; is there a loop that never ends?"
                raise ChildDied("timeout", text, starved=deadline.starved)
            streams = ([], [self._requests]) if writing else ([self._replies], [])
            if any(select.select(*streams, [], max(0.0, min(deadline.end, deadline.look) - now))):
                return

    def _death(self):
        if self._group and self._group.overrun:
            return ChildDied("memory", f"more than {self.limits.memory / 2**30:.2g} GB of memory was used")
        return ChildDied("crash", "the Python process ended (killed, out of memory, or os._exit was called)")

    def close(self) -> None:
        """End the child and all that it started."""
        if self._open:
            self._open = False
            os.close(self._requests)
            os.close(self._replies)
            try:
                self._server.tell(b"e")
            except SandboxError:
                shared.cache_clear()
            if self._group:
                self._group.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
