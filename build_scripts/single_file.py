"""The single file: the page with its assets in it, as base64 in elements that no browser runs or shows."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

#: What the stages of the assets are for, in the order in which they are needed.
STAGES = {
    "page": "The page: PyScript, MicroPython, the user interface",
    "language": "The page in other languages than English, of which the site fetches the chosen one",
    "first": "The engine until it answers: Pyodide, NumPy, ImageNomer, atlases, demo",
    "soon": "Statistics and figures: SciPy, Matplotlib and what they need",
    "rest": "The rest of the libraries, read when there is nothing else to do",
    "asked": "Readers of spreadsheets, Stata, SAS, R and HDF5, which the site fetches when a file asks for them",
}


def elements(assets: Iterable[tuple[str, bytes]]) -> str:
    """Return the elements for ``(name, content)`` of each asset, in this order."""
    return "".join(
        f'    <script type="application/octet-stream" id="asset-{name}">{base64.b64encode(content).decode()}</script>\n'
        for name, content in assets
    )


def size_table(assets: list[dict[str, Any]]) -> str:
    """Return a table, in Markdown, of what weighs what, from the entries of a manifest: the heaviest of each stage.

    Megabytes are those of the file itself, where base64 makes four bytes of three.
    """
    rows = ["| | MB in the file | MB unpacked |", "|---|--:|--:|"]
    for stage, title in STAGES.items():
        entries = sorted(
            (entry for entry in assets if entry["stage"] == stage), key=lambda entry: entry["size"], reverse=True
        )
        if entries:
            rows.append(_row(f"**{title}**", entries))
            heavy = [entry for entry in entries if entry["size"] >= 100_000]
            rows += [_row(f"`{entry['name']}`", [entry]) for entry in heavy]
            light = entries[len(heavy) :]
            if light:
                rows.append(_row(f"{len(light)} smaller ones", light))
    return "\n".join([*rows, _row("**Together**", assets)])


def _row(title: str, entries: list[dict[str, Any]]) -> str:
    in_file = sum(-(-entry["size"] // 3) * 4 for entry in entries)
    return f"| {title} | {in_file / 1e6:.1f} | {sum(entry['raw_size'] for entry in entries) / 1e6:.1f} |"
