"""Drive Chromium, Firefox and WebKitGTK through one small interface.

Chromium is driven by Playwright, Firefox by WebDriver BiDi, which it speaks itself, and WebKitGTK by classic WebDriver,
under an X server without a screen. A driver reaches only what every one of them can: evaluate JavaScript in the page,
click, choose files, take a picture, and tell what went wrong and what was asked for as far as its browser says so.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from driving import Watch, new_page
from playwright.sync_api import Browser, Download
from websockets.sync.client import ClientConnection, connect

#: Seconds to wait for anything: far too long, but where much else runs on two cores.
PATIENCE = 300
#: Seconds between two looks at a condition.
PAUSE = 0.1
#: The size of the page, in CSS pixels.
WIDTH, HEIGHT = 1280, 900

#: Run in a page of WebKitGTK as soon as there is one: its WebDriver tells nothing of the console, nor does MiniBrowser
#: itself print it when it is driven. What happens within workers stays unheard, but for the errors they end with.
LISTEN = """() => {
    self.faults = [];
    const note = (text) => self.faults.push(text);
    addEventListener("error", (event) => note(`uncaught: ${event.message}`));
    addEventListener("unhandledrejection", (event) => note(`uncaught: ${event.reason}`));
    addEventListener("securitypolicyviolation",
        (event) => note(`Content Security Policy: ${event.effectiveDirective} ${event.blockedURI}`));
    for (const kind of ["error", "warn", "assert"]) {
        const write = console[kind].bind(console);
        console[kind] = (...said) => {
            if (kind !== "assert" || !said[0]) note(`console ${kind}: ${said.join(" ")}`);
            write(...said);
        };
    }
}"""


class Driver(Protocol):
    """A page in a browser with a fresh profile.

    Attributes
    ----------
    name : str
        Of the browser.
    watch : Watch
        What went wrong, and which addresses were asked for.
    """

    name: str
    watch: Watch

    def open(self, url: str) -> None:
        """Open a page, and return when its documents and scripts are there."""

    def evaluate(self, function: str, *arguments: Any) -> Any:
        """Return what a JavaScript function returns or promises, called in the page; JSON in and out."""

    def click(self, selector: str) -> None:
        """Click the middle of the first element, scrolled into view, with the mouse."""

    def set_files(self, selector: str, paths: Sequence[Path]) -> None:
        """Choose files, or a folder where the element takes one."""

    def downloads(self) -> dict[str, bytes]:
        """Return name and content of each file that was saved so far."""

    def screenshot(self) -> bytes:
        """Return a picture of what is on screen, as PNG."""

    def close(self) -> None:
        """End the browser, and whatever was started for it."""


def wait_for(driver: Driver, function: str, *arguments: Any, seconds: float = PATIENCE) -> Any:
    """Wait until a JavaScript function returns something true, and return it.

    By asking again and again from outside: the policy of the page allows no text to be evaluated within.
    """
    end = time.monotonic() + seconds
    while True:
        found = driver.evaluate(function, *arguments)
        if found:
            return found
        if time.monotonic() > end:
            alerts = driver.evaluate("() => [...document.querySelectorAll('[role=alert]')].map((a) => a.innerText)")
            said = "\n".join([*filter(None, alerts), *driver.watch.problems])
            raise AssertionError(f"{driver.name}: not within {seconds} s: {function} {arguments}\n{said}")
        time.sleep(PAUSE)


def wait_for_download(driver: Driver, suffix: str) -> bytes:
    """Wait until a file with this ending has been saved, and return its content."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        driver.evaluate("() => null")  # so that the browser's messages are heard
        for name, content in driver.downloads().items():
            if name.endswith(suffix) and content:  # Firefox keeps the place with an empty file
                return content
        time.sleep(PAUSE)
    raise AssertionError(f"{driver.name}: no {suffix} was saved, but {list(driver.downloads())}")


