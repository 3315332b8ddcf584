"""Sketches: the first matrix as it looks in each way in which it may be read, side by side."""

from dom import h
from js import ImageData, Uint8ClampedArray
from logic.protocol import Refused


def canvases(alternatives):
    """Return an empty canvas for each alternative that has a picture, None for the others."""
    return [h("canvas", width=1, height=1, aria_hidden="true") if one["sketched"] else None for one in alternatives]


async def draw(app, places, **of):
    """Draw into canvases what the engine has of a question or a line."""
    try:
        answer = await app.client.call("sketches", of)
    except Refused:
        return  # another engine, which has not been asked: the words remain
    size, data = answer.json["size"], answer.buffers["pixels"]["data"]
    drawn = [place for place in places if place is not None]
    for number in range(len(drawn) if size else 0):
        pixels = Uint8ClampedArray.new(data, number * size * size * 4, size * size * 4)
        drawn[number].width = drawn[number].height = size
        drawn[number].getContext("2d").putImageData(ImageData.new(pixels, size, size), 0, 0)
