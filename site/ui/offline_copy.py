"""The copy of the program that the browser keeps, so that the page opens without network, and news of later versions.

The service worker (``sw.js``) holds the copy; this module gives it what the page has already loaded, so that nothing is
asked for twice, and says when another version is ready. Where there is no service worker (a page opened
from disk, a private window) there is no copy, and nothing else changes.
"""

import asyncio
import json

import js
from dom import find, hide, listen, show, start
from jsffi import JsException
from logic.language import say
from pyscript.ffi import create_proxy, to_js


class OfflineCopy:
    """The copy of the program.

    Attributes
    ----------
    state : str
        "unavailable", "none" (forgotten, or not yet made), "making" or "kept".
    size : int
        Bytes of the copy.
    problem : str or None
        Why there is no copy though there could be one.
    on_change : callable
        Called when one of these has changed.
    """

    def __init__(self, before_reload):
        self._before_reload = before_reload
        self.state, self.size, self.problem = "unavailable", 0, None
        self.on_change = lambda: None
        self._build = str(js.window.imagenomer.manifest.build)
        self._registration = None
        self._next = None  # the worker of a later version
        listen(find("update-now"), "click", self._update)
        listen(find("update-later"), "click", lambda event: hide(find("update")))

    async def watch(self):
        """Find the service worker, and announce a later version, now or when it comes."""
        make_installable()
        try:
            self._registration = await js.navigator.serviceWorker.getRegistration()
        except (AttributeError, JsException):
            return  # not in this browser, or not here
        if not self._registration:
            return
        self._set("none")
        listen(self._registration, "updatefound", lambda event: self._follow(self._registration.installing))
        self._follow(self._registration.installing)
        if self._registration.waiting:
            await self._found(self._registration.waiting)

    async def keep(self):
        """Have the program kept, once the engine is ready and the line is free."""
        if self.state == "unavailable":
            return
        await js.navigator.serviceWorker.ready
        worker = self._registration.active
        about = await ask(worker, {"type": "describe"})
        if about.build == self._build:  # else a page of this build came past a worker of another
            await self._fill(worker, about)

    async def forget(self):
        """Remove the copy, and the service worker with it."""
        if self._registration is None:
            return
        scope = self._registration.scope
        for name in await js.caches.keys():
            if name.startswith(f"imagenomer {scope} "):
                await js.caches.delete(name)
        await self._registration.unregister()
        self.problem = None
        self._set("none")

    def _set(self, state):
        self.state = state
        self.on_change()

    async def _fill(self, worker, about):
        self.size = about.size
        self.problem = None if about.kept else await self._hand_over(worker)
        self._set("none" if self.problem else "kept")

    async def _hand_over(self, worker):
        """Give a service worker what the page has; returns why there is no copy, or None."""
        self._set("making")
        files = []
        for entry in js.window.imagenomer.manifest.assets:
            if entry.stage in ("asked", "language"):
                continue  # the service worker has it if it was ever asked for
            try:
                blob = await js.window.imagenomer.blob(entry.name)
            except JsException as error:
                return f"{entry.name} {error}"
            files.append({"path": entry.path, "blob": blob})
        return (await ask(worker, {"type": "keep", "files": files})).problem

    def _follow(self, worker):
        """Wait until a worker that is being installed is."""

        def changed(event):
            # The first one of all needs no announcement: it starts at once.
            if worker.state == "installed" and self._registration.active:
                start(self._found(worker))

        if worker:
            listen(worker, "statechange", changed)

    async def _found(self, worker):
        about = await ask(worker, {"type": "describe"})
        if about.build == self._build:  # the page came from the server, and is the new version already
            await self._fill(worker, about)
            worker.postMessage(to_js({"type": "take over"}))
        else:
            self._next = worker
            show(find("update"))

    async def _update(self, event):
        def changed(event):
            if self._next.state == "activated":
                self._before_reload()
                js.location.reload()

        listen(self._next, "statechange", changed)
        self._next.postMessage(to_js({"type": "take over"}))


async def ask(worker, message):
    """Send a message to a service worker and return what it answers."""
    channel, answers, arrived = js.MessageChannel.new(), [], asyncio.Event()

    def receive(event):
        answers.append(event.data)
        arrived.set()

    channel.port1.onmessage = create_proxy(receive)
    worker.postMessage(to_js(message), to_js([channel.port2]))
    await arrived.wait()
    return answers[0]


def make_installable():
    """Tell the browser how to install the site as an application.

    The description is made here and not a file of the site: the locked door would have to stay open for a file, and
    whoever can change its address could write into it.
    """
    if not js.location.protocol.startswith("http"):
        return
    here = str(js.URL.new("./", js.location.href).href)
    icon = js.document.querySelector("link[rel=icon]").getAttribute("href")
    description = {
        "id": here,
        "name": "ImageNomer",
        "short_name": "ImageNomer",
        "description": say("Explore brain connectivity, genes and traits of a cohort, on this machine."),
        "start_url": here,
        "scope": here,
        "display": "standalone",
        "background_color": "#f5f6f8",
        "theme_color": "#f5f6f8",
        "icons": [{"src": icon, "sizes": "any", "type": "image/svg+xml"}],
    }
    link = js.document.createElement("link")
    link.rel = "manifest"
    link.href = js.URL.createObjectURL(
        js.Blob.new(to_js([json.dumps(description)]), to_js({"type": "application/manifest+json"}))
    )
    js.document.head.append(link)
