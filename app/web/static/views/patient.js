/** Somebody whom one supports: how their days go, who is beside them, and for clinicians their own words. */
import { useLoaded, useWhole } from "../loaded.js";
import { Avatar, Card, Opened, Opener, Shown } from "../parts.js";
import { may } from "../roles.js";
import { dayName } from "../times.js";
import { html, useState } from "../ui.js";
import { t, tCode } from "../words.js";
import { Invite } from "./invite.js";
import { Notice } from "./notice.js";
import { Team } from "./team.js";
import { Trend } from "./trend.js";

/** @typedef {import("../types.js").CheckIn} CheckIn */
/** @typedef {import("../types.js").Patient} Patient */

const OUTSIDE = "primary-care";

/** @param {{id: string, me: import("../types.js").Me}} props */
export function PatientView({ id, me }) {
  const patients = useWhole("/v1/patients");
  const shared = useLoaded(`/v1/patients/${id}/contact-card`, ["consent", "break-glass"]);
  /** @type {Patient | undefined} */
  const patient = shared.value ?? patients.value?.items.find((/** @type {Patient} */ one) => one.id === id);
  const name = patient?.name ?? "";
  const reads = (may(me, "read check-ins") && !me.roles.includes(OUTSIDE)) || sees(patient, "check-ins");
  const wayIn = name && may(me, "make invitations") && html`<${WayIn} person=${{ id, name }} />`;
  return html`
    <p><a href="#/">‹ ${t("back")}</a></p>
    <h1 class="named">${name && html`<${Avatar} name=${name} />`}${name}</h1>
    <${Notice} notice=${patient?.disclosure} />
    <div class="columns">
      <div class="column">
        ${sees(patient, "check-in-levels", "check-ins") !== false && html`<${Card} title=${t("trend.title")} name="trend-card"><${Trend} patientId=${id} /><//>`}
        ${reads && html`<${CheckIns} id=${id} />`}
      </div>
      <div class="column side">
        ${!patient?.disclosure && !me.roles.includes(OUTSIDE) && html`<${Team} patientId=${id} me=${me} leading=${wayIn} />`}
        ${sees(patient, "regimens") && html`<${Medicines} id=${id} />`}
      </div>
    </div>
  `;
}

/**
 * Whether a consent, or an emergency, shows one of these; nothing is said of a patient of one's own program.
 * @param {Patient | undefined} patient @param {string[]} what
 */
function sees(patient, ...what) {
  const notice = patient?.disclosure;
  return notice && (notice.breakGlassId !== null || notice.scope.some((one) => what.includes(one)));
}

/** What somebody takes. @param {{id: string}} props */
function Medicines({ id }) {
  const regimens = useLoaded(`/v1/patients/${id}/regimens`, ["regimen"]);
  return html`
    <${Card} title=${tCode("shared", "regimens")}>
      <${Shown} of=${regimens}>
        ${(/** @type {{items: {id: string, medicine: string, times: string[], status: string}[]}} */ found) => html`
          <ul class="people kept">${found.items.map((one) => html`<li key=${one.id}><div class="grow"><strong>${one.medicine}</strong><small>${one.status === "active" ? one.times.join(", ") : t("patient.stopped")}</small></div></li>`)}</ul>
        `}
      <//>
    <//>
  `;
}

/** Whoever leads the team invites anew who has lost their way in. @param {{person: {id: string, name: string}}} props */
function WayIn({ person }) {
  const [open, setOpen] = useState(false);
  const turn = () => setOpen(!open);
  return html`
    <${Card} title=${t("invite.title")} aside=${html`<${Opener} open=${open} turn=${turn}>${t("invite.make")}<//>`}>
      ${open && html`<${Opened} label=${t("invite.for", { name: person.name })}><${Invite} person=${person} leave=${turn} /><//>`}
    <//>
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
