"""Parcels: their edges, their order on screen and their names, and how values of edges are read out."""

from logic.language import say

from imagenomer.wording import minus

NAME_FONT = "13px system-ui, sans-serif"  # of names beside a map, as views.css has it
NAME_LENGTH = 10  # letters of a network's name; pointing at it shows the rest


def edge_of(a, b, n_parcels):
    """Position in edge order (row-major over a < b, as `imagenomer.edges` fixes it) of a pair of parcels."""
    if a > b:
        a, b = b, a
    return a * n_parcels - a * (a + 1) // 2 + b - a - 1


def pair_of(edge, n_parcels):
    """The parcels ``a < b`` that an edge connects."""
    a = 0
    while edge >= n_parcels - 1 - a:
        edge -= n_parcels - 1 - a
        a += 1
    return a, a + 1 + edge


class Order:
    """How display rows, file indices and networks correspond in one order of the parcels."""

    def __init__(self, parcellation, n_parcels, order):
        self.n, self.name, self.parcellation = n_parcels, order, parcellation
        known = parcellation is not None and len(parcellation["labels"]) == n_parcels
        by_network = known and order == "network"
        self.parcel_of_row = list(parcellation["display_order"]) if by_network else list(range(n_parcels))
        self.row_of_parcel = [0] * n_parcels
        for row, parcel in enumerate(self.parcel_of_row):
            self.row_of_parcel[parcel] = row
        self.labels = parcellation["labels"] if known else [str(parcel + 1) for parcel in range(n_parcels)]
        self.networks = parcellation["networks"] if known else [""] * n_parcels
        self.segments = self._segments() if by_network and any(self.networks) else []

    def _segments(self):
        """Runs of one network as ``(name, first row, end row)``."""
        found = []
        for row, parcel in enumerate(self.parcel_of_row):
            network = self.networks[parcel]
            if found and found[-1][0] == network:
                found[-1][2] = row + 1
            else:
                found.append([network, row, row + 1])
        return found

    def next_network(self, row, step):
        """First row of the next network, or of this or the previous one for ``step`` -1."""
        starts = [first for name, first, end in self.segments] or list(range(0, self.n, 10))
        beyond = [first for first in starts if (first - row) * step > 0]
        if not beyond:
            return self.n - 1 if step > 0 else 0
        return beyond[0] if step > 0 else beyond[-1]


def spread(centres, gap, size):
    """Move labels from ``centres`` (ascending) as little as possible so that they lie ``gap`` apart within ``size``."""
    # Least squares under an order constraint, by pooling neighbours that violate it.
    pools = []
    for position, centre in enumerate(centres):
        pools.append([centre - position * gap, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (first, m), (second, n) = pools[-2:]
            pools[-2:] = [[(first * m + second * n) / (m + n), m + n]]
    room = max(size - gap * len(centres), 0)
    placed = []
    for start, count in pools:
        start = min(max(start, gap / 2), room + gap / 2)
        for _ in range(count):
            placed.append(start + len(placed) * gap)
    return placed


def shortened(name):
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"


def reading(value):
    """A value for the readout; a true minus sign, because people read it."""
    if value != value:
        return say("no value")
    text = f"{value:.4f}" if abs(value) < 1000 else f"{value:.1f}"
    return minus(text)
