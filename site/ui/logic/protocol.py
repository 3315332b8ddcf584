"""Protocol: what the page says to its engine, what follows from the answers, and what is done when the engine is lost.

Calls may be made at any time: those made before the engine is ready are done when it is. When the engine is lost the
calls under way end with `Lost`, another engine starts from the same bytes, and ``on_crash`` may open the cohort again.
What lost the engine twice is not run a third time.
"""

import json

from logic.language import known, say

#: Seconds without a response of a busy engine, after which the page offers to stop it.
SILENCE = 20
#: Seconds that the engine has to stop when the user asks it to, and when it is to do something else instead.
PATIENCE, INDULGENCE = 1, 4
#: A call that lost the engine so often is not run again; an engine lost so often while idle, and the user doing nothing
#: in between, is not replaced.
ENOUGH = 2


class Refused(Exception):
    """The user can correct this.

    ``position`` is the index of the offending character of an expression, or None; ``questions`` are those whose
    answers would do: ``{"found", "alternatives": [{"meaning", "recipe", "sketched"}]}``.
    """

    def __init__(self, message, position=None, questions=()):
        super().__init__(message)
        self.message = message
        self.position = position
        self.questions = questions


class Bug(Exception):
    """Anything else; ``traceback`` goes into the report."""

    def __init__(self, message, traceback=""):
        super().__init__(message)
        self.message = message
        self.traceback = traceback


class Cancelled(Exception):
    """The call was cancelled."""


