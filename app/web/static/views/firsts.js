/** The first steps of somebody who comes in: by a link, back from the provider, and to a passkey of their own. */
import { post } from "../api.js";
import { Form } from "../form.js";
import { useLoaded } from "../loaded.js";
import { Act, Shown, Trouble, useAct } from "../parts.js";
import { canHavePasskeys } from "../passkeys.js";
import { arrival, finish, leaveFor } from "../provider.js";
import { go } from "../routing.js";
import { session } from "../session.js";
import { comeIn, comeInWith } from "../signin.js";
import { clock, nearDay } from "../times.js";
import { html, useEffect, useState } from "../ui.js";
import { t } from "../words.js";
import { WaysIn, Welcome } from "./door.js";
import { CodeField } from "./proving.js";
import { Enrol, NewPasskey } from "./ways.js";

/** @typedef {{opens: boolean, opensAt: string | null, app: boolean, code: string | null, expiresAt: string}} LinkState */

const AGAIN = 5000;

/** A one-time link: it opens, or says what it waits for. @param {{secret: string}} props */
export function Invited({ secret }) {
  const [state, setState] = useState(/** @type {LinkState | null} */ (null));
  const look = useAct(async () => setState(await post("/v1/sign-in-links/look", { secret })));
  useEffect(() => void look.run(), []);
  const come = async (/** @type {string | undefined} */ code) => {
    await comeIn("/v1/sign-in-links/redeem", { secret, ...(code ? { code } : {}) });
    go("first");
  };
  if (!state) return html`<${Welcome}><${Trouble} problem=${look.problem} again=${look.run} /><//>`;
  if (state.opens) return html`<${Welcome}><${Opens} come=${come} /><//>`;
  return html`<${Welcome}><${Waits} state=${state} come=${come} look=${look.run} /><//>`;
}

/** @param {{come: () => Promise<void>}} props */
function Opens({ come }) {
  const { problem, run } = useAct(() => come());
  useEffect(() => void run(), []);
  return html`<${Trouble} problem=${problem} again=${run} />`;
}

/** Somebody who has a way of their own: that one, an app's code, or a colleague. @param {{state: LinkState, come: (code?: string) => Promise<void>, look: () => Promise<void>}} props */
function Waits({ state, come, look }) {
  const [code, setCode] = useState("");
  useEffect(() => {
    const timer = setInterval(() => void look(), AGAIN);
    return () => clearInterval(timer);
  }, [look]);
  const digits = (state.code ?? "").replace(/(.{4})/, "$1 ");
  return html`
    <section class="card narrow">
      <h2>${t("waits.title")}</h2>
      <p>${t("waits.lead")}</p>
      <${WaysIn} />
      ${state.app && html`<${Form} act=${() => come(code)} say=${t("prove.code.send")} ready=${code.length === 6}>${() => html`<${CodeField} id="link-code" code=${code} set=${setCode} />`}<//>`}
      <h3>${t("waits.lost")}</h3>
      <p>${t("waits.read")}</p>
      <p class="code" aria-label=${(state.code ?? "").split("").join(" ")}>${digits}</p>
      ${state.opensAt && html`<p class="hint">${t("waits.until", { day: nearDay(state.opensAt), time: clock(state.opensAt) })}</p>`}
    </section>
  `;
}

/** Back from the provider: do what this tab left for. @param {{done: () => void}} props */
export function Arrival({ done }) {
  const back = arrival();
  const { problem, run } = useAct(async () => {
    if (!back) throw new Error(t("arrival.lost"));
    if (back.answer.error) throw new Error(t("arrival.refused"));
    const { departure, answer } = back;
    if (departure.errand === "/v1/sign-in/provider") await comeInWith((also) => finish(departure, answer, also));
    else await finish(departure, answer);
    done();
  });
  useEffect(() => void run(), []);
  const leave = () => {
    done();
    if (!session()) go("");
  };
  return html`
    <${Welcome}>
      <${Trouble} problem=${problem} />
      ${problem && html`<p class="center"><button class="quiet" type="button" onClick=${leave}>${t("back")}</button></p>`}
    <//>
  `;
}

/** Whoever has come in by a link makes something of their own at once, so that no link is them any more. @param {{me: import("../types.js").Me}} props */
export function FirstFactor({ me }) {
  const account = useLoaded("/v1/account", ["account"]);
  const staff = !me.roles.includes("patient");
  const has = account.value?.hasFactor;
  useEffect(() => {
    if (has || (account.value && !staff)) go("");
  }, [account.value]);
  return html`<${Shown} of=${account}>${() => !has && staff && html`<${Choose} done=${() => go("")} />`}<//>`;
}

/** @param {{done: () => void}} props */
function Choose({ done }) {
  const provider = useLoaded("/v1/sign-in/provider");
  const [enrolment, setEnrolment] = useState(/** @type {any} */ (null));
  const name = provider.value?.name;
  return html`
    <section class="card narrow">
      <h1>${t("first.title")}</h1>
      <p>${t("first.lead")}</p>
      <${NewPasskey} done=${done} />
      ${name && html`<p><${Act} look="quiet" act=${() => leaveFor("/v1/provider-links")}>${t("provider.add", { name })}<//></p>`}
      ${enrolment
        ? html`<${Enrol} enrolment=${enrolment} done=${done} leave=${() => setEnrolment(null)} />`
        : html`<p><${Act} look=${canHavePasskeys() ? "plain" : "quiet"} act=${async () => setEnrolment(await post("/v1/totp"))}>${t("first.app")}<//></p>`}
      <p class="row send"><button class="plain" type="button" onClick=${done}>${t("leave")}</button></p>
      <p class="hint">${t("first.later")}</p>
    </section>
  `;
}
