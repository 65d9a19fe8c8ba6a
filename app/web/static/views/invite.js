/** An invitation for a patient: a link that is sent or shown, and a key that travels apart from it. */
import { post } from "../api.js";
import { Form } from "../form.js";
import { Act, Field } from "../parts.js";
import { clock, nearDay } from "../times.js";
import { html, useRef, useState } from "../ui.js";
import { t } from "../words.js";
import { ContactField } from "./code.js";

/** @typedef {{id: string, key: string, expiresAt: string, sentBy: "email" | "sms" | null, url: string | null, qr: string | null}} Invitation */

/** @param {{person: {id: string, name: string}, sendTo?: string, leave: () => void}} props */
export function Invite({ person, sendTo = "", leave }) {
  const [to, setTo] = useState(sendTo);
  const [made, setMade] = useState(/** @type {Invitation | null} */ (null));
  const make = async () => setMade(await post(`/v1/patients/${person.id}/invitations`, { sendTo: to.trim() || null }));
  if (made) return html`<${Made} made=${made} name=${person.name} leave=${leave} />`;
  return html`
    <p>${t("invite.what", { name: person.name })}</p>
    <${Form} act=${make} say=${t("invite.make")} leave=${leave}>
      ${(/** @type {Error | null} */ problem) => html`
        <${ContactField} id="invite-${person.id}" label=${t("invite.to")} pointer="/sendTo" hint=${t("invite.to.hint")} problem=${problem} value=${to} set=${setTo} own=${false} required=${false} />
      `}
    <//>
  `;
}

/** @param {{made: Invitation, name: string, leave: () => void}} props */
const Made = ({ made, name, leave }) => html`
  <p>${t("invite.key")}</p>
  <p class="big-number" aria-label=${t("invite.key.label", { name })}>${made.key}</p>
  ${made.url ? html`<${Shown} made=${made} url=${made.url} name=${name} />` : html`<p role="status">${t(`invite.sent.${made.sentBy ?? "email"}`, { name })}</p>`}
  <p class="hint">${t("link.until", { day: nearDay(made.expiresAt), time: clock(made.expiresAt) })}</p>
  <div class="row send not-printed">
    <button class="quiet" type="button" onClick=${() => print()}>${t("paper.print")}</button>
    <button class="quiet" type="button" onClick=${leave}>${t("close")}</button>
  </div>
`;

/** The link as a picture for a telephone's camera, and as text. @param {{made: Invitation, url: string, name: string}} props */
function Shown({ made, url, name }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [told, setTold] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      setTold(t("link.copied"));
    } catch {
      field.current?.select();
      setTold(t("link.marked"));
    }
  };
  return html`
    <img class="qr" alt=${t("invite.qr", { name })} src=${made.qr} />
    <${Field} id="invitation" label=${t("invite.link", { name })}>
      <div class="copied">
        <input id="invitation" readonly ref=${field} value=${url} onFocus=${() => field.current?.select()} />
        <${Act} act=${copy} look="main">${t("link.copy")}<//>
      </div>
    <//>
    <p class="saved" role="status">${told}</p>
  `;
}
