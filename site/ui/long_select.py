"""Long select: a plain select of few options, and a picker of many."""

from dom import h, listen
from picker import Picker

#: A select opens as large as the screen: of more options than these one is picked by its name.
MANY_OPTIONS = 40


class LongSelect:
    """A control that chooses one of a list of any length.

    Attributes
    ----------
    element, box : element
        The whole, and the select or the text box in it.

    Parameters
    ----------
    options : list of (value, label)
    chosen
        The value that is chosen to begin with; the first if there is no such.
    changed : callable
        ``changed(value)``.
    items : list of dict or None, optional
        As for `Picker`.
    **attributes
        Of the box.
    """

    def __init__(self, options, chosen, changed, items=None, **attributes):
        at = next((place for place, (value, label) in enumerate(options) if value == chosen), 0)

        def take(place):
            changed(options[place][0])

        if len(options) > MANY_OPTIONS:
            picker = Picker(options, at, take, items, **attributes)
            self.element, self.box = picker.element, picker.box
            return
        lines = [h("option", label, value=place, selected=place == at) for place, (value, label) in enumerate(options)]
        self.element = self.box = h("select", lines, **attributes)
        listen(self.box, "change", lambda event: take(int(str(self.box.value))))
