/** Who is signed in on this tab. The token is kept for the tab alone, and gone when it is closed. */

/** @typedef {{accessToken: string, expiresAt: string, personId: string}} Session */

const PLACE = "cairn.session";
/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {Session | null} */
export function session() {
  const kept = sessionStorage.getItem(PLACE);
  return kept ? JSON.parse(kept) : null;
}

/** Come in. @param {Session} signedIn */
export function enter(signedIn) {
  sessionStorage.clear();
  sessionStorage.setItem(PLACE, JSON.stringify(signedIn));
  for (const listen of listeners) listen();
}

/** Go out: nothing of the person stays in this tab. */
export function goOut() {
  sessionStorage.clear();
  for (const listen of listeners) listen();
}

/** Hear when somebody comes in or goes out; returns how to stop. @param {() => void} listen */
export function onSession(listen) {
  listeners.add(listen);
  return () => void listeners.delete(listen);
}
