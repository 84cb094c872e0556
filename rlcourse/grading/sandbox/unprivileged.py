"""Root's part of a sandbox: become an unprivileged user who can still see the folders that the child needs.

An unprivileged user may not look into /root, where the interpreter may lie. So, in a mount namespace of its
own, each folder is bound below /mnt before the change of user; then this process becomes bubblewrap. It stays
the grader's own child, so that the kernel ends it with the grader (a process between them that has given up
root's rights could not pass the end on to another user's).

    python unprivileged.py UID '{"/mnt/0": "/root/…", …}' bwrap …
"""

import ctypes
import json
import os
import signal
import sys

NEW_MOUNTS, BIND, RECURSIVE, PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
PARENT_DEATH_SIGNAL = 1

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    uid, places, command = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
    done(libc.unshare(NEW_MOUNTS))
    done(libc.mount(None, b"/", None, RECURSIVE | PRIVATE, None))
    sources = {place: os.open(source, os.O_PATH) for place, source in places.items()}
    done(libc.mount(b"tmpfs", b"/mnt", b"tmpfs", 0, b"mode=0755"))
    for place, descriptor in sources.items():
        path = f"/proc/self/fd/{descriptor}"
        if os.path.isdir(path):
            os.mkdir(place)
        else:
            os.close(os.open(place, os.O_CREAT))
        done(libc.mount(path.encode(), place.encode(), None, BIND, None))
        os.close(descriptor)
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    libc.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    os.execv(command[0], command)


def done(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main()
