"""Only what is taken is drawn."""

from __future__ import annotations

from matplotlib.figure import Figure

from imagenomer.figures.drawings import Drawings


def test_a_figure_is_drawn_when_it_is_taken_and_not_to_see_that_it_is_there():
    drawn = []

    def drawer(name):
        def draw():
            drawn.append(name)
            return Figure()

        return draw

    drawings = Drawings({name: drawer(name) for name in ("map", "histogram")})
    assert list(drawings) == ["map", "histogram"]
    assert "map" in drawings
    assert "scatter" not in drawings
    assert drawn == []
    assert isinstance(drawings["histogram"], Figure)
    assert drawn == ["histogram"]
