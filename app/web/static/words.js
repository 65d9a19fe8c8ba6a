/** Every word of the page, in the person's language. */
import { en } from "./words/en.js";
import { es } from "./words/es.js";

/** @typedef {keyof typeof en} Key */

/** @type {Record<string, Record<Key, string>>} */
const spoken = { en, es };
let chosen = navigator.language.startsWith("es") ? "es" : "en";

/** From now on speak this language; English where we do not know it. @param {string} name */
export function speak(name) {
  chosen = name in spoken ? name : "en";
  document.documentElement.lang = chosen;
}

/** The language that is spoken. */
export const language = () => chosen;

/** The words for a key; `{name}` stands for a value. @param {Key} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  const text = spoken[chosen]?.[key] ?? en[key];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** The words for a code that the API sends, such as an outcome; the code itself where it is new to us. @param {string} group @param {string} code */
export function tCode(group, code) {
  const key = /** @type {Key} */ (`${group}.${code}`);
  return key in en ? t(key) : code;
}
