/** Today's doses: taken or not, and nobody asks why. */
import { post } from "../api.js";
import { useLoaded } from "../loaded.js";
import { Act, Card } from "../parts.js";
import { clock, dayOf } from "../times.js";
import { html } from "../ui.js";
import { t } from "../words.js";

/** @typedef {import("../types.js").Occurrence} Occurrence */

/** Shown only to those who have something to take today. */
export function Doses() {
  const doses = useLoaded("/v1/occurrences", ["occurrence"], 60_000);
  /** @type {Occurrence[]} */
  const today = (doses.value?.items ?? []).filter((/** @type {Occurrence} */ one) => one.slot.slice(0, 10) === dayOf() && one.state !== "superseded");
  if (!today.length) return null;
  return html`
    <${Card} title=${t("doses.title")}>
      <ul class="doses">${today.map((one) => html`<${Dose} key=${one.id} one=${one} again=${doses.again} />`)}</ul>
    <//>
  `;
}

/** @param {{one: Occurrence, again: () => void}} props */
function Dose({ one, again }) {
  const answer = (/** @type {string} */ verb) => () => post(`/v1/occurrences/${one.id}/${verb}`).then(again);
  return html`
    <li class=${one.state}>
      <div class="what"><strong>${one.medicine}</strong><small>${clock(one.dueAt)}</small></div>
      ${one.state === "pending"
        ? html`<div class="row"><${Act} act=${answer("taken")} look="main">${t("doses.taken")}<//><${Act} act=${answer("skipped")} look="plain">${t("doses.skipped")}<//></div>`
        : html`<span class="settled">${t(one.state === "taken" ? "doses.saidTaken" : "doses.saidSkipped")}</span>`}
    </li>
  `;
}
