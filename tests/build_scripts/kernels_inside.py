"""Check the kernels in /kernels; runs inside Pyodide, see test_kernels.py."""

import json
import sys
import traceback
import zipfile
from pathlib import Path

HERE = Path("/kernels")
SITE_PACKAGES = "lib/python3.14/site-packages"


async def main(text: str) -> None:
    """Write what each check raised, by variant, to /kernels/outcomes.json."""
    with zipfile.ZipFile("/library/compiled.zip") as library:
        wanted = (f"{SITE_PACKAGES}/numpy", f"{SITE_PACKAGES}/scipy")
        library.extractall("/", [name for name in library.namelist() if name.startswith(wanted)])
    sys.path[:0] = [f"/own/compiled.zip/{SITE_PACKAGES}", str(HERE)]

    import pyodide_js
    from engine_kernels import Kernels
    from js import Object, WebAssembly
    from pyodide.ffi import to_js

    from imagenomer.statistics import products
    from product_checks import CHECKS

    outcomes = {}
    python = to_js({"python": {"memory": pyodide_js._module.memory}}, dict_converter=Object.fromEntries)
    for path in sorted(HERE.glob("*.wasm")):
        content = to_js(path.read_bytes())
        if not WebAssembly.validate(content):
            continue
        functions = WebAssembly.Instance.new(WebAssembly.Module.new(content), python).exports
        products.use(Kernels(functions, products.Blas()))
        said = outcomes[path.stem] = {}
        for name, check in CHECKS.items():
            try:
                check()
                said[name] = ""
            except Exception:
                said[name] = traceback.format_exc()
    (HERE / "outcomes.json").write_text(json.dumps(outcomes), encoding="utf-8")
