/** Somebody whom one supports: how their days go, who is beside them, and for clinicians their own words. */
import { useLoaded, useWhole } from "../loaded.js";
import { Avatar, Card, Shown } from "../parts.js";
import { dayName } from "../times.js";
import { html } from "../ui.js";
import { t } from "../words.js";
import { Team } from "./team.js";
import { Trend } from "./trend.js";

/** @typedef {import("../types.js").CheckIn} CheckIn */
/** @typedef {import("../types.js").Patient} Patient */

const READERS = ["counselor", "prescriber", "supervisor"];

/** @param {{id: string, me: import("../types.js").Me}} props */
export function PatientView({ id, me }) {
  const patients = useWhole("/v1/patients");
  const name = patients.value?.items.find((/** @type {Patient} */ one) => one.id === id)?.name ?? "";
  const reads = me.roles.some((role) => READERS.includes(role));
  return html`
    <p><a href="#/">‹ ${t("back")}</a></p>
    <h1 class="named">${name && html`<${Avatar} name=${name} />`}${name}</h1>
    <div class="columns">
      <div class="column">
        <${Card} title=${t("trend.title")} name="trend-card"><${Trend} patientId=${id} /><//>
        ${reads && html`<${CheckIns} id=${id} />`}
      </div>
      <div class="column side"><${Team} patientId=${id} me=${me} /></div>
    </div>
  `;
}

/** @param {{id: string}} props */
function CheckIns({ id }) {
  const days = useLoaded(`/v1/patients/${id}/check-ins?limit=14`, ["alert"]);
  return html`
    <${Card} title=${t("patient.checkins")}>
      <${Shown} of=${days}>
        ${(/** @type {{items: CheckIn[]}} */ found) => found.items.length
          ? html`<ul class="history">${found.items.map(day)}</ul>`
          : html`<p class="soft">${t("trend.empty.other")}</p>`}
      <//>
    <//>
  `;
}

/** @param {CheckIn} one */
const day = (one) => html`
  <li>
    <strong>${dayName(one.date)}</strong>
    <span class="levels"><span class="level mood">${t("checkin.mood")} <b>${one.mood}</b></span> <span class="level craving">${t("checkin.craving")} <b>${one.craving}</b></span></span>
    ${one.inDanger && html`<span class="badge p0">${t("patient.danger")}</span>`}
    ${one.wantsToTalk && html`<span class="badge p2">${t("patient.talk")}</span>`}
    ${one.note && html`<p class="note">${one.note}</p>`}
  </li>
`;
