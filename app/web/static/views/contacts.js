/** Where somebody can be written to: what they have shown to be theirs, and how careful one has to be there. */
import { patch, post } from "../api.js";
import { Form } from "../form.js";
import { newId } from "../ids.js";
import { useLoaded } from "../loaded.js";
import { Act, Card, Opened, Opener, Shown, Switch } from "../parts.js";
import { html, useMemo, useState } from "../ui.js";
import { t, tCode } from "../words.js";
import { CodeField, ContactField } from "./code.js";
import { Remove } from "./ways.js";

/** @typedef {{id: string, kind: "email" | "sms", value: string, mayText: boolean, mayLeaveVoicemail: boolean, shared: boolean, verifiedAt: string | null}} Contact */
/** @typedef {{one: Contact, done: () => void, leave: () => void}} OfOne */

export function Contacts() {
  const contacts = useLoaded("/v1/contacts");
  const [adding, setAdding] = useState(false);
  const turn = () => setAdding(!adding);
  return html`
    <${Card} title=${t("contacts.title")} aside=${html`<${Opener} open=${adding} turn=${turn}>${t("contacts.add")}<//>`}>
      <p class="soft">${t("contacts.what")}</p>
      ${adding && html`<${Opened} label=${t("contacts.add")}><${Add} done=${contacts.again} leave=${turn} /><//>`}
      <${Shown} of=${contacts}>
        ${(/** @type {{items: Contact[]}} */ found) => found.items.length
          ? html`<ul class="people kept">${found.items.map((one) => html`<${One} key=${one.id} one=${one} done=${contacts.again} />`)}</ul>`
          : html`<p class="soft">${t("contacts.none")}</p>`}
      <//>
    <//>
  `;
}

/** The id is made once, so that sending again after a lost answer adds it once. @param {{done: () => void, leave: () => void}} props */
function Add({ done, leave }) {
  const id = useMemo(newId, []);
  const [value, setValue] = useState("");
  const send = async () => {
    await post("/v1/contacts", { id, kind: value.includes("@") ? "email" : "sms", value });
    leave();
    done();
  };
  return html`
    <${Form} act=${send} say=${t("contacts.add")} leave=${leave}>
      ${(/** @type {Error | null} */ problem) => html`<${ContactField} id="new-contact" pointer="/value" hint=${t("contacts.add.hint")} problem=${problem} value=${value} set=${setValue} />`}
    <//>
  `;
}

/** @param {{one: Contact, done: () => void}} props */
function One({ one, done }) {
  const [open, setOpen] = useState("");
  const turn = (/** @type {string} */ what) => () => setOpen(open === what ? "" : what);
  const views = { prove: Prove, care: Care, remove: Forget };
  const shown = /** @type {keyof typeof views} */ (open);
  return html`
    <li>
      <div class="grow">
        <strong>${one.value}</strong>
        <small>${[tCode("contacts.kind", one.kind), t(one.verifiedAt ? "contacts.verified" : "contacts.unverified"), one.shared && t("contacts.shared.yes")].filter(Boolean).join(" · ")}</small>
      </div>
      <div class="row ways">
        ${!one.verifiedAt && html`<${Opener} open=${open === "prove"} turn=${turn("prove")} whose=${one.value} look="plain">${t("contacts.prove")}<//>`}
        <${Opener} open=${open === "care"} turn=${turn("care")} whose=${one.value} look="plain">${t("contacts.care")}<//>
        <${Opener} open=${open === "remove"} turn=${turn("remove")} whose=${one.value} look="plain">${t("contacts.remove")}<//>
      </div>
      ${views[shown] && html`<${Opened} key=${open} label="${t(`contacts.${shown}`)}, ${one.value}"><${views[shown]} one=${one} done=${done} leave=${turn(open)} /><//>`}
    </li>
  `;
}

/** A code goes there; whoever reads it has shown that it is theirs. @param {OfOne} props */
function Prove({ one, done, leave }) {
  const [challenge, setChallenge] = useState("");
  const [code, setCode] = useState("");
  const ask = async () => setChallenge((await post(`/v1/contacts/${one.id}/codes`)).id);
  const send = async () => {
    await post(`/v1/contact-codes/${challenge}/redeem`, { code });
    leave();
    done();
  };
  if (!challenge) {
    return html`
      <p>${t("contacts.prove.what")}</p>
      <div class="row send">
        <${Act} look="main" act=${ask}>${t("contacts.ask")}<//>
        <button class="plain" type="button" onClick=${leave}>${t("leave")}</button>
      </div>
    `;
  }
  return html`
    <p role="status">${t("contacts.sent", { contact: one.value })}</p>
    <${Form} act=${send} say=${t("contacts.prove")} leave=${leave}>
      ${() => html`<${CodeField} id="contact-code" label=${t("code.code")} value=${code} set=${setCode} />`}
    <//>
  `;
}

/** @param {OfOne} props */
function Care({ one, done, leave }) {
  const [care, setCare] = useState({ mayText: one.mayText, mayLeaveVoicemail: one.mayLeaveVoicemail, shared: one.shared });
  const send = async () => {
    await patch(`/v1/contacts/${one.id}`, care);
    leave();
    done();
  };
  const turned = (/** @type {keyof typeof care} */ name, /** @type {string} */ words) =>
    html`<${Switch} on=${care[name]} turn=${(/** @type {boolean} */ on) => setCare({ ...care, [name]: on })}>${words}<//>`;
  return html`
    <${Form} act=${send} say=${t("save")} leave=${leave}>
      ${() => html`
        <div class="wish">${turned("mayText", t("contacts.text"))}</div>
        ${one.kind === "sms" && html`<div class="wish">${turned("mayLeaveVoicemail", t("contacts.voicemail"))}</div>`}
        <div class="wish">${turned("shared", t("contacts.shared"))}</div>
      `}
    <//>
  `;
}

/** @param {OfOne} props */
const Forget = ({ one, done, leave }) => html`
  <${Remove} path="/v1/contacts/${one.id}" insist="sure" warn=${t("contacts.remove.what")} last=${t("contacts.last")} say=${t("contacts.remove")} done=${done} leave=${leave} />
`;
