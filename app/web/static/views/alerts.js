/** The alerts of which one was told. The list follows what happens, without a reload. */
import { post } from "../api.js";
import { useLoaded, useNow } from "../loaded.js";
import { Act, Avatar, Card, Shown } from "../parts.js";
import { ANSWER_CRISES, has } from "../roles.js";
import { ago, clock } from "../times.js";
import { html, useState } from "../ui.js";
import { t, tCode } from "../words.js";

/** @typedef {import("../types.js").Alert} Alert */
/** @typedef {import("../types.js").Me} Me */

const OUTCOMES = ["reached-safe", "reached-follow-up", "handed-over", "not-reached", "emergency-services"];
const CLOSED_SHOWN = 3;

/** @param {{me: Me}} props */
export function Alerts({ me }) {
  const alerts = useLoaded("/v1/alerts", ["alert"]);
  /** @type {Alert[]} */
  const items = alerts.value?.items ?? [];
  const waiting = items.filter((one) => !one.closedAt && !one.claimedBy).length;
  const aside = waiting > 0 && html`<span class="count">${t("alerts.count", { n: waiting })}</span>`;
  return html`
    <${Card} title=${t("alerts.title")} aside=${aside} name="alert-list">
      <${Shown} of=${alerts}>${() => html`<${List} items=${items} me=${me} again=${alerts.again} fresh=${!alerts.problem} />`}<//>
    <//>
  `;
}

/** A list that may be stale never says that all is quiet. @param {{items: Alert[], me: Me, again: () => void, fresh: boolean}} props */
function List({ items, me, again, fresh }) {
  const now = useNow(15_000);
  const open = items.filter((one) => !one.closedAt);
  const closed = items.filter((one) => one.closedAt).slice(0, CLOSED_SHOWN);
  return html`
    <ul class="alerts" aria-live="polite">
      ${open.map((one) => html`<${Open} key=${one.id} one=${one} me=${me} again=${again} now=${now} />`)}
    </ul>
    ${!open.length && fresh && html`<p class="quiet-note">${t("alerts.none")}</p>`}
    ${closed.length > 0 && html`<h3>${t("alerts.closed")}</h3><ul class="closed">${closed.map(closedOne)}</ul>`}
  `;
}

/** Whom it is about, where that is known. @param {Alert} one */
const patientOf = (one) => (one.matter ?? one.person)?.patient;

/** @param {Alert} one */
const closedOne = (one) => html`
  <li><strong>${patientOf(one)?.name ?? t("alerts.somebody")}</strong> <span>${tCode("outcome", one.outcome ?? "")}</span> <small>${ago(one.closedAt ?? one.openedAt)}</small></li>
`;

/** @param {{one: Alert, me: Me, again: () => void, now: number}} props */
function Open({ one, me, again, now }) {
  const name = patientOf(one)?.name ?? t("alerts.somebody");
  const why = (one.matter ?? one.worry)?.why ?? "";
  const level = one.matter?.level;
  return html`
    <li class="alert ${one.alertClass} ${one.claimedBy ? "claimed" : ""}">
      <div class="alert-head">
        <${Avatar} name=${name} />
        <div class="grow">
          <strong>${name}</strong>
          <p>${why}</p>
          ${level && html`<p class="soft">${t("alerts.level", { mood: level.mood, craving: level.craving })}</p>`}
        </div>
        <div class="alert-side"><span class="badge ${one.alertClass}">${tCode("alerts", one.alertClass)}</span><small>${ago(one.openedAt, now)}${one.late ? ` · ${t("alerts.late")}` : ""}</small></div>
      </div>
      <p class="standing">${standing(one, me)}</p>
      <${Ways} one=${one} me=${me} again=${again} />
    </li>
  `;
}

/** Who answers. @param {Alert} one @param {Me} me */
function standing(one, me) {
  if (one.claimedBy === me.id) return one.contactedAt ? t("alerts.contacted", { time: clock(one.contactedAt) }) : t("alerts.mine");
  if (one.claimedBy) return t("alerts.theirs", { name: one.claimedByName ?? t("support.somebody") });
  return mayAnswer(one, me) ? t("alerts.waiting") : t("alerts.clinician");
}

/** A crisis is answered by a clinician. @param {Alert} one @param {Me} me */
const mayAnswer = (one, me) => !["p0", "p1"].includes(one.alertClass) || has(me, ANSWER_CRISES);

/** What can be done about it now. @param {{one: Alert, me: Me, again: () => void}} props */
function Ways({ one, me, again }) {
  const [closing, setClosing] = useState(false);
  const act = (/** @type {string} */ verb, /** @type {object | undefined} */ body = undefined) => () => post(`/v1/alerts/${one.id}/${verb}`, body).then(again);
  const mine = one.claimedBy === me.id;
  if (closing) return html`<${Outcomes} close=${(/** @type {string} */ outcome) => act("close", { outcome })} leave=${() => setClosing(false)} />`;
  return html`
    <div class="row">
      ${!one.claimedBy && mayAnswer(one, me) && html`<${Act} key="claim" act=${act("claim")} look="main">${t("alerts.claim")}<//>`}
      ${mine && !one.contactedAt && html`<${Act} key="contact" act=${act("contact")} look="main">${t("alerts.contact")}<//>`}
      ${(mine || me.roles.includes("supervisor")) && mayAnswer(one, me) && html`<button class="quiet" type="button" onClick=${() => setClosing(true)}>${t("alerts.close")}</button>`}
      ${mine && html`<${Act} key="release" act=${act("release")} look="plain">${t("alerts.release")}<//>`}
      ${["p2", "p3"].includes(one.alertClass) && html`<${Act} key="p1" act=${act("raise", { to: "p1" })} look="plain">${t("alerts.raise")}<//>`}
      ${one.alertClass !== "p0" && html`<${Act} key="p0" act=${act("raise", { to: "p0" })} look="plain danger">${t("alerts.crisis")}<//>`}
    </div>
  `;
}

/** @param {{close: (outcome: string) => () => Promise<void>, leave: () => void}} props */
const Outcomes = ({ close, leave }) => html`
  <div class="row outcomes">
    ${OUTCOMES.map((outcome) => html`<${Act} key=${outcome} act=${close(outcome)} look="quiet">${tCode("outcome", outcome)}<//>`)}
    <button class="plain" type="button" onClick=${leave}>${t("back")}</button>
  </div>
`;
