/** What a program asks besides mood and craving, each with big targets; whatever is not needed may be left open. */
import { Field } from "../parts.js";
import { html } from "../ui.js";
import { language, t, tCode } from "../words.js";

/** @typedef {import("../types.js").Question} Question */
/** @typedef {import("./checkin.js").Draft} Draft */
/** @typedef {{one: Question, draft: Draft, change: (part: Partial<Draft>) => void}} Props */

const MEDICATION = ["yes", "no", "none-due"];

/** @param {Props} props */
export function Asked(props) {
  return html`<${BY_QUESTION[props.one.question]} ...${props} />`;
}

/** In the program's own words. @param {Question} one */
const words = (one) => `${language() === "es" ? one.spanish : one.english}${one.required ? ` (${t("asked.needed")})` : ""}`;

/** @param {Props} props */
function Sleep({ one, draft, change }) {
  const set = (/** @type {string} */ typed) => change({ sleepHours: typed === "" ? null : Math.min(24, Math.max(0, Math.round(Number(typed)))) });
  return html`
    <${Field} id="sleep" label=${words(one)}>
      <input id="sleep" class="short" type="number" inputmode="numeric" min="0" max="24" step="1" required=${one.required} value=${draft.sleepHours ?? ""} onChange=${(/** @type {any} */ e) => set(e.target.value)} />
    <//>
  `;
}

/** @param {Props} props */
const Triggers = ({ one, draft, change }) => html`
  <${Chips} one=${one}>
    ${one.choices.map((choice) => html`<${Chip} key=${choice} kind="checkbox" name="triggers" on=${draft.triggers.includes(choice)} turn=${() => change({ triggers: turned(draft.triggers, choice) })}>${tCode("trigger", choice)}<//>`)}
  <//>
`;

/** Nothing is an answer as well, and takes the others away. @param {Props} props */
const Used = ({ one, draft, change }) => html`
  <${Chips} one=${one} hint=${t("asked.used.hint")}>
    <${Chip} kind="checkbox" name="used" on=${draft.used?.length === 0} turn=${() => change({ used: draft.used?.length === 0 ? null : [] })}>${t("asked.nothing")}<//>
    ${one.choices.map((choice) => html`<${Chip} key=${choice} kind="checkbox" name="used" on=${draft.used?.includes(choice) ?? false} turn=${() => change({ used: emptied(turned(draft.used ?? [], choice)) })}>${tCode("substance", choice)}<//>`)}
  <//>
`;

/** @param {Props} props */
const Medication = ({ one, draft, change }) => html`
  <${Chips} one=${one}>
    ${MEDICATION.map((choice) => html`<${Chip} key=${choice} kind="radio" name="medication" on=${draft.medicationTaken === choice} turn=${() => change({ medicationTaken: choice })}>${tCode("medication", choice)}<//>`)}
  <//>
`;

/** @param {Props} props */
const Note = ({ one, draft, change }) => html`
  <${Field} id="note" label=${words(one)} hint=${t("checkin.note.hint")}>
    <textarea id="note" rows="2" maxlength="2000" aria-describedby="note-hint" value=${draft.note} onInput=${(/** @type {any} */ e) => change({ note: e.target.value })}></textarea>
  <//>
`;

/** @type {Record<Question["question"], (props: Props) => any>} */
const BY_QUESTION = { sleep: Sleep, triggers: Triggers, used: Used, medication: Medication, note: Note };

/** @param {{one: Question, hint?: string, children?: any}} props */
const Chips = ({ one, hint = "", children }) => html`
  <fieldset class="chips">
    <legend>${words(one)}</legend>
    <div>${children}</div>
    ${hint && html`<p class="hint">${hint}</p>`}
  </fieldset>
`;

/** @param {{kind: "checkbox" | "radio", name: string, on: boolean, turn: () => void, children?: any}} props */
const Chip = ({ kind, name, on, turn, children }) => html`
  <label class="chip"><input type=${kind} name=${name} checked=${on} onChange=${turn} /><span>${children}</span></label>
`;

/** With it, or without it where it was there. @param {string[]} chosen @param {string} one */
const turned = (chosen, one) => (chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one]);

/** Nothing that is chosen any more is nothing that was said. @param {string[]} chosen */
const emptied = (chosen) => (chosen.length ? chosen : null);
