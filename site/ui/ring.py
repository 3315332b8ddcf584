"""Ring: parcels around a circle, network by network, and the strongest edges as curves between them."""

import math

from dom import svg, width_of
from edge_view import NEAR, EdgeView, segment_distance
from logic.language import say
from parcels import NAME_FONT, shortened, spread

GAP = math.radians(1.5)  # between two networks
NAME_GAP = 12  # pixels between two names
BAND = 8  # width of a network's arc
PIECES = 8  # straight pieces that a curve is taken for when pointed at


class Ring(EdgeView):
    """The strongest edges as a ring."""

    def __init__(self, viewer):
        super().__init__(viewer, "ring")
        self.curves = {}

    def arrange(self):
        order = self.viewer.by_network
        blocks = order.segments or [["", 0, order.n]]
        longest = max([width_of(shortened(name), NAME_FONT) for name, first, end in blocks])
        self.radius = self.size / 2 - BAND - 24 - longest
        self.angle_of_row = [0] * order.n
        self.arcs = []
        each = (2 * math.pi - GAP * len(blocks)) / order.n
        for position, (name, first, end) in enumerate(blocks):
            start = first * each + (position + 0.5) * GAP
            self.arcs.append((name, end - first, start, start + (end - first) * each))
            for row in range(first, end):
                self.angle_of_row[row] = start + (row - first + 0.5) * each
        self.curves = {}
        self.places = [[self._at(self.angle_of_row[row], self.radius)] for row in order.row_of_parcel]

    def _at(self, angle, radius):
        """A place on a circle, by the angle from the top clockwise."""
        middle = self.size / 2
        return middle + radius * math.sin(angle), middle - radius * math.cos(angle)

    def path(self, a, b):
        middle = self.size / 2
        (x0, y0), (x1, y1) = self.places[a][0], self.places[b][0]
        return f"M{x0:.1f} {y0:.1f}Q{middle} {middle} {x1:.1f} {y1:.1f}"

    def distance(self, a, b, x, y):
        middle = self.size / 2
        (x0, y0), (x1, y1) = self.places[a][0], self.places[b][0]
        # A curve lies within the triangle of its ends and the middle.
        if not (min(x0, x1, middle) - NEAR < x < max(x0, x1, middle) + NEAR):
            return 1e9
        if not (min(y0, y1, middle) - NEAR < y < max(y0, y1, middle) + NEAR):
            return 1e9
        if (a, b) not in self.curves:
            points = []
            for piece in range(PIECES + 1):
                t = piece / PIECES
                start, bend, end = (1 - t) * (1 - t), 2 * t * (1 - t), t * t
                points.append((start * x0 + bend * middle + end * x1, start * y0 + bend * middle + end * y1))
            self.curves[(a, b)] = points
        points = self.curves[(a, b)]
        return min([segment_distance(x, y, *points[i], *points[i + 1]) for i in range(PIECES)])

    def backdrop(self):
        parcellation = self.viewer.parcellation
        colours = dict(zip(parcellation["network_names"], parcellation["network_colours"]))
        titles = dict(zip(parcellation["network_names"], parcellation["network_titles"]))
        drawn = []
        inner, outer = self.radius + 3, self.radius + 3 + BAND
        for name, _count, start, end in self.arcs:
            large = 1 if end - start > math.pi else 0
            corners = [self._at(start, outer), self._at(end, outer), self._at(end, inner), self._at(start, inner)]
            (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
            path = (
                f"M{x0:.1f} {y0:.1f}A{outer} {outer} 0 {large} 1 {x1:.1f} {y1:.1f}"
                f"L{x2:.1f} {y2:.1f}A{inner} {inner} 0 {large} 0 {x3:.1f} {y3:.1f}Z"
            )
            drawn.append(svg("path", d=path, cls="arc", fill=colours.get(name, "currentColor")))
        return drawn + (self._names(titles, outer) if len(self.arcs) > 1 else [])

    def _names(self, titles, outer):
        """The networks' names outwards, apart from each other, each with a line to its arc."""
        drawn = []
        radius = outer + 10
        middles = [(start + end) / 2 for name, count, start, end in self.arcs]
        places = spread([angle * radius for angle in middles], NAME_GAP, 2 * math.pi * radius)
        for (name, count, _start, _end), middle, place in zip(self.arcs, middles, places):
            angle = place / radius
            (x0, y0), (x1, y1), (x, y) = self._at(middle, outer), self._at(angle, radius - 2), self._at(angle, radius)
            turned = math.degrees(angle) - 90
            right = angle < math.pi
            known = name or say("no network")
            drawn.append(svg("path", d=f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}", cls="leader"))
            drawn.append(
                svg(
                    "text",
                    shortened(known),
                    svg("title", say("{name}, {count} parcels", name=titles.get(name) or known, count=count)),
                    cls="network" if right else "network left",
                    transform=f"translate({x:.1f} {y:.1f}) rotate({turned if right else turned + 180:.1f})",
                )
            )
        return drawn
