/** Finding a time: the own team first, by day. With an appointment to move, only its own kind and person. */
import { get, post } from "../api.js";
import { newId } from "../ids.js";
import { announce } from "../live.js";
import { useLoaded } from "../loaded.js";
import { Act, Avatar, Shown } from "../parts.js";
import { go } from "../routing.js";
import { clock, dayOf, nearDay } from "../times.js";
import { html, useMemo, useState } from "../ui.js";
import { t, tCode } from "../words.js";

/** @typedef {import("../types.js").Slot} Slot */
/** @typedef {import("../types.js").Appointment} Appointment */

const KINDS = ["counseling", "medication", "peer"];

/** @param {{moving: string}} props */
export function Booking({ moving }) {
  const moved = useLoaded(moving ? `/v1/appointments/${moving}` : null);
  const [kind, setKind] = useState("counseling");
  return html`
    <div class="narrow-page">
      <p><a href="#/">‹ ${t("back")}</a></p>
      <h1>${t(moving ? "book.move" : "book.title")}</h1>
      ${moving
        ? html`<${Shown} of=${moved}>${(/** @type {Appointment} */ one) => html`<${Times} kind=${one.kind} staffId=${one.staffId} moving=${one} />`}<//>`
        : html`<${Kinds} chosen=${kind} choose=${setKind} /><${Times} key=${kind} kind=${kind} />`}
    </div>
  `;
}

/** @param {{chosen: string, choose: (kind: string) => void}} props */
const Kinds = ({ chosen, choose }) => html`
  <div class="tabs" role="group" aria-label=${t("book.kind")}>
    ${KINDS.map((kind) => html`<button type="button" class=${kind === chosen ? "chosen" : ""} aria-pressed=${kind === chosen} onClick=${() => choose(kind)}>${tCode("kind", kind)}</button>`)}
  </div>
`;

/** @param {{kind: string, staffId?: string, moving?: Appointment}} props */
function Times({ kind, staffId, moving }) {
  const path = `/v1/slots?kind=${kind}&limit=60${staffId ? `&staffId=${staffId}` : ""}`;
  const slots = useLoaded(path);
  const [more, setMore] = useState(/** @type {{items: Slot[], nextCursor: string | null}[]} */ ([]));
  return html`
    <${Shown} of=${slots}>
      ${(/** @type {{items: Slot[], nextCursor: string | null}} */ first) => {
        const pages = [first, ...more];
        const cursor = pages.at(-1)?.nextCursor;
        const later = async () => setMore([...more, await get(`${path}&cursor=${cursor}`)]);
        return html`
          <${People} slots=${pages.flatMap((page) => page.items)} kind=${kind} moving=${moving} taken=${slots.again} />
          ${cursor && html`<p class="center"><${Act} act=${later} look="quiet">${t("book.more")}<//></p>`}
        `;
      }}
    <//>
  `;
}

/** @param {{slots: Slot[], kind: string, moving?: Appointment, taken: () => void}} props */
function People({ slots, kind, moving, taken }) {
  if (!slots.length) return html`<p class="soft">${t("book.none")}</p>`;
  const staff = [...new Map(slots.map((slot) => [slot.staffId, slot.staffName]))];
  return staff.map(([id, name]) => html`
    <section class="card" aria-label=${name}>
      <header class="card-head"><h2 class="named"><${Avatar} name=${name} />${name}</h2></header>
      <${Days} slots=${slots.filter((slot) => slot.staffId === id)} kind=${kind} moving=${moving} taken=${taken} />
    </section>
  `);
}

/** @param {{slots: Slot[], kind: string, moving?: Appointment, taken: () => void}} props */
function Days({ slots, kind, moving, taken }) {
  const days = [...new Set(slots.map((slot) => dayOf(slot.startsAt)))];
  return days.map((day) => {
    const ofDay = slots.filter((slot) => dayOf(slot.startsAt) === day);
    return html`
      <h3 class="day">${nearDay(ofDay[0]?.startsAt ?? day)}</h3>
      <div class="times">${ofDay.map((slot) => html`<${Time} key=${slot.startsAt} slot=${slot} kind=${kind} moving=${moving} taken=${taken} />`)}</div>
    `;
  });
}

/** One free time. Its id is made once, so that pressing again after a lost answer books once. @param {{slot: Slot, kind: string, moving?: Appointment, taken: () => void}} props */
function Time({ slot, kind, moving, taken }) {
  const id = useMemo(newId, []);
  const book = async () => {
    const { staffId, startsAt } = slot;
    const sent = moving
      ? post(`/v1/appointments/${moving.id}/reschedule`, { id, startsAt })
      : post("/v1/appointments", { id, staffId, startsAt, kind });
    await sent.catch((problem) => {
      if (problem.status === 409) taken();
      throw problem;
    });
    announce("appointment");
    go("");
  };
  return html`<${Act} act=${book} look="time">${clock(slot.startsAt)}<//>`;
}
