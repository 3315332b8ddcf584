"""Brain: the strongest edges between the places of their parcels, in a glass brain from three sides."""

from dom import svg
from edge_view import EdgeView, segment_distance
from logic.language import say

PADDING = 14
ENDS = ((say("Left"), say("Right")), (say("Back", "view"), say("Front")), (say("Below"), say("Above")))


class Brain(EdgeView):
    """The strongest edges in a glass brain."""

    def __init__(self, viewer):
        super().__init__(viewer, "brain")
        self.prepared = False

    async def prepare(self):
        """Fetch the outlines, once."""
        if not self.prepared:
            self.outlines = (await self.viewer.app.client.call("outlines")).json
            self.prepared = True

    def unavailable(self):
        parcellation = self.viewer.parcellation
        if any(place[0] is not None for place in parcellation["coordinates"]):
            return ""
        return say(
            "{name} has no coordinates, so there is no brain to draw in. Choose a parcellation that "
            "has, or put an atlas.tsv with the columns label, x, y and z beside the scans.",
            name=parcellation["name"],
        )

    def arrange(self):
        """Place the sides in a square: from the right and from behind above, from above below."""
        sides = []
        for side in self.outlines:
            xs, ys = [point[0] for point in side["outline"]], [point[1] for point in side["outline"]]
            sides.append((side, min(xs), max(xs), min(ys), max(ys)))
        (_, x0, x1, y0, y1), (_, x2, x3, y2, y3), (_, x4, x5, y4, y5) = sides
        heights = max(y1 - y0, y3 - y2), y5 - y4
        scale = min(
            (self.size - 3 * PADDING) / (x1 - x0 + max(x3 - x2, x5 - x4)), (self.size - 6 * PADDING) / sum(heights)
        )
        left, right = PADDING, 2 * PADDING + (x1 - x0) * scale
        top, low = PADDING, 4 * PADDING + heights[0] * scale
        self.sides = []
        for (side, x0, x1, y0, y1), x, y in zip(sides, (left, right, left), (top, top, low)):
            middle, bottom = x + scale * (x1 - x0) / 2, y + scale * (y1 - y0)
            # Pixels are scale * mm + shift to the right, and shift - scale * mm downwards.
            self.sides.append((side, scale, x - scale * x0, y + scale * y1, middle, bottom))
        places = self.viewer.parcellation["coordinates"]
        self.places = [
            []
            if place[0] is None or place[1] is None or place[2] is None
            else [
                (scale * place[side["across"]] + x, y - scale * place[side["up"]])
                for side, scale, x, y, _middle, _bottom in self.sides
            ]
            for place in places
        ]

    def path(self, a, b):
        pairs = zip(self.places[a], self.places[b])
        return "".join([f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" for (x0, y0), (x1, y1) in pairs])

    def distance(self, a, b, x, y):
        pairs = zip(self.places[a], self.places[b])
        distances = [segment_distance(x, y, x0, y0, x1, y1) for (x0, y0), (x1, y1) in pairs]
        return min(distances) if distances else 1e9

    def backdrop(self):
        drawn = []
        for side, scale, x, y, middle, bottom in self.sides:
            points = [f"{scale * point[0] + x:.1f} {y - scale * point[1]:.1f}" for point in side["outline"]]
            drawn.append(svg("path", d="M" + "L".join(points) + "Z", cls="outline"))
            ends = ENDS[side["across"]]
            drawn.append(
                svg("text", f"{ends[0]} – {ends[1].lower()}", x=f"{middle:.1f}", y=f"{bottom + 12:.1f}", cls="side")
            )
        parcellation = self.viewer.parcellation
        colours = dict(zip(parcellation["network_names"], parcellation["network_colours"]))
        circles = {}
        for parcel, places in enumerate(self.places):
            network = parcellation["networks"][parcel]
            circles.setdefault(network, [])
            # A dot is a line without length whose ends are round.
            circles[network] += [f"M{x:.1f} {y:.1f}h0" for x, y in places]
        for network in circles:
            colour = colours.get(network, "currentColor")
            drawn.append(svg("path", d="".join(circles[network]), cls="dots", stroke=colour))
        return drawn
