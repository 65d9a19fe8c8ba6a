/** What a supporter sees: who needs somebody, as it happens, and the people they support. */
import { post, remove } from "../api.js";
import { newId } from "../ids.js";
import { useLoaded, useNow } from "../loaded.js";
import { Act, Trouble } from "../parts.js";
import { may } from "../roles.js";
import { clock, dayOf, shortDay } from "../times.js";
import { html } from "../ui.js";
import { t } from "../words.js";
import { Alerts } from "./alerts.js";
import { Appointments } from "./appointments.js";
import { Greeting } from "./day.js";
import { BreakGlass } from "./emergency.js";
import { Patients } from "./patients.js";
import { Staff } from "./staff.js";
import { Vouch } from "./vouch.js";

/** @typedef {import("../types.js").Me} Me */
/** @typedef {import("../types.js").DutyShift} DutyShift */

const SHIFT_HOURS = 8;

/** @param {{me: Me}} props */
export function Support({ me }) {
  return html`
    <${Greeting} name=${me.name} />
    <div class="columns">
      <div class="column"><${Duty} /><${Alerts} me=${me} />${may(me, "change staff") && html`<${Staff} me=${me} />`}</div>
      <div class="column side">
        ${may(me, "list appointments") && html`<${Appointments} me=${me} />`}
        ${may(me, "list identity") && html`<${Patients} me=${me} />`}
        ${may(me, "break-glass emergency") && html`<${BreakGlass} />`}
        ${may(me, "review emergency") && html`<p class="center"><a href="#/emergencies">${t("emergency.title")}</a></p>`}
        <${Vouch} />
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
