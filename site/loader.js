// Brings the page to life: gets the files of the program, locks the door, starts the engine and the user interface.
//
// The same script starts the site and the single file. The site's files are fetched, all at once; those of the single
// file stand in the page itself. Once every request is on its way a second Content-Security-Policy is appended: what was
// asked for still arrives, but neither the page nor a worker made afterwards can ask for anything more. Only then is the
// engine made, from bytes and with no way out. What few need (stage "asked") is had when the engine asks for it: the
// service worker fetches it, which knows the files of one build and asks for nothing else. Of the languages (stage
// "language") only the one is had that was chosen on an earlier visit.
//
// This is written in the JavaScript of 2017, so that an older browser gets as far as being told.
//
// What the user interface gets is window.imagenomer:
//
//   manifest           what the build wrote into the page: {build, version, inline, locked_policy, engine,
//                      assets: [{name, path, size, raw_size, sha256, stage}]}; size and hash are of the gzipped bytes
//   inline             whether this is the single file
//   language           the name of the chosen language, null for English
//   texts              its catalogue as JSON, null where there is none or it did not arrive
//   locked             when the door was locked, on the clock of performance.now(); null before
//   listen(callback)   hear the events below: first those that have been, then each as it comes
//   post(message)      send a message to the engine, now or when there is one; see docs/developing.md, "Messages"
//   make_worker()      make another engine from the same bytes, in place of the one there is
//   stop_worker()      end the engine
//   reload()           load the page anew, past the copies that browsers keep
//   blob(name)         promise of an asset as it was shipped; undefined for one that nothing has asked for
//
// Events are the messages of the engine's worker, and
//
//   {type: "loading", done, total}               bytes of what is needed until the engine answers
//   {type: "attempt", directive, address, policy}    the page refused to go, to save or to open something elsewhere
//   {type: "trouble", name, stage, message}      an asset did not arrive whole; whoever waits for it waits for ever
//   {type: "brought", name}                      the service worker has handed over an asset that something asked for
//   {type: "crash", message}                     the worker died without an error of its own

