"""The one error a user can correct."""

from __future__ import annotations


class InputError(ValueError):
    """Something the user can correct: a file, a value or a choice.

    The message names the file or the value and the way out; the page shows it
    as it is. Any other exception is a bug of ours and is shown as one.

    Parameters
    ----------
    message : str
        What is wrong, with the values, and what to do about it.
    position : int, optional
        Index of the offending character, where the input is a typed expression.
    """

    def __init__(self, message: str, *, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position
