"""What is written on a figure, and where."""

from __future__ import annotations

import itertools

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def texts_of(figure):
    """Every text that is drawn, with the box it takes up."""
    canvas, drawn, draw = FigureCanvasAgg(figure), {}, Text.draw

    def note_and_draw(text, renderer):
        draw(text, renderer)
        if text.get_visible() and text.get_text():
            drawn[id(text)] = (text.get_text(), text.get_window_extent(renderer))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", note_and_draw)
        canvas.draw()
    return list(drawn.values())


def assert_nothing_overlaps(figure):
    texts = texts_of(figure)
    for (one, a), (other, b) in itertools.combinations(texts, 2):
        assert not a.shrunk(0.98, 0.9).overlaps(b.shrunk(0.98, 0.9)), f"{one!r} overlaps {other!r}"
    assert_nothing_is_cut_off(figure)


def assert_nothing_is_cut_off(figure):
    texts = texts_of(figure)
    width, height = figure.canvas.get_width_height()
    for text, box in texts:
        assert box.x0 >= -1, f"{text!r} is cut off"
        assert box.y0 >= -1, f"{text!r} is cut off"
        assert box.x1 <= width + 1, f"{text!r} is cut off"
        assert box.y1 <= height + 1, f"{text!r} is cut off"
