"""Stata's .dta files, of version 8 and later, read by pandas."""

from __future__ import annotations

import io
import warnings
from typing import Any

from imagenomer.readers.table_files.raw import RawTable, cell, damage_told, refuse_beyond
from imagenomer.types import Cell

WHAT = "a Stata file of version 8 or later"


def read(name: str, data: bytes) -> list[RawTable]:
    """Return the one table of a file, with labels of variables and of values.

    All of Stata's missing values, ``.`` and ``.a`` to ``.z``, are missing.

    Raises
    ------
    InputError
        If it is no such file, or damaged.
    """
    from pandas.io.stata import StataReader  # late: see the package

    with damage_told(name, WHAT), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what pandas doubts of a name is told by what is read
        with StataReader(io.BytesIO(data), convert_categoricals=False) as reader:
            # pandas reads all rows at once, and refuses a header with more of them than the file has.
            frame = reader.read()
            descriptions, labels = reader.variable_labels(), reader.value_labels()
            # The set of labels that each variable uses is told by nothing public.
            sets = dict(zip(reader._varlist, reader._lbllist, strict=True))
        refuse_beyond(name, *frame.shape)
        return [
            RawTable(
                "",
                tuple(map(str, frame.columns)),
                _rows(frame),
                {column: text for column, text in descriptions.items() if text},
                {column: _texts(labels[own]) for column, own in sets.items() if own in labels},
            )
        ]


def _rows(frame: Any) -> list[list[Cell]]:
    """Return the cells of a data frame row by row."""
    columns = [[cell(value) for value in frame.iloc[:, place].tolist()] for place in range(frame.shape[1])]
    return [list(row) for row in zip(*columns, strict=True)]


def _texts(labels: dict[Any, str]) -> dict[Cell, str]:
    return {int(value): str(text) for value, text in labels.items()}
