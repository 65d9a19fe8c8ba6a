/** The page stays there without a network, and the crisis card with it. */

const WORKER = "/sw.js";

/** Where a script may come from is said here alone: the browser takes no address as plain text. */
const scripts = /** @type {any} */ (window).trustedTypes?.createPolicy("cairn", {
  createScriptURL: (/** @type {string} */ address) => {
    if (address !== WORKER) throw new TypeError("That is no script of ours.");
    return address;
  },
});

/** Register the worker that keeps the page, and hand it what was loaded before it was there. */
export async function stayThere() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(scripts ? scripts.createScriptURL(WORKER) : WORKER);
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map((one) => one.name);
    active?.postMessage(loaded.filter((address) => address.startsWith(`${location.origin}/assets/`)));
  } catch {
    // Without it the page needs the network, as pages do.
  }
}
