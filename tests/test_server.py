"""The server of `python3 -m rlcourse lab` holds no message of a kernel back, and saves panels as they are."""

import json

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from traitlets.utils.importstring import import_item

from rlcourse.desk import PROMPT_SERVER
from rlcourse.server import STATE, VIEW, keep_panels, keep_states


def test_the_connection_of_a_page_switches_nagle_off_and_then_is_jupyters_own(monkeypatch):
    calls = []
    handler = KernelWebsocketHandler.__new__(KernelWebsocketHandler)  # no network behind it
    monkeypatch.setattr(handler, "set_nodelay", lambda value: calls.append(("nodelay", value)), raising=False)
    monkeypatch.setattr(
        ZMQChannelsWebsocketConnection, "connect", lambda self: calls.append("connect") or "done"
    )
    kind = import_item(PROMPT_SERVER.split("=")[1])  # as JupyterLab finds it
    assert issubclass(kind, ZMQChannelsWebsocketConnection)
    assert kind(websocket_handler=handler).connect() == "done"
    assert calls == [("nodelay", True), "connect"]


# Saved pages

PNG = "iVBORw0KGgo="


def book(panels, states):
    """A notebook whose cells show these panels, with these widgets saved."""
    outputs = [{"data": {VIEW: {"model_id": panel}, "image/png": "start"}} for panel in panels]
    metadata = (
        {"widgets": {STATE: {"version_major": 2, "version_minor": 0, "state": states}}} if states else {}
    )
    return {
        "cells": [{"cell_type": "code", "outputs": outputs}, {"cell_type": "markdown"}],
        "metadata": metadata,
    }


def live_panel(name, png=PNG):
    curves = {"state": {"_dom_classes": ["rlcourse-picture"]}, "buffers": [{"path": ["value"], "data": png}]}
    root = {"state": {"children": [f"IPY_MODEL_{name}curves"], "layout": f"IPY_MODEL_{name}layout"}}
    return {name: root, f"{name}curves": curves, f"{name}layout": {"state": {}}}


def shown(notebook):
    return [output["data"] for output in notebook["cells"][0]["outputs"]]


def saved(notebook):
    return notebook["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})


def test_the_picture_in_a_saved_page_is_the_last_that_its_panel_showed():
    lab = {"lab": {"state": {"children": ["IPY_MODEL_view"]}}}
    html = f'<img class="rlcourse-picture" src="data:image/png;base64,{PNG}">'
    lab |= {"view": {"state": {"_dom_classes": ["rlcourse-view"], "value": html}}}
    notebook = book(["live", "lab"], live_panel("live", "curves") | lab)
    keep_states(notebook, {})
    assert [data["image/png"] for data in shown(notebook)] == ["curves", PNG]


def test_a_panel_that_no_kernel_holds_any_more_keeps_the_state_of_the_former_save():
    former = book(["a", "b"], live_panel("a") | live_panel("b") | live_panel("gone"))
    now = book(["a", "b"], live_panel("b", "newer"))  # the cell of b has run again, that of a has not
    keep_states(now, former)
    assert set(saved(now)) == {"a", "acurves", "alayout", "b", "bcurves", "blayout"}
    assert [data["image/png"] for data in shown(now)] == [PNG, "newer"]


def test_a_panel_without_any_state_becomes_its_still_instead_of_an_error():
    notebook = book(["a"], {})
    keep_states(notebook, {})
    assert shown(notebook) == [{"image/png": "start"}]


def test_the_hook_reads_the_file_as_it_was_and_leaves_other_files_alone(tmp_path):
    class Manager:
        def _get_os_path(self, path):
            return str(tmp_path / path)

    (tmp_path / "page.ipynb").write_text(json.dumps(book(["a"], live_panel("a"))))
    model = {"type": "notebook", "content": book(["a"], {})}
    keep_panels(model=model, path="page.ipynb", contents_manager=Manager())
    assert "a" in saved(model["content"])
    first = {"type": "notebook", "content": book(["a"], {})}
    keep_panels(model=first, path="new.ipynb", contents_manager=Manager())
    assert saved(first["content"]) == {}
    text = {"type": "file", "content": "words"}
    keep_panels(model=text, path="notes.txt", contents_manager=Manager())
    assert text["content"] == "words"
