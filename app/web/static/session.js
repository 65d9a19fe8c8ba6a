/**
 * Who is signed in on this tab, and how that goes on. The tab remembers which session is its own; the tokens lie in a
 * record that all tabs share, so that one refresh serves them all. A session that is not to stay is gone when the last
 * tab with it has been closed.
 */
import { newId } from "./ids.js";
import { proof } from "./device.js";
import * as kept from "./kept.js";

/** @typedef {import("./kept.js").Kept} Session */
/** @typedef {{accessToken: string, expiresAt: string, refreshToken: string, refreshExpiresAt: string, assurance: "limited" | "full", personId: string}} SignedIn */
/** @typedef {import("./device.js").Device} Device */

const PLACE = "cairn.session";
const STAYS = "cairn.stays";
// Refreshed so many milliseconds before it runs out; by the clock of the server, and as long as somebody is here.
const EARLY = 90_000;
const AWAY = 10 * 60_000;
const LOOK = 15_000;
// Seconds by which two clocks may differ; a time further ahead than that was never taken.
const SKEW = 300;

/** @type {Session | null} */
let mine = null;
/** @type {Set<() => void>} */
const listeners = new Set();
const tabs = "BroadcastChannel" in globalThis ? new BroadcastChannel("cairn.sessions") : null;
let active = Date.now();
let awake = 0;
/** @type {Set<() => void>} */
const waiting = new Set();

/** @returns {Session | null} */
export const session = () => mine;

/** Take up the session of this tab, or the one that stays on this device; before anything is shown. */
export async function restore() {
  const id = sessionStorage.getItem(PLACE) ?? localStorage.getItem(STAYS);
  mine = (id && (await kept.read(id))) || null;
  if (mine) {
    hold(mine.id);
    sessionStorage.setItem(PLACE, mine.id);
  }
  void sweep();
}

/** Come in, with the key that was told at sign-in. @param {SignedIn} signedIn @param {Device | null} [device] @param {string | null} [demo] */
export async function enter(signedIn, device = null, demo = null) {
  await become({ id: newId(), key: device?.key ?? null, signedAt: 0, offset: 0, demo, ...tokens(signedIn), personId: signedIn.personId });
  sessionStorage.clear();
  if (mine) sessionStorage.setItem(PLACE, mine.id);
  tell();
}

/** The same person has signed in once more: what is on the page stays, with the new session behind it. @param {SignedIn} signedIn @param {Device | null} device */
export async function renew(signedIn, device) {
  if (mine?.personId !== signedIn.personId) return enter(signedIn, device);
  await become({ ...mine, key: device?.key ?? null, signedAt: 0, ...tokens(signedIn) });
}

/** @param {SignedIn | Session} from */
const tokens = ({ accessToken, expiresAt, refreshToken, refreshExpiresAt, assurance }) => ({
  accessToken, expiresAt, refreshToken, refreshExpiresAt, assurance,
});

/** @param {Session} next */
async function become(next) {
  await kept.write(next);
  if (mine?.id !== next.id) hold(next.id);
  mine = next;
  tabs?.postMessage({ id: next.id, what: "refreshed" });
}

/** From now on this session is whole, and the page begins anew with it. */
export async function beSure() {
  if (mine) await become({ ...mine, assurance: "full" });
  tell();
}

/** Go out: nothing of the person stays in this browser. */
export function goOut() {
  if (mine) {
    if (localStorage.getItem(STAYS) === mine.id) localStorage.removeItem(STAYS);
    void kept.forget(mine.id);
    tabs?.postMessage({ id: mine.id, what: "over" });
  }
  leave();
}

function leave() {
  mine = null;
  sessionStorage.clear();
  for (const resume of waiting) resume();
  tell();
}

function tell() {
  for (const listen of listeners) listen();
}

/** Hear when somebody comes in or goes out; returns how to stop. @param {() => void} listen */
export function onSession(listen) {
  listeners.add(listen);
  return () => void listeners.delete(listen);
}

/** Whether this session is still here after the browser was closed. */
export const stays = () => mine !== null && localStorage.getItem(STAYS) === mine.id;

/** Stay signed in on this device, or no longer than its tabs are open. @param {boolean} on */
export function stay(on) {
  if (on && mine) localStorage.setItem(STAYS, mine.id);
  else localStorage.removeItem(STAYS);
}

