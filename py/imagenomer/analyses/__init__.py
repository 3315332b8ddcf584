"""Analyses: one file per menu entry, found by being there.

Each tab of the page is a package here, a room, and any module of one that defines ``ANALYSIS = Analysis(...)`` is a
menu entry. Its name in the catalog, on the command line and in the URL is the module's name with dashes
(``edge_association.py`` is ``edge-association``). The form, the menu entry, the page, the command and the exported
script follow from `Analysis` alone. ``contract`` says what an analysis is, ``shared`` is what several rooms use; a room
imports these two and no other room.
"""

from __future__ import annotations

import importlib
import pkgutil
import typing

from imagenomer.analyses.contract import Analysis, Tab
from imagenomer.analyses.contract.catalogue import provide

#: Packages that are no tab.
_NO_ROOMS = ("contract", "shared")


def load_analyses() -> dict[str, Analysis]:
    """Return every analysis by its name, in the order of the tabs; within a tab what it opens with, then by name."""
    found: dict[str, Analysis] = {}
    for room in pkgutil.iter_modules(__path__):
        if room.name in _NO_ROOMS:
            continue
        package = importlib.import_module(f"{__name__}.{room.name}")
        for module in pkgutil.iter_modules(package.__path__):
            analysis = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), "ANALYSIS", None)
            if analysis is not None:
                found[module.name.replace("_", "-")] = analysis
    tabs = typing.get_args(Tab)
    order = sorted(found, key=lambda name: (tabs.index(found[name].tab), not found[name].opens_tab, name))
    return {name: found[name] for name in order}


provide(load_analyses)
