/** The page stays there without a network, and the crisis card with it. */

/** Register the worker that keeps the page, and hand it what was loaded before it was there. */
export async function stayThere() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("/sw.js");
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map((one) => one.name);
    active?.postMessage(loaded.filter((address) => address.startsWith(`${location.origin}/assets/`)));
  } catch {
    // Without it the page needs the network, as pages do.
  }
}
