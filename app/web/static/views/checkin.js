/** Saying how one is. What was entered is kept until it has arrived. */
import { post } from "../api.js";
import { CrisisCard } from "../crisis.js";
import { newId } from "../ids.js";
import { announce } from "../live.js";
import { useLoaded } from "../loaded.js";
import { Card, Shown, Switch, Trouble, useAct } from "../parts.js";
import { clock } from "../times.js";
import { html, useState } from "../ui.js";
import { t } from "../words.js";
import { Asked } from "./asked.js";
import { Scale } from "./scale.js";

/** @typedef {import("../types.js").CheckIn} CheckIn */
/** @typedef {import("../types.js").RecordedCheckIn} RecordedCheckIn */
/** @typedef {import("../types.js").Question} Question */
/** @typedef {import("../types.js").Today} TodayAnswer */
/** @typedef {{id: string, date: string, mood: number | null, craving: number | null, wantsToTalk: boolean, inDanger: boolean, sleepHours: number | null, triggers: string[], used: string[] | null, medicationTaken: string | null, note: string}} Draft */

const PLACE = "cairn.check-in";

/** Today's check-in: to be made, or made already. */
export function CheckInCard() {
  const today = useLoaded("/v1/check-ins/today", ["check-in"]);
  const form = useLoaded("/v1/check-in-form");
  return html`<${Shown} of=${today}>${(/** @type {TodayAnswer} */ found) => html`<${Today} today=${found} questions=${form.value?.questions ?? []} />`}<//>`;
}

/** @param {{today: TodayAnswer, questions: Question[]}} props */
function Today({ today, questions }) {
  const [answer, setAnswer] = useState(/** @type {RecordedCheckIn | null} */ (null));
  const [changing, setChanging] = useState(keptDraft(today.date) !== null);
  const sent = (/** @type {RecordedCheckIn} */ recorded) => {
    setAnswer(recorded);
    setChanging(false);
    announce("check-in");
  };
  const shown = answer?.date === today.date ? answer : today.answered;
  if (!shown || changing) {
    return html`
      <${Card} title=${t("checkin.title")} name="check-in">
        <${Form} before=${shown} date=${today.date} questions=${questions} sent=${sent} leave=${shown && (() => setChanging(false))} />
      <//>
    `;
  }
  const change = html`<button class="quiet" type="button" onClick=${() => setChanging(true)}>${t("checkin.change")}</button>`;
  return html`
    <${Card} title=${t("checkin.yours")} name="check-in" aside=${change}>
      <p class="said">${answer?.support ?? t("checkin.done")}</p>
      <p class="levels large"><span class="level mood">${t("checkin.mood")} <b>${shown.mood}</b></span> <span class="level craving">${t("checkin.craving")} <b>${shown.craving}</b></span></p>
      <p class="soft streak">${t("checkin.streak", { days: today.streak.days, week: today.streak.ofLast7 })}</p>
      <${SupportState} />
      ${answer?.harmReduction && html`<${Safer} lines=${answer.harmReduction.lines} />`}
      ${answer?.crisis && html`<${CrisisCard} card=${answer.crisis} />`}
    <//>
  `;
}

/** How to stay safer, for whoever said that they have used. @param {{lines: string[]}} props */
const Safer = ({ lines }) => html`
  <section class="safer" aria-label=${t("checkin.safer")}>
    <h3>${t("checkin.safer")}</h3>
    <ul>${lines.map((line) => html`<li key=${line}>${line}</li>`)}</ul>
  </section>
`;

/** Whether somebody was told, and whether somebody answers; it changes by itself. */
function SupportState() {
  const support = useLoaded("/v1/support", ["alert", "check-in"]);
  /** @type {import("../types.js").Support | null} */
  const found = support.value;
  if (!found || found.state === "none") return html`<div role="status"></div>`;
  const name = found.answeredBy ?? t("support.somebody");
  return html`
    <div role="status" class="support ${found.state}">
      <i class="pulse" aria-hidden="true"></i>
      <p>${t(`support.${found.state}`, { name })}${found.since && html` <small>${t("support.since", { time: clock(found.since) })}</small>`}</p>
    </div>
    ${found.state === "nobody" && html`<${CrisisCard} />`}
  `;
}

/** @param {{before: CheckIn | null, date: string, questions: Question[], sent: (recorded: RecordedCheckIn) => void, leave: (() => void) | null}} props */
function Form({ before, date, questions, sent, leave }) {
  const [draft, setDraft] = useState(keptDraft(date) ?? newDraft(before, date));
  const [missing, setMissing] = useState(false);
  const change = (/** @type {Partial<Draft>} */ part) => {
    const next = { ...draft, ...part };
    sessionStorage.setItem(PLACE, JSON.stringify(next));
    setDraft(next);
  };
  const { busy, problem, run } = useAct(async () => {
    const recorded = await post("/v1/check-ins", { ...draft, answeredAt: new Date().toISOString() });
    sessionStorage.removeItem(PLACE);
    sent(recorded);
  });
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    const incomplete = draft.mood === null || draft.craving === null;
    setMissing(incomplete);
    if (!incomplete) void run();
  };
  const cancel = () => {
    sessionStorage.removeItem(PLACE);
    leave?.();
  };
  return html`
    <form onSubmit=${send}>
      <${Scale} name="mood" value=${draft.mood} choose=${(/** @type {number} */ mood) => change({ mood })} />
      <${Scale} name="craving" value=${draft.craving} choose=${(/** @type {number} */ craving) => change({ craving })} />
      <${Switch} on=${draft.wantsToTalk} turn=${(/** @type {boolean} */ wantsToTalk) => change({ wantsToTalk })}>${t("checkin.talk")}<//>
      <${Switch} danger on=${draft.inDanger} turn=${(/** @type {boolean} */ inDanger) => change({ inDanger })}>${t("checkin.danger")}<//>
      ${draft.inDanger && html`<div class="danger-note" role="status"><p>${t("checkin.danger.note")}</p><${CrisisCard} /></div>`}
      ${questions.map((one) => html`<${Asked} key=${one.question} one=${one} draft=${draft} change=${change} />`)}
      ${missing && html`<p class="trouble small" role="alert">${t("checkin.missing")}</p>`}
      <${Trouble} problem=${problem} />
      <div class="row">
        <button class="main" aria-busy=${busy} disabled=${busy}>${t(before ? "checkin.amend" : "checkin.send")}</button>
        ${leave && html`<button class="plain" type="button" onClick=${cancel}>${t("checkin.keep")}</button>`}
      </div>
    </form>
  `;
}

/** The draft of that day, if one was begun. @param {string} date @returns {Draft | null} */
function keptDraft(date) {
  /** @type {Draft | null} */
  const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
  return kept?.date === date ? kept : null;
}

/** A new answer; one that amends begins with what was said before. @param {CheckIn | null} before @param {string} date @returns {Draft} */
const newDraft = (before, date) => ({
  id: newId(),
  date,
  mood: before?.mood ?? null,
  craving: before?.craving ?? null,
  wantsToTalk: before?.wantsToTalk ?? false,
  inDanger: before?.inDanger ?? false,
  sleepHours: before?.sleepHours ?? null,
  triggers: before?.triggers ?? [],
  used: before?.used ?? null,
  medicationTaken: before?.medicationTaken ?? null,
  note: before?.note ?? "",
});
