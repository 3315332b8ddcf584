"""The engine as the page sees it: `await client.call(name, arguments)`.

Calls may be made at any time: those made before the engine is ready are done when it is. After a crash the calls under
way fail with `Bug`, another engine starts from the same bytes, and ``on_restart`` may open the cohort again.
The engine itself is made by ``loader.js``, which also relays messages both ways.
"""

import asyncio
import json

import js
from pyscript.ffi import create_proxy, to_js


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


class Answer:
    """What the engine answered.

    ``json`` is the value; ``buffers`` maps names to ``{"dtype", "shape", "data"}``, where ``data`` is an ArrayBuffer.
    """

    def __init__(self, value, buffers):
        self.json = value
        self.buffers = buffers


class _Call:
    def __init__(self, message, on_progress):
        self.message = message
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
    on_boot : callable
        ``(step, done, total)`` while the engine starts: bytes in the step "Loading", else steps; total 0: unknown.
    on_ready : callable
        ``(version)``, after each start.
    on_failure : callable
        ``(message)``: the engine cannot start.
    on_restart : callable
        ``(message)``: the engine was lost and another is starting; open the cohort again.
    on_attempt : callable
        ``(directive, address, policy)``: something in the engine tried to reach out, and was refused.
    """

    def __init__(self):
        self.version = None
        self.on_boot = self.on_ready = self.on_failure = self.on_restart = _ignore
        self.on_attempt = _ignore
        self._page = js.window.imagenomer
        self._calls = {}
        self._last = 0
        self._failure = None
        self._step = None  # what the engine is at, told once its bytes are here
        self._loaded = False

    def start(self):
        """Hear of the engine, which has been starting since before Python was there."""
        self._page.listen(create_proxy(self._receive))

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
        Refused, Cancelled, Bug
        """
        return await self.begin(name, arguments, files, on_progress)[1]

    def begin(self, name, arguments=None, files=None, on_progress=None):
        """Ask the engine, and return the number of the call, for `cancel`, and a coroutine that returns the answer."""
        self._last += 1
        message = {"type": "request", "id": self._last, "call": name, "arguments": json.dumps(arguments or {})}
        if files is not None:
            message["files"] = list(files)
        call = self._calls[self._last] = _Call(to_js(message), on_progress)
        if self._failure is not None:
            self._lose(Bug(self._failure))
        else:
            self._page.post(call.message)
        return self._last, self._outcome(call)

    def cancel(self, number):
        """Ask the engine to stop a call, which then raises `Cancelled`."""
        if number in self._calls:
            self._page.post(to_js({"type": "cancel", "id": number}))

    def restart(self, message="The engine was stopped"):
        """Make another engine from the same bytes; calls under way fail with ``message``."""
        self.version = None
        self._page.make_worker()
        self._lose(Bug(message))
        self.on_restart(message)

    async def _outcome(self, call):
        await call.done.wait()
        if call.error is not None:
            raise call.error
        return call.answer

    def _lose(self, error):
        lost, self._calls = self._calls, {}
        for call in lost.values():
            call.error = error
            call.done.set()

    def _fail(self, message):
        self._failure = message
        self.version = None
        self._page.stop_worker()
        self._lose(Bug(message))
        self.on_failure(message)

    def _crashed(self, message):
        if self.version is None:
            self._fail(message)
        else:
            self.restart(message)

    def _receive(self, message):
        kind = message.type
        if kind == "loading":
            self._loaded = message.done >= message.total
            if self._step is None or not self._loaded:
                self.on_boot("Loading", message.done, message.total)
            else:
                self.on_boot(*self._step)
        elif kind == "trouble":
            self._fail(message.message)
        elif kind == "crash":
            self._crashed(f"The engine stopped: {message.message}")
        elif kind == "boot":
            self._step = (message.step, message.done, message.total)
            if self._loaded:
                self.on_boot(*self._step)
        elif kind == "ready":
            self.version = message.version
            self.on_ready(message.version)
        elif kind == "attempt":
            self.on_attempt(str(message.directive), str(message.address), str(message.policy))
        elif message.id in self._calls:
            call = self._calls[message.id]
            if kind == "progress":
                if call.on_progress is not None:
                    call.on_progress(message.step, message.done, message.total)
                return
            del self._calls[message.id]
            if kind == "answer":
                call.answer = Answer(json.loads(message.json), _buffers(message.buffers))
            elif kind == "refused":
                call.error = Refused(message.message, message.position)
            elif kind == "cancelled":
                call.error = Cancelled()
            else:
                call.error = Bug(message.message, message.traceback)
            call.done.set()


def _buffers(given):
    buffers = {}
    for name in js.Object.keys(given):
        buffer = getattr(given, name)
        buffers[name] = {"dtype": buffer.dtype, "shape": list(buffer.shape), "data": buffer.data}
    return buffers


def _ignore(*_):
    pass
