"""Tree: names that are paths, to tick one by one or a folder at a time."""

from dom import add, h, listen, show, unique
from logic.words import grouped


def is_in(name, folder):
    """Whether a name is ``folder`` or below it."""
    return name == folder or name.startswith(f"{folder}/")


class Tree:
    """Tick boxes of names like "folder/file".

    ``changed(chosen)`` is called with the fewest names that say what is ticked: a folder stands for all below it.
    """

    def __init__(self, names, chosen, changed):
        self.changed = changed
        self.top = Node("", "")
        for name in names:
            node, path = self.top, ""
            for part in name.split("/"):
                path = f"{path}/{part}" if path else part
                node = node.child(part, path)
        for name in names:
            if any(is_in(name, one) for one in chosen):
                self.top.find(name).tick(True)
        self.element = h("ul", cls="tree")
        self._fill(self.element, self.top)
        self._tell()

    def _fill(self, place, node):
        for child in node.children:
            add(place, self._row(child))

    def _row(self, node):
        node.box = h("input", type="checkbox")

        def ticked(event):
            node.tick(bool(node.box.checked))
            self._tell()
            self.changed(self.top.fewest())

        listen(node.box, "change", ticked)
        name = h("label", node.box, h("span", node.name), cls="check")
        if not node.children:
            return h("li", name)
        below = h("ul", id=unique("tree"), hidden=True)
        button = h(
            "button",
            type="button",
            cls="twist quiet",
            aria_expanded="false",
            aria_controls=below.id,
            aria_label=f"Show what is in {node.name}",
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
        self.top.count()


class Node:
    """A folder, or one name: what has nothing below it."""

    def __init__(self, name, path):
        self.name = name
        self.path = path
        self.children = []
        self.by_name = {}
        self.ticked = False
        self.box = None

    def child(self, name, path):
        if name not in self.by_name:
            self.by_name[name] = Node(name, path)
            self.children.append(self.by_name[name])
        return self.by_name[name]

    def find(self, path):
        node = self
        for part in path.split("/"):
            node = node.by_name[part]
        return node

    def tick(self, ticked):
        """Tick or untick everything below."""
        self.ticked = ticked
        for child in self.children:
            child.tick(ticked)

    def count(self):
        """How many names are ticked of how many; the box is told too."""
        n_ticked, n_all = (0, 0) if self.children else (int(self.ticked), 1)
        for child in self.children:
            m_ticked, m_all = child.count()
            n_ticked, n_all = n_ticked + m_ticked, n_all + m_all
        if self.box:
            self.box.checked = n_ticked == n_all
            self.box.indeterminate = 0 < n_ticked < n_all
        return n_ticked, n_all

    def fewest(self):
        """The fewest paths that say what is ticked."""
        n_ticked, n_all = self.count()
        if n_ticked == n_all and self.path:
            return [self.path]
        found = []
        for child in self.children:
            found.extend(child.fewest())
        return found
