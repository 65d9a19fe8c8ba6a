/** Patients of another organisation who have let the reader see something, each with what goes with that. */
import { usePages } from "../loaded.js";
import { Avatar, Card, More, Shown } from "../parts.js";
import { html } from "../ui.js";
import { t } from "../words.js";
import { Notice } from "./notice.js";

/** @typedef {import("../types.js").Patient} Patient */

export function Shared() {
  const patients = usePages("/v1/patients", ["consent", "break-glass"]);
  return html`
    <${Card} title=${t("shared.title")}>
      <${Shown} of=${patients}>
        ${(/** @type {{items: Patient[]}} */ found) => found.items.length
          ? html`<ul class="people patients kept">${found.items.map((one) => html`<${One} key=${one.id} one=${one} />`)}</ul>`
          : html`<p class="soft">${t("account.primary-care")}</p>`}
      <//>
      <${More} list=${patients} />
    <//>
  `;
}

/** @param {{one: Patient}} props */
const One = ({ one }) => html`
  <li>
    <${Avatar} name=${one.name} />
    <div class="grow"><strong><a href="#/patient/${one.id}">${one.name}</a></strong></div>
    <${Notice} notice=${one.disclosure} />
  </li>
`;
