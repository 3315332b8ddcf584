"""Formats: one module each, found by being here. Each claims families of files (`imagenomer.readers.claims.Format`)."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import cast

from imagenomer.readers.claims import Format


@cache
def load_formats() -> dict[str, Format]:
    """Return the formats by the name of their module, sorted."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: cast(Format, importlib.import_module(f"{__name__}.{name}")) for name in names}
