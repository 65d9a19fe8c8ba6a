/** Who has looked at one's record: everybody but oneself, the newest first, in words and without what they saw. */
import { usePages } from "../loaded.js";
import { Avatar, Shown, Switch } from "../parts.js";
import { clock, nearDay } from "../times.js";
import { html, useState } from "../ui.js";
import { t, tCode } from "../words.js";

/** @typedef {import("../types.js").Look} Look */

export function Looked() {
  const [all, setAll] = useState(false);
  const looks = usePages(`/v1/audit-events?by=${all ? "anyone" : "others"}`);
  return html`
    <div class="narrow-page">
      <p><a href="#/account">‹ ${t("account.title")}</a></p>
      <h1>${t("looked.title")}</h1>
      <p class="soft" id="looked-lead">${t("looked.lead")}</p>
      <section class="card" aria-label=${t("looked.title")}>
        <div class="wish"><${Switch} on=${all} turn=${setAll} describedBy="looked-lead">${t("looked.own")}<//></div>
        <${Shown} of=${looks}>${(/** @type {{items: Look[]}} */ found) => html`<${List} looks=${found.items} />`}<//>
        ${looks.more && html`<button class="quiet" type="button" onClick=${looks.more}>${t("more")}</button>`}
      </section>
      <p class="hint">${t("looked.kept")}</p>
    </div>
  `;
}

/** @param {{looks: Look[]}} props */
const List = ({ looks }) =>
  looks.length ? html`<ul class="people looks">${looks.map(look)}</ul>` : html`<p class="soft">${t("looked.none")}</p>`;

/** @param {Look} one */
const look = (one) => html`
  <li key=${one.id}>
    <${Avatar} name=${who(one)} />
    <span class="grow">
      <strong>${who(one)}</strong>
      ${asWhat(one) && html`<small>${asWhat(one)}</small>`}
      <span>${tCode("did", one.action)} ${tCode("part", one.category)}</span>
      <small><time dateTime=${one.at}>${nearDay(one.at)}, ${clock(one.at)}</time>${one.purposes.length > 0 && html` · ${one.purposes.map((word) => tCode("why", word)).join(", ")}`}</small>
    </span>
  </li>
`;

/** @param {Look} one */
const who = (one) => one.name ?? tCode("by", one.by);

/** What they were at that moment, and of which house. @param {Look} one */
const asWhat = (one) => [...one.roles.map((role) => tCode("role", role)), ...(one.organisation ? [one.organisation] : [])].join(" · ");
