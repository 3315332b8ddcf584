// The service worker: keeps a copy of the program in the browser, so that the page opens where there is no network.
//
// It knows one build by heart: COPY lists every file with its SHA-256, written in by build_scripts/offline.py. It asks
// the server for nothing else, answers nothing else, and drops query strings. It checks each file before it keeps it,
// and again when it is taken out, since whatever runs in this origin can write to the cache.
//
// It answers for the page itself, what the page links to, and the manual. What loader.js asks for it keeps but does not
// answer: the loader takes that out of the cache itself. Browsers check an answer of a service worker against the
// policies of the moment it arrives, and by then the page has locked its door.
//
//   page -> here   {type: "describe"}              answered on the port: {build, kept, size}
//                  {type: "keep", files}           [{path, blob}] that the page has; the others are fetched, but for
//                                                  lazy ones; answered {kept, problem}
//                  {type: "bring", path}           fetch a lazy file, and keep it; answered {blob}, null where there
//                                                  is none
//                  {type: "take over"}             replace the worker in charge, also of pages that are open
//
// A file is lazy if it serves files of a kind that few open: it is fetched when the page says so, belongs to the copy from
// then on, and is not missed before.
//
// A copy is whole once it holds the page itself, under the address of the folder: that goes in last. Until then the
// page comes from the server, so that a page never meets the assets of another build. A new worker that finds a whole
// copy of another build completes its own before it counts as installed, and then waits until a page says "take over".

"use strict";

const COPY = {}; // {copy, build, files: [{path, size, sha256, type, handed, lazy}]}

const FOLDER = self.registration.scope; // where the site is
const OURS = `imagenomer ${FOLDER} `; // one origin may hold several sites
const CACHE = OURS + COPY.copy;
const PAGE = "index.html";
const FILES = new Map(COPY.files.map((file) => [file.path, file]));
const NEEDED = COPY.files.filter((file) => !file.lazy);
const LAZY = COPY.files.filter((file) => file.lazy);

// --- the copy -------------------------------------------------------------------------------------

async function isWhole(name) {
  return (await caches.has(name)) && (await (await caches.open(name)).match(FOLDER)) !== undefined;
}

// Whether this build's copy is whole, and nobody has taken anything out of it since.
async function isKept() {
  if (!(await isWhole(CACHE))) return false;
  const lazy = new Set(LAZY.map((file) => FOLDER + file.path));
  const keys = await (await caches.open(CACHE)).keys();
  return keys.filter(({ url }) => !lazy.has(url)).length === NEEDED.length + 1;
}

const inCopy = async (name, file) => (await caches.open(name)).match(FOLDER + file.path);

// What was once fetched stays at hand in the next build.
async function lazyInOtherCopies() {
  const found = new Set();
  for (const name of await otherCopies()) {
    for (const file of LAZY) if (await inCopy(name, file)) found.add(file);
  }
  return found;
}

async function otherCopies() {
  return (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== CACHE);
}

async function isIntact(body, file) {
  if (body.byteLength !== file.size) return false;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === file.sha256;
}

function response(body, file) {
  return new Response(body, { headers: { "Content-Type": file.type, "Content-Length": String(file.size) } });
}

// The bytes of a file, from whatever has them: the page, the copy of another build, the server.
async function* offers(file, blob) {
  if (blob instanceof Blob) yield blob.arrayBuffer();
  for (const name of await otherCopies()) {
    const kept = await inCopy(name, file);
    if (kept) yield kept.arrayBuffer();
  }
  // A name with a hash in it means the same bytes for ever; any other may have changed since.
  const cache = file.path.startsWith("assets/") ? "force-cache" : "no-cache";
  const answer = await fetch(FOLDER + file.path, { cache, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${file.path} could not be loaded (${answer.status})`);
  yield answer.arrayBuffer();
}

async function keptBody(file) {
  const kept = await caches.match(FOLDER + file.path, { cacheName: CACHE });
  const body = await kept?.arrayBuffer();
  return body !== undefined && (await isIntact(body, file)) ? body : undefined;
}

async function intactBody(file, blob) {
  for await (const body of offers(file, blob)) if (await isIntact(body, file)) return body;
  throw new Error(`${file.path} is not what this build was made with`);
}

async function put(file, body) {
  return (await caches.open(CACHE)).put(FOLDER + file.path, response(body, file));
}

async function keep(files, blobs) {
  for (const file of files) {
    if (!(await keptBody(file))) await put(file, await intactBody(file, blobs.get(file.path)));
  }
}

async function keepAll(blobs) {
  await keep([...NEEDED, ...(await lazyInOtherCopies())], blobs);
  const cache = await caches.open(CACHE);
  await cache.put(FOLDER, await cache.match(FOLDER + PAGE));
}

// --- answers --------------------------------------------------------------------------------------

// The file that a request is for; undefined where it is none of ours.
function listed(request) {
  const address = new URL(request.url);
  const place = address.origin + address.pathname;
  if (request.method !== "GET" || !place.startsWith(FOLDER)) return undefined;
  return FILES.get(place.slice(FOLDER.length) || PAGE);
}

async function answer(request, file) {
  if (file.path === PAGE && !(await isKept())) return fromServer(request, file);
  const body = await keptBody(file);
  return body === undefined ? fromServer(request, file) : response(body, file);
}

function fromServer(request, file) {
  const path = file.path === PAGE ? "" : file.path;
  // A navigation follows redirections by itself.
  const redirect = request.mode === "navigate" ? "manual" : "follow";
  return fetch(FOLDER + path, { credentials: "same-origin", redirect });
}

// --- life -----------------------------------------------------------------------------------------

async function install() {
  const whole = await Promise.all((await otherCopies()).map(isWhole));
  if (whole.includes(true)) await keepAll(new Map());
  // What the page has it will hand over; the page itself and the manual it does not have.
  else await keep(COPY.files.filter((file) => !file.handed), new Map());
}

// A page that is open needs no old copy: it asked for all of its files when it was opened.
async function activate() {
  for (const name of await otherCopies()) await caches.delete(name);
}

async function describe() {
  return { build: COPY.build, kept: await isKept(), size: NEEDED.reduce((sum, file) => sum + file.size, 0) };
}

async function bring(path) {
  const file = LAZY.find((one) => one.path === path);
  if (!file) return null;
  let body = await keptBody(file);
  if (body === undefined) {
    body = await intactBody(file);
    await put(file, body).catch(() => {}); // no room for it
  }
  return new Blob([body]);
}

async function hear({ data, ports }) {
  if (data.type === "describe") ports[0].postMessage(await describe());
  else if (data.type === "take over") await self.skipWaiting();
  else if (data.type === "bring") ports[0].postMessage({ blob: await bring(data.path).catch(() => null) });
  else if (data.type === "keep") {
    const blobs = new Map(data.files.map(({ path, blob }) => [path, blob]));
    const problem = await keepAll(blobs).then(() => null, (error) => error.message);
    ports[0].postMessage({ kept: problem === null, problem });
  }
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => event.waitUntil(hear(event)));
self.addEventListener("fetch", (event) => {
  const file = listed(event.request);
  if (file && !file.handed) event.respondWith(answer(event.request, file));
});