def drop(driver: Driver, files: Sequence[tuple[str, bytes]]) -> None:
    """Drop files, or a folder of files if their names are paths.

    The event and what it carries are made up: not every driver can drag, and WebKitGTK looks on the disk for a file
    that a script put into a real `DataTransfer`.
    """
    driver.evaluate(
        """(files) => {
            const root = {isDirectory: true, children: new Map()}, items = [];
            const reader = (children) => {
                const batches = [[...children.values()], []];  // as browsers do: some, and then none
                return {readEntries: (done) => done(batches.shift())};
            };
            for (const [path, content] of files) {
                const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
                const parts = path.split("/"), file = new File([bytes], parts.at(-1));
                if (parts.length === 1) {
                    items.push({kind: "file", webkitGetAsEntry: () => null, getAsFile: () => file});
                    continue;
                }
                let folder = root;
                for (const part of parts.slice(0, -1)) {
                    if (!folder.children.has(part)) {
                        const children = new Map();
                        const entry = {isDirectory: true, isFile: false, name: part, children};
                        folder.children.set(part, {...entry, createReader: () => reader(children)});
                    }
                    folder = folder.children.get(part);
                }
                const entry = {isDirectory: false, isFile: true, name: file.name, fullPath: "/" + path};
                folder.children.set(file.name, {...entry, file: (done) => done(file)});
            }
            for (const entry of root.children.values()) items.push({kind: "file", webkitGetAsEntry: () => entry});
            for (const kind of ["dragenter", "dragover", "drop"]) {
                const event = new DragEvent(kind, {bubbles: true, cancelable: true});
                Object.defineProperty(event, "dataTransfer", {value: {types: ["Files"], items, dropEffect: "none"}});
                document.body.dispatchEvent(event);
            }
        }""",
        [[path, base64.b64encode(content).decode()] for path, content in files],
    )


def _called(function: str) -> str:
    """Return a function that calls ``function`` with arguments, and returns its result, in JSON."""
    return f"async (given) => JSON.stringify((await ({function})(...JSON.parse(given))) ?? null)"


# --- Chromium -------------------------------------------------------------------------------------


class Chromium:
    """A page of the Chromium that the other tests use too."""

    name = "Chromium"

    def __init__(self, browser: Browser) -> None:
        self.watch = Watch()
        self._page = new_page(browser, self.watch)
        self._downloads: list[Download] = []
        self._page.on("download", lambda download: self._downloads.append(download))

    def open(self, url: str) -> None:
        self._page.goto(url)

    def evaluate(self, function: str, *arguments: Any) -> Any:
        return json.loads(self._page.evaluate(_called(function), json.dumps(arguments)))

    def click(self, selector: str) -> None:
        self._page.locator(selector).first.click()

    def set_files(self, selector: str, paths: Sequence[Path]) -> None:
        chosen = [str(path) for path in paths]
        self._page.locator(selector).first.set_input_files(chosen[0] if len(chosen) == 1 else chosen)

    def downloads(self) -> dict[str, bytes]:
        return {each.suggested_filename: Path(each.path()).read_bytes() for each in self._downloads}

    def screenshot(self) -> bytes:
        return self._page.screenshot()

    def close(self) -> None:
        self._page.context.close()


# --- processes ------------------------------------------------------------------------------------


