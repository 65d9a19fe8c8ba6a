/** Taking one's record along, and leaving: what is deleted when, and what has to be kept. */
import { file, post, remove } from "../api.js";
import { newId } from "../ids.js";
import { useLoaded } from "../loaded.js";
import { Act, Card, Shown } from "../parts.js";
import { longDay, nearDay } from "../times.js";
import { html, useState } from "../ui.js";
import { t, tCode } from "../words.js";

/** @typedef {{id: string, askedAt: string, state: string, progress: number, expiresAt: string | null, bytes: number | null, downloadsLeft: number}} Export */
/** @typedef {{askedAt: string | null, closesAt: string | null, graceDays: number, keptYears: number, keptBecause: string, keptUntil: string, held: boolean, waitsForAlert: boolean}} Plan */

export const Leaving = () => html`
  <div class="narrow-page">
    <p><a href="#/account">‹ ${t("back")}</a></p>
    <h1>${t("leaving.title")}</h1>
    <${Taking} />
    <${Closing} />
  </div>
`;

/** One's record, asked for, on its way, and here. */
function Taking() {
  const exports = useLoaded("/v1/exports", ["exports"]);
  const ask = () => post("/v1/exports", { id: newId() }).then(exports.again);
  return html`
    <${Card} title=${t("export.title")} name="leaving">
      <p>${t("export.what")}</p>
      <${Shown} of=${exports}>
        ${(/** @type {{items: Export[]}} */ found) => html`
          <ul class="kept" aria-live="polite">${found.items.slice(0, 3).map((one) => html`<${One} key=${one.id} one=${one} again=${exports.again} />`)}</ul>
          ${!found.items.some(isOnTheWay) && html`<p><${Act} look="main" act=${ask}>${t("export.ask")}<//></p>`}
        `}
      <//>
    <//>
  `;
}

/** @param {Export} one */
const isOnTheWay = (one) => ["waiting", "making"].includes(one.state);

/** @param {{one: Export, again: () => void}} props */
const One = ({ one, again }) => html`
  <li>
    <strong>${nearDay(one.askedAt)}</strong>
    ${isOnTheWay(one)
      ? html`<label class="on-the-way">${t("export.making")} <progress max="100" value=${one.progress}>${one.progress}</progress></label>`
      : html`<span>${tCode("export", one.state)}</span>`}
    ${one.state === "ready" && html`
      <${Act} look="quiet" act=${() => take(one).then(again)}>${t("export.download")}<//>
      <small>${t("export.left", { times: String(one.downloadsLeft), until: nearDay(one.expiresAt ?? "") })}</small>
    `}
  </li>
`;

/** Hand the file to the browser, which asks where to put it. @param {Export} one */
async function take(one) {
  const address = URL.createObjectURL(await file(`/v1/exports/${one.id}/file`));
  const link = Object.assign(document.createElement("a"), { href: address, download: "my-record.zip" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** What would become of the account, and the way there and back. */
function Closing() {
  const plan = useLoaded("/v1/closure", ["alerts"]);
  const back = () => remove("/v1/closure").then(plan.again);
  return html`
    <${Card} title=${t("closure.title")} name="leaving">
      <${Shown} of=${plan}>
        ${(/** @type {Plan} */ found) => html`
          ${found.closesAt && html`
            <p role="status">${t("closure.asked", { day: longDay(found.closesAt) })}</p>
            ${found.waitsForAlert && html`<p>${t("closure.alert")}</p>`}
            <p><${Act} look="main" act=${back}>${t("closure.back")}<//></p>
          `}
          <h3>${t("closure.first", { days: String(found.graceDays) })}</h3>
          <p>${t("closure.first.what")}</p>
          <h3>${t("closure.then")}</h3>
          <p>${t("closure.then.what")}</p>
          <h3>${t("closure.kept")}</h3>
          <p>${found.keptYears > 0 ? t("closure.kept.what", { years: String(found.keptYears), day: longDay(found.keptUntil), year: found.keptUntil.slice(0, 4) }) : t("closure.kept.nothing")}</p>
          ${found.held && html`<p>${t("closure.held")}</p>`}
          <h3>${t("closure.gone")}</h3>
          <p>${t("closure.gone.what")}</p>
          ${!found.closesAt && html`<${Asking} again=${plan.again} days=${found.graceDays} />`}
        `}
      <//>
    <//>
  `;
}

/** Asked twice, since it is no small thing. @param {{again: () => void, days: number}} props */
function Asking({ again, days }) {
  const [sure, setSure] = useState(false);
  const ask = () => post("/v1/closure", { id: newId() }).then(again);
  if (!sure) return html`<p><button class="quiet" type="button" onClick=${() => setSure(true)}>${t("closure.ask")}</button></p>`;
  return html`
    <p>${t("closure.sure", { days: String(days) })}</p>
    <p class="row"><${Act} look="main" act=${ask}>${t("closure.yes")}<//> <button class="plain" type="button" onClick=${() => setSure(false)}>${t("leave")}</button></p>
  `;
}
