/** Who may see what of oneself, in plain words: what was agreed to and how to take it back, and who was shown what. */
import { asked, post } from "../api.js";
import { useLoaded, usePages } from "../loaded.js";
import { Act, Card, More, Opened, Opener, Shown } from "../parts.js";
import { clock, lastDay, shortDay } from "../times.js";
import { html, useState } from "../ui.js";
import { t, tCode } from "../words.js";
import { ConsentForms } from "./consent.js";

/** @typedef {import("../types.js").BreakGlass} Broken */
/** @typedef {import("../types.js").Consent} Consent */
/** @typedef {import("../types.js").ConsentSummary} Summary */
/** @typedef {import("../types.js").Disclosure} Disclosure */
/** @typedef {import("../types.js").Me} Me */

/** @param {{me: Me}} props */
export const Sharing = ({ me }) => html`
  <p><a href="#/">‹ ${t("back")}</a></p>
  <h1>${t("sharing.title")}</h1>
  <p class="lead">${t("sharing.lead", { organisation: me.organisation.name })}</p>
  <div class="columns">
    <div class="column"><${Consents} me=${me} /></div>
    <div class="column side"><${ShownTo} /><${Emergency} me=${me} /></div>
  </div>
`;

/** @param {{me: Me}} props */
function Consents({ me }) {
  const consents = usePages("/v1/consents", ["consent"]);
  const [signing, setSigning] = useState(false);
  const [signed, setSigned] = useState(false);
  const done = () => {
    setSigning(false);
    setSigned(true);
    consents.again();
  };
  const begin = html`<${Opener} open=${signing} turn=${() => { setSigning(!signing); setSigned(false); }}>${t("sharing.add")}<//>`;
  return html`
    <${Card} title=${t("sharing.agreed")} aside=${begin}>
      ${signing && html`<${Opened} label=${t("sharing.add")}><${ConsentForms} me=${me} done=${done} leave=${() => setSigning(false)} /><//>`}
      <p role="status">${signed && t("sharing.signed")}</p>
      <${Shown} of=${consents}>
        ${(/** @type {{items: Summary[]}} */ found) => found.items.length
          ? html`<ul class="people kept">${found.items.map((one) => html`<${One} key=${one.id} one=${one} again=${consents.again} />`)}</ul>`
          : html`<p class="soft">${t("sharing.none")}</p>`}
      <//>
      <${More} list=${consents} />
    <//>
  `;
}

/** One consent: what it says, the copy, and two taps to take it back. @param {{one: Summary, again: () => void}} props */
function One({ one, again }) {
  const [open, setOpen] = useState("");
  const turn = (/** @type {string} */ what) => () => setOpen(open === what ? "" : what);
  const revoke = () => post(`/v1/consents/${one.id}/revoke`, { how: "in-app" }).then(() => { setOpen(""); again(); });
  return html`
    <li class="consent ${one.state}">
      <div class="grow">
        <strong>${one.recipient}</strong>
        <small>${one.categories.map((each) => tCode("shared", each)).join(", ")}</small>
        <small>${tCode("purpose", one.purpose)} · ${ends(one)}</small>
      </div>
      <div class="row ways">
        <${Opener} open=${open === "copy"} turn=${turn("copy")} whose=${one.recipient} look="plain">${t("sharing.copy")}<//>
        ${one.state === "live" && html`<${Opener} open=${open === "revoke"} turn=${turn("revoke")} whose=${one.recipient} look="quiet">${t("sharing.revoke")}<//>`}
      </div>
      ${open === "copy" && html`<${Opened} key="copy" label=${t("sharing.copy.of", { name: one.recipient })}><${Copy} id=${one.id} /><//>`}
      ${open === "revoke" && html`
        <${Opened} key="revoke" label=${t("sharing.revoke.of", { name: one.recipient })}>
          <p>${t("sharing.revoke.sure")}</p>
          <div class="row send"><${Act} act=${revoke} look="main">${t("sharing.revoke.yes")}<//><button class="plain" type="button" onClick=${() => setOpen("")}>${t("leave")}</button></div>
        <//>
      `}
    </li>
  `;
}

/** @param {Summary} one */
function ends(one) {
  if (one.revokedAt) return t(one.how === "event" ? "sharing.ended" : "sharing.revoked", { day: shortDay(one.revokedAt) });
  if (one.state === "expired") return t("sharing.expired", { day: lastDay(one.expiresAt ?? "") });
  return one.expiresAt ? t("shared.until", { day: lastDay(one.expiresAt) }) : tCode("expiry", one.expiresWith ?? "none");
}

/** Exactly what was signed. @param {{id: string}} props */
function Copy({ id }) {
  const copy = useLoaded(`/v1/consents/${id}`);
  return html`
    <${Shown} of=${copy}>
      ${(/** @type {Consent} */ one) => html`
        <pre class="paper" tabindex="0" lang=${one.language}>${one.formText}</pre>
        ${one.signaturePath && html`<svg class="signature" viewBox="0 0 400 120" role="img" aria-label=${t("consent.drawn")}><path d=${one.signaturePath} /></svg>`}
        <p class="soft">${t("sharing.copy.signed", { name: one.signature, day: shortDay(one.signedAt), time: clock(one.signedAt) })}</p>
        <p class="soft digest">${t("sharing.copy.digest", { digest: one.formSha256 })}</p>
      `}
    <//>
  `;
}

/** Each time that something was shown to somebody. */
function ShownTo() {
  const shown = usePages("/v1/disclosures", ["consent", "break-glass"]);
  const keep = html`<${Act} act=${download} look="plain">${t("sharing.keep")}<//>`;
  return html`
    <${Card} title=${t("sharing.shown")} aside=${shown.value?.items.length ? keep : null}>
      <${Shown} of=${shown}>
        ${(/** @type {{items: Disclosure[]}} */ found) => found.items.length
          ? html`<ul class="people kept">${found.items.map(row)}</ul>`
          : html`<p class="soft">${t("sharing.shown.none")}</p>`}
      <//>
      <${More} list=${shown} />
    <//>
  `;
}

