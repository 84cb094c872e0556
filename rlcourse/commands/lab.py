"""`python3 -m rlcourse lab`: the lectures in JupyterLab, as copies that a reader may change."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import time
from pathlib import Path

from rlcourse import installation
from rlcourse.installation import Trouble

PLACE = 1
DOES = "open the lectures in JupyterLab"
TAKES = "--no-browser  --port 8888  --presentation  --instructor"

PROMPT_SERVER = "--ServerApp.kernel_websocket_connection_class=rlcourse.server.PromptConnection"
NBGRADER_SERVERS = ("formgrader", "validate_assignment", "assignment_list", "course_list")
PAGES = ("lectures", "homework", "images")  # of notebooks/: what a reader gets a copy of
ORIGINS = ".origins.json"  # beside the copies: {file: fingerprint of the page that it was copied from}


def start(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m rlcourse lab",
        description="Open the lectures in JupyterLab. Options not listed here go to JupyterLab.",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address; open no browser")
    port = "the port of the server (default: 8888, or the next free one)"
    parser.add_argument("--port", type=int, help=port)
    parser.add_argument("--instructor", action="store_true", help="with nbgrader's tools for teachers")
    large = "text, figures and buttons 1.4 times as large, for a hall"
    parser.add_argument("--presentation", action="store_true", help=large)
    options, rest = parser.parse_known_args(arguments)
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in rest:
        raise Trouble(
            "you are root, and what runs in a notebook would be too: start as another user, "
            "or add --allow-root if this is a container of your own"
        )
    root = installation.ROOT
    if not list((root / "notebooks" / "lectures").glob("*.ipynb")):
        raise Trouble("no lectures in {}: get the whole repository".format(root / "notebooks" / "lectures"))
    course = own_folder(root)
    for line in copy_pages(root / "notebooks", course):
        installation.say("rlcourse: " + line)
    # A teacher sees the repository, everybody else the course; both open copies, which git ignores.
    served = root if options.instructor and root in course.parents else course
    first = sorted((course / "lectures").glob("[0-9]*.ipynb"))[0].relative_to(served)
    command = ["-m", "jupyterlab", "--ServerApp.root_dir={}".format(served)]
    command += ["--LabApp.default_url=/lab/tree/{}".format(first.as_posix())]
    command += [PROMPT_SERVER]
    if options.no_browser:
        command.append("--no-browser")
    if options.port is not None:
        command.append("--ServerApp.port={}".format(options.port))
    python = installation.environment(["instructor"] if options.instructor else [])
    if options.presentation:
        os.environ["RLCOURSE_SCALE"] = "1.4"  # read by the panels' style sheet
    if python == installation.python_of(installation.ENVIRONMENT):
        settle_jupyter(options.instructor, options.presentation)
    return installation.hand_over(python, command + rest)


# The reader's copies --------------------------------------------------------------------------------------


def own_folder(root: Path) -> Path:
    """Where the copies are: in the repository, ignored by git; at home, where the repository is shared."""
    return root / "my-course" if os.access(str(root), os.W_OK) else Path.home() / "rlcourse"


def copy_pages(pages: Path, course: Path) -> list[str]:
    """Bring every page that is not there yet, and fresh ones of those that moved on; says what it did.

    A copy that its reader has not changed is replaced. Of a changed lecture the fresh one takes its place and
    the reader's is kept beside it; of a changed homework, whose answers count, the fresh one comes beside.
    """
    origins, told = _origins(course), []
    for source in sorted(path for name in PAGES for path in (pages / name).rglob("*") if path.is_file()):
        relative = source.relative_to(pages)
        copy, name = course / relative, relative.as_posix()
        if ".ipynb_checkpoints" in relative.parts:
            continue
        now, then = fingerprint(source), origins.get(name)
        if copy.exists() and then == now:
            continue
        if not copy.exists() or fingerprint(copy) in (then, now):
            _copy(source, copy)
        elif relative.parts[0] == "homework":
            fresh = copy.with_name("{} (new){}".format(copy.stem, copy.suffix))
            _copy(source, fresh)
            told.append("{} has a new version: {}; yours is as it was".format(name, fresh.name))
        else:
            kept = copy.with_name("{} (yours, {}){}".format(copy.stem, _today(), copy.suffix))
            copy.replace(kept)
            _copy(source, copy)
            told.append("{} has a new version; yours is now {}".format(name, kept.name))
        origins[name] = now
    course.mkdir(parents=True, exist_ok=True)
    (course / ORIGINS).write_text(json.dumps(origins, indent=1) + "\n", encoding="utf-8")
    return told


def _origins(course: Path) -> dict:
    try:
        return json.loads((course / ORIGINS).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or cut: every changed copy counts as changed by its reader
        return {}


def fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(str(source), str(target))  # the words, not the rights: a shared course is read-only


def _today() -> str:
    return time.strftime("%Y-%m-%d %H.%M.%S")


# JupyterLab's settings ------------------------------------------------------------------------------------


def settle_jupyter(instructor: bool, presentation: bool = False) -> None:
    """No question about news on the first page; nbgrader and jupytext, where installed, for teachers only.

    Labs, answers and curves are saved with a page, so that it shows them when it is opened again.
    """
    servers = ["nbgrader.server_extensions." + name for name in NBGRADER_SERVERS] + ["jupyterlab_jupytext"]
    hidden = ["@jupyterlab/apputils-extension:announcements"]
    if not instructor:
        hidden += ["@jupyter/nbgrader", "jupyterlab-jupytext"]
    shown = {**dict.fromkeys(servers, bool(instructor)), "rlcourse.server": True}
    settings = {"@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True}}
    if presentation:
        sizes = {"content-font-size1": "20px", "code-font-size": "19px", "ui-font-size1": "16px"}
        settings["@jupyterlab/apputils-extension:themes"] = {"overrides": sizes}
    files = {
        "jupyter_server_config.json": {"ServerApp": {"jpserver_extensions": shown}},
        "labconfig/page_config.json": {"disabledExtensions": dict.fromkeys(hidden, True)},
        "labconfig/default_setting_overrides.json": settings,
    }
    kind = ("instructor" if instructor else "student") + ("-presentation" if presentation else "")
    folder = installation.ENVIRONMENT / ("jupyter-" + kind)
    with contextlib.suppress(OSError):  # in a folder shared read-only, the first start has written them
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(content), encoding="utf-8")
    paths = [str(folder), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
