"""Scan dialog: one scan's matrix over the gallery."""

from dom import add, h, listen, text
from js import document
from logic.language import say
from matrix_viewer import MatrixViewer

from imagenomer.wording import number


class ScanDialog:
    """A scan's matrix over the gallery, with the scans before and after it."""

    def __init__(self, app, gallery):
        self.app = app
        self.gallery = gallery
        self.position = 0
        self.viewer = MatrixViewer(app, "scan", say("Scan"), heading="h2")
        self.previous = h("button", say("Previous scan"), type="button", on={"click": lambda event: self._step(-1)})
        self.next = h("button", say("Next scan"), type="button", on={"click": lambda event: self._step(1)})
        self.where = h("span", cls="note")
        self.dialog = h(
            "dialog",
            h(
                "div",
                h("button", say("Back to the gallery"), type="button", on={"click": lambda event: self.close()}),
                self.where,
                self.previous,
                self.next,
                cls="bar-line",
            ),
            self.viewer.element,
            cls="scan",
            aria_label=say("Scan"),
        )
        listen(self.dialog, "close", self._closed)
        add(document.body, self.dialog)

    async def open(self, position):
        self.position = position
        if not self.dialog.open:
            scale, shared = self.viewer.scale, self.gallery.scale
            self.dialog.showModal()
            self.viewer.stage.focus()
            # Begin on the scale of the gallery.
            scale.set_range(shared.natural, True, self.gallery.chosen["measure"])
            scale.limit, scale.colormap.value = shared.limit, shared.colormap.value
        await self._show()

    def close(self):
        self.dialog.close()

    def _closed(self, event):
        self.gallery.tiles[self.position].element.focus()

    async def _show(self):
        gallery = self.gallery
        tile = gallery.scans[self.position]
        at = gallery.page * gallery.per_page + self.position
        text(self.where, say("{at} of {n_scans}", at=number(at + 1), n_scans=number(gallery.n_scans)))
        self.previous.disabled, self.next.disabled = at == 0, at == gallery.n_scans - 1
        await self.viewer.show(
            {"scan": tile["scan"], "measure": gallery.chosen["measure"]},
            tile["title"],
            order=gallery.chosen["order"],
            label=gallery.chosen["measure"],
            natural=gallery.scale.natural,
            signed=True,
        )

    async def _step(self, step):
        gallery = self.gallery
        at = gallery.page * gallery.per_page + self.position + step
        page, self.position = at // gallery.per_page, at % gallery.per_page
        if page != gallery.page:
            gallery.page = page
            await gallery._load()
        await self._show()
