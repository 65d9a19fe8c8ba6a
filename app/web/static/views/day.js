/** A patient's day: how they are, what is planned, and who stands beside them. */
import { Card } from "../parts.js";
import { longDay, partOfDay } from "../times.js";
import { html } from "../ui.js";
import { t } from "../words.js";
import { Appointments } from "./appointments.js";
import { CheckInCard } from "./checkin.js";
import { Doses } from "./doses.js";
import { Approvals } from "./limited.js";
import { Team } from "./team.js";
import { Trend } from "./trend.js";

/** @param {{me: import("../types.js").Me}} props */
export function Day({ me }) {
  return html`
    <${Greeting} name=${me.name} />
    <div class="columns">
      <div class="column">
        <${Approvals} />
        <${CheckInCard} />
        <${Card} title=${t("trend.title")} name="trend-card"><${Trend} patientId=${me.id} /><//>
      </div>
      <div class="column side">
        <${Appointments} me=${me} />
        <${Doses} />
        <${Team} />
        <p class="center"><a href="#/sharing">${t("sharing.title")}</a></p>
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
