"""The engine as the page sees it: `await client.call(name, arguments)`; what is decided on the way is in `Protocol`."""

import asyncio

import js
from dom import later, listen
from logic.protocol import Protocol
from pyscript.ffi import create_proxy, to_js

#: Milliseconds between two looks whether everything is answered.
REST = 20


class Client(Protocol):
    """The engine in its worker, which the page's loader makes."""

    def __init__(self):
        super().__init__(_Port())
        for action in ("pointerdown", "keydown"):
            listen(js.document, action, lambda event: self.forgive(), capture=True)

    def start(self):
        """Listen to the engine."""
        js.window.imagenomer.listen(create_proxy(lambda message: self.receive(_plain(message))))
        self.watch()

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
        call = self.ask(name, arguments, files, on_progress)
        return call.number, _outcome(call)

    async def rest(self):
        """Wait until everything that was asked for is answered."""
        while self.is_waiting():
            await asyncio.sleep(REST / 1000)


class _Port:
    """The way to the worker, by way of the loader."""

    def __init__(self):
        self._page = js.window.imagenomer
        self.later = later

    def post(self, message):
        self._page.post(to_js(message))

    def make_worker(self):
        self._page.make_worker()

    def stop_worker(self):
        self._page.stop_worker()


async def _outcome(call):
    if not call.done:
        done = asyncio.Event()
        call.on_done = done.set
        await done.wait()
    if call.error is not None:
        raise call.error
    return call.answer


def _plain(message):
    """A message as a dict; what is undefined in it is left out, and of buffers only the bytes stay in the browser."""
    fields = {name: getattr(message, name) for name in js.Object.keys(message)}
    given = fields.pop("buffers", None)
    plain = {name: fields[name] for name in fields if isinstance(fields[name], (str, bool, int, float, type(None)))}
    if given is not None:
        plain["buffers"] = _buffers(given)
    return plain


def _buffers(given):
    buffers = {}
    for name in js.Object.keys(given):
        buffer = getattr(given, name)
        buffers[name] = {"dtype": buffer.dtype, "shape": list(buffer.shape), "data": buffer.data}
    return buffers
