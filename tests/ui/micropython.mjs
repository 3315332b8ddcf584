// Runs a Python script in the page's MicroPython, under Node.js: see test_micropython.py.
//
//   node micropython.mjs FOLDER < FILES
//
// FOLDER holds MicroPython as the page has it; FILES is JSON, path -> text, of which main.py is run.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const files = JSON.parse(readFileSync(0, "utf-8"));
const { loadMicroPython } = await import(pathToFileURL(join(folder, "micropython.mjs")));
const micropython = await loadMicroPython({ url: join(folder, "micropython.wasm"), stdout: console.log });
for (const [path, text] of Object.entries(files)) {
  const parent = path.split("/").slice(0, -1).join("/");
  if (parent) micropython.FS.mkdirTree(parent);
  micropython.FS.writeFile(path, text);
}
micropython.runPython("import main");
