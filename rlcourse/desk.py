"""What lies on a reader's desk: own copies of the pages, and JupyterLab as the course wants it.

Shared by the commands that open pages (`lab`, `stage`). They run before the environment exists, so this
imports the standard library only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import Iterable

from rlcourse import installation
from rlcourse.installation import Trouble

PROMPT_SERVER = "--ServerApp.kernel_websocket_connection_class=rlcourse.server.PromptConnection"
NBGRADERS = ("assignment-list", "course-list", "formgrader", "validate-assignment")  # parts of nbgrader
NBGRADERS_FOR_STUDENTS = ("assignment-list",)  # behind JupyterHub
PAGES = ("lectures", "homework", "images")  # of notebooks/: what a reader gets a copy of
GIVEN_OUT = ("homework",)  # of PAGES: behind JupyterHub they come by nbgrader's exchange, when it is time
ORIGINS = ".origins.json"  # beside the copies: {file: fingerprint of the page that it was copied from}


def refuse_root(rest: list[str]) -> None:
    """Raises Trouble for who is root without saying that this is meant."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in rest:
        raise Trouble(
            "you are root, and what runs in a notebook would be too: start as another user, "
            "or add --allow-root if this is a container of your own"
        )


def behind_hub() -> bool:
    """Whether JupyterHub asked for this server (`commands/hub.py`)."""
    return "JUPYTERHUB_API_TOKEN" in os.environ


def bring_course() -> Path:
    """The folder of the reader's copies, brought up to date; says what was done."""
    root = installation.ROOT
    if not list((root / "notebooks" / "lectures").glob("*.ipynb")):
        raise Trouble("no lectures in {}: get the whole repository".format(root / "notebooks" / "lectures"))
    course = own_folder(root)
    pages = [name for name in PAGES if not (behind_hub() and name in GIVEN_OUT)]
    for line in copy_pages(root / "notebooks", course, pages):
        installation.say("rlcourse: " + line)
    return course


def jupyterlab(served: Path, url: str, port: int | None, no_browser: bool) -> list[str]:
    """The words that start JupyterLab on a folder, and open an address of it; behind JupyterHub, a user's."""
    if behind_hub():
        command = ["-m", "jupyterhub.singleuser", "--ServerApp.root_dir={}".format(served)]
        return command + ["--ServerApp.default_url=" + url, PROMPT_SERVER]
    command = ["-m", "jupyterlab", "--ServerApp.root_dir={}".format(served)]
    command += ["--LabApp.default_url=" + url, PROMPT_SERVER]
    if no_browser:
        command.append("--no-browser")
    if port is not None:
        command.append("--ServerApp.port={}".format(port))
    return command


# The reader's copies --------------------------------------------------------------------------------------


def own_folder(root: Path) -> Path:
    """Where the copies are: in the repository, ignored by git; at home, where the repository is shared."""
    return root / "my-course" if os.access(str(root), os.W_OK) else Path.home() / "rlcourse"


def copy_pages(pages: Path, course: Path, names: Iterable[str] = PAGES) -> list[str]:
    """Bring every page that is not there yet, and fresh ones of those that moved on; says what it did.

    A copy that its reader has not changed is replaced. Of a changed lecture the fresh one takes its place and
    the reader's is kept beside it; of a changed homework, whose answers count, the fresh one comes beside.
    """
    origins, told = _origins(course), []
    for source in sorted(path for name in names for path in (pages / name).rglob("*") if path.is_file()):
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


def settle_jupyter(
    instructor: bool, presentation: bool = False, home: Path | None = None, hub: bool = False
) -> None:
    """No question about news on the first page; nbgrader and jupytext, where installed, for teachers only.

    Behind JupyterHub (`hub`), students have nbgrader's list of assignments. Labs, answers and curves are
    saved with a page, so that it shows them when it is opened again. The settings are written below `home`,
    by default the environment.
    """
    tools = NBGRADERS if instructor else NBGRADERS_FOR_STUDENTS if hub else ()
    servers = {"nbgrader.server_extensions." + name.replace("-", "_"): name in tools for name in NBGRADERS}
    shown = {**servers, "jupyterlab_jupytext": bool(instructor), "rlcourse.server": True}
    hidden = ["@jupyterlab/apputils-extension:announcements"]
    if not instructor:
        parts = [*NBGRADERS, "create-assignment"]
        hidden += (
            ["@jupyter/nbgrader:" + n for n in parts if n not in tools] if hub else ["@jupyter/nbgrader"]
        )
        hidden.append("jupyterlab-jupytext")
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
    kind += "-hub" if hub else ""
    folder = (home or installation.ENVIRONMENT) / ("jupyter-" + kind)
    with contextlib.suppress(OSError):  # in a folder shared read-only, the first start has written them
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(content), encoding="utf-8")
    paths = [str(folder), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
