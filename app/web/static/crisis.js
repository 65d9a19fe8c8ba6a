/** The crisis card: one tap away everywhere, signed in or not, and kept on the phone for when there is no network. */
import { get } from "./api.js";
import { html, useEffect, useRef, useState } from "./ui.js";
import { language, t } from "./words.js";

/** @typedef {import("./types.js").CrisisCard} CrisisCard */

const place = () => `cairn.crisis-card.${language()}`;

/** The kept card, if there is one. @returns {CrisisCard | null} */
export function keptCard() {
  try {
    return JSON.parse(localStorage.getItem(place()) ?? "null");
  } catch {
    return null;
  }
}

/** Keep the newest card; without a network the one kept before stays. */
export async function keepCard() {
  try {
    localStorage.setItem(place(), JSON.stringify(await get(`/v1/crisis-card?language=${language()}`)));
  } catch {
    // The card that is kept, or the line that needs no card, is shown.
  }
}

/** Ways to reach help. @param {{card?: CrisisCard | null}} props */
export function CrisisCard({ card = keptCard() }) {
  if (!card) return html`<p class="crisis-line">${t("helpFallback")}</p>`;
  return html`<ul class="crisis">${card.resources.map(resource)}</ul>`;
}

/** @param {import("./types.js").CrisisResource} one */
const resource = (one) => html`
  <li>
    <div><strong>${one.title}</strong><p>${one.detail}</p></div>
    <div class="ways">
      ${one.call && html`<a class="button call" href="tel:${one.call.replaceAll("-", "")}">${t("call", { number: one.call })}</a>`}
      ${one.textTo && html`<a class="button quiet" href="sms:${one.textTo}">${t("text", { number: one.textTo })}</a>`}
    </div>
  </li>
`;

/** The button that is always there, and what it opens. */
export function HelpNow() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [opened, setOpened] = useState(0);
  useEffect(() => void keepCard().then(() => setOpened((n) => n + 1)), []);
  const open = () => {
    setOpened(opened + 1);
    dialog.current?.showModal();
  };
  return html`
    <button class="help" type="button" onClick=${open}>${t("helpNow")}</button>
    <dialog class="help-card" ref=${dialog} aria-label=${t("helpTitle")} onClick=${(/** @type {any} */ e) => e.target === dialog.current && dialog.current?.close()}>
      <div class="help-inside">
        <h2>${t("helpTitle")}</h2>
        <p>${t("helpLead")}</p>
        <${CrisisCard} key=${opened} />
        <button class="quiet wide" type="button" onClick=${() => dialog.current?.close()}>${t("close")}</button>
      </div>
    </dialog>
  `;
}
