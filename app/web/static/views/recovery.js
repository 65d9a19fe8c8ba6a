/** Ten codes for whoever loses everything else: shown once, to be printed or copied. */
import { post } from "../api.js";
import { useLoaded } from "../loaded.js";
import { Act, Shown } from "../parts.js";
import { html, useState } from "../ui.js";
import { t } from "../words.js";

/** @typedef {{codes: string[], madeAt: string}} Codes */

export function Recovery() {
  const left = useLoaded("/v1/recovery-codes");
  const [made, setMade] = useState(/** @type {Codes | null} */ (null));
  const make = async () => setMade(await post("/v1/recovery-codes"));
  return html`
    <div class="narrow-page">
      <p class="not-printed"><a href="#/">‹ ${t("back")}</a></p>
      <h1>${t("paper.title")}</h1>
      <section class="card" aria-label=${t("paper.title")}>
        <p>${t("paper.what")}</p>
        ${made
          ? html`<${Made} codes=${made.codes} />`
          : html`
              <${Shown} of=${left}>${(/** @type {{left: number, madeAt: string | null}} */ found) => html`<p class="soft">${t(found.madeAt ? "paper.left" : "paper.none", { left: found.left })}</p>`}<//>
              <div class="row send"><${Act} act=${make} look="main">${t("paper.make")}<//></div>
            `}
      </section>
    </div>
  `;
}

/** @param {{codes: string[]}} props */
function Made({ codes }) {
  const [told, setTold] = useState("");
  const copy = async () => {
    await navigator.clipboard.writeText(codes.join("\n")).then(
      () => setTold(t("link.copied")),
      () => setTold(t("paper.byHand")),
    );
  };
  return html`
    <p role="status"><strong>${t("paper.once")}</strong></p>
    <ol class="recovery-codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ol>
    <div class="row send not-printed">
      <button class="main" type="button" onClick=${() => print()}>${t("paper.print")}</button>
      <${Act} act=${copy} look="quiet">${t("link.copy")}<//>
      <a class="button plain" href="#/">${t("paper.kept")}</a>
    </div>
    <p class="saved" role="status">${told}</p>
  `;
}
