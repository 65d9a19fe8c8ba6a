/** What is booked: the next one large, the others below, each with its way into the visit. */
import { post } from "../api.js";
import { useLoaded, useNow } from "../loaded.js";
import { Act, Avatar, Card, Shown } from "../parts.js";
import { clock, dayOf, nearDay } from "../times.js";
import { html, useState } from "../ui.js";
import { t, tCode } from "../words.js";

/** @typedef {import("../types.js").Appointment} Appointment */
/** @typedef {import("../types.js").Me} Me */

const OPENS_BEFORE = 15 * 60_000;
const CLOSES_AFTER = 30 * 60_000;

/** @param {{me: Me}} props */
export function Appointments({ me }) {
  const listed = useLoaded("/v1/appointments", ["appointment"], 60_000);
  const patient = me.roles.includes("patient");
  const aside = patient && html`<a class="button quiet" href="#/book">${t("appointments.book")}</a>`;
  return html`
    <${Card} title=${t("appointments.title")} aside=${aside}>
      <${Shown} of=${listed}>${(/** @type {{items: Appointment[]}} */ found) => html`<${List} items=${found.items} me=${me} again=${listed.again} />`}<//>
    <//>
  `;
}

/** @param {{items: Appointment[], me: Me, again: () => void}} props */
function List({ items, me, again }) {
  const now = useNow(15_000);
  const coming = items.filter((one) => one.status === "booked" && Date.parse(one.endsAt) + CLOSES_AFTER > now);
  if (!coming.length) return html`<p class="soft">${t("appointments.none")}</p>`;
  return html`<ul class="appointments">${coming.map((one) => html`<${One} key=${one.id} one=${one} me=${me} again=${again} now=${now} />`)}</ul>`;
}

/** @param {{one: Appointment, me: Me, again: () => void, now: number}} props */
function One({ one, me, again, now }) {
  const other = (one.patientId === me.id ? one.staffName : one.patientName) ?? "";
  const open = Date.parse(one.startsAt) - OPENS_BEFORE <= now;
  const begun = Date.parse(one.startsAt) <= now;
  return html`
    <li class=${open ? "open" : ""}>
      <${Avatar} name=${other} />
      <div class="what">
        <strong class="begins">${nearDay(one.startsAt)}, ${clock(one.startsAt)}</strong>
        <small>${tCode("kind", one.kind)} ${other && t("appointments.with", { name: other })}</small>
        ${open && html`<small class="now">${t("appointments.open")}</small>`}
        ${!open && dayOf(one.startsAt) === dayOf() && html`<small>${t("appointments.opens")}</small>`}
      </div>
      ${open && html`<a class="button main" href="#/visit/${one.id}">${t("appointments.join")}</a>`}
      ${!begun && html`<${Change} one=${one} again=${again} />`}
    </li>
  `;
}

/** Move it or give it back; giving it back is asked once more. @param {{one: Appointment, again: () => void}} props */
function Change({ one, again }) {
  const [sure, setSure] = useState(false);
  const cancel = () => post(`/v1/appointments/${one.id}/cancel`).then(again);
  if (!sure) {
    return html`
      <div class="row small">
        <a class="button plain" href="#/book/${one.id}">${t("appointments.move")}</a>
        <button class="plain" type="button" onClick=${() => setSure(true)}>${t("appointments.cancel")}</button>
      </div>
    `;
  }
  return html`
    <div class="row small">
      <span>${t("appointments.sure")}</span>
      <${Act} act=${cancel} look="quiet">${t("appointments.yes")}<//>
      <button class="plain" type="button" onClick=${() => setSure(false)}>${t("appointments.no")}</button>
    </div>
  `;
}
