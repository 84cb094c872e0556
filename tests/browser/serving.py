"""A Jupyter server for one test session: nothing shared with another, nothing left behind."""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from rlcourse.commands.test import fuse


def _die_with_parent() -> None:
    # PR_SET_PDEATHSIG: even a killed pytest leaves no server behind.
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Server:
    """A Jupyter server on a loopback port that it chooses, with a random token, in a process group and
    folders of its own: two sessions share nothing."""

    def __init__(self, kind: str, root: Path, folder: Path, *arguments: str, **environment: str):
        self.root, self.token = root, secrets.token_hex(16)
        self.runtime, self.log = folder / "runtime", folder / "server.log"
        env = os.environ | {
            **{f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            **environment,
        }
        env.pop("MPLBACKEND", None)  # a reader's kernel has none
        command = [sys.executable, "-m", *kind.split(), "--no-browser", "--ServerApp.ip=127.0.0.1"]
        command += ["--ServerApp.port=0", f"--IdentityProvider.token={self.token}", *arguments]
        command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env=env, cwd=root, start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )  # fmt: skip
        self.url = self._await()

    def _await(self) -> str:
        """The address, once the server answers there."""
        deadline = time.monotonic() + fuse(24)
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.process.args} did not start:\n{self.log.read_text()[-3000:]}")
            try:
                (info,) = self.runtime.glob("jpserver-*.json")
                url = f"http://127.0.0.1:{json.loads(info.read_text())['port']}"
                urllib.request.urlopen(f"{url}/api?token={self.token}", timeout=2).read()
                return url
            except (OSError, ValueError):  # not written yet, half written, or not listening yet
                time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"no answer within {fuse(24)} s:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        for sign, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            if self.process.poll() is None:
                os.killpg(self.process.pid, sign)
                try:
                    self.process.wait(patience)
                except subprocess.TimeoutExpired:
                    continue