/** @param {Disclosure} one */
const row = (one) => html`
  <li key=${one.id}><div class="grow">
    <strong>${one.recipient}</strong>
    <small>${one.recipientOrganisation} · ${tCode("shared", one.category)}</small>
    <small>${shortDay(one.disclosedAt)}, ${clock(one.disclosedAt)} · ${tCode("purpose", one.purpose)}</small>
  </div></li>
`;

/** The table as a file of one's own; a link alone would carry no token. */
async function download() {
  const answer = await asked((who) => fetch("/v1/disclosures/export", { headers: who }));
  if (!answer.ok) throw new Error(t("failed"));
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await answer.blob()), download: "disclosures.csv" });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Who read in an emergency, and the number by which a doctor finds one's record then. @param {{me: Me}} props */
function Emergency({ me }) {
  const broken = usePages("/v1/break-glass", ["break-glass"]);
  return html`
    <${Card} title=${t("emergency.title")}>
      <p class="soft">${t("emergency.number")}</p>
      <p class="number">${me.id}</p>
      <${Shown} of=${broken}>
        ${(/** @type {{items: Broken[]}} */ found) => found.items.length > 0 && html`<ul class="people kept">${found.items.map(glass)}</ul>`}
      <//>
      <${More} list=${broken} />
    <//>
  `;
}

/** @param {Broken} one */
const glass = (one) => html`
  <li key=${one.id}><div class="grow">
    <strong>${one.recipient}, ${one.affiliation}</strong>
    <small>${shortDay(one.brokenAt)}, ${clock(one.brokenAt)}</small>
    <p>${one.nature}</p>
    ${one.finding && html`<span class="badge">${tCode("finding", one.finding)}</span>`}
  </div></li>
`;