/**
 * An access token that holds; null where nobody is signed in. It is refreshed first where it soon runs out, for all
 * tabs. While nobody is here that waits until somebody is: a page that refreshed by itself would keep a session open in
 * front of an empty chair. Throws where the server cannot be reached.
 * @param {string} [refused] a token that the server has just refused
 */
export async function fresh(refused = "") {
  while (mine && !holds(mine, refused)) {
    if (isAway()) await new Promise((resume) => waiting.add(() => resume(null)));
    else await alone(`cairn.refresh.${mine.id}`, () => refreshed(refused));
  }
  return mine?.accessToken ?? null;
}

/** @param {Session} one @param {string} refused */
const holds = (one, refused) => one.accessToken !== refused && left(one.expiresAt, one) > EARLY / 3;

/** The milliseconds until then, by the server's clock. @param {string} at @param {Session} one */
const left = (at, one) => Date.parse(at) - (Date.now() + one.offset);

/** Take what another tab has fetched in the meantime, or fetch it. @param {string} refused */
async function refreshed(refused) {
  const found = mine && (await kept.read(mine.id));
  if (!mine) return;
  if (!found) return leave();
  mine = found;
  if (!holds(found, refused)) await fetched(found);
}

/** Sign for the next pair, and take it; where the server says that the time is wrong, once more by its own. @param {Session} from @param {number} [tries] */
async function fetched(from, tries = 3) {
  const now = (Date.now() + from.offset) / 1000;
  const at = from.signedAt - now < SKEW ? Math.max(now, from.signedAt + 0.001) : now;
  const told = from.key ? { proof: await proof(from.key, from.refreshToken, at) } : {};
  // Kept before it is sent: the next one is later, whatever becomes of this one.
  await kept.write({ ...from, signedAt: at });
  const body = JSON.stringify({ refreshToken: from.refreshToken, ...told });
  const answer = await fetch("/v1/session/refresh", { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body });
  if (answer.ok) return become({ ...from, signedAt: at, ...tokens(await answer.json()) });
  if (answer.status === 409 && tries > 1) {
    const { code } = await answer.json();
    const offset = Date.parse(answer.headers.get("Date") ?? "") - Date.now() || 0;
    return fetched({ ...from, offset, signedAt: code === "ProofStale" ? at : from.signedAt }, tries - 1);
  }
  if (answer.status === 401) return goOut();
  throw new Error(`refresh ${answer.status}`);
}

/** While this lasts somebody is here, whatever their hands do, as in a visit; returns how to end it. */
export function stayAwake() {
  awake++;
  return () => {
    awake--;
    active = Date.now();
  };
}

const isAway = () => !awake && Date.now() - active > AWAY;

function isHere() {
  active = Date.now();
  for (const resume of waiting) resume();
  waiting.clear();
}

for (const sign of ["pointerdown", "keydown", "touchstart", "wheel"]) addEventListener(sign, isHere, { passive: true, capture: true });
document.addEventListener("visibilitychange", () => document.hidden || isHere());

// Whoever types for long asks the server for nothing; their session goes on all the same.
setInterval(() => {
  if (mine && !isAway() && left(mine.expiresAt, mine) < EARLY) {
    void alone(`cairn.refresh.${mine.id}`, () => (mine && left(mine.expiresAt, mine) < EARLY ? refreshed(mine.accessToken) : undefined)).catch(() => null);
  }
}, LOOK);

tabs?.addEventListener("message", async ({ data }) => {
  if (data.id !== mine?.id) return;
  if (data.what === "over") return leave();
  mine = (await kept.read(data.id)) ?? mine;
});

/** One tab at a time. @template T @param {string} name @param {() => T | Promise<T>} act @returns {Promise<T>} */
const alone = async (name, act) => (navigator.locks ? navigator.locks.request(name, act) : act());

/** As long as this tab is open, it says that this session is in use. @param {string} id */
const hold = (id) => void navigator.locks?.request(`cairn.tab.${id}`, { mode: "shared" }, () => new Promise(() => {}));

/** Forget sessions that no tab has open and that are not to stay. */
async function sweep() {
  for (const id of navigator.locks ? await kept.all() : []) {
    if (id === mine?.id || id === localStorage.getItem(STAYS)) continue;
    await navigator.locks.request(`cairn.tab.${id}`, { ifAvailable: true }, (lock) => (lock ? kept.forget(id) : null));
  }
}
