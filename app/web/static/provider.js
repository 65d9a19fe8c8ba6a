/** To the provider and back: in this tab alone, which remembers what it left for. */
import { post } from "./api.js";

/** @typedef {"/v1/sign-in/provider" | "/v1/provider-links" | "/v1/session/prove/provider"} Errand */
/** @typedef {{errand: Errand, browser: string, from: string}} Departure */

const PLACE = "cairn.departure";

/** Where the provider sends the browser back to. */
export const isBack = () => location.pathname === "/signed-in";

/** Leave for the provider. Whoever comes back is where they were. @param {Errand} errand */
export async function leaveFor(errand) {
  const { url, browser } = await post(`${errand}/departures`);
  sessionStorage.setItem(PLACE, JSON.stringify({ errand, browser, from: location.hash }));
  location.assign(url);
  // The browser is on its way; nothing that follows is to be seen.
  await new Promise(() => {});
}

/** @type {{departure: Departure, answer: Record<string, string>} | null} */
let back = null;

/**
 * What this tab left for, and what the provider has put into the address, which is gone from there at once. Read once
 * and then remembered, so that whoever looks again sees the same.
 */
export function arrival() {
  if (back) return back;
  const said = new URLSearchParams(location.hash.slice(1) || location.search);
  const kept = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  const departure = kept ? JSON.parse(kept) : null;
  history.replaceState(null, "", `/${departure?.from ?? ""}`);
  back = departure && { departure, answer: Object.fromEntries(said) };
  return back;
}

/** Do what this tab left for. @param {Departure} departure @param {Record<string, string>} answer @param {Record<string, unknown>} [also] what is told of this browser */
export function finish({ errand, browser }, { state, code, iss }, also = {}) {
  return post(errand, { browser, state, code, ...(iss ? { iss } : {}), ...also });
}
