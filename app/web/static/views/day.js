/** A patient's day: how they are, what is planned, and who stands beside them. */
import { useLoaded } from "../loaded.js";
import { Avatar, Card, Shown } from "../parts.js";
import { longDay, partOfDay } from "../times.js";
import { html } from "../ui.js";
import { t, tCode } from "../words.js";
import { Appointments } from "./appointments.js";
import { CheckInCard } from "./checkin.js";
import { Doses } from "./doses.js";
import { Trend } from "./trend.js";

/** @typedef {import("../types.js").TeamMember} TeamMember */

/** @param {{me: import("../types.js").Me}} props */
export function Day({ me }) {
  return html`
    <${Greeting} name=${me.name} />
    <div class="columns">
      <div class="column">
        <${CheckInCard} />
        <${Card} title=${t("trend.title")} name="trend-card"><${Trend} patientId=${me.id} /><//>
      </div>
      <div class="column side">
        <${Appointments} me=${me} />
        <${Doses} />
        <${Team} />
        <p class="center"><a href="#/mirror">${t("mirror.link")}</a></p>
      </div>
    </div>
  `;
}

/** @param {{name: string}} props */
export const Greeting = ({ name }) => html`
  <div class="greeting">
    <p class="date">${longDay(new Date())}</p>
    <h1>${t(`hello.${partOfDay()}`, { name: /^Dr\./.test(name) ? name : (name.split(" ")[0] ?? name) })}</h1>
  </div>
`;

/** @param {{patientId?: string}} props */
export function Team({ patientId }) {
  const team = useLoaded(patientId ? `/v1/patients/${patientId}/care-team` : "/v1/care-team", ["care-team"]);
  return html`
    <${Card} title=${t(patientId ? "team.of" : "team.title")}>
      <${Shown} of=${team}>
        ${(/** @type {{members: TeamMember[]}} */ found) => html`<ul class="people">${found.members.map(member)}</ul>`}
      <//>
    <//>
  `;
}

/** @param {TeamMember} one */
const member = (one) => html`
  <li>
    <${Avatar} name=${one.name} duty=${one.onDuty} />
    <span>
      <strong>${one.name}</strong>
      <small>${[...one.roles.map((role) => tCode("role", role)), ...(one.onDuty ? [t("team.duty")] : [])].join(" · ")}</small>
    </span>
  </li>
`;
