"""Colour scale: the colour bar beside a map, with its limit, threshold and colours."""

from dom import clear, h, listen, show, text
from logic.language import known, say

from imagenomer.wording import number


class ColourScale:
    """Colour bar, colour map, limit and threshold: what is shared by the matrices painted with them.

    ``changed()`` is called when any of them is moved by hand.
    """

    def __init__(self, app, changed, flat=False, threshold=True):
        self.app = app
        self.changed = changed
        self.flat = flat
        self.signed = None
        self.natural = None
        self.limit = None
        self.threshold = 0
        self.bar = h("div", cls="bar")
        self.ticks = h("div", cls="ticks")
        self.label = h("div", cls="label")
        self.legend = h("div", self.label, h("div", self.bar, self.ticks, cls="barbox"), aria_hidden="true")
        self.legend.className = "colourbar flat" if flat else "colourbar"
        self.colormap = h("select", aria_label=say("Colours"), on={"change": self._recoloured})
        self.limit_row, self.limit_slider, self.limit_reading = self._slider(say("Limit"), self._set_limit)
        self.threshold_row, self.threshold_slider, self.threshold_reading = self._slider(
            say("Threshold"), self._set_threshold
        )
        show(self.threshold_row, threshold)
        self.controls = h(
            "div",
            self.limit_row,
            self.threshold_row,
            h("label", h("span", say("Colours")), self.colormap, cls="colours"),
            cls="scale-controls",
        )

    def _slider(self, label, take):
        slider = h("input", type="range", min=0, max=1, step="any", aria_label=label)
        listen(slider, "input", lambda event: take(float(slider.value)))
        reading = h("output", cls="value", aria_hidden="true")  # the slider says it too
        return h("label", h("span", label), slider, reading, cls="slider"), slider, reading

    def set_range(self, natural, signed, label):
        """Take over a new map whose own limit is ``natural``; a limit that somebody has set stays as it is."""
        if self.limit is None or self.limit == self.natural:
            self.limit = natural
        self.natural = natural
        text(self.label, label)
        if signed != self.signed:
            self.signed = signed
            kind = "diverging" if signed else "sequential"
            self.colormaps = [item for item in self.app.cohort["colormaps"] if item["scale"] == kind]
            clear(self.colormap, [h("option", known(item["title"]), value=item["name"]) for item in self.colormaps])
        self._fit()

    def _recoloured(self, event):
        self._fit()
        self.changed()

    def _set_limit(self, value):
        self.limit = max(value, self.natural / 100)
        self._fit()
        self.changed()

    def _set_threshold(self, value):
        self.threshold = value
        self._fit()
        self.changed()

    def _fit(self):
        """Make bar, ticks and sliders say what holds now."""
        self.threshold = min(self.threshold, self.limit)
        sign = "±" if self.signed else ""
        for slider, reading, value, top in (
            (self.limit_slider, self.limit_reading, self.limit, max(self.natural * 1.5, self.limit)),
            (self.threshold_slider, self.threshold_reading, self.threshold, self.limit),
        ):
            slider.max = top
            slider.step = top / 150
            slider.value = value
            text(reading, sign + number(value, 3))
            slider.setAttribute("aria-valuetext", sign + number(value, 3))
        lowest = -self.limit if self.signed else 0
        clear(self.ticks, [h("span", number(value, 3)) for value in (self.limit, (self.limit + lowest) / 2, lowest)])
        colours = self.colours()
        self.bar.style.setProperty(
            "background", f"linear-gradient(to {'right' if self.flat else 'top'}, {', '.join(colours)})"
        )
        hidden = 100 * self.threshold / self.limit
        if self.signed:
            faded = h("div", cls="faded", style={"top": f"{50 - hidden / 2}%", "height": f"{hidden}%"})
        else:
            faded = h("div", cls="faded", style={"top": f"{100 - hidden}%", "height": f"{hidden}%"})
        clear(self.bar, faded)

    def colours(self):
        """The colours of the map that is chosen, lowest first."""
        return self.colormaps[self.colormap.selectedIndex]["colours"]

    def arguments(self):
        """The painting arguments of the engine's calls."""
        return {"limit": self.limit, "threshold": self.threshold, "colormap": str(self.colormap.value)}