class Processes:
    """Programs that end with the test, with all they started, and a folder that is theirs."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="imagenomer-browser-"))
        self.home = self.folder / "home"  # where browsers save files
        self.home.mkdir()
        self._started: list[subprocess.Popen[bytes]] = []
        #: What programs said, a list of lines each; still growing.
        self.output: dict[str, list[str]] = {}

    def start(self, *command: str, environment: dict[str, str] | None = None, **more: Any) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, and gather what it says."""
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd=self.folder,
            start_new_session=True,
            **more,
        )
        self._started.append(process)
        lines = self.output[command[0]] = []
        threading.Thread(target=self._gather, args=(process, lines), daemon=True).start()
        return process

    @staticmethod
    def _gather(process: subprocess.Popen[bytes], lines: list[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.decode(errors="replace").rstrip())

    def saved(self) -> dict[str, bytes]:
        """Return name and content of each file in the home folder that is there whole."""
        files = [path for path in self.home.iterdir() if path.is_file() and not path.name.startswith(".")]
        unfinished = {path.stem for path in files if path.suffix in {".part", ".wkdownload"}}
        return {
            path.name: path.read_bytes()
            for path in files
            if path.name not in unfinished and path.stem not in unfinished
        }

    def wait_to_hear(self, program: str, pattern: str, seconds: float = PATIENCE) -> str:
        """Wait until a program says what matches ``pattern``, and return the first group."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in list(self.output[program]):
                if found := re.search(pattern, line):
                    return found[1]
            time.sleep(PAUSE)
        raise RuntimeError(f"{program} did not start:\n" + "\n".join(self.output[program]))

    def close(self) -> None:
        """End them, the last one first."""
        for process in reversed(self._started):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it left behind too
            process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


# --- Firefox: WebDriver BiDi ----------------------------------------------------------------------

#: Of the profile: Firefox asks for nothing on its own behalf, and shows nothing but the page.
FIREFOX_PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "services.settings.server": "data:,",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "ui.prefersReducedMotion": 1,
}


class Firefox:
    """Firefox without a window, through the WebDriver BiDi that it speaks itself.

    Parameters
    ----------
    program : str
        Path of the browser.
    """

    name = "Firefox"

    def __init__(self, program: str) -> None:
        self.watch = Watch()
        self._processes = Processes()
        self._socket: ClientConnection | None = None
        self._exits = contextlib.ExitStack()
        self._last = 0
        try:
            self._start(program)
        except BaseException:
            self.close()
            raise

    def _start(self, program: str) -> None:
        profile = self._processes.folder / "profile"
        profile.mkdir()
        downloads = {"browser.download.folderList": 2, "browser.download.dir": str(self._processes.home)}
        lines = [f'user_pref("{k}", {json.dumps(v)});' for k, v in {**FIREFOX_PREFERENCES, **downloads}.items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        arguments = ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", str(profile)]
        self._processes.start(program, *arguments, environment={"HOME": str(self._processes.home)})
        address = self._processes.wait_to_hear(program, r"WebDriver BiDi listening on (ws://\S+)")
        connection = connect(f"{address}/session", max_size=None, open_timeout=PATIENCE, ping_interval=None)
        self._socket = self._exits.enter_context(connection)
        self._command("session.new", capabilities={})
        self._command("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent", "network.fetchError"])
        self._context = self._command("browsingContext.getTree")["contexts"][0]["context"]
        self._command("browsingContext.setViewport", context=self._context, viewport={"width": WIDTH, "height": HEIGHT})

    def _command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result, hearing meanwhile what happens."""
        assert self._socket is not None
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=PATIENCE))
            if message.get("id") == self._last:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
                return dict(message["result"])
            if message["type"] == "event":
                self._hear(message["method"], message["params"])

    def _hear(self, method: str, event: dict[str, Any]) -> None:
        if method == "log.entryAdded":
            if event["level"] in {"error", "warn"}:
                self.watch.problems.append(f"{event['type']} {event['level']}: {event['text']}")
        elif method == "network.beforeRequestSent":
            self.watch.requests.append(event["request"]["url"])
        else:
            self.watch.problems.append(f"{event['request']['url']}: {event['errorText']}")

    def open(self, url: str) -> None:
        self._command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, function: str, *arguments: Any) -> Any:
        answer = self._call(_called(function), {"type": "string", "value": json.dumps(arguments)})
        return json.loads(answer["value"])

    def _call(self, function: str, *arguments: dict[str, Any]) -> dict[str, Any]:
        answer = self._command(
            "script.callFunction",
            functionDeclaration=function,
            arguments=list(arguments),
            awaitPromise=True,
            target={"context": self._context},
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return dict(answer["result"])

    def _element(self, selector: str) -> dict[str, Any]:
        found = self._call(
            "(selector) => { const element = document.querySelector(selector);"
            " element.scrollIntoView({block: 'center', behavior: 'instant'}); return element; }",
            {"type": "string", "value": selector},
        )
        return {"sharedId": found["sharedId"]}

    def click(self, selector: str) -> None:
        element = {"type": "element", "element": self._element(selector)}
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": element},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps}
        self._command("input.performActions", context=self._context, actions=[mouse])

    def set_files(self, selector: str, paths: Sequence[Path]) -> None:
        self._command(
            "input.setFiles",
            context=self._context,
            element=self._element(selector),
            files=[str(path) for path in paths],
        )

    def downloads(self) -> dict[str, bytes]:
        return self._processes.saved()

    def screenshot(self) -> bytes:
        return base64.b64decode(self._command("browsingContext.captureScreenshot", context=self._context)["data"])

    def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(Exception):
                self._command("browser.close")
        self._exits.close()
        self._processes.close()


# --- WebKitGTK: classic WebDriver -----------------------------------------------------------------

#: How WebDriver names an element in JSON.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class WebKit:
    """WebKitGTK's MiniBrowser, through WebKitWebDriver, under an X server without a screen.

    Parameters
    ----------
    driver, browser, xvfb : str
        Paths of WebKitWebDriver, MiniBrowser and Xvfb.
    """

    name = "WebKitGTK"

    def __init__(self, driver: str, browser: str, xvfb: str) -> None:
        self.watch = Watch()
        self._processes = Processes()
        self._session = ""
        try:
            self._start(driver, browser, xvfb)
        except BaseException:
            self.close()
            raise

    def _start(self, driver: str, browser: str, xvfb: str) -> None:
        screen = f"{WIDTH}x{HEIGHT + 100}x24"
        # The server chooses a free number itself and writes it where it is told.
        reading, writing = os.pipe()
        try:
            arguments = ["-displayfd", str(writing), "-screen", "0", screen, "-nolisten", "tcp"]
            self._processes.start(xvfb, *arguments, pass_fds=(writing,))
        finally:
            os.close(writing)
        with os.fdopen(reading) as pipe:
            display = pipe.readline().strip()
        if not display:
            raise RuntimeError("Xvfb did not start:\n" + "\n".join(self._processes.output[xvfb]))
        port = free_port()
        # Where the folder for downloads is to be looked up there is none: they go into the home folder.
        folder, home = self._processes.folder, self._processes.home
        environment = {
            "DISPLAY": f":{display}",
            "HOME": str(home),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_DATA_HOME": str(folder / "data"),
            "GTK_A11Y": "none",
            "NO_AT_BRIDGE": "1",
            "GDK_BACKEND": "x11",
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }
        self._processes.start(driver, f"--port={port}", environment=environment)
        self._base = f"http://127.0.0.1:{port}"
        self._wait_until_ready()
        options = {"binary": browser, "args": ["--automation"]}
        # Not waiting for a page to load: `open` has to be there before its scripts.
        capabilities = {
            "browserName": "MiniBrowser",
            "pageLoadStrategy": "none",
            "webkitgtk:browserOptions": options,
        }
        answer = self._request("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._session = f"/session/{answer['sessionId']}"
        self._request("POST", f"{self._session}/timeouts", {"script": 1000 * PATIENCE, "pageLoad": 1000 * PATIENCE})
        self._request("POST", f"{self._session}/window/rect", {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT + 60})

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._request("GET", "/status")
                return
            except OSError:
                if time.monotonic() > end:
                    raise
            time.sleep(PAUSE)

    def _request(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with _OPENER.open(request, timeout=2 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.read().decode(errors='replace')}") from None

    def open(self, url: str) -> None:
        # The driver answers before anything has happened, and the page before may have the same address.
        self.evaluate("() => void (self.isLeft = true)")
        self._request("POST", f"{self._session}/url", {"url": url})
        arrived = f"""(url) => {{
            if (self.isLeft || location.href !== url) return false;
            if (!self.faults) ({LISTEN})();
            return document.readyState === "complete";
        }}"""
        end = time.monotonic() + PATIENCE
        while not self._answers(arrived, url):
            if time.monotonic() > end:
                raise AssertionError(f"{self.name}: {url} did not open within {PATIENCE} s")
            time.sleep(PAUSE)

    def _answers(self, function: str, *arguments: Any) -> bool:
        """Whether a function returns something true; a page that goes away while it is asked does not."""
        try:
            return bool(self.evaluate(function, *arguments))
        except RuntimeError:
            return False

    def evaluate(self, function: str, *arguments: Any) -> Any:
        script = f"""const [given, done] = arguments;
            const tell = (outcome) => done({{...outcome, faults: (self.faults ?? []).splice(0)}});
            ({_called(function)})(given).then((text) => tell({{text}}), (error) => tell({{error: `${{error}}`}}));"""
        content = {"script": script, "args": [json.dumps(arguments)]}
        answer = self._request("POST", f"{self._session}/execute/async", content)
        self.watch.problems += answer["faults"]
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return json.loads(answer["text"])

    def _element(self, selector: str) -> str:
        content = {"using": "css selector", "value": selector}
        return str(self._request("POST", f"{self._session}/element", content)[ELEMENT])

    def click(self, selector: str) -> None:
        self._request("POST", f"{self._session}/element/{self._element(selector)}/click", {})

    def set_files(self, selector: str, paths: Sequence[Path]) -> None:
        content = {"text": "\n".join(str(path) for path in paths)}
        self._request("POST", f"{self._session}/element/{self._element(selector)}/value", content)

    def downloads(self) -> dict[str, bytes]:
        return self._processes.saved()

    def screenshot(self) -> bytes:
        return base64.b64decode(self._request("GET", f"{self._session}/screenshot"))

    def close(self) -> None:
        if self._session:
            with contextlib.suppress(Exception):
                self._request("DELETE", self._session)
        self._processes.close()


#: Without the proxies of the environment: the driver is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """Return a port that nobody listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def opened(driver: Driver) -> Iterator[Driver]:
    """Close the driver in the end, whatever happens."""
    try:
        yield driver
    finally:
        driver.close()
