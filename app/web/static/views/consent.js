/** A consent, step by step: what for, what, to whom, how long, and then the exact text to read and sign. */
import { post } from "../api.js";
import { faultAt, Form } from "../form.js";
import { newId } from "../ids.js";
import { useLoaded, useWhole } from "../loaded.js";
import { Field, Shown, Trouble, useAct } from "../parts.js";
import { html, useMemo, useState } from "../ui.js";
import { t, tCode } from "../words.js";

/** @typedef {import("../types.js").Choice} Choice */
/** @typedef {import("../types.js").ConsentForm} ConsentForm */
/** @typedef {import("../types.js").ReceivingOrganisation} Organisation */
/** @typedef {{categories: string[], purpose: string, who: string, organisation: string, person: string, elsewhere: string, until: string, day: string}} Chosen */
/** @typedef {{form: ConsentForm, chosen: Chosen, change: (part: Partial<Chosen>) => void}} Step */

const KINDS = ["specific", "tpo", "counselling-notes", "legal-proceedings"];
const STEPS = [What, Whom, Until];
/** Whom a kind may name, in the order in which it is offered. @type {Record<string, string[]>} */
const WHOM = {
  specific: ["person", "organisation", "elsewhere"],
  tpo: ["treating-providers", "person", "organisation"],
  "counselling-notes": ["person", "organisation", "elsewhere"],
  "legal-proceedings": ["elsewhere", "person"],
};

/** @param {{me: import("../types.js").Me, done: () => void, leave: () => void}} props */
export function ConsentForms({ me, done, leave }) {
  const [kind, setKind] = useState("");
  if (!kind) return html`<${Kinds} choose=${setKind} leave=${leave} />`;
  return html`<${Filling} kind=${kind} me=${me} done=${done} leave=${leave} />`;
}

/** What it is for decides which form it is: some things may not be mixed. @param {{choose: (kind: string) => void, leave: () => void}} props */
const Kinds = ({ choose, leave }) => html`
  <h3>${t("consent.kind")}</h3>
  <ul class="kinds">
    ${KINDS.map((one) => html`
      <li><button class="choice" type="button" onClick=${() => choose(one)}><strong>${tCode("consent.kind", one)}</strong><small>${tCode("consent.kind.hint", one)}</small></button></li>
    `)}
  </ul>
  <button class="plain" type="button" onClick=${leave}>${t("leave")}</button>
`;

/** @param {{kind: string, me: import("../types.js").Me, done: () => void, leave: () => void}} props */
function Filling({ kind, me, done, leave }) {
  const form = useLoaded(`/v1/consent-forms?kind=${kind}`);
  return html`<${Shown} of=${form}>${(/** @type {ConsentForm} */ found) => html`<${Steps} form=${found} me=${me} done=${done} leave=${leave} />`}<//>`;
}

/** @param {{form: ConsentForm, me: import("../types.js").Me, done: () => void, leave: () => void}} props */
function Steps({ form, me, done, leave }) {
  const [step, setStep] = useState(0);
  const [chosen, setChosen] = useState(() => ({ ...beginning(form), day: form.expiresOn }));
  const [paper, setPaper] = useState(/** @type {{text: string, sha256: string} | null} */ (null));
  const change = (/** @type {Partial<Chosen>} */ part) => setChosen({ ...chosen, ...part });
  const next = useAct(async () => {
    if (step + 1 < STEPS.length) return setStep(step + 1);
    setPaper(await post("/v1/consent-forms/fill", elements(form, chosen)));
  });
  const before = () => (paper ? setPaper(null) : step ? setStep(step - 1) : leave());
  const Now = STEPS[step] ?? What;
  if (paper) return html`<${Sign} form=${form} chosen=${chosen} paper=${paper} name=${me.name} done=${done} before=${before} />`;
  return html`
    <p class="soft" role="status">${t("consent.step", { n: step + 1, of: STEPS.length + 1 })}</p>
    <h3>${form.title}</h3>
    <${Now} form=${form} chosen=${chosen} change=${change} />
    <${Trouble} problem=${next.problem} />
    <div class="row send">
      <button class="main" type="button" disabled=${next.busy || !ready(step, chosen)} onClick=${next.run}>${t("consent.next")}</button>
      <button class="plain" type="button" onClick=${before}>${t(step ? "back" : "leave")}</button>
    </div>
  `;
}

