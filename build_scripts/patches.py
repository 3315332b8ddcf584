"""What is changed in files of others when the site is built, and why."""

from __future__ import annotations

#: What is changed in files of others, by path: pairs of a text and what replaces it. Each text must occur exactly once.
PATCHES = {
    "pyscript/core-C9KDLldu.js": [
        # Hooks of PyScript's own workers are functions rebuilt from their text, which would take `unsafe-eval` in the
        # Content-Security-Policy. They are read for each interpreter, though this page makes no such worker.
        ("const n=[...Eo(t)];if(n.length)", "const n=[];if(n.length)"),
        # Only MicroPython runs in the page; the other interpreter would load plugins of its own.
        ('new Map([["py","pyodide"],["mpy","micropython"]])', 'new Map([["mpy","micropython"]])'),
        # A database for folders that a script mounts. This page mounts none and leaves nothing behind.
        ("no=new y(eo)", "no=null"),
        # MicroPython stands in the same script: nothing is imported, and no policy has to allow that.
        (
            "module:import(o),engine:s.engine.bind(s)})}const{url:n,module:r,engine:s}=e.get(t);return(e,o)=>r.then(r=>(ln",
            "module:Promise.resolve({loadMicroPython}),engine:s.engine.bind(s)})}"
            "const{url:n,module:r,engine:s}=e.get(t);return(e,o)=>r.then(r=>(ln",
        ),
        # The one plugin that is loaded only to be declined.
        ('error:()=>import("./error-D2315lOB.js"),', ""),
        ("//# sourceMappingURL=core-C9KDLldu.js.map", ""),
    ],
    "micropython/micropython.mjs": [
        # The loader has the bytes.
        ("let Module={locateFile:", "let Module={wasmBinary:globalThis.imagenomer.micropython_wasm,locateFile:"),
    ],
    # From a module to a part of the worker's one classic script. A module would have to be imported from a data: or
    # blob: URL, and a policy that allows those allows any script; a page opened from disk cannot import at all.
    "pyodide/pyodide.asm.mjs": [
        ("export default _createPyodideModule;", ""),
        ("_scriptName=import.meta.url", "_scriptName=self.location.href"),
        ("createRequire(import.meta.url)", "createRequire()"),  # in Node.js only
        ('new URL("pyodide.asm.wasm",import.meta.url)', 'new URL("pyodide.asm.wasm")'),  # not where bytes are given
        # Each shared object that is linked has all symbols of those before looked through for any that are still to be
        # found, which takes seconds over hundreds of them. Only new ones can be: they are kept until they are found.
        ("var GOT={};", "var GOT={},GOTWaiting=new Map;"),
        (
            'rtn=GOT[symName]=new WebAssembly.Global({value:"i32",mutable:true},-1)}',
            'rtn=GOT[symName]=new WebAssembly.Global({value:"i32",mutable:true},-1);GOTWaiting.set(symName,rtn)}',
        ),
        ("of Object.entries(GOT)){if(entry.value==-1)", "of GOTWaiting){if(entry.value==-1)"),
        (
            "throw new Error(`bad export type for '${symName}': ${typeof value} (${value})`)}}}};",
            "throw new Error(`bad export type for '${symName}': ${typeof value} (${value})`)}}}GOTWaiting.clear()};",
        ),
        # It distinguished addresses from variables by setting them, and each of thousands of errors took half a
        # millisecond. No shared object shows a variable: `tests/build_scripts/test_build.py` looks.
        ("try{val.value=val.value}catch{return true}", "return true"),
    ],
    # Pyodide refuses classic workers, though it runs in them; a page opened from disk can make no other in Chromium.
    "pyodide/pyodide.js": [
        ('try{return globalThis.importScripts("data:text/javascript,"),!0}catch{return!1}', "return!1")
    ],
}


def patched(path: str, content: bytes) -> bytes:
    """Return a file of the runtime as it is shipped.

    Parameters
    ----------
    path : str
        Its path in the lock.
    content : bytes
        As it was fetched.

    Raises
    ------
    ValueError
        If a text that is to be replaced does not occur exactly once.
    """
    for before, after in PATCHES.get(path, []):
        if content.count(before.encode()) != 1:
            raise ValueError(f"{path} is not what the patch was made for: {before!r}")
        content = content.replace(before.encode(), after.encode())
    return content
