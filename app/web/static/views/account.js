/** For those who hold no alerts: who they are here, and honestly what they can and cannot see. */
import { Card } from "../parts.js";
import { html } from "../ui.js";
import { t, tCode } from "../words.js";
import { Greeting } from "./day.js";
import { Patients } from "./support.js";

/** @param {{me: import("../types.js").Me}} props */
export function Account({ me }) {
  const role = ["operator", "coordinator", "primary-care"].find((name) => me.roles.includes(name)) ?? "";
  return html`
    <${Greeting} name=${me.name} />
    <div class="columns">
      <div class="column">
        ${role && html`<section class="card honest"><p>${tCode("account", role)}</p></section>`}
        ${role === "coordinator" && html`<${Patients} me=${me} />`}
        ${role === "operator" && html`<ul class="links"><li><a href="/docs">${t("account.docs")}</a></li><li><a href="/health/ready">${t("account.health")}</a></li></ul>`}
      </div>
      <div class="column side"><${Card} title=${t("account.title")}><${About} me=${me} /><//></div>
    </div>
  `;
}

/** @param {{me: import("../types.js").Me}} props */
const About = ({ me }) => html`
  <dl class="about">
    <dt>${t("account.roles")}</dt><dd>${me.roles.map((role) => tCode("role", role)).join(", ")}</dd>
    <dt>${t("account.organisation")}</dt>
    <dd>${me.organisation.name}${me.organisation.part2 && html`<small>${t("account.part2")}</small>`}</dd>
    <dt>${t("field.zone")}</dt><dd>${me.timeZone}</dd>
  </dl>
`;
