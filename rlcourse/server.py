"""Used by the Jupyter server of `python3 -m rlcourse lab`: a moved slider is answered at once.

A kernel answers a moved slider with several short messages. TCP's Nagle algorithm holds the second one back
until the browser has acknowledged the first, and browsers acknowledge up to 40 ms late: two frames at which
a picture is ready and not sent. Jupyter's server leaves the algorithm on.
"""

from collections.abc import Awaitable

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Jupyter's own connection between page and kernel, with TCP_NODELAY."""

    def connect(self) -> Awaitable | None:
        self.websocket_handler.set_nodelay(True)
        return super().connect()
