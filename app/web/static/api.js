/** The API as the views call it: JSON in and out, and every failure a Problem with a sentence for a person. */
import { fresh, goOut, session } from "./session.js";
import { askForStepUp } from "./stepup.js";
import { t } from "./words.js";

/** @typedef {{pointer: string, message: string}} Fault one field that is wrong, by its JSON pointer */

/** Why it did not happen. `message` may be shown: the `title`, and what is wrong with each field. */
export class Problem extends Error {
  /** @param {string} title @param {number} status @param {string} code @param {Fault[]} [faults] */
  constructor(title, status, code, faults = []) {
    super([title, ...faults.map((one) => one.message)].join(" "));
    this.title = title;
    this.faults = faults;
    this.status = status;
    this.code = code;
  }
}

/** @param {string} path @returns {Promise<any>} */
export const get = (path) => call("GET", path);

/** @param {string} path @param {unknown} [body] @returns {Promise<any>} */
export const post = (path, body) => call("POST", path, body);

/** Put something in the place of what was seen; where others have changed that meanwhile, it is refused. @param {string} path @param {unknown} body @param {{version: string}} seen @returns {Promise<any>} */
export const put = (path, body, seen) => call("PUT", path, body, { "If-Match": `"${seen.version}"` });

/** @param {string} path @param {unknown} body @returns {Promise<any>} */
export const patch = (path, body) => call("PATCH", path, body);

/** @param {string} path @returns {Promise<any>} */
export const remove = (path) => call("DELETE", path);

/** Ask with a token that holds; where the server refuses it all the same, once more with the next one. @param {(headers: Record<string, string>) => Promise<Response>} ask */
export async function asked(ask) {
  const token = await fresh();
  const response = await ask(bearing(token));
  if (response.status !== 401 || !token || !session()) return response;
  const next = await fresh(token);
  return next ? ask(bearing(next)) : response;
}

/** A file, as it is. @param {string} path @param {boolean} [confirmed] @returns {Promise<Blob>} */
export async function file(path, confirmed = false) {
  const response = await reached("GET", path, undefined);
  if (response.ok) return response.blob();
  const answer = await response.json().catch(() => null);
  if (answer?.code === "StepUpNeeded" && !confirmed && (await askForStepUp())) return file(path, true);
  throw problemOf(response, answer);
}

/** The header that says who we are. @param {string | null} token @returns {Record<string, string>} */
const bearing = (token) => (token ? { Authorization: `Bearer ${token}` } : {});

/** What asks for a fresh factor is sent again once the person has confirmed that it is them. @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [more] @param {boolean} [confirmed] @returns {Promise<any>} */
async function call(method, path, body, more, confirmed = false) {
  const response = await reached(method, path, body, more);
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  if (answer?.code === "StepUpNeeded" && !confirmed && (await askForStepUp())) return call(method, path, body, more, true);
  if (response.status === 401 && session()) goOut();
  throw problemOf(response, answer);
}

/** @param {string} method @param {string} path @param {unknown} body @param {Record<string, string>} [more] */
async function reached(method, path, body, more) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    return await asked((who) => fetch(path, { method, headers: { ...headers, ...who }, body: sent }));
  } catch {
    throw new Problem(t("offline"), 0, "Offline");
  }
}

/** @param {Response} response @param {any} answer */
function problemOf(response, answer) {
  const title = typeof answer?.title === "string" ? answer.title : t("failed");
  return new Problem(title, response.status, String(answer?.code ?? "Failed"), answer?.errors ?? []);
}
