/** The key of this browser: made for each sign-in, signs its refreshes, and cannot be read out or used elsewhere. */

/** @typedef {{key: CryptoKey, told: {publicKey: string, name: string}}} Device */

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const HEADER = { typ: "cairn-proof+jwt", alg: "ES256" };
const BROWSERS = /** @type {const} */ ([["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]]);
const SYSTEMS = /** @type {const} */ ([["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["Mac OS", "Mac"], ["CrOS", "ChromeOS"], ["Linux", "Linux"]]);

/** A new key, and what is told of it; null where the browser makes none, as on a page that is not secure. @returns {Promise<Device | null>} */
export async function newDevice() {
  if (!crypto.subtle) return null;
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
  const spki = await crypto.subtle.exportKey("spki", pair.publicKey);
  return { key: pair.privateKey, told: { publicKey: encoded(new Uint8Array(spki)), name: deviceName() } };
}

/** What shows that this browser asks for the refresh. @param {CryptoKey} key @param {string} refreshToken @param {number} at seconds since 1970 */
export async function proof(key, refreshToken, at) {
  const hash = await crypto.subtle.digest("SHA-256", bytes(refreshToken));
  const payload = { htm: "POST", htu: "/v1/session/refresh", rth: encoded(new Uint8Array(hash)), iat: at };
  const said = [HEADER, payload].map((part) => encoded(bytes(JSON.stringify(part)))).join(".");
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, bytes(said));
  return `${said}.${encoded(new Uint8Array(signature))}`;
}

/** As a person would call it: browser and system, and nothing more of either. */
function deviceName() {
  const named = (/** @type {readonly (readonly [string, string])[]} */ list) => list.find(([mark]) => navigator.userAgent.includes(mark))?.[1];
  return [named(BROWSERS), named(SYSTEMS)].filter(Boolean).join(" · ") || "Browser";
}

/** @param {string} text */
const bytes = (text) => new TextEncoder().encode(text);

/** Base64url without padding. @param {Uint8Array} raw */
const encoded = (raw) => btoa(String.fromCharCode(...raw)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
