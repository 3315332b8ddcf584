"""Tree: names that are paths, ticked one by one or a folder at a time."""


def is_in(name, folder):
    """Whether a name is ``folder`` or below it."""
    return name == folder or name.startswith(f"{folder}/")


class Node:
    """A folder, or one name: what has nothing below it."""

    def __init__(self, name, path):
        self.name = name
        self.path = path
        self.children = []
        self.by_name = {}
        self.ticked = False

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
        """How many names are ticked, and of how many."""
        if not self.children:
            return int(self.ticked), 1
        n_ticked, n_all = 0, 0
        for child in self.children:
            m_ticked, m_all = child.count()
            n_ticked, n_all = n_ticked + m_ticked, n_all + m_all
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


def tree_of(names, chosen):
    """Make the tree of some names, with those ticked that are in ``chosen``, names and folders; returns its top."""
    top = Node("", "")
    for name in names:
        node, path = top, ""
        for part in name.split("/"):
            path = f"{path}/{part}" if path else part
            node = node.child(part, path)
    for name in names:
        if any(is_in(name, one) for one in chosen):
            top.find(name).tick(True)
    return top
