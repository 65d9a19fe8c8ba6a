/** Ways in, each with a key of this browser, by which its session goes on. */
import { post } from "./api.js";
import { newDevice } from "./device.js";
import { enter, renew, session } from "./session.js";

/** @typedef {import("./session.js").SignedIn} SignedIn */

/**
 * Sign in at this address of the API, and be whoever that is.
 * @param {string} path @param {Record<string, unknown>} body @param {string | null} [demo] whom of the demo
 */
export const comeIn = (path, body, demo = null) => comeInWith((also) => post(path, { ...body, ...also }), demo);

/** The same by whatever way that sends along what is told of this browser. @param {(also: Record<string, unknown>) => Promise<SignedIn>} way @param {string | null} [demo] */
export async function comeInWith(way, demo = null) {
  const device = await newDevice();
  await enter(await way(device ? { device: device.told } : {}), device, demo);
}

/** Sign in once more as the same person, without leaving what is on the page. @param {string} path @param {Record<string, unknown>} body */
export async function comeInAgain(path, body) {
  const device = await newDevice();
  const before = session()?.accessToken;
  await renew(await post(path, device ? { ...body, device: device.told } : body), device);
  await fetch("/v1/session", { method: "DELETE", headers: { Authorization: `Bearer ${before}` } }).catch(() => null);
}
