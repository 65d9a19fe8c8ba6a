/**
 * Lets the page open without a network, so that the crisis card is there: the page itself is fetched anew when it can
 * be, its files never change under their address, and nothing of the API is ever kept.
 */

const KEPT = "cairn";
const worker = /** @type {any} */ (self);

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("message", (/** @type {any} */ event) => event.waitUntil(keep(event.data)));
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (pathname === "/") event.respondWith(page(event.request));
  else if (pathname.startsWith("/assets/")) event.respondWith(file(event.request));
});

/** Keep the page and what it has loaded before we were there. @param {string[]} addresses */
const keep = (addresses) => Promise.all([page(new Request("/")), ...addresses.map((address) => file(new Request(address)))]);

/** The newest page, or the last one that was seen. @param {Request} request */
async function page(request) {
  const kept = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.ok) await kept.put("/", response.clone());
    return response;
  } catch (gone) {
    const last = await kept.match("/");
    if (last) return last;
    throw gone;
  }
}

/** A file as it was kept; of each only the newest version stays. @param {Request} request */
async function file(request) {
  const kept = await caches.open(KEPT);
  const found = await kept.match(request);
  if (found) return found;
  const response = await fetch(request);
  if (response.ok) await keepOnly(kept, request, response.clone());
  return response;
}

/** @param {Cache} kept @param {Request} request @param {Response} response */
async function keepOnly(kept, request, response) {
  const name = request.url.replace(/^.*?\/assets\/[^/]+\//, "");
  for (const older of await kept.keys()) {
    if (older.url !== request.url && older.url.endsWith(`/${name}`) && older.url.includes("/assets/")) await kept.delete(older);
  }
  await kept.put(request, response);
}
