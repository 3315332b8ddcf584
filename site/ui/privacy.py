"""What leaves this machine: a panel that counts the requests of this page while one looks, and says what is kept."""

import js
from dom import clear, find, h, listen, show, text
from logic.language import plural, say
from preferences import forget, stored
from pyscript.ffi import create_proxy, to_js

from imagenomer.wording import number, size

#: How many refused attempts are listed; all are counted.
SHOWN = 5

#: What loader.js calls itself where a policy stands.
BY_PAGE = "the page"

#: What `preferences.store` keeps.
KEPT = ("theme", "language")

_POLICY = 'meta[http-equiv="Content-Security-Policy"]'


class PrivacyPanel:
    """The panel; ``client`` reports attempts in the engine, ``offline`` the copy of the program."""

    def __init__(self, client, offline):
        self._offline = offline
        self._before = 0
        self._since = []  # addresses asked for since the door was locked
        self._bytes = 0
        self._brought = []  # parts of the program that the service worker handed over since
        self._refused_so_far = 0
        self._refusals = {}  # policy -> what it refused, (when, directive, address)
        self._by_page = []  # what the page itself refused, which policies do not report
        self._dialog = find("privacy")
        client.on_attempt = self.refused
        client.on_brought = self.brought
        offline.on_change = self._refresh
        for button in js.document.querySelectorAll(".show-privacy"):
            listen(button, "click", lambda event: self.open())
        listen(find("close-privacy"), "click", lambda event: self._dialog.close())
        listen(self._dialog, "click", self._clicked)
        listen(find("forget"), "click", self._forget)
        listen(js.document, "securitypolicyviolation", self._refused)
        for entry in js.performance.getEntriesByType("navigation"):
            self._count(entry)
        observer = js.PerformanceObserver.new(create_proxy(self._see))
        observer.observe(to_js({"type": "resource", "buffered": True}))

    def open(self):
        """Show the panel; the browser closes it on Escape and gives the focus back."""
        self._dialog.showModal()
        self._dialog.scrollTop = 0
        self._refresh()

    def refused(self, directive, address, policy):
        """Count an attempt that a policy refused, here or in the engine, or the page itself."""
        refused = self._by_page if policy == BY_PAGE else self._refusals.setdefault(policy, [])
        self._refused_so_far += 1
        refused.append((self._refused_so_far, directive, address))
        self._refresh()

    def brought(self, name):
        """Count a part of the program that came because a file needed it."""
        self._brought.append(name)
        self._refresh()

    @property
    def attempts(self):
        """The refused attempts, the latest last: ``(directive, address)``."""
        # Each policy that an attempt violates reports it; the strictest one reports all.
        by_policies = max(self._refusals.values(), key=len) if self._refusals else []
        return [(directive, address) for _, directive, address in sorted(by_policies + self._by_page)]

    def requested(self, name, started, n_bytes):
        """Count a request."""
        # What is made in the page has an address too, but goes nowhere.
        if not name.startswith(("http:", "https:")):
            return
        locked = js.window.imagenomer.locked
        if locked is None or started <= locked:
            self._before += 1
            self._bytes += n_bytes
        else:
            self._since.append(name)
        self._refresh()

    def escaped(self):
        """The addresses asked for since the door was locked, without those where a policy refused it."""
        # Browsers list some of what they refuse among the requests. Some tell of it by its origin only.
        refused = [address for _, address in self.attempts]
        escaped = []
        for name in self._since:
            for address in refused:
                if name.startswith(address):
                    refused.remove(address)
                    break
            else:
                escaped.append(name)
        return escaped

    # --- what happens ---

    def _see(self, entries, *_):
        for entry in entries.getEntries():
            self._count(entry)

    def _count(self, entry):
        n_bytes = entry.transferSize if hasattr(entry, "transferSize") else 0
        self.requested(str(entry.name), entry.startTime, n_bytes)

    def _refused(self, event):
        self.refused(str(event.effectiveDirective), str(event.blockedURI), str(event.originalPolicy))

    def _clicked(self, event):
        # What is not on one of its children is on the backdrop, or on its padding.
        box = self._dialog.getBoundingClientRect()
        inside = box.left <= event.clientX <= box.right and box.top <= event.clientY <= box.bottom
        if event.target.isSameNode(self._dialog) and not inside:
            self._dialog.close()

    async def _forget(self, event):
        for name in KEPT:
            forget(name)
        await self._offline.forget()
        self._refresh()

    # --- what is shown ---

    def _refresh(self):
        if not self._dialog.open:
            return
        before, since, attempts = self._before, len(self.escaped()), self.attempts
        text(find("privacy-verdict"), verdict(before, since, self._brought))
        find("privacy-verdict").classList.toggle("bad", since > 0)
        text(
            find("requests-before"),
            say("{requests}, {size} over the network", requests=plural(before, "request"), size=size(self._bytes)),
        )
        text(find("requests-since"), plural(since, "request"))
        text(find("attempts"), number(len(attempts)))
        latest = [f"{directive}: {address}" for directive, address in attempts[-SHOWN:]]
        clear(find("attempt-list"), [h("li", line) for line in latest])
        text(find("offline-copy"), self._copy())
        kept = [f"“{choice}”" for choice in [stored(name, None) for name in KEPT] if choice is not None]
        chosen = say("{choices}, because you chose it", choices=", ".join(kept)) if kept else say("Nothing")
        text(find("kept-choices"), chosen)
        show(find("forget"), self._offline.state in ("making", "kept") or bool(kept))
        policies = [meta.getAttribute("content") for meta in js.document.querySelectorAll(_POLICY)]
        clear(find("policies"), [h("pre", policy.replace("; ", ";\n")) for policy in policies])

    def _copy(self):
        state, problem = self._offline.state, self._offline.problem
        if state == "kept":
            return say("Yes, {size}; only files of the program", size=size(self._offline.size))
        if state == "making":
            return say("Being made")
        if state == "none":
            return (
                say("No: {problem}", problem=problem) if problem else say("No. It is made when you open the page again")
            )
        if js.window.imagenomer.inline:
            return say("None: this page is one file, and you have it")
        return say("No: this browser keeps none here (a private window, or an address without https)")


def verdict(before, since, brought):
    """The answer in a sentence or two."""
    if since:
        return say(
            "This page has made {requests} after it locked its door. That should not be possible: please report it.",
            requests=plural(since, "request"),
        )
    if brought:
        return say(
            "Nothing of your data that this page can see: it asked for its own program and locked "
            "its door. Files like yours need {brought} too, a part of the program: the service "
            "worker had it or fetched it from this site, whose server learns that and no more.",
            brought=", ".join(brought),
        )
    if before:
        return say(
            "Nothing that this page can see: it asked for its own program, locked its door, and has asked for nothing "
            "since."
        )
    return say("Nothing that this page can see: it came as one file and has asked for nothing.")
