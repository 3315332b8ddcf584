// Runs a Python script in Pyodide under Node.js, for the build: see compile.py.
//
//   node compile.mjs FOLDER SCRIPT ARGUMENTS
//
// FOLDER holds Pyodide; ARGUMENTS is JSON: {info, mounts: {place: folder}, ...}, which the script's `main` gets.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [folder, script, text] = process.argv.slice(2);
const { info, mounts } = JSON.parse(text);

// What engine_glue.py imports of a browser; nothing here uses it.
globalThis.FileReaderSync ??= class {};

const { loadPyodide } = createRequire(import.meta.url)(resolve(folder, "pyodide.js"));
const pyodide = await loadPyodide({
  indexURL: resolve(folder),
  lockFileContents: { info, packages: {} },
  // Sets are written in the order of their hashes, and the same sources must give the same bytes. Columns of a line are
  // for tracebacks that show the line, and would take a tenth of everything.
  env: { HOME: "/home/pyodide", PYTHONHASHSEED: "0", PYTHONNODEBUGRANGES: "1" },
});
for (const [place, root] of Object.entries(mounts)) {
  pyodide.FS.mkdirTree(place);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root }, place);
}
try {
  pyodide.runPython(readFileSync(script, "utf-8"), { filename: script });
  await pyodide.globals.get("main")(text);
} catch (error) {
  console.log(error.message); // not the rest: Node.js would print the one line of pyodide.asm.mjs
  process.exit(1);
}
