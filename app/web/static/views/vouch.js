/** Saying that one knows somebody who holds a device: their number, who it should be, and how one knows. */
import { post } from "../api.js";
import { Form } from "../form.js";
import { Card, Field, Opened, Opener } from "../parts.js";
import { html, useState } from "../ui.js";
import { t } from "../words.js";
import { CodeField } from "./code.js";

const HOW = ["in-person", "video", "known-voice"];

/** @typedef {{patientId: string, name: string, confirmed: number, expiresAt: string}} Asked */

export function Vouch() {
  const [open, setOpen] = useState(false);
  const [told, setTold] = useState("");
  const done = (/** @type {string} */ words) => {
    setTold(words);
    setOpen(false);
  };
  const turn = () => setOpen(!open);
  return html`
    <${Card} title=${t("knowing.title")} aside=${html`<${Opener} open=${open} turn=${turn}>${t("knowing.open")}<//>`}>
      <p class="soft">${t("knowing.what")}</p>
      <p class="saved" role="status">${told}</p>
      ${open && html`<${Opened} label=${t("knowing.open")}><${Vouching} done=${done} leave=${turn} /><//>`}
    <//>
  `;
}

/** @param {{done: (words: string) => void, leave: () => void}} props */
function Vouching({ done, leave }) {
  const [number, setNumber] = useState("");
  const [how, setHow] = useState(HOW[0] ?? "");
  const [asked, setAsked] = useState(/** @type {Asked | null} */ (null));
  const look = async () => setAsked(await post("/v1/vouches/look-up", { number }));
  const vouch = async () => {
    const { confirmed } = await post("/v1/vouches/confirm", { number, how });
    done(t(confirmed === 2 ? "knowing.second" : "knowing.first", { name: asked?.name ?? "" }));
  };
  if (!asked) {
    return html`
      <${Form} act=${look} say=${t("knowing.look")} leave=${leave}>
        ${() => html`<${CodeField} id="vouch-number" label=${t("knowing.number")} value=${number} set=${setNumber} />`}
      <//>
    `;
  }
  return html`
    <p>${t("knowing.is", { name: asked.name })}</p>
    <${Form} act=${vouch} say=${t("knowing.yes", { name: asked.name })} leave=${leave}>
      ${() => html`
        <${Field} id="vouch-how" label=${t("knowing.how")}>
          <select id="vouch-how" value=${how} onChange=${(/** @type {any} */ e) => setHow(e.target.value)}>
            ${HOW.map((one) => html`<option value=${one}>${t(/** @type {any} */ (`knowing.how.${one}`))}</option>`)}
          </select>
        <//>
      `}
    <//>
  `;
}
