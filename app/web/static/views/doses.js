/** The doses of a day: taken or not, and nobody asks why. */
import { post } from "../api.js";
import { useLoaded, useNow } from "../loaded.js";
import { Act, Card } from "../parts.js";
import { clock, dayOf, nearDay } from "../times.js";
import { html } from "../ui.js";
import { t } from "../words.js";

/** @typedef {import("../types.js").Occurrence} Occurrence */

const MOST = 4;
const AHEAD = 24 * 3_600_000;
/** Nobody is asked about a dose long before it is due. */
const ASKED_BEFORE = 2 * 3_600_000;

/** Shown only to those who have something to take. */
export function Doses() {
  const doses = useLoaded("/v1/occurrences", ["occurrence", "regimen"]);
  const now = useNow(30_000);
  const items = (doses.value?.items ?? []).filter((/** @type {Occurrence} */ one) => matters(one, now)).slice(0, MOST);
  if (!items.length) return null;
  return html`
    <${Card} title=${t("doses.title")}>
      <ul class="doses">${items.map((/** @type {Occurrence} */ one) => html`<${Dose} key=${one.id} one=${one} now=${now} again=${doses.again} />`)}</ul>
    <//>
  `;
}

/** Today's, those of the coming day, and what was not answered yesterday. @param {Occurrence} one @param {number} now */
function matters(one, now) {
  if (one.state === "superseded" || Date.parse(one.dueAt) > now + AHEAD) return false;
  return one.state === "pending" || dayOf(one.dueAt) === dayOf();
}

/** @param {{one: Occurrence, now: number, again: () => void}} props */
function Dose({ one, now, again }) {
  const answer = (/** @type {string} */ verb) => () => post(`/v1/occurrences/${one.id}/${verb}`).then(again);
  const asked = one.state === "pending" && Date.parse(one.dueAt) - ASKED_BEFORE <= now;
  const settled = { taken: t("doses.saidTaken"), skipped: t("doses.saidSkipped"), pending: "", superseded: "" }[one.state];
  return html`
    <li class=${one.state}>
      <div class="what"><strong>${one.medicine}</strong><small class="begins">${nearDay(one.dueAt)}, ${clock(one.dueAt)}</small></div>
      ${asked
        ? html`<div class="row"><${Act} act=${answer("taken")} look="main">${t("doses.taken")}<//><${Act} act=${answer("skipped")} look="plain">${t("doses.skipped")}<//></div>`
        : html`<span class="settled">${settled}</span>`}
    </li>
  `;
}