class Lost(Exception):
    """The engine was lost before it answered; ``on_crash`` has reported it."""


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
    by_browser : bool
        Whether the browser ended it, without an error of its own.
    """

    def __init__(self, message, stack, call, blocked, by_browser):
        self.message = message
        self.stack = stack
        self.name = None if call is None else call.name
        self.arguments = {} if call is None else call.arguments
        self.blocked = blocked
        self.by_browser = by_browser


class Call:
    """Something asked of the engine; ``on_done()`` is called once there is an ``answer`` or an ``error``."""

    def __init__(self, number, name, arguments, on_progress):
        self.number = number
        self.name = name
        self.arguments = arguments
        self.key = key_of([name, arguments])
        self.on_progress = on_progress
        self.on_done = _ignore
        self.done = False
        self.answer = None
        self.error = None

    def finish(self, answer, error=None):
        self.answer, self.error, self.done = answer, error, True
        self.on_done()


class Protocol:
    """The engine as the page sees it.

    Parameters
    ----------
    port : object
        ``post(message)`` sends to the worker, ``make_worker()`` and ``stop_worker()`` begin and end it, and
        ``later(milliseconds, action)`` returns a function that runs ``action`` once it has not been called for so long.

    Attributes
    ----------
    version : str or None
        Version of the package once the engine is ready, else None.
    loading : bool
        Whether bytes of the engine are still on their way.
    on_loading : callable
        ``(done, total)``, in bytes, while the engine is on its way.
    on_boot : callable
        ``(step, done, total)`` while the engine starts; total 0: unknown.
    on_ready : callable
        ``(version)``, after each start.
    on_trouble : callable
        ``(stage, message)``: an asset did not arrive whole.
    on_brought : callable
        ``(name)``: the service worker has handed over an asset that something asked for.
    on_failure : callable
        ``(crash)``: the engine cannot start, or not stay alive.
    on_crash : callable
        ``(crash)``: the engine was lost and another is starting; open the cohort again.
    on_silence, on_stubborn : callable
        No response of the engine for `SILENCE` seconds, or it does not stop when asked to; `restart` helps.
    on_sign : callable
        It responds again.
    on_attempt : callable
        ``(directive, address, policy)``: something in the engine or the page tried to reach out, and was refused.
    describe : callable
        ``(name, arguments)``: a call in words.
    """

    def __init__(self, port):
        self.version = None
        self.loading = True
        self.on_loading = self.on_boot = self.on_ready = self.on_failure = self.on_crash = self.on_trouble = _ignore
        self.on_silence = self.on_stubborn = self.on_sign = self.on_attempt = self.on_brought = _ignore
        self.describe = lambda name, arguments: name
        self._port = port
        self._calls = {}  # number -> call under way
        self._last = 0
        self._failure = None
        self._step = None  # what the engine is doing, reported once its bytes are here
        self._losses = {}  # key of a call -> how often it lost the engine
        self._idle_losses = 0
        self._quiet = False
        self._stubborn = None  # number of the call that does not stop when asked to
        self._expect_sign = port.later(1000 * SILENCE, self._silent)
        self._receivers = {
            "loading": self._take_loading,
            "boot": self._take_boot,
            "ready": self._take_ready,
            "trouble": lambda message: self.on_trouble(message["stage"], message["message"]),
            "brought": lambda message: self.on_brought(message["name"]),
            "attempt": lambda message: self.on_attempt(message["directive"], message["address"], message["policy"]),
            "crash": self._take_crash,
        }

    # --- asking ---

    def watch(self):
        """Begin to expect signs of the engine, which is being made."""
        self._expect_sign()

    def ask(self, name, arguments=None, files=None, on_progress=None):
        """Ask the engine, and return the `Call`, which may have failed already."""
        self._last += 1
        call = Call(self._last, name, arguments or {}, on_progress)
        if self._losses.get(call.key, 0) >= ENOUGH:
            what = self.describe(name, call.arguments)
            refusal = say(
                "The engine stopped twice while it was {what}, so the page does not ask for the same "
                "again. Choose other settings or fewer scans; to try the same once more, reload the page.",
                what=what,
            )
            call.finish(None, Refused(refusal))
        elif self._failure is not None:
            call.finish(None, Lost(self._failure))
        else:
            if not self._calls:
                self._expect_sign()  # more calls to a silent engine do not make it less silent
            self._calls[call.number] = call
            message = {"type": "request", "id": call.number, "call": name, "arguments": json.dumps(call.arguments)}
            if files is not None:
                message["files"] = list(files)
            self._port.post(message)
        return call

    def is_waiting(self):
        """Whether anything that was asked for is not answered yet."""
        return bool(self._calls)

    def cancel(self, number, patience=PATIENCE):
        """Ask the engine to stop a call, which then ends with `Cancelled`; it has ``patience`` seconds to obey."""
        if number in self._calls:
            self._port.post({"type": "cancel", "id": number})
            self._port.later(1000 * patience, lambda: self._disobeyed(number))()

    # --- the engine's life ---

    def restart(self):
        """End the engine and make another from the same bytes; calls under way count as cancelled."""
        self._stop(Cancelled())
        self._failure = None
        self._idle_losses = 0
        self._make()

    def forgive(self):
        """The user has done something: what is lost from now on is not the same again."""
        self._idle_losses = 0

    def _make(self):
        self._port.make_worker()
        self._expect_sign()

    def _stop(self, error):
        self._port.stop_worker()
        self.version = None
        self._quiet = False
        self._stubborn = None
        lost, self._calls = self._calls, {}
        for call in lost.values():
            call.finish(None, error)

    def _silent(self):
        if self._failure is None and (self._calls or self.version is None):
            self._quiet = True
            self.on_silence()

    def _disobeyed(self, number):
        if number in self._calls:
            self._stubborn = number
            self.on_stubborn()

    # --- hearing ---

    def receive(self, message):
        """Take a message of the engine's worker or of the loader: a dict that lacks what the message lacks."""
        self._expect_sign()
        if self._quiet:
            self._quiet = False
            self.on_sign()
        kind = message["type"]
        if kind in self._receivers:
            self._receivers[kind](message)
        elif message["id"] in self._calls:
            self._take_answer(self._calls[message["id"]], message)

    def _take_loading(self, message):
        self.loading = message["done"] < message["total"]
        if self._step is None or self.loading:
            self.on_loading(message["done"], message["total"])
        else:
            self.on_boot(*self._step)

    def _take_boot(self, message):
        self._step = (message["step"], message["done"], message["total"])
        if not self.loading:
            self.on_boot(*self._step)

    def _take_ready(self, message):
        self.version = message["version"]
        self.on_ready(self.version)

    def _take_crash(self, message):
        started = self.version is not None
        # Calls are done in order: the first is the one under way. An engine that can tell says so itself.
        number = message["id"] if "id" in message else min(self._calls, default=None)
        culprit = self._calls.get(number) if started else None
        blocked = False
        if culprit is None:
            self._idle_losses += 1
        else:
            losses = self._losses[culprit.key] = self._losses.get(culprit.key, 0) + 1
            blocked = losses >= ENOUGH
        said, stack = message.get("message") or "", message.get("stack") or ""
        crash = Crash(said, stack, culprit, blocked, message.get("by_browser", False))
        if not started or self._idle_losses >= ENOUGH:
            self._failure = crash.message
            self._stop(Lost(crash.message))
            self.on_failure(crash)
        else:
            self._stop(Lost(crash.message))
            self._make()
            self.on_crash(crash)

    def _take_answer(self, call, message):
        kind = message["type"]
        if kind == "progress":
            if call.on_progress is not None:
                call.on_progress(known(message["step"]), message["done"], message["total"])
            return
        del self._calls[call.number]
        if call.number == self._stubborn:
            self._stubborn = None
            self.on_sign()
        self._losses.pop(call.key, None)
        if kind == "answer":
            call.finish(Answer(json.loads(message["json"]), message["buffers"]))
        elif kind == "refused":
            questions = json.loads(message.get("questions") or "[]")
            call.finish(None, Refused(message["message"], message.get("position"), questions))
        elif kind == "cancelled":
            call.finish(None, Cancelled())
        else:
            call.finish(None, Bug(message["message"], message.get("traceback") or ""))


def key_of(value):
    """Write a JSON value so that equal ones are written alike: dicts have no order in MicroPython."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{key_of(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(key_of(item) for item in value) + "]"
    return json.dumps(value)


def _ignore(*_):
    pass
