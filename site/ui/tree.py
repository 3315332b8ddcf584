"""Tree: names that are paths, to tick one by one or a folder at a time."""

from dom import add, h, listen, show, unique
from logic.language import say
from logic.tree import tree_of

from imagenomer.wording import grouped


class Tree:
    """Tick boxes of names like "folder/file".

    ``changed(chosen)`` is called with the fewest names that say what is ticked: a folder stands for all below it.
    """

    def __init__(self, names, chosen, changed):
        self.changed = changed
        self.top = tree_of(names, chosen)
        self.rows = []  # (node, its box), of those that were unfolded so far
        self.element = h("ul", cls="tree")
        self._fill(self.element, self.top)
        self._tell()

    def _fill(self, place, node):
        for child in node.children:
            add(place, self._row(child))

    def _row(self, node):
        box = h("input", type="checkbox")
        self.rows.append((node, box))

        def ticked(event):
            node.tick(bool(box.checked))
            self._tell()
            self.changed(self.top.fewest())

        listen(box, "change", ticked)
        name = h("label", box, h("span", node.name), cls="check")
        if not node.children:
            return h("li", name)
        below = h("ul", id=unique("tree"), hidden=True)
        button = h(
            "button",
            type="button",
            cls="twist quiet",
            aria_expanded="false",
            aria_controls=below.id,
            aria_label=say("Show what is in {name}", name=node.name),
        )

        def unfold(event=None):
            if not below.children.length:  # there may be hundreds, which nobody has to wait for
                self._fill(below, node)
                self._tell()
            show(below, below.hidden)
            button.setAttribute("aria-expanded", "false" if below.hidden else "true")

        listen(button, "click", unfold)
        n_ticked, n_all = node.count()
        if 0 < n_ticked < n_all or len(self.top.children) == 1:
            unfold()
        return h("li", button, name, h("span", grouped(n_all), cls="count"), below)

    def _tell(self):
        """Make the boxes say what is ticked."""
        for node, box in self.rows:
            n_ticked, n_all = node.count()
            box.checked = n_ticked == n_all
            box.indeterminate = 0 < n_ticked < n_all
