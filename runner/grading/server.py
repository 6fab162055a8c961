"""An HTTP server in a thread: several fit in one process, and none touches its signal handlers."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
import time
from typing import Final

from starlette.applications import Starlette
from uvicorn import Config
from uvicorn import Server as UvicornServer
from uvicorn.protocols.http.h11_impl import H11Protocol

from posttrace.traces.errors import ConfigError

MAX_CONNECTIONS: Final = 512
HEAD_TIMEOUT_S: Final = 10.0
"""Seconds in which a connection must begin a request."""
_POLL_S: Final = 0.005


class _BoundedH11(H11Protocol):
    """Closes connections on which no request begins; uvicorn alone lets them stay open for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        self._expect_request()

    def on_response_complete(self) -> None:
        self._expect_request()
        super().on_response_complete()

    def _expect_request(self) -> None:
        self.loop.call_later(HEAD_TIMEOUT_S, self._close_if_idle, self.cycle)

    def _close_if_idle(self, previous: object) -> None:
        if self.cycle is previous and not self.transport.is_closing():
            self.transport.close()


class Server:
    """Serves an app on its own thread and event loop until ``stop``.

    The port is bound here, so that it is known and taken at once. Raises ``ConfigError`` when it cannot be.
    """

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        self._socket = _listen(host, port)
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        self._server = UvicornServer(
            Config(
                app,
                http=_BoundedH11,
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_keep_alive=int(HEAD_TIMEOUT_S),
                timeout_graceful_shutdown=5,
            )
        )
        self._thread = threading.Thread(target=self._serve, name="grading-http", daemon=True)

    def start(self) -> None:
        """Return once requests are answered."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """Answer what is under way, for 5 s at most, and close the port."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


def _listen(host: str, port: int) -> socket.socket:
    try:
        listening = socket.create_server((host, port), backlog=256)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(f"port {port} on {host} is in use; set server.port=0 for a free one") from error
        raise ConfigError(f"cannot listen on {host}:{port} ({error.strerror}); change server.host") from error
    # Connections inherit it. asyncio sets it only on sockets made with an explicit protocol number; without
    # it the body of each answer waits 40 ms for the client's delayed acknowledgement of the head.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
