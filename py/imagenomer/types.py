"""Array and JSON types used across the package."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
IntArray: TypeAlias = NDArray[np.intp]
BoolArray: TypeAlias = NDArray[np.bool_]

#: What ``json.dumps(..., allow_nan=False)`` accepts. NaN and infinity become ``None`` before they get here.
Json: TypeAlias = Any
