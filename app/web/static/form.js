/** What forms are made of: a form sends once at a time, and what the server refuses stands at the field that it names. */
import { Problem } from "./api.js";
import { Field, Trouble, useAct } from "./parts.js";
import { html } from "./ui.js";
import { t, tCode } from "./words.js";

/** @typedef {{name: string, timeZone: string, language: string}} Person */
/** @typedef {{id: string, problem: Error | null}} Place where a field stands, and what went wrong with its form */

const LANGUAGES = ["en", "es"];
const NOT_ONLY_SPACES = ".*\\S.*";

/** What is wrong with a field or something in it, in the server's own words. @param {Error | null} problem @param {string} pointer */
export function faultAt(problem, pointer) {
  const faults = problem instanceof Problem ? problem.faults : [];
  return faults.filter((one) => `${one.pointer}/`.startsWith(`${pointer}/`)).map((one) => one.message).join(" ");
}

/**
 * A form, its fields made from what went wrong the last time. What is wrong with a field is left to them; the form
 * says only that something is.
 * @param {{act: () => Promise<unknown>, say: string, leave?: () => void, name?: string, ready?: boolean, children: (problem: Error | null) => any}} props
 */
export function Form({ act, say, leave, name = "", ready = true, children }) {
  const { busy, problem, run } = useAct(act);
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    void run();
  };
  const whole = problem instanceof Problem && problem.faults.length ? new Error(problem.title) : problem;
  return html`
    <form class=${name} onSubmit=${send}>
      ${children(problem)}
      <${Trouble} problem=${whole} />
      <div class="row send">
        <button class="main" aria-busy=${busy} disabled=${busy || !ready}>${say}</button>
        ${leave && html`<button class="plain" type="button" onClick=${leave}>${t("leave")}</button>`}
      </div>
    </form>
  `;
}

/** Where a field's fault stands, for those who do not see it. @param {string} id @param {string} fault */
export const faulty = (id, fault) => (fault ? { "aria-invalid": "true", "aria-describedby": `${id}-fault` } : {});

/** @param {Place & {label?: string, pointer?: string, value: string, set: (value: string) => void, own?: boolean}} props */
export function NameField({ id, problem, label = t("field.name"), pointer = "/name", value, set, own = false }) {
  const fault = faultAt(problem, pointer);
  return html`
    <${Field} id=${id} label=${label} fault=${fault}>
      <input id=${id} required maxlength="200" pattern=${NOT_ONLY_SPACES} autocomplete=${own ? "name" : "off"} value=${value} onInput=${(/** @type {any} */ e) => set(e.target.value)} ...${faulty(id, fault)} />
    <//>
  `;
}

/** @param {Place & {value: string, set: (value: string) => void}} props */
export function ZoneField({ id, problem, value, set }) {
  const fault = faultAt(problem, "/timeZone");
  return html`
    <${Field} id=${id} label=${t("field.zone")} fault=${fault}>
      <input id=${id} required maxlength="64" list="${id}-all" autocomplete="off" spellcheck="false" value=${value} onInput=${(/** @type {any} */ e) => set(e.target.value)} ...${faulty(id, fault)} />
      <datalist id="${id}-all">${Intl.supportedValuesOf("timeZone").map((zone) => html`<option value=${zone} />`)}</datalist>
    <//>
  `;
}

/** @param {{id: string, value: string, set: (value: string) => void}} props */
export const LanguageField = ({ id, value, set }) => html`
  <${Field} id=${id} label=${t("field.language")}>
    <select id=${id} value=${value} onChange=${(/** @type {any} */ e) => set(e.target.value)}>
      ${LANGUAGES.map((one) => html`<option value=${one} selected=${one === value}>${tCode("language", one)}</option>`)}
    </select>
  <//>
`;

/** The language somebody reads and the zone they live in, side by side where there is room. @param {Place & {form: {timeZone: string, language: string}, change: (part: Partial<Person>) => void}} props */
export const Where = ({ id, problem, form, change }) => html`
  <div class="pair">
    <${LanguageField} id="${id}-language" value=${form.language} set=${(/** @type {string} */ language) => change({ language })} />
    <${ZoneField} id="${id}-zone" problem=${problem} value=${form.timeZone} set=${(/** @type {string} */ timeZone) => change({ timeZone })} />
  </div>
`;
