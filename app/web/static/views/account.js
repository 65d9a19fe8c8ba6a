/** One's own account: what one may change of it, and what others have settled. */
import { patch } from "../api.js";
import { Form, Where } from "../form.js";
import { Switch } from "../parts.js";
import { html, useState } from "../ui.js";
import { t, tCode } from "../words.js";
import { Contacts } from "./contacts.js";
import { Ways } from "./ways.js";
import { Sessions } from "./sessions.js";

/** @typedef {import("../types.js").Me} Me */

/** @param {{me: Me, changed: (me: Me) => void}} props */
export const Account = ({ me, changed }) => html`
  <div class="narrow-page">
    <p><a href="#/">‹ ${t("back")}</a></p>
    <h1>${t("account.title")}</h1>
    <section class="card" aria-label=${t("account.yours")}><${Yours} me=${me} changed=${changed} /></section>
    <${Contacts} />
    <h2>${t("ways.title")}</h2>
    <${Ways} me=${me} />
    ${me.roles.includes("patient") && html`<section class="card" aria-label=${t("paper.title")}><p>${t("paper.what")}</p><p><a class="button quiet" href="#/recovery">${t("paper.title")}</a></p></section>`}
    ${me.roles.includes("patient") && html`<p><a href="#/leaving">${t("leaving.link")} ›</a></p>`}
    <section class="card" aria-label=${t("account.given")}><${About} me=${me} /></section>
    <${Sessions} />
    ${me.roles.includes("patient") && html`<p><a href="#/looked">${t("looked.title")} ›</a></p>`}
  </div>
`;

/** The language and zone, and a patient's wishes. The page speaks the new language as soon as it is saved. @param {{me: Me, changed: (me: Me) => void}} props */
function Yours({ me, changed }) {
  const [form, setForm] = useState({ language: me.language, timeZone: me.timeZone });
  const [wishes, wish] = useState(me.wishes);
  const [saved, setSaved] = useState(false);
  const save = async () => {
    setSaved(false);
    changed(await patch("/v1/me", { ...form, ...wishes }));
    setSaved(true);
  };
  return html`
    <${Form} act=${save} say=${t("save")}>
      ${(/** @type {Error | null} */ problem) => html`
        <${Where} id="own" problem=${problem} form=${form} change=${(/** @type {Partial<typeof form>} */ part) => setForm({ ...form, ...part })} />
        ${wishes && html`
          <div class="wish">
            <${Switch} on=${wishes.peerBeside} turn=${(/** @type {boolean} */ on) => wish({ ...wishes, peerBeside: on })} describedBy="wish-hint">${t("account.peer")}<//>
            <p class="hint" id="wish-hint">${t("account.peer.hint")}</p>
          </div>
          <div class="wish">
            <${Switch} on=${wishes.sharesDoses} turn=${(/** @type {boolean} */ on) => wish({ ...wishes, sharesDoses: on })} describedBy="doses-hint">${t("account.doses")}<//>
            <p class="hint" id="doses-hint">${t("account.doses.hint")}</p>
          </div>
        `}
      `}
    <//>
    <p class="saved" role="status">${saved && t("saved")}</p>
  `;
}

/** What others have settled. @param {{me: Me}} props */
export const About = ({ me }) => html`
  <dl class="about">
    <dt>${t("field.name")}</dt><dd>${me.name}</dd>
    <dt>${t("account.roles")}</dt><dd>${me.roles.map((role) => tCode("role", role)).join(", ")}</dd>
    <dt>${t("account.organisation")}</dt>
    <dd>${me.organisation.name}${me.organisation.part2 && html`<small>${t("account.part2")}</small>`}</dd>
  </dl>
`;
