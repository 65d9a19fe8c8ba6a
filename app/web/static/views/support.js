/** What a supporter sees: who needs somebody, as it happens, and the people they support. */
import { post, remove } from "../api.js";
import { newId } from "../ids.js";
import { useLoaded, useNow } from "../loaded.js";
import { Act, Avatar, Card, Shown, Trouble } from "../parts.js";
import { clock, dayOf, shortDay } from "../times.js";
import { html } from "../ui.js";
import { t } from "../words.js";
import { Alerts } from "./alerts.js";
import { Appointments } from "./appointments.js";
import { Greeting } from "./day.js";
import { Staff } from "./staff.js";
import { Trend } from "./trend.js";

/** @typedef {import("../types.js").Me} Me */
/** @typedef {import("../types.js").Patient} Patient */
/** @typedef {import("../types.js").DutyShift} DutyShift */

const SHIFT_HOURS = 8;
const WITH_LEVELS = ["peer", "counselor", "prescriber", "supervisor"];
const WITH_PATIENTS = ["peer", "peer-lead", "counselor", "prescriber", "supervisor"];
const WITH_VISITS = ["peer", "counselor", "prescriber"];

/** @param {{me: Me}} props */
export function Support({ me }) {
  const has = (/** @type {string[]} */ roles) => me.roles.some((role) => roles.includes(role));
  return html`
    <${Greeting} name=${me.name} />
    <div class="columns">
      <div class="column"><${Duty} /><${Alerts} me=${me} />${has(["operator"]) && html`<${Staff} me=${me} />`}</div>
      <div class="column side">
        ${has(WITH_VISITS) && html`<${Appointments} me=${me} />`}
        ${has(WITH_PATIENTS) && html`<${Patients} me=${me} />`}
        <p class="center"><a href="#/mirror">${t("mirror.link")}</a></p>
      </div>
    </div>
  `;
}

/** On duty or off it, with one tap; a day off needs no reason. */
function Duty() {
  const shifts = useLoaded("/v1/duty-shifts", [], 60_000);
  const now = useNow(30_000);
  /** @type {DutyShift | undefined} */
  const current = shifts.value?.items.find((/** @type {DutyShift} */ one) => Date.parse(one.startsAt) <= now + 1000 && Date.parse(one.endsAt) > now);
  const come = () => {
    const startsAt = new Date();
    const endsAt = new Date(startsAt.getTime() + SHIFT_HOURS * 3_600_000);
    return post("/v1/duty-shifts", { id: newId(), startsAt: startsAt.toISOString(), endsAt: endsAt.toISOString() }).then(shifts.again);
  };
  const leave = () => remove(`/v1/duty-shifts/${current?.id}`).then(shifts.again);
  if (!shifts.value) return html`<${Trouble} problem=${shifts.problem} again=${shifts.again} />`;
  return html`
    <div class="duty ${current ? "on" : ""}" role="status">
      <i class="duty-light" aria-hidden="true"></i>
      <span>${current ? until(current) : t("duty.off")}</span>
      ${current ? html`<${Act} key="go" act=${leave} look="plain">${t("duty.go")}<//>` : html`<${Act} key="come" act=${come} look="main">${t("duty.come")}<//>`}
    </div>
  `;
}

/** @param {DutyShift} shift */
const until = (shift) => t("duty.on", { time: dayOf(shift.endsAt) === dayOf() ? clock(shift.endsAt) : shortDay(shift.endsAt) });

/** @param {{me: Me}} props */
export function Patients({ me }) {
  const patients = useLoaded("/v1/patients", ["care-team"]);
  const levels = me.roles.some((role) => WITH_LEVELS.includes(role));
  const oversees = me.roles.some((role) => ["supervisor", "coordinator"].includes(role));
  return html`
    <${Card} title=${t(oversees ? "patients.program" : "patients.title")}>
      <${Shown} of=${patients}>
        ${(/** @type {{items: Patient[]}} */ found) => found.items.length
          ? html`<ul class="people patients">${found.items.map((one) => html`<${One} key=${one.id} one=${one} levels=${levels} />`)}</ul>`
          : html`<p class="soft">${t("patients.none")}</p>`}
      <//>
    <//>
  `;
}

/** @param {{one: Patient, levels: boolean}} props */
const One = ({ one, levels }) => html`
  <li>
    <${Avatar} name=${one.name} />
    <div class="grow">
      <strong>${levels ? html`<a href="#/patient/${one.id}">${one.name}</a>` : one.name}</strong>
      ${levels && html`<${Trend} patientId=${one.id} small />`}
    </div>
  </li>
`;
