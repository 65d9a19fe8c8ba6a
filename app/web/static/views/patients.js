/** The people whom one supports, or those of the program; and bringing somebody in. */
import { post } from "../api.js";
import { Form, NameField, Where } from "../form.js";
import { newId } from "../ids.js";
import { usePages } from "../loaded.js";
import { Avatar, Card, More, Opened, Opener, Shown } from "../parts.js";
import { may } from "../roles.js";
import { html, useMemo, useState } from "../ui.js";
import { t } from "../words.js";
import { ContactField } from "./code.js";
import { Invite } from "./invite.js";
import { firstOf } from "./staff.js";
import { ArrangedTeam } from "./team.js";
import { Trend } from "./trend.js";

/** @typedef {import("../types.js").Me} Me */
/** @typedef {import("../types.js").Patient} Patient */

const OVERSEERS = ["supervisor", "coordinator"];

/** @param {{me: Me}} props */
export function Patients({ me }) {
  const patients = usePages("/v1/patients", ["care-team"]);
  const [bringing, setBringing] = useState(false);
  const [brought, setBrought] = useState(/** @type {Patient | null} */ (null));
  const has = (/** @type {string[]} */ roles) => me.roles.some((role) => roles.includes(role));
  const [sendTo, setSendTo] = useState("");
  const done = (/** @type {Patient} */ one, /** @type {string} */ contact) => {
    setBrought(one);
    setSendTo(contact);
    setBringing(false);
    patients.again();
  };
  const bring = may(me, "bring-in identity") && html`<${Opener} open=${bringing} turn=${() => setBringing(!bringing)}>${t("patients.bring")}<//>`;
  return html`
    <${Card} title=${t(has(OVERSEERS) ? "patients.program" : "patients.title")} aside=${bring}>
      ${bringing && html`<${Opened} label=${t("patients.bring")}><${BringIn} me=${me} done=${done} leave=${() => setBringing(false)} /><//>`}
      <p role="status">${brought && t(has(["coordinator"]) ? "patients.brought" : "patients.brought.lead", { name: brought.name })}</p>
      ${brought && html`<${Opened} key=${brought.id} label=${t("invite.for", { name: brought.name })}><${Invite} person=${brought} sendTo=${sendTo} leave=${() => setBrought(null)} /><//>`}
      <${Shown} of=${patients}>
        ${(/** @type {{items: Patient[]}} */ found) => found.items.length || brought
          ? html`<ul class="people patients kept">${firstOf(brought, found.items).map((one) => html`<${One} key=${one.id} one=${one} levels=${may(me, "read check-in-levels")} desk=${has(["coordinator"])} />`)}</ul>`
          : html`<p class="soft">${t("patients.none")}</p>`}
      <//>
      <${More} list=${patients} />
    <//>
  `;
}

/** @param {{one: Patient, levels: boolean, desk: boolean}} props */
const One = ({ one, levels, desk }) => html`
  <li>
    <${Avatar} name=${one.name} />
    <div class="grow">
      <strong>${levels ? html`<a href="#/patient/${one.id}">${one.name}</a>` : one.name}</strong>
      ${levels && html`<${Trend} patientId=${one.id} small />`}
    </div>
    ${desk && html`<${Desk} one=${one} />`}
  </li>
`;

/** What a coordinator does for somebody. @param {{one: Patient}} props */
function Desk({ one }) {
  const [open, setOpen] = useState("");
  const close = () => setOpen("");
  const turn = (/** @type {string} */ what) => () => setOpen(open === what ? "" : what);
  return html`
    <div class="row ways">
      <${Opener} open=${open === "team"} turn=${turn("team")} whose=${one.name} look="plain">${t("team.of")}<//>
      <${Opener} open=${open === "invite"} turn=${turn("invite")} whose=${one.name} look="plain">${t("invite.title")}<//>
    </div>
    ${open === "team" && html`<${Opened} key="team" label=${t("team.for", { name: one.name })}><${ArrangedTeam} patientId=${one.id} leave=${close} /><//>`}
    ${open === "invite" && html`<${Opened} key="invite" label=${t("invite.for", { name: one.name })}><${Invite} person=${one} leave=${close} /><//>`}
  `;
}

/** The id is made once, so that sending again after a lost answer brings them in once. @param {{me: Me, done: (one: Patient, contact: string) => void, leave: () => void}} props */
function BringIn({ me, done, leave }) {
  const id = useMemo(newId, []);
  const [form, setForm] = useState({ name: "", timeZone: me.organisation.timeZone, language: me.language });
  const change = (/** @type {Partial<typeof form>} */ part) => setForm({ ...form, ...part });
  const [contact, setContact] = useState("");
  const send = async () => done(await post("/v1/patients", { id, ...form }), contact);
  return html`
    <${Form} act=${send} say=${t("patients.bring")} leave=${leave}>
      ${(/** @type {Error | null} */ problem) => html`
        <${NameField} id="patient-name" problem=${problem} value=${form.name} set=${(/** @type {string} */ name) => change({ name })} />
        <${Where} id="patient" problem=${problem} form=${form} change=${change} />
        <${ContactField} id="patient-contact" label=${t("invite.contact")} hint=${t("invite.contact.hint")} problem=${problem} value=${contact} set=${setContact} own=${false} required=${false} />
      `}
    <//>
  `;
}
