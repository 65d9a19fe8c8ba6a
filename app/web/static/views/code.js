/** The way in for patients: a contact of theirs, and the code that goes there. */
import { post } from "../api.js";
import { newDevice } from "../device.js";
import { Form, faultAt, faulty } from "../form.js";
import { Field } from "../parts.js";
import { go } from "../routing.js";
import { enter } from "../session.js";
import { html, useState } from "../ui.js";
import { t } from "../words.js";

/** @typedef {{id: string, expiresAt: string, device: import("../device.js").Device | null}} Challenge */

/** @param {import("../device.js").Device | null} device */
const told = (device) => (device ? { device: device.told } : {});

export function SignInByCode() {
  const [contact, setContact] = useState("");
  const [challenge, setChallenge] = useState(/** @type {Challenge | null} */ (null));
  const ask = async () => {
    const device = await newDevice();
    setChallenge({ ...(await post("/v1/sign-in/codes", { contact, ...told(device) })), device });
  };
  return html`
    <section class="card narrow" aria-label=${t("code.title")}>
      <h2>${t("code.title")}</h2>
      ${challenge
        ? html`<${GiveCode} key=${challenge.id} contact=${contact} challenge=${challenge} again=${ask} other=${() => setChallenge(null)} />`
        : html`<${AskForCode} contact=${contact} set=${setContact} ask=${ask} />`}
    </section>
  `;
}

/** @param {{contact: string, set: (contact: string) => void, ask: () => Promise<void>}} props */
const AskForCode = ({ contact, set, ask }) => html`
  <p class="soft">${t("code.lead")}</p>
  <${Form} act=${ask} say=${t("code.ask")}>
    ${(/** @type {Error | null} */ problem) => html`<${ContactField} id="contact" problem=${problem} value=${contact} set=${set} />`}
  <//>
`;

/** What is answered does not say whether a code was sent, so neither do we. @param {{contact: string, challenge: Challenge, again: () => Promise<void>, other: () => void}} props */
function GiveCode({ contact, challenge, again, other }) {
  const [code, setCode] = useState("");
  const send = async () => {
    const { device } = challenge;
    await enter(await post(`/v1/sign-in/codes/${challenge.id}/redeem`, { code, ...told(device) }), device);
    go("");
  };
  return html`
    <p role="status">${t("code.sent", { contact })}</p>
    <${Form} act=${send} say=${t("code.send")}>
      ${() => html`<${CodeField} id="code" label=${t("code.code")} value=${code} set=${setCode} />`}
    <//>
    <div class="row">
      <button class="plain" type="button" onClick=${() => void again().catch(() => null)}>${t("code.again")}</button>
      <button class="plain" type="button" onClick=${other}>${t("code.other")}</button>
    </div>
  `;
}

/** An address or a number, and what is wrong with it. @param {{id: string, label?: string, pointer?: string, hint?: string, problem: Error | null, value: string, set: (value: string) => void, own?: boolean, required?: boolean}} props */
export function ContactField({ id, label = t("code.contact"), pointer = "/contact", hint = "", problem, value, set, own = true, required = true }) {
  const fault = faultAt(problem, pointer);
  return html`
    <${Field} id=${id} label=${label} fault=${fault} hint=${hint}>
      <input id=${id} required=${required} maxlength="254" autocapitalize="none" spellcheck="false" autocomplete=${own ? "username" : "off"} value=${value} onInput=${(/** @type {any} */ e) => set(e.target.value)} ...${faulty(id, fault)} />
    <//>
  `;
}

/** A code that somebody types or their telephone fills in. @param {{id: string, label: string, hint?: string, value: string, set: (value: string) => void, digits?: boolean}} props */
export const CodeField = ({ id, label, hint = "", value, set, digits = true }) => html`
  <${Field} id=${id} label=${label} hint=${hint}>
    <input id=${id} class="code-field" required maxlength="40" inputmode=${digits ? "numeric" : "text"} autocapitalize="characters" spellcheck="false" autocomplete=${digits ? "one-time-code" : "off"} aria-describedby=${hint ? `${id}-hint` : undefined} value=${value} onInput=${(/** @type {any} */ e) => set(e.target.value)} />
  <//>
`;
