"""Figures of a journal's size: the width is exact, text stays text and shrinks with the rest, 300 dots an inch."""

from __future__ import annotations

import io
import re
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from imagenomer.figures.chart import Counts, histogram_figure
from imagenomer.figures.page_size import COLUMNS
from imagenomer.figures.theme import render


def drawn():
    counts = [Counts("Subjects", "#0e5c94", np.array([3, 5, 2]))]
    return histogram_figure(counts, np.arange(4.0), title="Ages", x_label="Age", y_label="Subjects", theme="light")


@pytest.fixture
def figure():
    return drawn()


@pytest.mark.parametrize("width", COLUMNS)
def test_a_picture_has_300_dots_an_inch(figure, width):
    picture = Image.open(io.BytesIO(render(figure, "png", width=width)))
    assert picture.width == pytest.approx(width / 25.4 * 300, abs=1)
    assert picture.width / picture.height == pytest.approx(figure.get_figwidth() / figure.get_figheight(), rel=0.01)
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.mark.parametrize("width", COLUMNS)
def test_an_svg_says_its_width_and_keeps_its_text(figure, width):
    root = ElementTree.fromstring(render(figure, "svg", width=width))
    assert root.get("width") == f"{width}mm"
    height = float(root.get("height").removesuffix("mm"))
    assert width / height == pytest.approx(figure.get_figwidth() / figure.get_figheight(), rel=1e-3)
    assert root.get("viewBox") == ElementTree.fromstring(render(figure, "svg")).get("viewBox")
    assert {"Ages", "Age", "Subjects"} <= {
        "".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")
    }


@pytest.mark.parametrize("width", COLUMNS)
def test_a_pdf_is_so_wide_and_drawn_so_large(figure, width):
    pdf, plain = render(figure, "pdf", width=width), render(figure, "pdf")
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert [float(side) for side in box] == pytest.approx(
        [width / 25.4 * 72, width / 25.4 * 72 * figure.get_figheight() / figure.get_figwidth()], rel=1e-4
    )
    factor = width / 25.4 / figure.get_figwidth()
    assert f"{factor:.4f}"[:5] in content_of(pdf).split(b" cm")[0].decode()
    # The same is drawn, on a page of another size.
    assert content_of(pdf).count(b" Tf") == content_of(plain).count(b" Tf") > 3
    assert b"/FontFile2" in pdf


def content_of(pdf: bytes) -> bytes:
    """The drawing of the page, unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    unpacked = []
    for stream in streams:
        try:
            unpacked.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return max((one for one in unpacked if b" Tf" in one), key=len)


@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_the_same_figure_gives_the_same_bytes(kind):
    assert render(drawn(), kind, width=89) == render(drawn(), kind, width=89)
