"""The server of `python3 -m rlcourse lab` holds no message of a kernel back."""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from traitlets.utils.importstring import import_item

from rlcourse.commands.lab import PROMPT_SERVER


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
