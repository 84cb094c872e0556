"""What a training run asks of its process: one thread, no denormals, memory kept, Ctrl-C heard."""

import contextlib
import ctypes
import signal
import threading
from collections.abc import Iterator

import torch

from rlcourse.parts.networks import plain_tensors
from rlcourse.training.state import Training


@contextlib.contextmanager
def stop_at_ctrl_c(training: Training) -> Iterator[None]:
    """Ctrl-C, or Jupyter's stop button: the first ends the run after its present update, the next at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        if training.stopping:
            raise KeyboardInterrupt
        training.run.reason = "interrupted from the keyboard"
        training.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def one_quick_thread() -> Iterator[None]:
    """One thread (two are slower here, and sum in another order), denormal numbers flushed to zero.

    Adam's moments of dead units decay into denormals, and each costs a hundred cycles. New tensors are
    float32 on the CPU (`plain_tensors`). Afterwards all settings are as they were found.
    """
    _keep_freed_memory()
    threads, flushing = torch.get_num_threads(), _flushes_denormals()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        with plain_tensors():
            yield
    finally:
        torch.set_flush_denormal(flushing)
        torch.set_num_threads(threads)


def _flushes_denormals():
    """PyTorch sets this mode and does not tell it: half of the smallest normal number is 0 where it is on."""
    return (
        torch.tensor([torch.finfo(torch.float32).tiny], dtype=torch.float32, device="cpu") / 2
    ).item() == 0


def _keep_freed_memory():
    """Let glibc's malloc reuse freed memory instead of handing it back to the system at every update.

    Batches of eight seeds are arrays of half a megabyte; fetching their pages anew each time doubles the cost
    of an update. Other C libraries have no `mallopt`, and nothing happens there.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 1 << 25)  # M_MMAP_THRESHOLD, its largest value: 32 MiB
        libc.mallopt(-1, 1 << 29)  # M_TRIM_THRESHOLD: keep up to 512 MiB
