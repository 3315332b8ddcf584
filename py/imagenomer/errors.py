"""The one error a user can correct, and how to know that memory ran out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from imagenomer.names import clean_message

#: How NumPy and Python in 32 bits, and browsers, say it, where it is not a `MemoryError`. As "Name: message".
_OUT_OF_MEMORY = re.compile(
    r"ValueError: (array is too big|Maximum allowed (dimension|size) exceeded)"
    r"|OverflowError: (cannot fit 'int' into an index-sized integer|Python int too large to convert to C ssize_t)"
    r"|.*(Array buffer allocation failed|Invalid (typed array|array buffer|array) length|allocation size overflow"
    r"|out of memory|length too large)",
    re.IGNORECASE,
)


class InputError(ValueError):
    """Something the user can correct: a file, a value or a choice.

    The message names the file or the value and the way out; the page shows it
    as it is. Any other exception is a bug of ours and is shown as one.

    Parameters
    ----------
    message : str
        What is wrong, with the values, and what to do about it. What a terminal would obey is taken out of it.
    position : int, optional
        Index of the offending character, where the input is a typed expression.

    Attributes
    ----------
    expression : str or None
        The expression that the position is a place in, where that is known (`positions_in`).
    questions : tuple
        What is asked, where an answer would do (`imagenomer.readers.recipe.Question`).
    """

    def __init__(self, message: str, *, position: int | None = None) -> None:
        super().__init__(clean_message(message))
        self.position = position
        self.expression: str | None = None
        self.questions: tuple[Any, ...] = ()


@contextmanager
def positions_in(expression: str) -> Iterator[None]:
    """Note with a refusal at one of its characters which expression it is of."""
    try:
        yield
    except InputError as error:
        if error.position is not None:
            error.expression = expression
        raise


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that there is not enough memory, be it Python's, NumPy's or the browser's."""
    return isinstance(error, MemoryError) or bool(_OUT_OF_MEMORY.match(f"{type(error).__name__}: {error}"))


def bytes_wanted(error: BaseException) -> int | None:
    """Return how much memory could not be had, or None where the error does not say."""
    shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
    if not isinstance(shape, tuple) or dtype is None:
        return None
    return math.prod(shape) * int(dtype.itemsize)
