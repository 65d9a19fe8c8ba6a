/** Where somebody is signed in: each device, which of them this is, and how to end what should not be. */
import { post, remove } from "../api.js";
import { useLoaded } from "../loaded.js";
import { Act, Card, Shown, Switch } from "../parts.js";
import { goOut, stay, stays } from "../session.js";
import { ago, nearDay } from "../times.js";
import { html, useState } from "../ui.js";
import { t, tCode } from "../words.js";

/** @typedef {import("../types.js").Session} Session */

export function Sessions() {
  const list = useLoaded("/v1/sessions", ["sessions"]);
  return html`
    <${Card} title=${t("sessions.title")} name="sessions">
      <${Shown} of=${list}>${(/** @type {{items: Session[]}} */ { items }) => html`<${List} items=${items} again=${list.again} />`}<//>
    <//>
  `;
}

/** @param {{items: Session[], again: () => void}} props */
function List({ items, again }) {
  const open = items.filter((one) => !one.endedAt);
  const endOthers = async () => {
    await post("/v1/sessions/end-others");
    again();
  };
  return html`
    ${items.filter((one) => one.endedAt).map((one) => html`<p class="honest" role="note">${t("sessions.reuse", { device: nameOf(one), when: nearDay(one.endedAt ?? "") })}</p>`)}
    <ul class="devices">${open.map((one) => html`<${Device} key=${one.id} one=${one} again=${again} />`)}</ul>
    ${open.length > 1 && html`<div class="row"><${Act} look="quiet" act=${endOthers}>${t("sessions.endOthers")}<//></div>`}
  `;
}

/** @param {Session} one */
const nameOf = (one) => one.device ?? t("sessions.unnamed");

/** @param {{one: Session, again: () => void}} props */
function Device({ one, again }) {
  const end = async () => {
    await remove(`/v1/sessions/${one.id}`);
    if (one.this) goOut();
    else again();
  };
  return html`
    <li class="device ${one.this ? "this" : ""}">
      <div>
        <strong>${nameOf(one)}</strong>
        ${one.this && html`<span class="pill">${t("sessions.this")}</span>`}
        <small>${t("sessions.since", { day: nearDay(one.startedAt), by: tCode("factor", one.signedInBy), ago: ago(one.lastUsedAt) })}</small>
        ${one.assurance === "limited" && html`<small>${t("sessions.limited")}</small>`}
        ${one.this && html`<${Stay} />`}
      </div>
      ${!one.this && html`<div class="ways"><${Act} look="quiet" label="${t("sessions.end")}: ${nameOf(one)}" act=${end}>${t("sessions.end")}<//></div>`}
    </li>
  `;
}

/** Whether this browser keeps the session when it is closed; not on a machine that others use. */
function Stay() {
  const [on, turn] = useState(stays());
  const set = (/** @type {boolean} */ wanted) => {
    stay(wanted);
    turn(wanted);
  };
  return html`
    <div class="wish">
      <${Switch} on=${on} turn=${set} describedBy="stay-hint">${t("sessions.stay")}<//>
      <p class="hint" id="stay-hint">${t("sessions.stay.hint")}</p>
    </div>
  `;
}
