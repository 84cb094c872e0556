"""Used by the server of `python3 -m rlcourse lab`: prompt answers, saved panels, scenes for the stage.

A kernel answers a moved slider with several short messages. TCP's Nagle algorithm holds the second one back
until the browser has acknowledged the first, and browsers acknowledge up to 40 ms late: two frames at which
a picture is ready and not sent. Jupyter's server leaves the algorithm on.

JupyterLab saves the state of those widgets alone whose kernel lives. Of a page that was opened again and
saved before all of its cells had run, the other panels would be lost: "Error displaying widget: model not
found". And the picture in the notebook, for readers without widgets, stays the one of the panel's start.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.utils import ensure_async, url_path_join
from tornado import web

from rlcourse import scenes

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Jupyter's own connection between page and kernel, with TCP_NODELAY."""

    def connect(self) -> Awaitable | None:
        self.websocket_handler.set_nodelay(True)
        return super().connect()


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "rlcourse.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    app.contents_manager.register_pre_save_hook(keep_panels)
    route = url_path_join(app.web_app.settings["base_url"], r"/rlcourse/scenes/(.+)")
    app.web_app.add_handlers(".*$", [(route, Scenes)])


class Scenes(APIHandler):
    """The scenes of a page, for the stage (`python3 -m rlcourse stage`)."""

    @web.authenticated
    async def get(self, path: str) -> None:
        model = await ensure_async(self.contents_manager.get(path, type="notebook"))
        try:
            found = scenes.of_page(model["content"].cells)
        except ValueError as error:
            raise web.HTTPError(400, f"{path}: {error}") from error
        if not found:
            raise web.HTTPError(400, f"{path} has nothing to show: no question, lab, picture or formula")
        self.finish(json.dumps(scenes.as_data(found)))


def keep_panels(model: dict[str, Any], path: str, contents_manager: Any, **_: Any) -> None:
    """Before a notebook is saved: panels keep their state, and their picture is the last that they showed."""
    if model.get("type") != "notebook" or not model.get("content"):
        return
    former = {}
    with suppress(OSError, ValueError, AttributeError):  # not there yet, no notebook, or not on a disk
        former = json.loads(Path(contents_manager._get_os_path(path)).read_text(encoding="utf-8"))
    keep_states(model["content"], former)


def keep_states(notebook: dict[str, Any], former: Mapping[str, Any]) -> None:
    """Panels without a state in `notebook` take it from `former`, the file as it was, or become stills."""
    states, old = _states(notebook), _states(former)
    for data in _views(notebook):
        root = data[VIEW].get("model_id", "")
        if root not in states and root in old:
            states |= {one: old[one] for one in _family(root, old)}
        if root not in states:
            del data[VIEW]
        elif png := next((png for one in _family(root, states) if (png := _picture(states[one]))), None):
            data["image/png"] = png
    if states:
        kept = {"version_major": 2, "version_minor": 0, "state": states}
        notebook.setdefault("metadata", {}).setdefault("widgets", {})[STATE] = kept


def _states(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """The widgets that a notebook has saved, by their ids."""
    saved = notebook.get("metadata", {}).get("widgets", {}).get(STATE, {})
    return dict(saved.get("state", {}))


def _views(notebook: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The outputs that show a widget."""
    for cell in notebook.get("cells", ()):
        for output in cell.get("outputs", ()):
            if VIEW in output.get("data", {}):
                yield output["data"]


def _family(root: str, states: Mapping[str, Any]) -> list[str]:
    """A widget and all that it refers to."""
    found, waiting = [], [root]
    while waiting:
        one = waiting.pop()
        if one in states and one not in found:
            found.append(one)
            waiting += re.findall(r"IPY_MODEL_(\w+)", str(states[one].get("state", {})))
    return found


def _picture(widget: Mapping[str, Any]) -> str | None:
    """The picture of the course's panel that this widget shows, base64: an image, or one in its HTML."""
    state = widget.get("state", {})
    if "rlcourse-picture" in state.get("_dom_classes", ()):
        return next((b["data"] for b in widget.get("buffers", ()) if b.get("path") == ["value"]), None)
    if "rlcourse-view" in state.get("_dom_classes", ()):
        found = re.search(r"data:image/png;base64,([\w+/=]+)", state.get("value", ""))
        return found and found[1]
    return None
