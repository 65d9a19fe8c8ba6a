/** Reading in an emergency: breaking the glass, how long that lasts, and looking at it afterwards. */
import { post } from "../api.js";
import { faultAt, Form } from "../form.js";
import { newId } from "../ids.js";
import { usePages } from "../loaded.js";
import { Card, Field, More, Opened, Opener, Shown } from "../parts.js";
import { clock, shortDay } from "../times.js";
import { html, useMemo, useState } from "../ui.js";
import { t, tCode } from "../words.js";
import { Countdown } from "./notice.js";

/** @typedef {import("../types.js").BreakGlass} Broken */
/** @typedef {import("../types.js").Me} Me */

const FINDINGS = ["justified", "not-justified", "follow-up"];
const NUMBER = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

/** For medical staff: what is broken now, and the way to do it. */
export function BreakGlass() {
  const broken = usePages("/v1/break-glass", ["break-glass"]);
  const [open, setOpen] = useState(false);
  const done = () => {
    setOpen(false);
    broken.again();
  };
  const begin = html`<${Opener} open=${open} turn=${() => setOpen(!open)}>${t("emergency.break")}<//>`;
  const live = (broken.value?.items ?? []).filter((/** @type {Broken} */ one) => Date.parse(one.endsAt) > Date.now());
  return html`
    <${Card} title=${t("emergency.title")} aside=${begin}>
      ${open && html`<${Opened} label=${t("emergency.break")}><${Break} done=${done} leave=${() => setOpen(false)} /><//>`}
      ${live.length
        ? html`<ul class="people kept">${live.map((/** @type {Broken} */ one) => html`<li key=${one.id}><div class="grow"><strong><a href="#/patient/${one.patientId}">${one.patient}</a></strong><${Countdown} until=${one.endsAt} /></div></li>`)}</ul>`
        : html`<p class="soft">${t("emergency.what")}</p>`}
    <//>
  `;
}

/** What it means is said before it is done. @param {{done: () => void, leave: () => void}} props */
function Break({ done, leave }) {
  const id = useMemo(newId, []);
  const [number, setNumber] = useState("");
  const [nature, setNature] = useState("");
  const send = async () => {
    await post(`/v1/patients/${number.trim().toLowerCase()}/break-glass`, { id, nature });
    done();
  };
  return html`
    <p>${t("emergency.warning")}</p>
    <${Form} act=${send} say=${t("emergency.read")} leave=${leave}>
      ${(/** @type {Error | null} */ problem) => html`
        <${Field} id="glass-number" label=${t("emergency.patient")} hint=${t("emergency.patient.hint")}>
          <input id="glass-number" required pattern=${NUMBER} maxlength="36" autocomplete="off" spellcheck="false" aria-describedby="glass-number-hint" value=${number} onInput=${(/** @type {any} */ e) => setNumber(e.target.value)} />
        <//>
        <${Field} id="glass-nature" label=${t("emergency.nature")} hint=${t("emergency.nature.hint")} fault=${faultAt(problem, "/nature")}>
          <textarea id="glass-nature" required minlength="10" maxlength="1000" rows="3" aria-describedby="glass-nature-hint" value=${nature} onInput=${(/** @type {any} */ e) => setNature(e.target.value)}></textarea>
        <//>
      `}
    <//>
  `;
}

/** Every broken glass of the program, for whoever answers for its privacy. @param {{me: Me, part?: boolean}} props */
export function Emergencies({ me, part = false }) {
  const broken = usePages("/v1/break-glass", ["break-glass"]);
  const list = html`
    <${Card} title=${t("emergency.title")}>
      <p class="soft">${t("emergency.review.lead")}</p>
      <${Shown} of=${broken}>
        ${(/** @type {{items: Broken[]}} */ found) => found.items.length
          ? html`<ul class="people kept">${found.items.map((one) => html`<${Reviewed} key=${one.id} one=${one} me=${me} again=${broken.again} />`)}</ul>`
          : html`<p class="soft">${t("emergency.none")}</p>`}
      <//>
      <${More} list=${broken} />
    <//>
  `;
  if (part) return list;
  return html`<div class="narrow-page"><p><a href="#/">‹ ${t("back")}</a></p><h1>${t("emergency.title")}</h1>${list}</div>`;
}

/** @param {{one: Broken, me: Me, again: () => void}} props */
function Reviewed({ one, me, again }) {
  const [open, setOpen] = useState(false);
  const may = !one.finding && one.recipientId !== me.id;
  const done = () => {
    setOpen(false);
    again();
  };
  return html`
    <li>
      <div class="grow">
        <strong>${t("emergency.who", { recipient: one.recipient, patient: one.patient })}</strong>
        <small>${one.affiliation} · ${shortDay(one.brokenAt)}, ${clock(one.brokenAt)} – ${clock(one.endsAt)}</small>
        <small>${t("emergency.discloser", { name: one.discloser })}</small>
        <p>${one.nature}</p>
        ${one.finding && html`<span class="badge">${tCode("finding", one.finding)}</span>`}
        ${one.note && html`<p class="note">${one.note}</p>`}
      </div>
      ${may && html`<${Opener} open=${open} turn=${() => setOpen(!open)} whose=${one.recipient}>${t("emergency.review")}<//>`}
      ${open && html`<${Opened} label=${t("emergency.review")}><${Review} id=${one.id} done=${done} leave=${() => setOpen(false)} /><//>`}
    </li>
  `;
}

/** @param {{id: string, done: () => void, leave: () => void}} props */
function Review({ id, done, leave }) {
  const [finding, setFinding] = useState("");
  const [note, setNote] = useState("");
  const send = async () => {
    await post(`/v1/break-glass/${id}/review`, { finding, note });
    done();
  };
  return html`
    <${Form} act=${send} say=${t("save")} leave=${leave} ready=${Boolean(finding)}>
      ${() => html`
        <fieldset class="roles">
          <legend>${t("emergency.finding")}</legend>
          ${FINDINGS.map((one) => html`<label class="pick"><input type="radio" name="finding-${id}" checked=${one === finding} onChange=${() => setFinding(one)} /><span>${tCode("finding", one)}</span></label>`)}
        </fieldset>
        <${Field} id="finding-note" label=${t("emergency.note")}>
          <textarea id="finding-note" maxlength="2000" rows="2" value=${note} onInput=${(/** @type {any} */ e) => setNote(e.target.value)}></textarea>
        <//>
      `}
    <//>
  `;
}
