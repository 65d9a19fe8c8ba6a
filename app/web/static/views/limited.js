/** What somebody sees of whom we are not sure yet: today's visits, help, and nothing of anybody's record. */
import { useLoaded } from "../loaded.js";
import { Card, Shown } from "../parts.js";
import { clock, nearDay } from "../times.js";
import { html } from "../ui.js";
import { t } from "../words.js";

/** @typedef {{appointmentId: string, startsAt: string, endsAt: string}} Visit */

export function Limited() {
  const visits = useLoaded("/v1/visits", [], 60_000);
  return html`
    <div class="narrow-page">
      <h1>${t("limited.title")}</h1>
      <p class="lead">${t("limited.lead")}</p>
      <${Card} title=${t("limited.visits")}>
        <${Shown} of=${visits}>${(/** @type {{items: Visit[]}} */ { items }) => (items.length ? html`<ul class="devices">${items.map(visit)}</ul>` : html`<p class="soft">${t("limited.none")}</p>`)}<//>
      <//>
      <p class="soft">${t("limited.help")}</p>
    </div>
  `;
}

/** @param {Visit} one */
const visit = (one) => html`
  <li class="device">
    <strong>${nearDay(one.startsAt)}, ${clock(one.startsAt)}</strong>
    <div class="ways"><a class="button main" href="#/visit/${one.appointmentId}">${t("limited.join")}</a></div>
  </li>
`;
