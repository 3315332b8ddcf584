// Turns the text of a WebAssembly module into its bytes, for the build: see kernels.py.
//
//   node assemble.mjs WABT TEXT
//
// WABT is the file of the npm package; the bytes are written beside TEXT, a file that ends in .wat.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [tool, path] = process.argv.slice(2).map((name) => resolve(name));
const wabt = await createRequire(import.meta.url)(tool)();
const features = { simd: true, relaxed_simd: true, bulk_memory: true, mutable_globals: true };
try {
  const parsed = wabt.parseWat(path, readFileSync(path, "utf-8"), features);
  parsed.resolveNames();
  parsed.validate(features);
  writeFileSync(path.replace(/\.wat$/, ".wasm"), parsed.toBinary({}).buffer);
} catch (error) {
  console.log(error.message);
  process.exit(1);
}
