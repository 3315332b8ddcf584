"""Reads table files in Pyodide; see test_table_files_inside.py."""

import importlib
import json
import sys
import time
import zipfile
from pathlib import Path


async def main(text: str) -> None:
    """Write what is read of the files in /files, and the words of refusals, to /files/read.json."""
    for archive in ("/library/compiled.zip", "/own/compiled.zip"):
        with zipfile.ZipFile(archive) as content:
            content.extractall("/")
    sys.path.remove("/lib/python314.zip")
    hdf5 = importlib.import_module("imagenomer.readers.hdf5")
    tables = importlib.import_module("imagenomer.readers.table_files")
    errors = importlib.import_module("imagenomer.errors")
    found = {}
    for path in sorted(Path("/files").iterdir()):
        started = time.perf_counter()
        try:
            if path.suffix == ".mat":
                file = hdf5.open_hdf5(path.name, path.read_bytes())
                read = [{one: file.array(one).tolist() for one in file.arrays}, file.texts("subj")]
            else:
                read = [[one.name, one.columns, one.rows, dict(one.descriptions)] for one in
                        tables.read_table_file(path.name, path.read_bytes())]  # fmt: skip
        except errors.InputError as error:
            read = str(error)
        found[path.name] = {"read": read, "seconds": time.perf_counter() - started}
    Path("/files/read.json").write_text(json.dumps(found), encoding="utf-8")
