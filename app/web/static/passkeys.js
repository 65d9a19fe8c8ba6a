/** Passkeys in this browser. What the server asks goes to the browser as it is, and its answer back as it is. */
import { post, Problem } from "./api.js";
import { t } from "./words.js";

/** Whether this browser, at this address, can hold a passkey. */
export const canHavePasskeys = () => isSecureContext && "PublicKeyCredential" in window && "parseCreationOptionsFromJSON" in PublicKeyCredential && !isBareAddress();

/** A browser gives no passkey to a bare address; on this machine there is a name for it. @returns {string | null} */
export function byName() {
  const local = location.hostname === "127.0.0.1" || location.hostname === "[::1]";
  return local ? location.href.replace(location.hostname, "localhost") : null;
}

const isBareAddress = () => /^(\d+\.){3}\d+$|^\[/.test(location.hostname);

/** Make a passkey on this device, and keep it by this name. @param {string} name */
export async function makePasskey(name) {
  const { challengeId, options } = await post("/v1/passkeys/registrations");
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await asked(() => navigator.credentials.create({ publicKey }));
  return post("/v1/passkeys", { challengeId, name, credential });
}

/** Sign in with whichever passkey the person chooses. @param {Record<string, unknown>} also what is told of this browser @returns {Promise<import("./session.js").SignedIn>} */
export const signInWithPasskey = (also) => shown("/v1/sign-in/passkey", also);

/** Show that it is still the same person. */
export const proveWithPasskey = () => shown("/v1/session/prove/passkey");

/** @param {string} path @param {Record<string, unknown>} [also] */
async function shown(path, also = {}) {
  const { challengeId, options } = await post(`${path}/challenges`);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await asked(() => navigator.credentials.get({ publicKey }));
  return post(path, { challengeId, credential, ...also });
}

/** What the browser says when the person says no, or takes too long. @param {() => Promise<Credential | null>} ask */
async function asked(ask) {
  try {
    return /** @type {PublicKeyCredential} */ (await ask()).toJSON();
  } catch (error) {
    const there = error instanceof DOMException && error.name === "InvalidStateError";
    throw new Problem(t(there ? "passkey.there" : "passkey.cancelled"), 0, "Cancelled");
  }
}

/** What a passkey made here is called at first: by the device, which the person may change. */
export function nameOfThisDevice() {
  const { userAgent } = navigator;
  const device = ["iPhone", "iPad", "Android", "Windows", "Mac", "Linux"].find((one) => userAgent.includes(one));
  return device ?? t("passkey.device");
}
