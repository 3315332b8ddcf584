"""Write what the engine answers to ``catalog`` to /out/catalog.json; runs inside Pyodide, see compile.py."""

import sys
import zipfile
from pathlib import Path

#: What analyses may import before they run.
WANTED = ("lib/python3.14/site-packages/numpy", "lib/python3.14/site-packages/scipy")


async def main(text: str) -> None:
    """Import every analysis, and write the catalog."""
    with zipfile.ZipFile("/library/compiled.zip") as library:
        library.extractall("/", [name for name in library.namelist() if name.startswith(WANTED)])
    sys.path.insert(0, "/own/compiled.zip/lib/python3.14/site-packages")

    from imagenomer.analyses import load_analyses
    from imagenomer.engine import catalog
    from imagenomer.jsonable import dumps

    Path("/out/catalog.json").write_text(dumps(catalog(load_analyses())), encoding="utf-8")
