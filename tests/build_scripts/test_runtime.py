"""The runtime may come from anywhere, and nothing but the pinned bytes is used."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

import pytest

import archives
import runtime
from progress_line import ProgressLine

CONTENT = {"kit/engine.wasm": b"\0asm" + bytes(range(256)) * 5000, "kit/core.js": b"export {}\n"}


@pytest.fixture
def lock() -> dict[str, Any]:
    """A lock of two files whose network and archive do not exist."""
    return {
        "sources": {
            "kit": {
                "manager": "npm",
                "archive": "no such package!",
                "size": 1_300_000,
                "folder": "package/",
                "network": "http://127.0.0.1:9/",
            }
        },
        "files": {
            path: {"source": "kit", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for path, content in CONTENT.items()
        },
    }


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files, which the environment names as the mirror."""
    folder = tmp_path / "mirror"
    for path, content in CONTENT.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    monkeypatch.setenv("IMAGENOMER_MIRROR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_package_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of this file fetch no package."""

    def refuse(*_: object) -> list[str]:
        raise OSError("no package manager in this test")

    monkeypatch.setattr(archives, "npm", refuse)
    monkeypatch.setattr(archives, "pip", refuse)


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_come_from_a_mirror_folder(lock: dict[str, Any], mirror: Path, tmp_path: Path) -> None:
    assert contents(runtime.fetch_runtime(lock, tmp_path / "cache")) == CONTENT


def test_what_is_in_the_cache_is_not_fetched_again(lock: dict[str, Any], mirror: Path, tmp_path: Path) -> None:
    runtime.fetch_runtime(lock, tmp_path / "cache")
    for path in CONTENT:
        (mirror / path).unlink()
    assert contents(runtime.fetch_runtime(lock, tmp_path / "cache")) == CONTENT


def test_a_damaged_file_of_the_cache_is_fetched_again(lock: dict[str, Any], mirror: Path, tmp_path: Path) -> None:
    folder = runtime.fetch_runtime(lock, tmp_path / "cache")
    damaged = bytearray(CONTENT["kit/engine.wasm"])
    damaged[1000] ^= 1
    (folder / "kit/engine.wasm").write_bytes(damaged)
    assert contents(runtime.fetch_runtime(lock, tmp_path / "cache")) == CONTENT


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[:-1],
        lambda content: content + b"!",
        lambda content: b"",
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    ],
    ids=["truncated", "longer", "empty", "one bit"],
)
def test_a_file_with_another_hash_is_never_kept(
    lock: dict[str, Any], mirror: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    (mirror / "kit/engine.wasm").write_bytes(spoil(CONTENT["kit/engine.wasm"]))
    with pytest.raises(runtime.RuntimeUnavailableError, match="hash differs"):
        runtime.fetch_runtime(lock, tmp_path / "cache")
    assert contents(tmp_path / "cache") == {"runtime/kit/core.js": CONTENT["kit/core.js"]}


def test_without_any_source_the_message_says_what_is_missing_and_the_way_out(
    lock: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IMAGENOMER_MIRROR", raising=False)
    with pytest.raises(runtime.RuntimeUnavailableError, match=r"(?s)kit/engine.wasm.*network: .*IMAGENOMER_MIRROR"):
        runtime.fetch_runtime(lock, tmp_path / "cache")


def test_files_come_over_the_network_and_a_broken_connection_leaves_nothing_behind(
    lock: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IMAGENOMER_MIRROR", raising=False)

    class Flaky(SimpleHTTPRequestHandler):
        breaks = True

        def do_GET(self) -> None:
            content = next(content for path, content in CONTENT.items() if path.endswith(self.path))
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if self.breaks else content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Flaky) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        lock["sources"]["kit"]["network"] = f"http://127.0.0.1:{server.server_port}/"
        with pytest.raises(runtime.RuntimeUnavailableError):
            runtime.fetch_runtime(lock, tmp_path / "cache")
        assert contents(tmp_path / "cache") == {}
        Flaky.breaks = False
        assert contents(runtime.fetch_runtime(lock, tmp_path / "cache")) == CONTENT
        server.shutdown()


def test_a_network_that_never_answers_is_given_up_after_one_wait(
    lock: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IMAGENOMER_MIRROR", raising=False)
    monkeypatch.setattr(runtime, "PATIENCE", 0.2)
    asked = []

    def hang(request: Any, timeout: float) -> NoReturn:
        asked.append(request.full_url)
        time.sleep(1)  # as the search for a host's name may, whatever the timeout
        raise OSError

    monkeypatch.setattr(runtime.urllib.request, "urlopen", hang)
    started = time.monotonic()
    with pytest.raises(runtime.RuntimeUnavailableError, match="no answer"):
        runtime.fetch_runtime(lock, tmp_path / "cache")
    assert time.monotonic() - started < 0.9
    assert len(asked) == 1


def test_while_an_archive_is_fetched_its_bytes_and_the_seconds_are_shown(tmp_path: Path) -> None:
    stream = Terminal()
    code = "import time; open('part', 'wb').write(bytes(1_500_000)); time.sleep(0.6)"
    archives.watch([sys.executable, "-c", code], tmp_path, ProgressLine(1, stream), "kit==1", 3_000_000)
    assert "Fetching the archive kit==1: 1.5 of 3.0 MB, 0 s" in stream.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signal to one process, and no shell there ignores it")
def test_ctrl_c_while_fetching_ends_the_child_leaves_no_scratch_and_prints_no_traceback(tmp_path: Path) -> None:
    # Where a shell started the tests in the background, Ctrl+C is ignored, and children inherit that.
    code = f"""
import signal, sys; sys.path.insert(0, {str(Path(runtime.__file__).parent)!r})
signal.signal(signal.SIGINT, signal.default_int_handler)
import archives, runtime
runtime._from_network = lambda *_: None
child = "import os, time; open('../pid', 'w').write(str(os.getpid())); time.sleep(60)"
archives.pip = lambda cache: [sys.executable, "-c", child]
sys.exit(runtime.main())
"""
    environment = {**os.environ, "IMAGENOMER_CACHE": str(tmp_path), "IMAGENOMER_MIRROR": ""}
    main = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True)
    pid = tmp_path / "pid"
    deadline = time.monotonic() + 20
    while not (pid.is_file() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    main.send_signal(signal.SIGINT)
    _, errors = main.communicate(timeout=20)
    assert main.returncode == 130
    assert "Traceback" not in errors
    deadline = time.monotonic() + 20
    while is_running(int(pid.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert {path.name for path in tmp_path.iterdir()} == {"pid", "runtime"}


def is_running(pid: int) -> bool:
    """Whether a process is at work: one that has ended may wait long for whoever adopted it to take note."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_progress_is_one_line_of_bytes(lock: dict[str, Any]) -> None:
    stream = Terminal()
    progress = ProgressLine(3_000_000, stream)
    progress.show("engine.wasm", 1_500_000, now=True)
    progress.done = 3_000_000
    progress.close()
    assert "1.5 of 3.0 MB" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


def test_a_wheel_is_fetched_for_the_python_of_the_page_and_is_its_own_only_member(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def watch(command: list[str], scratch: Path, *_: object) -> None:
        commands.append(command)
        (scratch / "kit-1-cp314.whl").write_bytes(b"the wheel")

    monkeypatch.setattr(archives, "pip", lambda _: ["pip"])
    monkeypatch.setattr(archives, "watch", watch)
    source, info = {"manager": "wheel", "archive": "kit==1", "size": 9}, runtime.read_lock()["info"]
    with (
        archives.opened_archive(source, info, tmp_path, ProgressLine(0)) as members,
        members("kit-1-cp314.whl") as file,
    ):
        assert file.read() == b"the wheel"
    with archives.opened_archive(source, {}, tmp_path, ProgressLine(0)):  # a tool, for the Python that builds
        pass
    command, of_tool = commands
    assert "--platform pyemscripten_2026_0_wasm32" in " ".join(command)
    assert "--python-version 314" in " ".join(command)
    assert "--platform" not in of_tool
    assert command[-1] == of_tool[-1] == "kit==1"


def test_a_source_without_network_is_asked_for_by_its_archive_alone(
    lock: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "_answers", lambda url: pytest.fail(f"asked {url}"))
    del lock["sources"]["kit"]["network"]
    with pytest.raises(runtime.RuntimeUnavailableError, match="no such package!"):
        runtime.fetch_runtime({**lock, "info": {}}, tmp_path / "cache")


def test_the_lock_names_a_source_for_each_file_and_a_file_for_each_package() -> None:
    lock = runtime.read_lock()
    for file in runtime.locked_files(lock):
        assert file.source in lock["sources"]
        assert len(bytes.fromhex(file.sha256)) == 32
    for entry in lock["packages"].values():
        assert f"pyodide/{entry['file']}" in lock["files"]
        assert set(entry["depends"]) <= set(lock["packages"])


@pytest.mark.parametrize(
    ("version", "is_used"), [("v20.0.0", True), ("v100.1.0", True), ("v18.20.4", False), ("", False)]
)
def test_the_node_of_the_machine_is_used_if_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_used: bool
) -> None:
    monkeypatch.setattr(archives, "node_wheel", lambda tool, *_: [f"fetched {tool}"])
    monkeypatch.setattr(runtime.shutil, "which", lambda name: f"/bin/{name}")
    told = subprocess.CompletedProcess([], 0, version + "\n", "")
    monkeypatch.setattr(runtime.subprocess, "run", lambda *_, **__: told)
    assert runtime.node(tmp_path) == (["/bin/node"] if is_used else ["fetched node"])


def test_without_any_node_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(runtime.RuntimeUnavailableError, match=r"(?s)Node\.js 20.*no package manager.*Install it"):
        runtime.node(tmp_path)
