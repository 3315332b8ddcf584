"""Array, variable and JSON types used across the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
IntArray: TypeAlias = NDArray[np.intp]
BoolArray: TypeAlias = NDArray[np.bool_]


class Variable(Protocol):
    """One column about subjects, a number or a category, as kernels read it; `imagenomer.cohort.Phenotype` is one.

    Attributes
    ----------
    name : str
    values : ndarray, shape (n_subjects,)
        A number: float64, NaN where missing. A category: intp codes into ``levels``, -1 where missing.
    levels : tuple of str
        Empty for a number.
    missing : ndarray of bool, shape (n_subjects,)
    """

    @property
    def name(self) -> str: ...
    @property
    def values(self) -> FloatArray | IntArray: ...
    @property
    def levels(self) -> tuple[str, ...]: ...
    @property
    def missing(self) -> BoolArray: ...


#: What ``json.dumps(..., allow_nan=False)`` accepts. NaN and infinity become ``None`` before they get here.
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
#: A JSON object as it came from outside: each value is looked at where it is used.
JsonObject: TypeAlias = Mapping[str, Any]
#: One value of a table; None where it is not defined.
Cell: TypeAlias = str | int | float | bool | None
#: A row of a table, by column.
Row: TypeAlias = dict[str, Cell]
