"""Write the kernels of the page: matrix products in WebAssembly, on the memory that Pyodide has.

NumPy has no BLAS in Pyodide, and that of SciPy is scalar. These kernels (``kernel_products.py``) multiply as fast as a
processor can with vectors of 128 bits; NumPy's exponential takes one number at a time (``kernel_functions.py``), and
ranks, what is above a limit (``kernel_order.py``) and components of graphs (``kernel_graphs.py``) take many passes.

There are two modules of the same functions: ``relaxed`` multiplies and adds in one step (relaxed SIMD), ``simd`` in
two. The worker takes the first that its browser accepts (``site/engine.worker.js``). What is written here is the text
format of WebAssembly (WAT), which ``assemble.mjs`` turns into bytes by wabt, pinned in ``runtime.lock.json``. To read
the text:

    python3 build_scripts/kernels.py relaxed

Functions are exported with the type of their numbers in their name, such as ``multiply_f32``;
``site/engine_kernels.py`` calls them. Addresses and strides are in bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

import compile as compiling
import runtime
from kernel_functions import add_noise, exponential, logistic
from kernel_graphs import supports
from kernel_order import above, largest, pairs, rank_work, ranks
from kernel_products import WORKSPACE, Numbers, multiply, pack, tile
from kernel_reflectors import reflect

Variant = Literal["relaxed", "simd"]
VARIANTS: tuple[Variant, ...] = ("relaxed", "simd")

ASSEMBLER = Path(__file__).with_name("assemble.mjs")


def types(variant: Variant) -> list[Numbers]:
    """Return the types of numbers of a variant, with the tiles that were fastest."""
    rows, vectors = (6, 2) if variant == "relaxed" else (2, 4)
    kinds = (("f32", 4, "f32"), ("f32", 4, "f64"), ("f64", 8, "f64"))
    return [Numbers(name, size, total, rows, vectors, variant == "relaxed") for name, size, total in kinds]


# --- the modules ----------------------------------------------------------------------------------


def text(variant: Variant) -> str:
    """Return a module in the text format of WebAssembly."""
    functions = []
    for t in types(variant):
        if t.total == t.name:
            functions += [pack(t, "left", t.rows), pack(t, "right", t.columns), largest(t), ranks(t)]
        if t.total == t.name == "f32":
            functions += [above(t), pairs(t)]
        if t.name == "f64":
            functions.append(reflect(t))
        functions += [tile(t), multiply(t)]
    functions += [exponential(), logistic(), add_noise(), supports()]
    memory = '(import "python" "memory" (memory 1))'
    sizes = {"workspace": WORKSPACE, **rank_work()}
    constants = [f'(global (export "{name}") i32 (i32.const {size}))' for name, size in sizes.items()]
    return "\n".join(["(module", memory, *constants, *functions, ")"]) + "\n"


def script(modules: dict[str, bytes]) -> bytes:
    """Return the modules as a part of the worker's script, first choice first."""
    packed = [base64.b64encode(module).decode() for module in modules.values()]
    return f"self._kernels = {json.dumps(packed)};\n".encode()


def modules(lock: dict[str, Any], cache: Path) -> dict[str, bytes]:
    """Return the modules, by variant, first choice first; assembled once and kept in the cache.

    Raises
    ------
    compile.CompileError
        If a text is no WebAssembly.
    runtime.RuntimeUnavailableError
        If wabt or Node.js are neither there nor to be fetched.
    """
    texts = {variant: text(variant) for variant in VARIANTS}
    given = json.dumps([texts, lock["tools"], ASSEMBLER.read_text(encoding="utf-8")])
    folder = cache / "compiled" / f"kernels-{hashlib.sha256(given.encode()).hexdigest()[:16]}"
    if not all((folder / f"{variant}.wasm").is_file() for variant in VARIANTS):
        folder.mkdir(parents=True, exist_ok=True)
        tools = runtime.fetch_runtime(lock["tools"], cache)
        with tempfile.TemporaryDirectory(dir=folder, prefix="making-") as scratch:
            for variant, content in texts.items():
                written = Path(scratch) / f"{variant}.wat"
                written.write_text(content, encoding="utf-8", newline="\n")
                command = [*runtime.node(cache), str(ASSEMBLER), str(tools / "wabt" / "index.js"), str(written)]
                done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
                if done.returncode != 0:
                    raise compiling.CompileError(f"kernels for {variant}:\n{done.stdout}{done.stderr}")
                written.with_suffix(".wasm").replace(folder / f"{variant}.wasm")
        for old in sorted(folder.parent.glob("kernels-*"), key=lambda path: path.stat().st_mtime)[: -compiling.KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    return {variant: (folder / f"{variant}.wasm").read_bytes() for variant in VARIANTS}


def main() -> int:
    """Print the text of a variant."""
    variant = sys.argv[1] if len(sys.argv) == 2 else ""
    if variant not in VARIANTS:
        print(f"usage: python3 {Path(__file__).name} {'|'.join(VARIANTS)}", file=sys.stderr)
        return 2
    print(text(variant), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