/** What a form begins with. @param {ConsentForm} form @returns {Chosen} */
const beginning = (form) => ({
  categories: form.kind === "counselling-notes" ? ["counselling-notes"] : [],
  purpose: form.purposes[0]?.value ?? "",
  who: WHOM[form.kind]?.[0] ?? "person",
  organisation: "",
  person: "",
  elsewhere: "",
  until: form.kind === "legal-proceedings" ? "end-of-proceedings" : "day",
  day: "",
});

/** Whether a step has its answer. @param {number} step @param {Chosen} chosen */
function ready(step, chosen) {
  if (step === 0) return chosen.categories.length > 0;
  if (step === 1) return chosen.who === "treating-providers" || Boolean({ person: chosen.person, organisation: chosen.organisation, elsewhere: chosen.elsewhere.trim() }[chosen.who]);
  return chosen.until !== "day" || Boolean(chosen.day);
}

/** What is sent: the elements of the form. @param {ConsentForm} form @param {Chosen} chosen */
function elements(form, chosen) {
  const named = ["person", "organisation"].includes(chosen.who);
  return {
    kind: form.kind,
    language: form.language,
    categories: chosen.categories,
    purpose: chosen.purpose,
    recipientKind: chosen.who,
    ...(named ? { recipientOrganisationId: chosen.organisation } : {}),
    ...(chosen.who === "person" ? { recipientId: chosen.person } : {}),
    ...(chosen.who === "elsewhere" ? { recipient: chosen.elsewhere.trim() } : {}),
    ...(chosen.until === "day" ? { expiresOn: chosen.day } : { expiresWith: chosen.until }),
  };
}

/** @param {Step} props */
function What({ form, chosen, change }) {
  const turn = (/** @type {string} */ one, /** @type {boolean} */ on) =>
    change({ categories: form.categories.map((each) => each.value).filter((each) => (each === one ? on : chosen.categories.includes(each))) });
  return html`
    <fieldset class="roles">
      <legend>${t("consent.what")}</legend>
      <div class="picks">
        ${form.categories.map((one) => html`
          <label class="pick"><input type="checkbox" checked=${chosen.categories.includes(one.value)} disabled=${form.categories.length === 1} onChange=${(/** @type {any} */ e) => turn(one.value, e.target.checked)} /><span>${one.words}</span></label>
        `)}
      </div>
    </fieldset>
    ${form.purposes.length > 1 && html`<${Picks} name="purpose" legend=${t("consent.purpose")} choices=${form.purposes} value=${chosen.purpose} set=${(/** @type {string} */ purpose) => change({ purpose })} />`}
  `;
}

/** One of several. @param {{name: string, legend: string, choices: Choice[], value: string, set: (value: string) => void}} props */
const Picks = ({ name, legend, choices, value, set }) => html`
  <fieldset class="roles">
    <legend>${legend}</legend>
    ${choices.map((one) => html`
      <label class="pick"><input type="radio" name=${name} value=${one.value} checked=${one.value === value} onChange=${() => set(one.value)} /><span>${one.words}</span></label>
    `)}
  </fieldset>
`;

