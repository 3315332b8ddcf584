"""The engine as the page sees it: `await client.call(name, arguments)`.

Calls may be made at any time: those made before the engine is ready are done when it is. When the engine is lost the
calls under way fail with `Lost`, another engine starts from the same bytes, and ``on_crash`` may open the cohort again.
What lost the engine twice is not run a third time.
"""

import asyncio
import json

import js
from dom import later, listen
from pyscript.ffi import create_proxy, to_js

#: Seconds without a word of an engine that has something to do, after which the page offers to stop it.
SILENCE = 20
#: Seconds that the engine has to obey when it is told to stop.
PATIENCE = 4
#: Milliseconds between two looks whether everything is answered.
REST = 20
#: A call that lost the engine so often is not run again; an engine lost so often while idle, and the user doing nothing
#: in between, is not replaced.
ENOUGH = 2


class Refused(Exception):
    """The user can correct this; ``position`` is the index of the offending character of an expression, or None."""

    def __init__(self, message, position=None):
        super().__init__(message)
        self.message = message
        self.position = position


class Bug(Exception):
    """Anything else; ``traceback`` goes into the report."""

    def __init__(self, message, traceback=""):
        super().__init__(message)
        self.message = message
        self.traceback = traceback


class Cancelled(Exception):
    """The call was cancelled."""


class Lost(Exception):
    """The engine was lost before it answered; ``on_crash`` has told the user."""


class Answer:
    """What the engine answered.

    ``json`` is the value; ``buffers`` maps names to ``{"dtype", "shape", "data"}``, where ``data`` is an ArrayBuffer.
    """

    def __init__(self, value, buffers):
        self.json = value
        self.buffers = buffers


class Crash:
    """How the engine was lost.

    Attributes
    ----------
    message : str
        What the browser says.
    stack : str
        Where in the program, for the report.
    name, arguments : str or None, dict
        The call under way.
    blocked : bool
        Whether this call is not run again.
    """

    def __init__(self, message, stack, name, arguments, blocked):
        self.message = message
        self.stack = stack
        self.name = name
        self.arguments = arguments
        self.blocked = blocked


class _Call:
    def __init__(self, name, arguments, on_progress):
        self.name = name
        self.arguments = arguments
        self.key = _key([name, arguments])
        self.on_progress = on_progress
        self.done = asyncio.Event()
        self.answer = None
        self.error = None


