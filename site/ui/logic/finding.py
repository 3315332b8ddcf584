"""Finding: which parcels, networks and edges of a parcellation a typed text means.

What is typed is a name or part of one, a network, a number of a parcel in the order of the file, three coordinates in
millimetres, or two of the first three with a dash between them: an edge, or all edges between two sets of parcels.
"""

from imagenomer.wording import number
from logic.language import plural, say

#: Finds that are offered, and those of each end of an edge that are combined.
MOST, MOST_OF_AN_END = 8, 4
#: What stands between the ends of an edge; a hyphen only between spaces, as names and numbers have hyphens.
DASHES = (" – ", " — ", " -- ", " - ", "–", "—")
_NO_MATCH = 9


class Find:
    """What a text may mean.

    Attributes
    ----------
    words : str
        What it is called.
    one : list of int
        Parcels: all edges of them are meant, unless there are others at the other end.
    other : list of int or None
        The parcels at the other end.
    """

    def __init__(self, words, one, other=None):
        self.words = words
        self.one = one
        self.other = other

    def edge(self):
        """The parcels of the single edge that is meant; None if more are."""
        single = self.other is not None and len(self.one) == 1 and len(self.other) == 1
        return (self.one[0], self.other[0]) if single else None


class Finder:
    """Finds among parcels.

    Parameters
    ----------
    labels, networks : list of str
        Of each parcel; "" where it is in no network.
    coordinates : list of [x, y, z] or None
        In millimetres; None where unknown.
    titles : dict
        Name of a network -> the same at length.
    """

    def __init__(self, labels, networks, coordinates=None, titles=None):
        self._labels = labels
        self._networks = networks
        self._coordinates = coordinates or []
        self._titles = titles or {}
        self._names = [label.lower() for label in labels]

    def find(self, typed):
        """Return what a text may mean, the likeliest first; nothing for no text."""
        wanted = " ".join(typed.lower().split())
        if not wanted:
            return []
        place = three_numbers(wanted)
        if place:
            return self._near(place)
        whole = self._one_end(wanted)
        for dash in DASHES:
            if dash in wanted and not (whole and self._rank(wanted, whole[0].one[0]) == 0):
                start, _, end = wanted.partition(dash)
                return self._between(start.strip(), end.strip())
        return whole[:MOST]

    # --- one end ---

    def _one_end(self, wanted):
        """What parcels or networks a text may mean."""
        found = [(rank, self._network(name)) for rank, name in self._ranked_networks(wanted)]
        if wanted.isdigit() and 1 <= int(wanted) <= len(self._labels):
            found.append((0, self._parcel(int(wanted) - 1)))
        for parcel in range(len(self._labels)):
            rank = self._rank(wanted, parcel)
            if rank < _NO_MATCH and wanted != str(parcel + 1):
                found.append((rank, self._parcel(parcel)))
        # Of equal rank networks come first, then parcels in the order of the file; MicroPython's sort is not stable.
        order = sorted([(rank, place) for place, (rank, find) in enumerate(found)])
        return [found[place][1] for rank, place in order]

    def _rank(self, wanted, parcel):
        """How well a text names a parcel: 0 is its name, `_NO_MATCH` nothing of it."""
        name = self._names[parcel]
        if name == wanted:
            return 0
        if name.startswith(wanted):
            return 2
        if wanted in name:
            return 3 if f" {wanted}" in name or f"_{wanted}" in name else 4
        network = self._networks[parcel].lower()
        return 5 if network and network == wanted else _NO_MATCH

    def _ranked_networks(self, wanted):
        found = []
        for name in self._networks:
            title = self._titles.get(name, "").lower()
            begins = title.startswith(wanted) or f" {wanted}" in title
            rank = 0 if wanted in (name.lower(), title) else 1 if begins else _NO_MATCH
            if name and rank < _NO_MATCH and (rank, name) not in found:
                found.append((rank, name))
        return found

    def _parcel(self, parcel):
        network = f", {self._networks[parcel]}" if self._networks[parcel] else ""
        return Find(
            say("{parcel}, number {number}", parcel=f"{self._labels[parcel]}{network}", number=parcel + 1), [parcel]
        )

    def _network(self, name):
        parcels = [parcel for parcel, network in enumerate(self._networks) if network == name]
        title = self._titles.get(name, name)
        called = name if title == name else f"{name}: {title}"
        return Find(f"{called}, {plural(len(parcels), 'parcel')}", parcels)

    # --- places and edges ---

    def _near(self, place):
        """The parcels nearest to a place."""
        found = []
        for parcel, at in enumerate(self._coordinates):
            if at is not None and None not in at:
                found.append((sum([(a - b) * (a - b) for a, b in zip(at, place)]), parcel))
        finds = []
        for square, parcel in sorted(found)[:MOST]:
            find = self._parcel(parcel)
            find.words += say(", {distance} mm away", distance=number(round(square**0.5, 1)))
            finds.append(find)
        return finds

    def _between(self, start, end):
        """The edges between what two texts may mean."""
        ones, others = self._one_end(start)[:MOST_OF_AN_END], self._one_end(end)[:MOST_OF_AN_END]
        pairs = [(i + j, i, j) for i in range(len(ones)) for j in range(len(others))]
        finds = []
        for _rank, i, j in sorted(pairs):
            one, other = ones[i], others[j]
            if one.one != other.one or len(one.one) > 1:
                finds.append(Find(f"{one.words} – {other.words}", one.one, other.one))
        return finds[:MOST]


def three_numbers(typed):
    """The coordinates that a text is, with spaces or commas between; None if it is none."""
    parts = typed.replace("−", "-").replace(",", " ").replace(";", " ").split()
    if len(parts) != 3:
        return None
    try:
        return [float(part) for part in parts]
    except ValueError:
        return None
