"""The server serves one folder, to this machine, with the right media types."""

from __future__ import annotations

import http.client
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import serve


@pytest.fixture
def server(tmp_path: Path) -> Iterator[serve.Server]:
    """A folder with a page in it, served; a secret lies beside the folder."""
    (tmp_path / "secret.txt").write_text("secret")
    site = tmp_path / "site"
    (site / "ui").mkdir(parents=True)
    for name in ("index.html", "a.mjs", "a.wasm", "a.whl", "a.unknown", "ui/main.py"):
        (site / name).write_text("content")
    with serve.Server(site, 0) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def get(server: serve.Server, path: str) -> tuple[int, str | None, bytes]:
    with closing(http.client.HTTPConnection(serve.HOST, server.server_port, timeout=5)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/a.mjs", "text/javascript; charset=utf-8"),
        ("/a.wasm", "application/wasm"),
        ("/a.whl", "application/zip"),
        ("/a.unknown", "application/octet-stream"),
        ("/ui/main.py", "text/plain; charset=utf-8"),
    ],
)
def test_files_have_the_media_type_that_browsers_ask_for(server: serve.Server, path: str, media_type: str) -> None:
    assert get(server, path) == (200, media_type, b"content")


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/ui/../../secret.txt", "/..%2fsecret.txt"])
def test_nothing_outside_the_folder_is_served(server: serve.Server, path: str) -> None:
    status, _, content = get(server, path)
    assert status == 404
    assert b"secret" not in content.replace(b"secret.txt", b"")


def test_folders_are_not_listed(server: serve.Server) -> None:
    assert get(server, "/ui/")[0] == 404


def test_only_this_machine_is_served(server: serve.Server) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_a_taken_port_is_passed_over_and_an_asked_for_one_is_refused(tmp_path: Path) -> None:
    with serve.open_server(tmp_path) as first, serve.open_server(tmp_path) as second:
        assert second.server_port != first.server_port
        with pytest.raises(OSError, match=r"."):
            serve.open_server(tmp_path, first.server_port)


def test_a_taken_port_is_a_message_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve.open_server(tmp_path) as first:
        monkeypatch.setattr(serve.build, "build", lambda: pytest.fail("built"))
        monkeypatch.setattr(sys, "argv", ["serve.py", "--rebuild", "--port", str(first.server_port)])
        assert serve.main() == 1
        assert f"cannot serve on port {first.server_port}: " in capsys.readouterr().err


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "8000.0", "http"])
def test_a_port_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], port: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["serve.py", f"--port={port}"])
    with pytest.raises(SystemExit, match="2"):
        serve.main()
    assert f"a port is a number from 0 to 65535, not {port}" in capsys.readouterr().err


def test_ctrl_c_while_building_ends_it_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(serve.build, "build", interrupt)
    monkeypatch.setattr(sys, "argv", ["serve.py", "--rebuild", "--no-browser", "--port=0"])
    assert serve.main() == 130