class Client:
    """The engine.

    Attributes
    ----------
    version : str or None
        Version of the package once the engine is ready, else None.
    loading : bool
        Whether bytes of the engine are still on their way.
    on_boot : callable
        ``(step, done, total)`` while the engine starts: bytes in the step "Loading", else steps; total 0: unknown.
    on_ready : callable
        ``(version)``, after each start.
    on_trouble : callable
        ``(stage, message)``: an asset did not arrive whole.
    on_failure : callable
        ``(crash)``: the engine cannot start, or not stay alive.
    on_crash : callable
        ``(crash)``: the engine was lost and another is starting; open the cohort again.
    on_silence, on_stubborn : callable
        The engine has not been heard of for `SILENCE` seconds, or does not stop when told to; `restart` helps.
    on_sign : callable
        It has been heard of again.
    on_attempt : callable
        ``(directive, address, policy)``: something in the engine tried to reach out, and was refused.
    describe : callable
        ``(name, arguments)``: a call in words.
    """

    def __init__(self):
        self.version = None
        self.loading = True
        self.on_boot = self.on_ready = self.on_failure = self.on_crash = self.on_trouble = _ignore
        self.on_silence = self.on_stubborn = self.on_sign = self.on_attempt = _ignore
        self.describe = lambda name, arguments: name
        self._page = js.window.imagenomer
        self._calls = {}
        self._last = 0
        self._failure = None
        self._step = None  # what the engine is at, told once its bytes are here
        self._losses = {}  # key of a call -> how often it lost the engine
        self._idle_losses = 0
        self._quiet = False
        self._stubborn = None  # number of the call that does not stop when told to
        self._await_sign = later(1000 * SILENCE, self._silent)
        for deed in ("pointerdown", "keydown"):
            listen(js.document, deed, self._forgive, capture=True)

    def start(self):
        """Listen to the engine, which the page's loader has made."""
        self._page.listen(create_proxy(self._receive))
        self._await_sign()

    async def call(self, name, arguments=None, files=None, on_progress=None):
        """Ask the engine.

        Parameters
        ----------
        name : str
        arguments : dict, optional
            JSON values.
        files : list of File, optional
        on_progress : callable, optional
            ``(step, done, total)``.

        Returns
        -------
        Answer

        Raises
        ------
        Refused, Cancelled, Bug, Lost
        """
        return await self.begin(name, arguments, files, on_progress)[1]

    def begin(self, name, arguments=None, files=None, on_progress=None):
        """Ask the engine, and return the number of the call, for `cancel`, and a coroutine that returns the answer."""
        self._last += 1
        call = _Call(name, arguments or {}, on_progress)
        if self._losses.get(call.key, 0) >= ENOUGH:
            what = self.describe(name, call.arguments)
            call.error = Refused(
                f"The engine stopped twice while it was {what}, so the page does not ask for the same again. Choose "
                "other settings or fewer scans; to try the same once more, reload the page."
            )
        elif self._failure is not None:
            call.error = Lost(self._failure)
        if call.error is not None:
            call.done.set()
            return self._last, self._outcome(call)
        if not self._calls:
            self._await_sign()  # more calls to a silent engine do not make it less silent
        self._calls[self._last] = call
        message = {"type": "request", "id": self._last, "call": name, "arguments": json.dumps(call.arguments)}
        if files is not None:
            message["files"] = list(files)
        self._page.post(to_js(message))
        return self._last, self._outcome(call)

    async def rest(self):
        """Wait until everything that was asked for is answered."""
        while self._calls:
            await asyncio.sleep(REST / 1000)

    def cancel(self, number):
        """Ask the engine to stop a call, which then raises `Cancelled`."""
        if number in self._calls:
            self._page.post(to_js({"type": "cancel", "id": number}))
            later(1000 * PATIENCE, lambda: self._disobeyed(number))()

    def restart(self):
        """End the engine and make another from the same bytes; calls under way count as cancelled."""
        self._stop(Cancelled())
        self._failure = None
        self._idle_losses = 0
        self._make()

    async def _outcome(self, call):
        await call.done.wait()
        if call.error is not None:
            raise call.error
        return call.answer

    def _make(self):
        self._page.make_worker()
        self._await_sign()

    def _stop(self, error):
        self._page.stop_worker()
        self.version = None
        self._quiet = False
        self._stubborn = None
        lost, self._calls = self._calls, {}
        for call in lost.values():
            call.error = error
            call.done.set()

    def _forgive(self, event):
        self._idle_losses = 0

    def _silent(self):
        if self._failure is None and (self._calls or self.version is None):
            self._quiet = True
            self.on_silence()

    def _disobeyed(self, number):
        if number in self._calls:
            self._stubborn = number
            self.on_stubborn()

    def _crashed(self, event):
        message, stack = str(event.message), str(getattr(event, "stack", "") or "")
        # Calls are done in order: the first is the one under way. An engine that can tell says so itself.
        number = getattr(event, "id", None) if hasattr(event, "id") else min(self._calls, default=None)
        culprit = self._calls.get(number) if self.version is not None else None
        started = self.version is not None
        if culprit is None:
            self._idle_losses += 1
            crash = Crash(message, stack, None, {}, False)
        else:
            losses = self._losses[culprit.key] = self._losses.get(culprit.key, 0) + 1
            crash = Crash(message, stack, culprit.name, culprit.arguments, losses >= ENOUGH)
        if not started or self._idle_losses >= ENOUGH:
            self._failure = message
            self._stop(Lost(message))
            self.on_failure(crash)
        else:
            self._stop(Lost(message))
            self._make()
            self.on_crash(crash)

    def _receive(self, message):
        kind = message.type
        self._await_sign()
        if self._quiet:
            self._quiet = False
            self.on_sign()
        if kind == "loading":
            self.loading = message.done < message.total
            if self._step is None or self.loading:
                self.on_boot("Loading", message.done, message.total)
            else:
                self.on_boot(*self._step)
        elif kind == "boot":
            self._step = (message.step, message.done, message.total)
            if not self.loading:
                self.on_boot(*self._step)
        elif kind == "ready":
            self.version = message.version
            self.on_ready(message.version)
        elif kind == "trouble":
            self.on_trouble(message.stage, message.message)
        elif kind == "attempt":
            self.on_attempt(str(message.directive), str(message.address), str(message.policy))
        elif kind == "crash":
            self._crashed(message)
        elif message.id in self._calls:
            call = self._calls[message.id]
            if kind == "progress":
                if call.on_progress is not None:
                    call.on_progress(message.step, message.done, message.total)
                return
            del self._calls[message.id]
            if message.id == self._stubborn:
                self._stubborn = None
                self.on_sign()
            self._losses.pop(call.key, None)
            if kind == "answer":
                call.answer = Answer(json.loads(message.json), _buffers(message.buffers))
            elif kind == "refused":
                # What a message lacks is `undefined`, which is not None.
                place = message.position
                call.error = Refused(message.message, place if isinstance(place, (int, float)) else None)
            elif kind == "cancelled":
                call.error = Cancelled()
            else:
                call.error = Bug(message.message, message.traceback)
            call.done.set()


def _key(value):
    """Write a JSON value so that equal ones are written alike: dicts have no order here."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{_key(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_key(item) for item in value) + "]"
    return json.dumps(value)


def _buffers(given):
    buffers = {}
    for name in js.Object.keys(given):
        buffer = getattr(given, name)
        buffers[name] = {"dtype": buffer.dtype, "shape": list(buffer.shape), "data": buffer.data}
    return buffers


def _ignore(*_):
    pass
