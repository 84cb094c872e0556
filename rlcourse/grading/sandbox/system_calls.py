"""Which system calls a child may not make: what outlives it, what hides memory, what it never needs.

The filter is written by libseccomp, for the machine's own instruction set (calls in the manner of another one
end the process), and handed to bubblewrap. A refused call answers EPERM, as if rights were lacking.
"""

import errno
import functools
import socket
import tempfile

# A keyring belongs to the user, not to the process: the next submission could read it.
OUTLIVES = ("keyctl", "add_key", "request_key")
# Memory that belongs to no process, so that no limit and no sum over processes sees it. System V's calls and
# message queues too: they have a namespace of their own for each child, but their bytes count for nobody.
HIDES_MEMORY = (
    *("memfd_create", "memfd_secret", "vmsplice", "shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv"),
    *("msgctl", "semget", "semop", "semtimedop", "semctl", "mq_open", "mq_unlink"),
    *("inotify_init", "inotify_init1", "inotify_add_watch"),  # a million watches, of 1 KB each
)
# Much of the kernel behind one door; or a look into another process.
NEVER_NEEDED = (
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "perf_event_open", "bpf"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "open_by_handle_at"),
    *("kexec_load", "init_module", "finit_module", "swapon", "acct", "fanotify_init"),
)
MAP_SHARED, MAP_ANONYMOUS = 0x01, 0x20
# A socket holds 0.4 MB that no size of a process shows; once it asks, as much as the machine allows (8 MB).
LARGER_BUFFERS = {"SO_SNDBUF": 7, "SO_RCVBUF": 8, "SO_SNDBUFFORCE": 32, "SO_RCVBUFFORCE": 33}


def why_not() -> str | None:
    """None where a filter can be written, else one line."""
    try:
        filter_program()
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        advice = "apt install libseccomp2, pip install pyseccomp"
        return f"system calls cannot be filtered here ({error}); {advice}"
    return None


@functools.cache
def filter_program() -> bytes:
    """The filter as the kernel reads it."""
    import pyseccomp as seccomp

    program = seccomp.SyscallFilter(seccomp.ALLOW)
    refusal = seccomp.ERRNO(errno.EPERM)
    for name in (*OUTLIVES, *HIDES_MEMORY, *NEVER_NEEDED):
        try:
            program.add_rule(refusal, name)
        except (OSError, ValueError, RuntimeError):  # unknown to an older libseccomp, or to this machine
            if name in ("keyctl", "add_key", "request_key", "memfd_create", "shmget", "bpf"):
                raise
    shared = MAP_SHARED | MAP_ANONYMOUS  # MAP_SHARED_VALIDATE is 3, MAP_PRIVATE 2
    for flags in (shared, shared | 2):
        program.add_rule(refusal, "mmap", seccomp.Arg(3, seccomp.MASKED_EQ, shared | 2, flags))
    for option in LARGER_BUFFERS.values():
        level = seccomp.Arg(1, seccomp.EQ, socket.SOL_SOCKET)
        program.add_rule(refusal, "setsockopt", level, seccomp.Arg(2, seccomp.EQ, option))
    with tempfile.TemporaryFile() as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read()