/** @param {Step} props */
function Whom({ form, chosen, change }) {
  const all = useWhole("/v1/recipients");
  const choices = (WHOM[form.kind] ?? []).map((value) => ({ value, words: form.recipients.find((one) => one.value === value)?.words ?? tCode("consent.whom", value) }));
  const named = ["person", "organisation"].includes(chosen.who);
  return html`
    <${Picks} name="who" legend=${t("consent.whom")} choices=${choices} value=${chosen.who} set=${(/** @type {string} */ who) => change({ who })} />
    ${named && html`<${Shown} of=${all}>${(/** @type {{items: Organisation[]}} */ found) => html`<${Named} found=${found.items} chosen=${chosen} change=${change} />`}<//>`}
    ${chosen.who === "elsewhere" && html`
      <${Field} id="elsewhere" label=${t("consent.whom.name")} hint=${t("consent.whom.name.hint")}>
        <input id="elsewhere" maxlength="200" autocomplete="off" aria-describedby="elsewhere-hint" value=${chosen.elsewhere} onInput=${(/** @type {any} */ e) => change({ elsewhere: e.target.value })} />
      <//>
    `}
  `;
}

/** @param {{found: Organisation[], chosen: Chosen, change: (part: Partial<Chosen>) => void}} props */
const Named = ({ found, chosen, change }) => html`
  <div class="pair">
    <${Field} id="organisation" label=${t("account.organisation")}>
      <select id="organisation" onChange=${(/** @type {any} */ e) => change({ organisation: e.target.value, person: "" })}>
        <option value="">${t("team.choose")}</option>
        ${found.map((one) => html`<option value=${one.id} selected=${one.id === chosen.organisation}>${one.name}</option>`)}
      </select>
    <//>
    ${chosen.who === "person" && html`
      <${Field} id="person" label=${t("consent.whom.person")}>
        <select id="person" onChange=${(/** @type {any} */ e) => change({ person: e.target.value })}>
          <option value="">${t("team.choose")}</option>
          ${(found.find((one) => one.id === chosen.organisation)?.people ?? []).map((one) => html`<option value=${one.id} selected=${one.id === chosen.person}>${one.name}, ${one.roles.map((role) => tCode("role", role)).join(", ")}</option>`)}
        </select>
      <//>
    `}
  </div>
`;

/** @param {Step} props */
function Until({ form, chosen, change }) {
  const choices = [{ value: "day", words: t("consent.until.day") }, ...form.expiries];
  return html`
    <${Picks} name="until" legend=${t("consent.until")} choices=${choices} value=${chosen.until} set=${(/** @type {string} */ until) => change({ until })} />
    ${chosen.until === "day" && html`
      <${Field} id="last-day" label=${t("consent.until.last")}>
        <input id="last-day" type="date" value=${chosen.day} onInput=${(/** @type {any} */ e) => change({ day: e.target.value })} />
      <//>
    `}
  `;
}

/** The exact text, and one's name below it. The id is made once, so that sending again signs once. @param {{form: ConsentForm, chosen: Chosen, paper: {text: string, sha256: string}, name: string, done: () => void, before: () => void}} props */
function Sign({ form, chosen, paper, name, done, before }) {
  const id = useMemo(newId, []);
  const [signature, setSignature] = useState("");
  const send = async () => {
    await post("/v1/consents", { ...elements(form, chosen), id, formSha256: paper.sha256, signature });
    done();
  };
  return html`
    <p class="soft" role="status">${t("consent.step", { n: STEPS.length + 1, of: STEPS.length + 1 })}</p>
    <h3>${t("consent.read")}</h3>
    <pre class="paper" tabindex="0" lang=${form.language}>${paper.text}</pre>
    <${Form} act=${send} say=${t("consent.sign")} ready=${Boolean(signature.trim())}>
      ${(/** @type {Error | null} */ problem) => html`
        <${Field} id="signature" label=${t("consent.name")} hint=${t("consent.name.hint", { name })} fault=${faultAt(problem, "/signature")}>
          <input id="signature" required maxlength="200" autocomplete="name" aria-describedby="signature-hint" aria-invalid=${problem ? "true" : "false"} value=${signature} onInput=${(/** @type {any} */ e) => setSignature(e.target.value)} />
        <//>
      `}
    <//>
    <button class="plain" type="button" onClick=${before}>${t("back")}</button>
  `;
}
