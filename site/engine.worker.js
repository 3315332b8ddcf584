// The engine's worker: Pyodide and imagenomer, started from bytes that the page hands over.
//
// The build puts Pyodide's own two scripts before this one, and the page makes a worker from the whole as a blob, after
// it has locked its own door: so the engine is born without network, served and opened from disk alike.
//
//   page -> worker   {type: "start", manifest, lock}    assets.json; the name of a lock to hold for life, if any
//                    {type: "asset", name, data}        each asset as it was shipped, gzipped, in any order; those of
//                                                       manifest.asked once they are wanted
//                    {type: "missing", name}         an asset that did not arrive whole, and will not
//                    {type: "request", ...}, {type: "cancel", id}
//   worker -> page   {type: "alive"}                    the lock is held: whoever gets it next sees this worker dead
//                    {type: "wanted", name}             an asset that comes only when it is asked for
//                    {type: "damaged", name, message}   an asset that is not what gzip wrote
//                    {type: "crash", id, message, stack}    no use any more; id of the request under way, or null
//                    {type: "boot"}, {type: "ready"}, and the answers: see docs/developing.md, "Messages"

(() => {
  "use strict";

  const BASE = "https://engine.invalid/"; // made up: `fetchAsset` answers it, and no server could
  const LATER = "/lib/later.json"; // what is in the blobs that are not unpacked at once
  const NO_FILES = Uint8Array.from([0x50, 0x4b, 5, 6, ...new Array(18).fill(0)]); // an archive of nothing
  const PAUSE = 40; // milliseconds between two pieces of idle work
  const PATIENCE = 500; // until looking again whether there is time, or what it takes

  let manifest, pyodide, answerRequest, isAtHand, doIdleWork;

  // --- what the page hands over -------------------------------------------------------------------

  const shelf = new Map(); // asset name -> {packed: Promise<ArrayBuffer>, deliver, fail, inflated, data}

  function slot(name) {
    if (!shelf.has(name)) {
      const entry = {};
      entry.packed = new Promise((resolve, reject) => {
        entry.deliver = resolve;
        entry.fail = () => reject(Object.assign(new Error(name), { name: "MissingPart" }));
      });
      entry.packed.catch(() => {}); // told to whoever asks for it
      shelf.set(name, entry);
    }
    return shelf.get(name);
  }

  // Inflated when first asked for: what nobody needs yet takes neither time nor memory.
  function inflated(name) {
    const entry = slot(name);
    entry.inflated ??= entry.packed.then(async (packed) => {
      try {
        // Not from a Blob: in WebKit no worker of a page opened from disk can read one.
        const stream = new Response(packed).body.pipeThrough(new DecompressionStream("gzip"));
        entry.data = await new Response(stream).arrayBuffer();
      } catch (error) {
        postMessage({ type: "damaged", name, message: `is damaged: it cannot be unpacked (${error.message})` });
        throw Object.assign(new Error(name), { name: "MissingPart" });
      }
      return entry.data;
    });
    entry.inflated.catch(() => {});
    return entry.inflated;
  }

  // For what the engine cannot do without: waits for ever where it is damaged, as the page has told.
  async function take(name) {
    const bytes = await inflated(name).catch(() => new Promise(() => {}));
    shelf.delete(name); // used once: what is unpacked need not be kept packed
    return bytes;
  }

  async function takeText(name) {
    return new TextDecoder().decode(await take(name));
  }

  // --- Python -------------------------------------------------------------------------------------

  async function fetchAsset(url) {
    const name = String(url).slice(BASE.length);
    if (name === "python_stdlib.zip") return new Response(NO_FILES);
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
        createPyodideModule: (settings) => {
          // Python finds its standard library in folders, next to all else. The interpreter is compiled meanwhile.
          settings.preRun.push(async (module) => {
            module.addRunDependency("library");
            const blobs = await Promise.all(manifest.first.map(take));
            blobs.forEach((blob) => unpack(module.FS, blob));
            module.removeRunDependency("library");
          });
          return self._createPyodideModule(settings);
        },
      });
    } finally {
      self.fetch = browserFetch;
    }
  }

  // Products of matrices, on the memory that Python has (see build_scripts/kernels.py): the first of the modules before
  // this script that the browser knows all instructions of.
  function compiledKernels() {
    for (const packed of self._kernels) {
      const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
      if (!WebAssembly.validate(bytes)) continue;
      const python = { memory: pyodide._module.memory };
      return new WebAssembly.Instance(new WebAssembly.Module(bytes), { python }).exports;
    }
    return null;
  }

  // --- packages -----------------------------------------------------------------------------------

  // Nothing is copied: the files are parts of the blob. Shared objects are linked when they are imported.
  function unpack(FS, blob) {
    const size = new DataView(blob).getUint32(0, true);
    const index = JSON.parse(new TextDecoder().decode(new Uint8Array(blob, 4, size)));
    const folders = new Set();
    let offset = 4 + size;
    for (const [path, size] of index) {
      const folder = path.slice(0, path.lastIndexOf("/"));
      if (!folders.has(folder)) FS.mkdirTree("/" + folder);
      folders.add(folder);
      FS.writeFile("/" + path, new Uint8Array(blob, offset, size), { canOwn: true });
      offset += size;
    }
  }

  const wanted = new Set();

  function want(name) {
    if (!manifest.asked.includes(name) || wanted.has(name)) return;
    wanted.add(name);
    postMessage({ type: "wanted", name });
  }

  // What engine_later.py gets to see.
  const blobs = {
    has(name) {
      want(name);
      inflated(name); // for when it is asked again
      return slot(name).data !== undefined;
    },
    asked: (name) => manifest.asked.includes(name),
    arrival: (name) => inflated(name).then(() => {}),
    unpack(name) {
      unpack(pyodide.FS, slot(name).data);
      shelf.delete(name);
    },
  };

  // --- life ---------------------------------------------------------------------------------------

  async function boot() {
    let later;
    const work = [
      [
        "Starting Python",
        async () => {
          pyodide = await startPython();
          later = pyodide.pyimport("engine_later");
          later.listen(pyodide.FS.readFile(LATER, { encoding: "utf8" }), blobs);
        },
      ],
      ...manifest.first_imports.map((name) => [`Importing ${name}`, () => later.load(name)]),
      [
        "Starting the engine",
        async () => {
          await later.load("imagenomer.engine");
          pyodide.runPython(await takeText("engine_glue.py"), { filename: "engine_glue.py" });
        },
      ],
    ];
    for (const [done, [step, doIt]] of work.entries()) {
      postMessage({ type: "boot", step, done, total: work.length });
      await doIt();
    }
    const version = pyodide.globals.get("start")(compiledKernels());
    answerRequest = pyodide.globals.get("answer");
    isAtHand = pyodide.globals.get("is_at_hand");
    doIdleWork = pyodide.globals.get("do_idle_work");
    postMessage({ type: "ready", version });
    rest(PATIENCE);
  }

  // The page counts what the policies refused here.
  self.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, originalPolicy }) => {
    postMessage({ type: "attempt", directive: effectiveDirective, address: blockedURI, policy: originalPolicy });
  });

  const cancelled = new Set();
  let underWay = null; // {id, call}

  async function answer({ id, call, arguments: given, files }) {
    const progress = (step, done, total) => postMessage({ type: "progress", id, step, done, total });
    const message = cancelled.has(id)
      ? { type: "cancelled", id }
      : await answerRequest(id, call, given, files, progress, () => cancelled.has(id));
    cancelled.delete(id);
    postMessage(message, Object.values(message.buffers ?? {}).map((buffer) => buffer.data));
  }

  // Whoever reads the parts that are done need not wait for the one under way: what is kept is answered between two steps
  // of a computation. Only while nothing else waits, so that nothing is overtaken that changes what is open.
  function accept(message) {
    const { call, arguments: given } = message;
    if (underWay?.call === "run" && waiting === 1 && isAtHand(call, given)) {
      answer(message).catch(giveUp);
      return;
    }
    enqueue(async () => {
      underWay = message;
      await answer(message);
      underWay = null;
    });
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
    postMessage({ type: "crash", id: underWay?.id ?? null, message: said, stack: `${head}\n${where}` });
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
      if (waiting > 0) return rest(PATIENCE);
      enqueue(async () => {
        const when = await doIdleWork();
        if (when) rest(when === "soon" ? PAUSE : PATIENCE);
      });
    }, milliseconds);
  }

  self.onmessage = ({ data: message }) => {
    if (message.type === "asset") slot(message.name).deliver(message.data);
    else if (message.type === "missing") slot(message.name).fail();
    else if (message.type === "request") accept(message);
    else if (message.type === "cancel") cancelled.add(message.id);
    else if (message.type === "start") {
      manifest = message.manifest;
      if (message.lock) holdForLife(message.lock);
      enqueue(boot);
    }
  };
})();
