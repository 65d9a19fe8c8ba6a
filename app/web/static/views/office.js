/** The day of those who hold no alerts: what they do for others here, and honestly what they can and cannot see. */
import { Card } from "../parts.js";
import { html } from "../ui.js";
import { t, tCode } from "../words.js";
import { About } from "./account.js";
import { Greeting } from "./day.js";
import { BreakGlass, Emergencies } from "./emergency.js";
import { Patients } from "./patients.js";
import { Shared } from "./shared.js";
import { Staff } from "./staff.js";
import { Vouch } from "./vouch.js";

const HONEST = ["operator", "coordinator", "privacy-officer"];

/** @param {{me: import("../types.js").Me}} props */
export function Office({ me }) {
  const has = (/** @type {string} */ role) => me.roles.includes(role);
  const change = html`<a class="button quiet" href="#/account">${t("account.change")}</a>`;
  return html`
    <${Greeting} name=${me.name} />
    <div class="columns">
      <div class="column">
        ${HONEST.filter(has).map((role) => html`<section class="card honest"><p>${tCode("account", role)}</p></section>`)}
        ${has("operator") && html`<${Staff} me=${me} />`}
        ${has("coordinator") && html`<${Patients} me=${me} /><${Vouch} />`}
        ${has("primary-care") && html`<${Shared} />`}
        ${has("privacy-officer") && html`<${Emergencies} me=${me} part />`}
      </div>
      <div class="column side">
        ${has("primary-care") && html`<${BreakGlass} />`}
        <${Card} title=${t("account.title")} aside=${change}><${About} me=${me} /><//>
        ${has("operator") && html`<ul class="links"><li><a href="/docs">${t("account.docs")}</a></li><li><a href="/health/ready">${t("account.health")}</a></li></ul>`}
      </div>
    </div>
  `;
}
