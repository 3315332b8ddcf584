"""Run ImageNomer: fetch its runtime once, build the page, serve it on this machine and open the browser.

python3 build_scripts/serve.py [--no-browser] [--port 8000] [--rebuild]
"""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import build
import runtime
from offline import MEDIA_TYPES

HOST = "127.0.0.1"
FIRST_PORT, LAST_PORT = 8000, 8099
LARGEST_PORT = 65535


class Handler(SimpleHTTPRequestHandler):
    """Serves the files of a folder; what the browser kept is asked for again, so that a rebuilt site is seen."""

    protocol_version = "HTTP/1.1"

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """Return the media type of a file."""
        return MEDIA_TYPES.get(Path(path).suffix, "application/octet-stream")

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal is for what the user has to know."""

    def list_directory(self, path: str) -> None:  # type: ignore[override]
        self.send_error(404, "File not found")


class Server(ThreadingHTTPServer):
    """Serves one folder on this machine only."""

    daemon_threads = True
    # Two servers on one port would answer in turns.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__((HOST, port), partial(Handler, directory=str(folder)))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away; anything else is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def open_server(folder: Path, port: int | None = None) -> Server:
    """Return a server on ``port``, or on the first free one from 8000.

    Raises
    ------
    OSError
        If the port is taken.
    """
    for candidate in range(FIRST_PORT, LAST_PORT) if port is None else ():
        try:
            return Server(folder, candidate)
        except OSError:
            continue
    return Server(folder, port or 0)


def port_number(text: str) -> int:
    """Return the port that an argument names; 0 is any free one.

    Raises
    ------
    argparse.ArgumentTypeError
        If there is no such port.
    """
    if not text.isdecimal() or int(text) > LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {LARGEST_PORT}, not {text}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Fetch, build, serve, and open the browser, until interrupted."""
    try:
        # Before the long part: it is said at once that a port is taken.
        server = open_server(build.SITE, arguments.port)
    except OSError as error:
        which = f"port {arguments.port}" if arguments.port else "any port"
        print(f"cannot serve on {which}: {error.strerror}; choose another with --port", file=sys.stderr)
        return 1
    with server:
        if arguments.rebuild or not build.is_current():
            try:
                build.build()
            except runtime.RuntimeUnavailableError as error:
                print(error, file=sys.stderr)
                return 1
        print(f"ImageNomer is at {server.url} (Ctrl+C ends it)", flush=True)
        if not arguments.no_browser:
            webbrowser.open(f"{server.url}#demo")
        server.serve_forever()
    return 0


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Run ImageNomer on this machine.")
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")
    parser.add_argument(
        "--port", type=port_number, help="serve on this port, 0 for any (default: the first free one from 8000)"
    )
    parser.add_argument("--rebuild", action="store_true", help="build the page even if it is up to date")
    try:
        return run(parser.parse_args())
    except KeyboardInterrupt:
        print()
        return runtime.INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