(() => {
  "use strict";

  document.getElementById("stuck").remove(); // it is for browsers that do not get as far as here

  const manifest = JSON.parse(document.getElementById("manifest").textContent);
  const { inline, assets } = manifest;

  // --- what is needed -----------------------------------------------------------------------------

  // A function that returns a vector: browsers that take it know all of WebAssembly that the engine uses.
  const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

  function lacking() {
    if (!("noModule" in document.createElement("script"))) return "modules";
    if (!self.Worker) return "Worker";
    if (!self.BigInt) return "BigInt";
    if (!self.DecompressionStream) return "DecompressionStream";
    if (!self.WebAssembly) return "WebAssembly";
    if (!WebAssembly.Exception) return "exceptions in WebAssembly";
    if (!WebAssembly.validate(Uint8Array.from(SIMD))) return "vectors in WebAssembly";
    return null;
  }

  // For what goes wrong before there is a user interface.
  function complain(title, message) {
    const alert = document.createElement("div");
    alert.className = "alert";
    alert.setAttribute("role", "alert");
    const box = alert.appendChild(document.createElement("div"));
    box.appendChild(document.createElement("strong")).textContent = title;
    box.appendChild(document.createElement("p")).textContent = message;
    if (self.imagenomer && !inline) {
      const button = box.appendChild(document.createElement("button"));
      button.textContent = "Reload the page";
      button.addEventListener("click", reload);
    }
    document.getElementById("alerts").appendChild(alert);
    document.getElementById("start-progress").hidden = true;
  }

  // --- events -------------------------------------------------------------------------------------

  const missed = [];
  let hear = (event) => missed.push(event);

  function listen(callback) {
    hear = callback;
    missed.splice(0).forEach((event) => callback(event));
  }

  function tell(event) {
    if (event.type === "ready") engineIsReady();
    // Of what is loaded, only the latest matters to an interface that is not there yet.
    const last = missed[missed.length - 1];
    if (event.type === "loading" && last && last.type === "loading") missed.pop();
    hear(event);
  }

  let engineIsReady;
  const ready = new Promise((resolve) => (engineIsReady = resolve));

  // --- where assets come from ---------------------------------------------------------------------

  // The service worker's copy. It cannot answer the requests below: browsers check such an answer against the policies
  // of the moment it arrives, when the door is locked.
  async function keptCopy(entry) {
    const charge = navigator.serviceWorker && navigator.serviceWorker.controller;
    return charge && !afresh ? self.caches.match(entry.path).catch(() => undefined) : undefined;
  }

  // A browser that was given a damaged file may keep it, and a reload would bring it back. The name of the window is the
  // one thing that outlives a reload and leaves nothing behind.
  const AFRESH = "imagenomer: load afresh";
  const afresh = self.name === AFRESH;
  if (afresh) self.name = "";

  function reload() {
    if (!inline) self.name = AFRESH;
    self.location.reload();
  }

  // English is in the code; whatever else was chosen once is one of the languages of this build, or English.
  const stored = () => {
    try {
      return self.localStorage.getItem("imagenomer-language");
    } catch (error) {
      return null; // pages opened from disk may have no store
    }
  };
  const language = assets.find(({ name, stage }) => stage === "language" && name === `${stored()}.json`) || null;

  const registered = !inline && navigator.serviceWorker
    ? navigator.serviceWorker.register("sw.js").catch(() => null) // the page works without
    : null;

  // Where no service worker can bring it later it is fetched with the rest.
  const isUpFront = (entry) =>
    entry.stage === "language" ? entry === language : entry.stage !== "asked" || (!inline && (afresh || !registered));

  async function bring(entry) {
    const kept = await keptCopy(entry);
    if (kept) return kept;
    const registration = await registered;
    // One that is new, or of another build, may stand beside the one in charge.
    for (const state of ["active", "waiting", "installing"]) {
      const blob = registration && registration[state] && (await askToBring(registration[state], entry.path));
      if (!blob) continue;
      if (entry.stage === "asked") tell({ type: "brought", name: entry.name }); // because of a file of the user's
      return new Response(blob);
    }
    throw new Error("no service worker has it");
  }

  // What has not come by then will not.
  const LONGEST = 120000; // milliseconds

  function askToBring(worker, path) {
    return new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      const late = setTimeout(resolve, LONGEST);
      port1.onmessage = ({ data }) => (clearTimeout(late), resolve(data.blob));
      worker.postMessage({ type: "bring", path }, [port2]);
    });
  }

  function request(entry) {
    return fetch(entry.path, { priority: isNeededAtOnce(entry) ? "high" : "low", cache: afresh ? "reload" : "default" });
  }

  async function readResponse(entry, response) {
    const chunks = [];
    try {
      const answer = await response;
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`.trim());
      if (!isNeededAtOnce(entry)) return await answer.blob(); // nobody looks how far it is
      const reader = answer.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        chunks.push(part.value);
        count(entry, part.value.length);
      }
    } catch (error) {
      throw new Error(`could not be loaded (${error.message})`);
    }
    return new Blob(chunks);
  }

  // The asset elements come after this script, so that the page is alive before all of a large file has been read. One
  // is whole when the next is there.
  async function readElement(entry) {
    const next = assets[assets.indexOf(entry) + 1];
    const element = (asset) => document.getElementById("asset-" + asset.name);
    await new Promise((resolve) => {
      const look = () => {
        if (document.readyState === "loading" && !(next && element(next))) return;
        observer.disconnect();
        resolve();
      };
      const observer = new MutationObserver(look);
      observer.observe(document.body, { childList: true });
      document.addEventListener("readystatechange", look, { once: true });
      look();
    });
    if (!element(entry)) {
      // Of a file that was cut short the place is told first: the last asset that is in it, and then what is missing.
      const before = assets[assets.indexOf(entry) - 1];
      if (before) await arrivals.get(before.name).catch(() => {});
      throw new Error("is missing: this file was cut short");
    }
    try {
      const bytes = decode(element(entry).textContent);
      count(entry, bytes.length);
      element(entry).textContent = "";
      return new Blob([bytes]);
    } catch (error) {
      throw new Error("is damaged: it is not base64");
    }
  }

  function decode(base64) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let index = 0; index < bytes.length; index++) bytes[index] = text.charCodeAt(index);
    return bytes;
  }

  const isNeededAtOnce = (entry) => entry.stage === "page" || entry.stage === "first";
  const total = assets.filter(isNeededAtOnce).reduce((sum, entry) => sum + entry.size, 0);
  let received = 0;

  function count(entry, size) {
    if (!isNeededAtOnce(entry)) return;
    received += size;
    tell({ type: "loading", done: received, total });
  }

  // --- checking and unpacking ---------------------------------------------------------------------

  const kB = (size) => Math.round(size / 1000);

  async function check(entry, blob) {
    if (blob.size < entry.size) throw new Error(`was cut short: ${kB(blob.size)} of ${kB(entry.size)} kB`);
    if (!self.crypto.subtle) return; // an address without https: gzip has a checksum of its own
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== entry.sha256) throw new Error("is damaged: its hash is not the one expected");
  }

  // A copy that was damaged goes, so that the next visit asks for the file again.
  async function forget(entry) {
    for (const name of await self.caches.keys()) await (await caches.open(name)).delete(entry.path);
  }

  const arrivals = new Map(); // asset name -> promise of its blob

  async function receive(entry, response) {
    // The engine's worker takes longest to get going, and nothing is to keep it waiting; nor does what the engine can
    // start without take the line from what it needs.
    if (entry !== assets[0]) await arrivals.get(assets[0].name).catch(() => {});
    if (entry.stage === "rest" || entry.stage === "asked") await ready;
    const blob = inline ? await readElement(entry) : await readResponse(entry, response);
    try {
      await check(entry, blob);
    } catch (error) {
      await forget(entry).catch(() => {});
      throw error;
    }
    return blob;
  }

  async function inflate(name) {
    const blob = await arrivals.get(name);
    try {
      return await new Response(blob.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
    } catch (error) {
      throw new Error(`is damaged: it cannot be unpacked (${error.message})`);
    }
  }

  // Waits for ever for what cannot be done without and did not arrive; null for the rest.
  async function unlessInTrouble(entry, bytes) {
    try {
      return await bytes;
    } catch (error) {
      tellOfTrouble(entry, error.message);
      return isNeededAtOnce(entry) ? new Promise(() => {}) : null;
    }
  }

  function tellOfTrouble(entry, what) {
    const message = `${entry.name} ${what}`;
    tell({ type: "trouble", name: entry.name, stage: entry.stage, message });
    const wayOn = inline
      ? "This copy of the file is damaged: get it again from where it came from."
      : "Reload the page to fetch it again.";
    if (entry.stage === "page") complain("The page could not be loaded", `${message}. ${wayOn}`);
  }

  const take = (entry) => unlessInTrouble(entry, inflate(entry.name));
  const takePacked = (entry) => unlessInTrouble(entry, arrivals.get(entry.name).then((blob) => blob.arrayBuffer()));
  const asText = (bytes) => (bytes === null ? null : new TextDecoder().decode(bytes));
  const takeText = async (entry) => asText(await take(entry));
  const named = (name) => assets.find((entry) => entry.name === name);
  const ofStage = (...stages) => assets.filter((entry) => stages.includes(entry.stage));

  // --- the door -----------------------------------------------------------------------------------

  function expect(entry, response) {
    const arrival = receive(entry, response);
    for (const promise of [response, arrival]) Promise.resolve(promise).catch(() => {}); // told to whoever takes it
    arrivals.set(entry.name, arrival);
  }

  async function requestAll() {
    const wanted = assets.filter(isUpFront);
    const kept = inline ? [] : await Promise.all(wanted.map(keptCopy));
    wanted.forEach((entry, index) => expect(entry, inline ? null : kept[index] || request(entry)));
    const policy = document.createElement("meta");
    policy.httpEquiv = "Content-Security-Policy";
    policy.content = manifest.locked_policy;
    document.head.appendChild(policy);
    imagenomer.locked = performance.now();
    if (registered && language) bring(language).catch(() => {}); // the service worker keeps what it is asked for
  }

  // --- other ways out -----------------------------------------------------------------------------

  // No policy keeps a page from going elsewhere, from saving what lies elsewhere, or from opening a window: each can carry
  // something along in its address, and is no request that a page is told of. What this page needs is itself, the
  // documents that it came with, and what it made. A script of bad will has ways around this (see docs/privacy.md); none
  // is here.
  const withoutFragment = (address) => address.replace(/#.*/, "");
  const ours = new Set([self.location, ...document.links].map(({ href }) => withoutFragment(href)));

  function leadsOut(address) {
    try {
      const { href, protocol } = new URL(address, document.baseURI);
      // What is made here goes nowhere, and scripts are the policy's business.
      return !["blob:", "data:", "javascript:"].includes(protocol) && !ours.has(withoutFragment(href));
    } catch (error) {
      return true;
    }
  }

  function refuse(directive, address) {
    tell({ type: "attempt", directive, address: String(address), policy: "the page" });
    return null;
  }

  self.open = (address) => refuse("window", address);

  const howItLeads = (link) => (link.hasAttribute("download") ? "download" : link.target ? "window" : "navigation");

  for (const kind of ["click", "auxclick"]) {
    document.addEventListener(
      kind,
      (event) => {
        const link = event.target.closest && event.target.closest("a[href], area[href]");
        const address = link && (link.href.baseVal || link.href);
        if (!link || !leadsOut(address)) return;
        event.preventDefault();
        refuse(howItLeads(link), address);
      },
      true,
    );
  }

  // A link need not be in the page to be clicked by a script.
  const { click } = HTMLElement.prototype;
  HTMLElement.prototype.click = function () {
    if (this instanceof HTMLAnchorElement && !this.isConnected && leadsOut(this.href)) refuse(howItLeads(this), this.href);
    else click.call(this);
  };

  if (self.navigation) {
    self.navigation.addEventListener("navigate", (event) => {
      const { url } = event.destination;
      if (!event.cancelable || !leadsOut(url)) return;
      event.preventDefault();
      refuse(typeof event.downloadRequest === "string" ? "download" : "navigation", url);
    });
  }

  // --- the engine ---------------------------------------------------------------------------------

  let worker = null;
  let sending; // resolves to the worker once all that was posted before is sent

  let scriptUrl; // one for all engines

  async function start(isCurrent) {
    const script = await takeText(named("engine.worker.js"));
    scriptUrl = scriptUrl || URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const made = new Worker(scriptUrl);
    if (!isCurrent()) return made.terminate(), made;
    worker = made;
    const lock = `imagenomer ${manifest.build} ${Math.random()}`;
    made.onmessage = ({ data }) => {
      if (data.type === "alive") watchOver(made, lock);
      else if (data.type === "wanted") fetchWanted(made, named(data.name));
      else if (data.type === "damaged") tellOfTrouble(named(data.name), data.message);
      else tell(data);
    };
    made.onerror = (event) => {
      event.preventDefault(); // it is shown in the page
      tell({ type: "crash", message: event.message });
    };
    made.postMessage({ type: "start", manifest: manifest.engine, lock });
    handOver(made);
    return made;
  }

  // One stage after another: what comes first is not to wait for what comes later. The worker, which has little to do
  // until then, inflates.
  async function handOver(to) {
    for (const stage of ["first", "soon", "rest"]) await Promise.all(ofStage(stage).map((entry) => give(to, entry)));
  }

  async function give(to, entry) {
    const data = await takePacked(entry);
    if (data === null) to.postMessage({ type: "missing", name: entry.name });
    else to.postMessage({ type: "asset", name: entry.name, data }, [data]);
  }

  function fetchWanted(by, entry) {
    if (!arrivals.has(entry.name)) expect(entry, inline ? null : bring(entry));
    give(by, entry);
  }

  // The worker holds the lock as long as it lives. A browser that is short of memory ends it without any other sign.
  function watchOver(made, lock) {
    navigator.locks.request(lock, () => {
      if (worker === made) tell({ type: "crash", message: "The browser stopped it.", by_browser: true });
    });
  }

  let made = 0;

  function make_worker() {
    stop_worker();
    const number = ++made;
    sending = start(() => number === made);
  }

  function stop_worker() {
    made += 1;
    if (worker) {
      worker.onmessage = worker.onerror = null; // what it said last is about an engine that is no more
      worker.terminate();
    }
    worker = null;
  }

  function post(message) {
    sending = sending.then(async (to) => {
      const { files } = message;
      try {
        if (files && !(await workersCanRead())) {
          message.files = await Promise.all(files.map((file) => file.arrayBuffer()));
        }
        to.postMessage(message);
      } catch (error) {
        tell({ type: "refused", id: message.id, message: `A file could not be read: ${error.message}`, position: null });
      }
      return to;
    });
  }

  // In WebKit no worker of a page opened from disk can read a file: then the page does.
  let readable;

  function workersCanRead() {
    const probe = "onmessage = ({ data }) => postMessage(new FileReaderSync().readAsText(data))";
    readable =
      readable ||
      new Promise((resolve) => {
        const reader = new Worker(URL.createObjectURL(new Blob([probe], { type: "text/javascript" })));
        const conclude = (answer) => (reader.terminate(), resolve(answer));
        reader.onmessage = (event) => conclude(event.data === "probe");
        reader.onerror = (event) => (event.preventDefault(), conclude(false));
        reader.postMessage(new File(["probe"], "probe"));
      });
    return readable;
  }

  // --- the user interface -------------------------------------------------------------------------

  function addScript(type, text, attributes) {
    const script = document.createElement("script");
    script.type = type;
    script.textContent = text;
    Object.keys(attributes || {}).forEach((name) => script.setAttribute(name, attributes[name]));
    document.head.appendChild(script); // the body may still be arriving
  }

  async function startInterface() {
    const [interpreter, wasm, modules, texts] = await Promise.all([
      takeText(named("interpreter.js")),
      take(named("micropython.wasm")),
      takeText(named("interface.py")),
      language && takeText(language),
    ]);
    imagenomer.texts = texts;
    imagenomer.language = texts && language.name.replace(".json", "");
    imagenomer.micropython_wasm = wasm;
    addScript("mpy", modules, { config: manifest.pyscript });
    addScript("module", interpreter); // allowed by its hash
  }

  const blob = (name) => arrivals.get(name);
  const imagenomer = { manifest, inline, listen, post, make_worker, stop_worker, reload, blob };
  Object.assign(imagenomer, { locked: null, language: null, texts: null });

  // Policies do not cover it: in Chromium a locked page could still ask a STUN server.
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "mozRTCPeerConnection"]) delete self[name];

  const missing = lacking();
  if (missing) {
    complain(
      "This browser is too old",
      `ImageNomer computes in the browser, and this one lacks what it needs for that: ${missing}. The oldest that have ` +
        "all of it are Chrome and Edge 95, Firefox 113 and Safari 16.4: update this browser, or open the page in another. Safari in " +
        "Lockdown Mode has no WebAssembly either; except this page from it. None of your files has been read.",
    );
    return;
  }
  self.imagenomer = imagenomer;
  requestAll().then(() => {
    make_worker();
    startInterface();
  });
})();
