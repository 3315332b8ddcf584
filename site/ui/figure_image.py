"""Figure image: a chart that Matplotlib draws in the engine, as an image in the page's theme."""

import downloads
from dom import find, guarded, h, set_busy, show, text
from js import URL, IntersectionObserver
from logic.language import say
from logic.latest import Latest
from logic.protocol import Refused
from pyscript.ffi import to_js

#: Pixels from what is on screen at which a figure is drawn.
NEAR = 1000


class FigureImage:
    """A chart drawn by Matplotlib, as an image in the page's theme; drawn only once somebody comes near it."""

    def __init__(self, app):
        self.app = app
        self.wanted = None
        self.near = False
        self.outdated = False
        self.address = None
        self.draw = Latest(app, self._draw)
        self.heading = h("h3")
        self.image = h("img", alt="", hidden=True)
        self.waiting = h("p", say("Drawing; the first figure takes a few seconds"), cls="note waiting")
        self.element = h(
            "section",
            h(
                "header",
                self.heading,
                h("div", downloads.figure_menu(app, say("Download figure"), lambda: self.wanted), cls="tools"),
            ),
            h("div", self.image, self.waiting, cls="frame"),
            cls="figure",
        )
        around = to_js({"root": find("main"), "rootMargin": f"{NEAR}px"})
        self.observer = IntersectionObserver.new(guarded(self._crossed), around)
        self.observer.observe(self.element)

    def update(self, view, arguments, finding):
        """Show a figure view; ``arguments`` are those of the `figure` call, ``finding`` what it finds."""
        text(self.heading, view["title"])
        self.alt = finding
        self.wanted = arguments
        self.redraw()

    def redraw(self):
        """Redraw it, now or when it comes near."""
        set_busy(self.element)
        self.outdated = not self.near
        if self.near:
            self.draw()

    def _crossed(self, entries, observer):
        self.near = entries[entries.length - 1].isIntersecting
        if self.near and self.outdated:
            self.redraw()

    def _arguments(self):
        return dict(self.wanted, format="svg", theme=self.app.theme)

    async def _draw(self):
        wanted = self._arguments()
        try:
            answer = await self.app.client.call("figure", wanted)
        except Refused:
            self._take_away()
            raise
        if wanted != self._arguments():
            return  # another is wanted by now: this one would be taken for it
        before, self.address = self.address, downloads.blob_url(answer.buffers["file"]["data"], answer.json["mime"])
        self.image.src = self.address
        self.image.alt = self.alt
        show(self.image)
        show(self.waiting, False)
        set_busy(self.element, False)
        if before:
            URL.revokeObjectURL(before)

    def _take_away(self):
        """Show no figure rather than that of another result."""
        show(self.image, False)
        show(self.waiting)
        text(self.waiting, say("This figure could not be drawn"))
        set_busy(self.element, False)
