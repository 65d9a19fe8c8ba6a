/** The crisis card: one tap away everywhere, signed in or not, and kept on the phone for when there is no network. */
import { get } from "./api.js";
import { html, useEffect, useRef, useState } from "./ui.js";
import { language, t } from "./words.js";

/** @typedef {import("./types.js").CrisisCard} CrisisCard */
/** @typedef {{organisation: string, language: string}} Site */

const OF = "cairn.crisis-card-of";

/** Whose card it is: that of whoever came in here last, until they sign out; before that everybody's. @returns {Site | null} */
const site = () => kept(OF);

/** @param {Site | null} of */
const place = (of) => `cairn.crisis-card.${of ? `${of.language}.${of.organisation}` : language()}`;

/** The kept card, if there is one; everybody's where the site's own is not here yet. @returns {CrisisCard | null} */
export const keptCard = () => kept(place(site())) ?? kept(place(null));

/** Keep the newest card; without a network the one kept before stays. */
export async function keepCard() {
  const of = site();
  const own = of ? `&organisation=${of.organisation}` : "";
  try {
    const card = await get(`/v1/crisis-card?language=${of?.language ?? language()}${own}`);
    if (place(site()) === place(of)) localStorage.setItem(place(of), JSON.stringify(card));
  } catch {
    // The card that is kept, or the line that needs no card, is shown.
  }
}

/** From now on it is the card of this person's organisation in their language. @param {import("./types.js").Me} me */
export function beCardOf(me) {
  const of = { organisation: me.organisation.id, language: me.language };
  if (place(site()) === place(of)) return;
  beCardOfEverybody();
  try {
    localStorage.setItem(OF, JSON.stringify(of));
  } catch {
    // Where nothing can be kept, everybody's card is shown.
  }
}

/** Whose program somebody is in does not stay on a phone from which they signed out. */
export function beCardOfEverybody() {
  const of = site();
  if (of) for (const name of [place(of), OF]) localStorage.removeItem(name);
}

/** @param {string} name */
function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    return null;
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
  useEffect(() => void keepCard().then(() => setOpened((n) => n + 1)), [place(site())]);
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
