/** What goes with a record that another organisation is shown: the statement of the law, and what was consented to. */
import { useNow } from "../loaded.js";
import { clock, lastDay } from "../times.js";
import { html } from "../ui.js";
import { t, tCode } from "../words.js";

/** @typedef {import("../types.js").Notice} Told */

/** It stands above the record for as long as that is shown. @param {{notice?: Told}} props */
export function Notice({ notice }) {
  if (!notice) return null;
  return html`
    <aside class="notice" aria-label=${t("notice.title")}>
      <p><strong>${notice.statement}</strong></p>
      <p>${notice.breakGlassId ? html`${t("notice.emergency")} <${Countdown} until=${notice.expiresAt ?? ""} />` : scope(notice)}</p>
    </aside>
  `;
}

/** @param {Told} notice */
function scope(notice) {
  const what = notice.scope.map((one) => tCode("shared", one)).join(", ");
  const until = notice.expiresAt ? t("shared.until", { day: lastDay(notice.expiresAt) }) : tCode("expiry", notice.expiresWith ?? "none");
  return `${t("notice.scope", { what, purpose: tCode("purpose", notice.purpose) })} ${until}`;
}

/** The minutes and seconds that are left, and nothing once they are over. @param {{until: string}} props */
export function Countdown({ until }) {
  const left = Math.max(0, Math.ceil((Date.parse(until) - useNow(1000)) / 1000));
  const shown = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  return html`<span class="countdown" role="timer">${left ? t("emergency.left", { left: shown, time: clock(until) }) : t("emergency.over")}</span>`;
}
