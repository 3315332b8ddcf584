"""Servers for tests: one that remembers what was asked, and can go away; one that lies in wait for what gets out."""

from __future__ import annotations

import errno
import socket
import threading
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import serve


class Host:
    """Serves a folder on one port; may stop, come back, and serve another folder.

    Attributes
    ----------
    folder : Path
        What is served from now on.
    url : str
        Address of the folder, with a slash at the end.
    asked : list of str
        Path, with query, of every request that came, but for a browser's own look whether the service worker has
        changed: it comes some time after any page of the site was visited, and carries nothing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self._server: _Server | None = None
        self.start()
        assert self._server is not None
        self.url = self._server.url

    def start(self) -> None:
        port = 0 if self._server is None else self._server.server_port
        self._server = _Server(self, port)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Go away: nobody listens any more, and connections that are open break."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        for connection in self._server.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Server(serve.Server):
    def __init__(self, host: Host, port: int) -> None:
        self.connections: list[socket.socket] = []
        super().__init__(host.folder, port)
        self.RequestHandlerClass = partial(_Remembering, host=host)  # type: ignore[assignment]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address


class _Remembering(serve.Handler):
    def __init__(self, *arguments: Any, host: Host) -> None:
        self.host = host
        super().__init__(*arguments, directory=str(host.folder))

    def parse_request(self) -> bool:
        understood = super().parse_request()
        if understood:
            self.directory = str(self.host.folder)
            if (self.path, self.headers["Service-Worker"]) != ("/sw.js", "script"):
                self.host.asked.append(self.path)
        return understood


class Trap(ThreadingHTTPServer):
    """Another origin that would answer anything, and remembers who came, by whatever way.

    Attributes
    ----------
    url : str
    visits : list of str
        Path of each request; "datagram" for whatever came by UDP, to the same port.
    """

    daemon_threads = True

    def __init__(self) -> None:
        self.visits: list[str] = []
        while True:  # a port that is free for one of the two kinds may be taken for the other, by a browser
            self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._datagrams.bind(("127.0.0.1", 0))
            try:
                super().__init__(("127.0.0.1", self._datagrams.getsockname()[1]), _Answer)
                break
            except OSError as error:
                self._datagrams.close()
                if error.errno != errno.EADDRINUSE:
                    raise
        threading.Thread(target=self._hear, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def server_close(self) -> None:
        super().server_close()
        self._datagrams.close()

    def _hear(self) -> None:
        with suppress(OSError):
            while self._datagrams.recv(2048):
                self.visits.append("datagram")


class _Answer(BaseHTTPRequestHandler):
    server: Trap

    def do_GET(self) -> None:
        self.server.visits.append(self.path)
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass
