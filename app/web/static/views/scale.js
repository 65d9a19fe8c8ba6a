/** A rating from 0 to 10, laid out as stones that fill up to the one chosen. */
import { html } from "../ui.js";
import { t } from "../words.js";

const STEPS = Array.from({ length: 11 }, (_, step) => step);

/** @param {{name: "mood" | "craving", value: number | null, choose: (value: number) => void}} props */
export function Scale({ name, value, choose }) {
  return html`
    <fieldset class="scale ${name}">
      <legend>${t(`checkin.${name}`)}</legend>
      <div class="stones">${STEPS.map((step) => html`<${Stone} name=${name} step=${step} value=${value} choose=${choose} />`)}</div>
      <div class="ends" aria-hidden="true"><span>${t(`checkin.${name}.low`)}</span><span>${t(`checkin.${name}.high`)}</span></div>
    </fieldset>
  `;
}

/** @param {{name: "mood" | "craving", step: number, value: number | null, choose: (value: number) => void}} props */
function Stone({ name, step, value, choose }) {
  const end = step === 0 ? t(`checkin.${name}.low`) : step === 10 ? t(`checkin.${name}.high`) : "";
  const filled = value !== null && step <= value ? "filled" : "";
  return html`
    <label class="stone ${filled} s${step}">
      <input type="radio" name=${name} value=${step} checked=${value === step} onChange=${() => choose(step)} aria-label=${end ? `${step}, ${end}` : String(step)} />
      <span aria-hidden="true">${step}</span>
    </label>
  `;
}
