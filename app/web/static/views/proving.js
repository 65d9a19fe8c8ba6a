/** Show that it is still you: the dialog that stands before what asks for that. */
import { get, post } from "../api.js";
import { Form } from "../form.js";
import { Act, Field } from "../parts.js";
import { canHavePasskeys, proveWithPasskey } from "../passkeys.js";
import { leaveFor } from "../provider.js";
import { session } from "../session.js";
import { comeInAgain } from "../signin.js";
import { onStepUp } from "../stepup.js";
import { html, useEffect, useRef, useState } from "../ui.js";
import { t } from "../words.js";

/** @typedef {{passkey: boolean, app: boolean, provider: string | null}} Ways */

/** Opens whenever something asks for it, and says how that went. @param {{me: import("../types.js").Me}} props */
export function Proving({ me }) {
  const [turn, setTurn] = useState(/** @type {{settle: (shown: boolean) => void} | null} */ (null));
  useEffect(() => onStepUp(() => new Promise((settle) => setTurn({ settle }))), []);
  if (!turn) return null;
  const done = (/** @type {boolean} */ shown) => {
    turn.settle(shown);
    setTurn(null);
  };
  return html`<${Dialog} me=${me} done=${done} />`;
}

/** @param {{me: import("../types.js").Me, done: (shown: boolean) => void}} props */
function Dialog({ me, done }) {
  const place = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [ways, setWays] = useState(/** @type {Ways | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Error | null} */ (null));
  useEffect(() => {
    place.current?.showModal();
    waysOf(me).then(setWays, setProblem);
  }, []);
  return html`
    <dialog class="proving" aria-labelledby="proving" ref=${place} onCancel=${() => done(false)}>
      <h2 id="proving">${t("prove.title")}</h2>
      <p>${t("prove.lead")}</p>
      ${problem && html`<p class="trouble" role="alert">${problem.message}</p>`}
      ${ways && html`<${Choices} ways=${ways} done=${() => done(true)} />`}
      <div class="row send"><button class="plain" type="button" onClick=${() => done(false)}>${t("leave")}</button></div>
    </dialog>
  `;
}

/** @param {{ways: Ways, done: () => void}} props */
function Choices({ ways, done }) {
  const demo = session()?.demo;
  if (!ways.passkey && !ways.app && !ways.provider && !demo) return html`<p>${t("prove.none")}</p>`;
  return html`
    ${demo && html`<p><${Act} look="main" act=${() => comeInAgain("/v1/demo/sign-ins", { person: demo }).then(done)}>${t("prove.demo")}<//></p>`}
    ${ways.passkey && html`<p><${Act} look="main" act=${() => proveWithPasskey().then(done)}>${t("prove.passkey")}<//></p>`}
    ${ways.provider && html`<p><${Act} look="quiet" act=${() => leaveFor("/v1/session/prove/provider")}>${t("prove.provider", { name: ways.provider })}<//></p>`}
    ${ways.app && html`<${AppCode} done=${done} />`}
  `;
}

/** @param {{done: () => void}} props */
function AppCode({ done }) {
  const [code, setCode] = useState("");
  const send = () => post("/v1/session/prove/totp", { code }).then(done);
  return html`
    <${Form} act=${send} say=${t("prove.code.send")} ready=${code.length === 6}>
      ${() => html`<${CodeField} id="prove-code" code=${code} set=${setCode} />`}
    <//>
  `;
}

/** Six digits of an app. @param {{id: string, code: string, set: (code: string) => void}} props */
export const CodeField = ({ id, code, set }) => html`
  <${Field} id=${id} label=${t("prove.code")}>
    <input id=${id} class="digits" inputmode="numeric" autocomplete="one-time-code" maxlength="6" pattern="[0-9]{6}" required value=${code} onInput=${(/** @type {any} */ e) => set(e.target.value.replace(/\D/g, ""))} />
  <//>
`;

/** By what they can show that it is them, here. @param {import("../types.js").Me} me @returns {Promise<Ways>} */
async function waysOf(me) {
  const staff = !me.roles.includes("patient");
  const none = { items: [] };
  const [passkeys, apps, links] = await Promise.all([
    get("/v1/passkeys"),
    staff ? get("/v1/totp") : none,
    staff ? get("/v1/provider-links") : none,
  ]);
  const usable = passkeys.items.some((/** @type {any} */ one) => !one.suspendedAt);
  return { passkey: usable && canHavePasskeys(), app: apps.items.length > 0, provider: links.items[0]?.name ?? null };
}
