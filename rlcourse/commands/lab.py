"""`python3 -m rlcourse lab`: the lectures in JupyterLab."""

from __future__ import annotations

import argparse
import contextlib
import json
import os

from rlcourse import installation
from rlcourse.installation import Trouble

PLACE = 1
DOES = "open the lectures in JupyterLab"
TAKES = "--no-browser  --port 8888  --instructor"

PROMPT_SERVER = "--ServerApp.kernel_websocket_connection_class=rlcourse.server.PromptConnection"
NBGRADER_SERVERS = ("formgrader", "validate_assignment", "assignment_list", "course_list")


def start(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m rlcourse lab",
        description="Open the lectures in JupyterLab. Options not listed here go to JupyterLab.",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address; open no browser")
    port = "the port of the server (default: 8888, or the next free one)"
    parser.add_argument("--port", type=int, help=port)
    parser.add_argument("--instructor", action="store_true", help="with nbgrader's tools for teachers")
    options, rest = parser.parse_known_args(arguments)
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in rest:
        raise Trouble(
            "you are root, and what runs in a notebook would be too: start as another user, "
            "or add --allow-root if this is a container of your own"
        )
    root = installation.ROOT
    pages = sorted((root / "notebooks" / "lectures").glob("*.ipynb"))
    if not pages:
        raise Trouble("no lectures in {}: get the whole repository".format(root / "notebooks" / "lectures"))
    command = ["-m", "jupyterlab", "--ServerApp.root_dir={}".format(root)]
    command += ["--LabApp.default_url=/lab/tree/{}".format(pages[0].relative_to(root).as_posix())]
    command += [PROMPT_SERVER]
    if options.no_browser:
        command.append("--no-browser")
    if options.port is not None:
        command.append("--ServerApp.port={}".format(options.port))
    python = installation.environment(["instructor"] if options.instructor else [])
    if python == installation.python_of(installation.ENVIRONMENT):
        settle_jupyter(options.instructor)
    return installation.hand_over(python, command + rest)


def settle_jupyter(instructor: bool) -> None:
    """No question about news on the first page; nbgrader and jupytext, where installed, for teachers only."""
    servers = ["nbgrader.server_extensions." + name for name in NBGRADER_SERVERS] + ["jupyterlab_jupytext"]
    hidden = ["@jupyterlab/apputils-extension:announcements"]
    if not instructor:
        hidden += ["@jupyter/nbgrader", "jupyterlab-jupytext"]
    shown = dict.fromkeys(servers, bool(instructor))
    files = {
        "jupyter_server_config.json": {"ServerApp": {"jpserver_extensions": shown}},
        "labconfig/page_config.json": {"disabledExtensions": dict.fromkeys(hidden, True)},
    }
    folder = installation.ENVIRONMENT / ("jupyter-instructor" if instructor else "jupyter-student")
    with contextlib.suppress(OSError):  # in a folder shared read-only, the first start has written them
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(content), encoding="utf-8")
    paths = [str(folder), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
