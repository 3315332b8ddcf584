"""Starting the engine: fetch everything, lock the door, and only then make the worker.

`Assets` fetches what the engine is made of. Once every request is on its way a second Content-Security-Policy is
appended to the page: what was asked for still arrives, but neither the page nor a worker made afterwards can ask for
anything more, be it from here. The bytes are kept as blobs, which browsers hold outside the page's own memory,
so that a second worker can be made from them without the network.
"""

import asyncio
import gc
import json

import js
from jsffi import JsException
from pyscript.ffi import create_proxy, to_js

#: What is left once everything is on its way: WebAssembly, the engine's worker, and images made here.
LOCKED = "default-src 'none'; script-src 'wasm-unsafe-eval'; worker-src blob:; img-src blob: data:"


class Assets:
    """What the engine is made of, arriving.

    ``report(step, done, total)`` is called with bytes while they arrive.
    """

    def __init__(self, report):
        self.manifest = None
        self.total = 0
        self.received = 0
        self._report = report
        self._arrivals = {}  # name -> task that returns the blob

    async def request(self):
        """Issue every request, then lock the door. Returns while the bytes are still arriving."""
        response = await js.fetch("assets.json")
        self.manifest = await response.text()
        entries = json.loads(self.manifest)["assets"]
        self.total = sum(entry["size"] for entry in entries)
        requested = [(entry["name"], js.fetch(entry["path"])) for entry in entries]
        lock_door()
        for name, response in requested:
            self._arrivals[name] = asyncio.create_task(self._receive(name, response))

    def names(self):
        """The assets, first things first."""
        return list(self._arrivals)

    async def blob(self, name):
        """Wait for an asset. Raises `OSError` where it did not arrive."""
        arrived = await self._arrivals[name]
        if isinstance(arrived, OSError):
            raise arrived
        return arrived

    async def _receive(self, name, response):
        # What goes wrong is returned: it is raised to who waits for the asset, however much later.
        try:
            response = await response
            if not response.ok:
                return OSError(f"{name} could not be loaded ({response.status} {response.statusText})")
            reader = response.body.getReader()
            chunks = js.Array.new()
            while True:
                part = await reader.read()
                if part.done:
                    break
                chunks.push(part.value)
                self.received += part.value.length
                self._report("Loading", self.received, self.total)
        except JsException as error:
            return OSError(f"{name} could not be loaded ({error})")
        blob = js.Blob.new(chunks)
        gc.collect()  # lets go of the chunks, which count in the page's memory
        return blob


def lock_door():
    """Forbid every later request of the page, and of workers made from now on."""
    policy = js.document.createElement("meta")
    policy.httpEquiv = "Content-Security-Policy"
    policy.content = LOCKED
    js.document.head.append(policy)


async def make_worker(assets, on_message, on_error):
    """Make an engine worker and hand it the assets as they arrive.

    ``on_message(message)`` and ``on_error(event)`` are called with JavaScript objects.
    """
    script = await assets.blob("engine.worker.js")
    # From a blob, so that it inherits the page's policies: a worker made from a URL escapes those of a meta tag.
    url = js.URL.createObjectURL(script)
    worker = js.Worker.new(url)
    js.URL.revokeObjectURL(url)
    worker.onmessage = create_proxy(lambda event: on_message(event.data))
    worker.onerror = create_proxy(on_error)
    worker.postMessage(to_js({"type": "start", "manifest": js.JSON.parse(assets.manifest)}))
    return worker


async def hand_over(assets, worker):
    """Send a worker its assets, the first ones first."""
    for name in assets.names():
        if name == "engine.worker.js":
            continue
        data = await (await assets.blob(name)).arrayBuffer()
        worker.postMessage(to_js({"type": "asset", "name": name, "data": data}), to_js([data]))
