// The engine's worker: Pyodide and imagenomer, started from bytes that the page hands over.
//
// The build puts Pyodide's own two scripts before this one, and the page makes a worker from the whole as a blob, after
// it has locked its own door: so the engine is born without network, served and opened from disk alike.
//
//   page -> worker   {type: "start", manifest, lock}    assets.json; the name of a lock to hold for life, if any
//                    {type: "asset", name, data}        an ArrayBuffer for each asset, in any order
//                    {type: "request", ...}, {type: "cancel", id}
//   worker -> page   {type: "alive"}                    the lock is held: whoever gets it next sees this worker dead
//                    {type: "crash", id, message, stack}    no use any more; id of the request under way, or null
//                    {type: "boot"}, {type: "ready"}, and the answers: see docs/developing.md, "Messages"

(() => {
  "use strict";

  const BASE = "https://engine.invalid/"; // made up: `fetchAsset` answers it, and no server could
  const SITE_PACKAGES = "/lib/python3.14/site-packages";
  const PAUSE = 40; // milliseconds between two pieces of idle work

  let manifest, pyodide, answerRequest, doIdleWork;

  // --- what the page hands over -------------------------------------------------------------------

  const shelf = new Map(); // asset name -> {bytes: Promise<ArrayBuffer>, deliver}

  function slot(name) {
    if (!shelf.has(name)) {
      const entry = {};
      entry.bytes = new Promise((deliver) => (entry.deliver = deliver));
      shelf.set(name, entry);
    }
    return shelf.get(name);
  }

  async function take(name) {
    const bytes = await slot(name).bytes;
    shelf.delete(name); // used once: what is unpacked need not be kept packed
    return bytes;
  }

  async function takeText(name) {
    return new TextDecoder().decode(await take(name));
  }

  // --- Python -------------------------------------------------------------------------------------

  async function fetchAsset(url) {
    const name = String(url).slice(BASE.length);
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return new Response(await take(name), { headers: { "Content-Type": type } });
  }

  async function startPython() {
    const browserFetch = self.fetch;
    self.fetch = fetchAsset;
    try {
      return await self.loadPyodide({
        indexURL: BASE,
        packageBaseUrl: BASE,
        stdLibURL: BASE + "python_stdlib.zip",
        lockFileContents: { info: manifest.info, packages: {} },
        createPyodideModule: self._createPyodideModule,
      });
    } finally {
      self.fetch = browserFetch;
    }
  }

  // --- packages -----------------------------------------------------------------------------------

  const unpacked = new Set();

  function missing(names, found = []) {
    for (const name of names) {
      if (unpacked.has(name) || found.includes(name)) continue;
      if (!(name in manifest.packages)) throw new Error(`the page brought no package ${name}`);
      missing(manifest.packages[name].depends, found);
      found.push(name);
    }
    return found;
  }

  // Unpacking is all there is to do: shared objects are linked when they are imported.
  async function unpack(names) {
    for (const name of missing(names)) {
      pyodide.unpackArchive(await take(manifest.packages[name].asset), "wheel", { extractDir: SITE_PACKAGES });
      unpacked.add(name);
    }
  }

  // --- life ---------------------------------------------------------------------------------------

  async function boot() {
    const packages = missing(manifest.first);
    const work = [
      ["Starting Python", async () => (pyodide = await startPython())],
      ...packages.map((name) => [`Unpacking ${name}`, () => unpack([name])]),
      ...manifest.first_imports.map((name) => [`Importing ${name}`, () => pyodide.pyimport(name).destroy()]),
      ["Starting the engine", async () => pyodide.runPython(await takeText("engine_glue.py"), { filename: "engine_glue.py" })],
    ];
    for (const [done, [step, doIt]] of work.entries()) {
      postMessage({ type: "boot", step, done, total: work.length });
      await doIt();
    }
    const version = pyodide.globals.get("start")(unpack);
    answerRequest = pyodide.globals.get("answer");
    doIdleWork = pyodide.globals.get("do_idle_work");
    postMessage({ type: "ready", version });
    rest(500);
  }

  // The page counts what the policies refused here.
  self.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, originalPolicy }) => {
    postMessage({ type: "attempt", directive: effectiveDirective, address: blockedURI, policy: originalPolicy });
  });

  const cancelled = new Set();
  let underWay = null;

  async function answer({ id, call, arguments: given, files }) {
    underWay = id;
    const progress = (step, done, total) => postMessage({ type: "progress", id, step, done, total });
    const message = cancelled.has(id)
      ? { type: "cancelled", id }
      : await answerRequest(id, call, given, files, progress, () => cancelled.has(id));
    cancelled.delete(id);
    postMessage(message, Object.values(message.buffers ?? {}).map((buffer) => buffer.data));
    underWay = null;
  }

  let queue = Promise.resolve(); // one thing after another
  let waiting = 0;

  function enqueue(work) {
    waiting += 1;
    queue = queue.then(work).then(() => (waiting -= 1), giveUp);
  }

  // The page drops this engine and makes another. What Python raised may quote the data: that stays out of the report.
  function giveUp(error) {
    const { name = "Error", message = error, stack = "" } = error ?? {};
    const said = `${name}: ${message}`;
    const where = String(stack).replace(said, "").replace(String(message), "").trim();
    const head = name === "PythonError" ? name : said;
    postMessage({ type: "crash", id: underWay, message: said, stack: `${head}\n${where}` });
  }

  function onFault(event) {
    event.preventDefault();
    giveUp(event.reason ?? event.error ?? event.message);
  }

  self.addEventListener("error", onFault);
  self.addEventListener("unhandledrejection", onFault);

  // The browser lets go of the lock when this worker dies, of whatever cause: the only sign that some deaths give.
  function holdForLife(lock) {
    const hold = () => (postMessage({ type: "alive" }), new Promise(() => {}));
    self.navigator.locks?.request(lock, hold).catch(() => {}); // pages opened from disk may have none
  }

  // When nobody has asked for anything, get ready for what they may ask for next.
  function rest(milliseconds) {
    setTimeout(() => {
      if (waiting > 0) return rest(500);
      enqueue(async () => {
        if (await doIdleWork()) rest(PAUSE);
      });
    }, milliseconds);
  }

  self.onmessage = ({ data: message }) => {
    if (message.type === "asset") slot(message.name).deliver(message.data);
    else if (message.type === "request") enqueue(() => answer(message));
    else if (message.type === "cancel") cancelled.add(message.id);
    else if (message.type === "start") {
      manifest = message.manifest;
      if (message.lock) holdForLife(message.lock);
      enqueue(boot);
    }
  };
})();
