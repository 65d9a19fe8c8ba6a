/** A one-time link for somebody: made on purpose, since it ends the one before, and shown once. */
import { post } from "../api.js";
import { Act, Field } from "../parts.js";
import { clock, nearDay } from "../times.js";
import { html, useRef, useState } from "../ui.js";
import { t } from "../words.js";

/** @typedef {{url: string, expiresAt: string}} Link */

/** @param {{person: {id: string, name: string}, leave: () => void}} props */
export function SignInLink({ person, leave }) {
  const [link, setLink] = useState(/** @type {Link | null} */ (null));
  const make = async () => setLink(await post(`/v1/people/${person.id}/sign-in-links`));
  const { name } = person;
  if (link) return html`<${Made} link=${link} name=${name} leave=${leave} />`;
  return html`
    <p>${t("link.what", { name })}</p>
    <p class="soft">${t("link.older")}</p>
    <div class="row send">
      <${Act} act=${make} look="main">${t("link.make")}<//>
      <button class="plain" type="button" onClick=${leave}>${t("leave")}</button>
    </div>
  `;
}

/** @param {{link: Link, name: string, leave: () => void}} props */
function Made({ link, name, leave }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [told, setTold] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link.url);
      setTold(t("link.copied"));
    } catch {
      // Without TLS, or where it is forbidden, a browser leaves the copying to the person.
      field.current?.select();
      setTold(t("link.marked"));
    }
  };
  return html`
    <${Field} id="link" label=${t("link.for", { name })} hint=${t("link.until", { day: nearDay(link.expiresAt), time: clock(link.expiresAt) })}>
      <div class="copied">
        <input id="link" readonly aria-describedby="link-hint" ref=${field} value=${link.url} onFocus=${() => field.current?.select()} />
        <${Act} act=${copy} look="main">${t("link.copy")}<//>
      </div>
    <//>
    <p class="saved" role="status">${told}</p>
    <p>${t("link.whoever", { name })}</p>
    <div class="row send"><button class="quiet" type="button" onClick=${leave}>${t("close")}</button></div>
  `;
}
