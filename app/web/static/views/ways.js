/** How somebody signs in: their passkeys, authenticator app and provider, and what became of them. */
import { patch, post, remove } from "../api.js";
import { Form } from "../form.js";
import { useLoaded, usePages } from "../loaded.js";
import { Act, Card, Field, More, Opened, Opener, Shown } from "../parts.js";
import { byName, canHavePasskeys, makePasskey, nameOfThisDevice } from "../passkeys.js";
import { leaveFor } from "../provider.js";
import { clock, nearDay } from "../times.js";
import { html, useState } from "../ui.js";
import { t, tCode } from "../words.js";
import { CodeField } from "./proving.js";

/** @typedef {import("../types.js").Me} Me */
/** @typedef {{id: string, name: string, addedAt: string, lastUsedAt: string | null, synced: boolean, suspendedAt: string | null}} Passkey */
/** @typedef {{begunAt: string, opensAt: string, byName: string}} Recovery */
/** @typedef {{secret: string, uri: string, qr: string}} Enrolment */

const TOPICS = ["account"];

/** @param {{me: Me}} props */
export function Ways({ me }) {
  const staff = !me.roles.includes("patient");
  return html`
    <${OnTheWay} />
    <${Passkeys} staff=${staff} />
    ${staff && html`<${App} /><${Provider} />`}
    <${History} />
    ${me.roles.some((role) => VOUCHERS.includes(role)) && html`<${Vouch} />`}
  `;
}

const VOUCHERS = ["operator", "supervisor", "program-lead", "coordinator", "counselor", "prescriber"];

/** Somebody has made a way in, and it may not have been asked for. */
export function OnTheWay() {
  const account = useLoaded("/v1/account", TOPICS);
  const refuse = () => post("/v1/account/recovery/refuse").then(account.again);
  /** @type {Recovery | null} */
  const recovery = account.value?.recovery ?? null;
  if (!recovery) return null;
  return html`
    <section class="card warning" aria-label=${t("recovery.title")}>
      <h2>${t("recovery.title")}</h2>
      <p>${t("recovery.made", { name: recovery.byName, made: when(recovery.begunAt), opens: when(recovery.opensAt) })}</p>
      <p><${Act} look="main" act=${refuse}>${t("recovery.refuse")}<//></p>
    </section>
  `;
}

/** @param {{staff: boolean}} props */
function Passkeys({ staff }) {
  const passkeys = useLoaded("/v1/passkeys", TOPICS);
  return html`
    <${Card} title=${t("passkey.title")}>
      <p class="soft">${t("passkey.what")}</p>
      <${Shown} of=${passkeys}>
        ${(/** @type {{items: Passkey[]}} */ found) => found.items.length > 0 && html`<ul class="people kept">${found.items.map((one) => html`<${One} key=${one.id} one=${one} staff=${staff} again=${passkeys.again} />`)}</ul>`}
      <//>
      <${NewPasskey} done=${passkeys.again} />
    <//>
  `;
}

/** Make one, or say why that is not possible here. @param {{done: () => void}} props */
export function NewPasskey({ done }) {
  const here = byName();
  if (!canHavePasskeys()) return html`<p class="hint">${here ? html`<a href=${here}>${t("passkey.byName")}</a>` : t("passkey.not")}</p>`;
  return html`<p><${Act} look="main" act=${() => makePasskey(nameOfThisDevice()).then(done)}>${t("passkey.add")}<//></p>`;
}

/** @param {{one: Passkey, staff: boolean, again: () => void}} props */
function One({ one, staff, again }) {
  const [open, setOpen] = useState("");
  const turn = (/** @type {string} */ what) => () => setOpen(open === what ? "" : what);
  return html`
    <li>
      <div class="grow">
        <strong>${one.name}</strong>
        <small>${[t("passkey.added", { when: when(one.addedAt) }), one.lastUsedAt ? t("passkey.used", { when: when(one.lastUsedAt) }) : t("passkey.unused"), one.synced && t("passkey.synced")].filter(Boolean).join(" · ")}</small>
        ${one.suspendedAt && html`<p class="fault">${t("passkey.suspended")}</p>`}
      </div>
      <div class="row ways">
        <${Opener} open=${open === "name"} turn=${turn("name")} whose=${one.name} look="plain">${t("passkey.rename")}<//>
        <${Opener} open=${open === "remove"} turn=${turn("remove")} whose=${one.name} look="plain">${t("passkey.remove")}<//>
      </div>
      ${open === "name" && html`<${Opened} key="name" label=${t("passkey.rename")}><${Rename} one=${one} done=${again} leave=${turn("name")} /><//>`}
      ${open === "remove" && html`<${Opened} key="remove" label=${t("passkey.remove")}><${Remove} path="/v1/passkeys/${one.id}" warn=${t("passkey.remove.what")} insist=${staff ? "even_the_last" : ""} last=${t("ways.last")} say=${t("passkey.remove")} done=${again} leave=${turn("remove")} /><//>`}
    </li>
  `;
}

/** @param {{one: Passkey, done: () => void, leave: () => void}} props */
function Rename({ one, done, leave }) {
  const [name, setName] = useState(one.name);
  const send = async () => {
    await patch(`/v1/passkeys/${one.id}`, { name });
    leave();
    done();
  };
  return html`
    <${Form} act=${send} say=${t("save")} leave=${leave}>
      ${() => html`
        <${Field} id="name-${one.id}" label=${t("passkey.name")}>
          <input id="name-${one.id}" required maxlength="200" autocomplete="off" value=${name} onInput=${(/** @type {any} */ e) => setName(e.target.value)} />
        <//>
      `}
    <//>
  `;
}

/**
 * What goes, goes; the last one only for whoever may insist, and once they have read what that means.
 * @param {{path: string, insist: string, warn: string, last: string, say: string, done: () => void, leave: () => void}} props
 */
export function Remove({ path, insist, warn, last, say, done, leave }) {
  const [isLast, setIsLast] = useState(false);
  const send = async () => {
    try {
      await remove(isLast ? `${path}?${insist}=true` : path);
    } catch (problem) {
      if (!insist || /** @type {any} */ (problem).code !== "LastWayIn") throw problem;
      setIsLast(true);
      return;
    }
    leave();
    done();
  };
  return html`
    <p>${warn}</p>
    ${isLast && html`<p class="fault" role="alert">${last}</p>`}
    <div class="row send">
      <${Act} look="main" act=${send}>${isLast ? t("ways.last.yes") : say}<//>
      <button class="plain" type="button" onClick=${leave}>${t("leave")}</button>
    </div>
  `;
}

function App() {
  const apps = useLoaded("/v1/totp", TOPICS);
  const [enrolment, setEnrolment] = useState(/** @type {Enrolment | null} */ (null));
  const [removing, setRemoving] = useState(false);
  const begin = async () => setEnrolment(await post("/v1/totp"));
  const done = () => {
    setEnrolment(null);
    apps.again();
  };
  const one = apps.value?.items[0];
  return html`
    <${Card} title=${t("app.title")}>
      <p class="soft">${t("app.what")}</p>
      <${Shown} of=${apps}>${() => one && html`
        <p><strong>${t("app.there")}</strong> <small>${t("passkey.added", { when: when(one.addedAt) })}</small></p>
      `}<//>
      ${enrolment
        ? html`<${Opened} label=${t("app.title")}><${Enrol} enrolment=${enrolment} done=${done} leave=${() => setEnrolment(null)} /><//>`
        : html`<div class="row"><${Act} look="quiet" act=${begin}>${t(one ? "app.replace" : "app.add")}<//>
            ${one && html`<${Opener} open=${removing} turn=${() => setRemoving(!removing)} look="plain">${t("app.remove")}<//>`}</div>`}
      ${removing && one && html`<${Opened} label=${t("app.remove")}><${Remove} path="/v1/totp/${one.id}" warn=${t("app.remove.what")} insist="even_the_last" last=${t("ways.last")} say=${t("passkey.remove")} done=${apps.again} leave=${() => setRemoving(false)} /><//>`}
    <//>
  `;
}

/** The picture, the same in letters, and the first code. @param {{enrolment: Enrolment, done: () => void, leave: () => void}} props */
export function Enrol({ enrolment, done, leave }) {
  const [code, setCode] = useState("");
  const send = () => post("/v1/totp/confirm", { code }).then(done);
  const letters = enrolment.secret.replace(/(.{4})(?=.)/g, "$1 ");
  return html`
    <p>${t("app.scan")}</p>
    <img class="qr" src=${enrolment.qr} alt=${t("app.qr")} width="200" height="200" />
    <p class="hint">${t("app.letters")}</p>
    <p><code class="letters">${letters}</code></p>
    <p><a href=${enrolment.uri}>${t("app.here")}</a></p>
    <${Form} act=${send} say=${t("app.confirm")} leave=${leave} ready=${code.length === 6}>
      ${() => html`<${CodeField} id="enrol-code" code=${code} set=${setCode} />`}
    <//>
  `;
}

function Provider() {
  const there = useLoaded("/v1/sign-in/provider");
  const links = useLoaded("/v1/provider-links", TOPICS);
  const [removing, setRemoving] = useState(false);
  const name = there.value?.name;
  const one = links.value?.items[0];
  if (!name) return null;
  return html`
    <${Card} title=${name}>
      <p class="soft">${t("provider.what", { name })}</p>
      ${one
        ? html`<p>${t("provider.there", { when: when(one.linkedAt) })}</p>
            <${Opener} open=${removing} turn=${() => setRemoving(!removing)} look="plain">${t("provider.remove")}<//>`
        : html`<p><${Act} look="quiet" act=${() => leaveFor("/v1/provider-links")}>${t("provider.add", { name })}<//></p>`}
      ${removing && one && html`<${Opened} label=${t("provider.remove")}><${Remove} path="/v1/provider-links/${one.id}" warn=${t("provider.remove.what", { name })} insist="even_the_last" last=${t("ways.last")} say=${t("passkey.remove")} done=${links.again} leave=${() => setRemoving(false)} /><//>`}
    <//>
  `;
}

function History() {
  const events = usePages("/v1/account/events", TOPICS);
  return html`
    <${Card} title=${t("history.title")}>
      <${Shown} of=${events}>
        ${(/** @type {{items: {id: string, at: string, kind: string, byName: string | null}[]}} */ found) => found.items.length
          ? html`<ul class="history">${found.items.map((one) => html`<li key=${one.id}><strong>${tCode("history", one.kind)}</strong> <small>${[when(one.at), one.byName && t("history.by", { name: one.byName })].filter(Boolean).join(" · ")}</small></li>`)}</ul>`
          : html`<p class="soft">${t("history.none")}</p>`}
      <//>
      <${More} list=${events} />
    <//>
  `;
}

/** A colleague has lost their passkey, and their screen shows eight digits. */
function Vouch() {
  const [open, setOpen] = useState(false);
  const [code, setCode] = useState("");
  const [found, setFound] = useState(/** @type {{personId: string, name: string} | null} */ (null));
  const [vouched, setVouched] = useState("");
  const look = async () => setFound(await post("/v1/recoveries/find", { code }));
  const vouch = async () => {
    if (!found) return;
    await post("/v1/recoveries/vouch", { personId: found.personId, code });
    setVouched(found.name);
    setFound(null);
    setOpen(false);
    setCode("");
  };
  const field = () => html`
    <${Field} id="vouch" label=${t("vouch.code")} hint=${t("vouch.hint")}>
      <input id="vouch" class="digits" inputmode="numeric" autocomplete="off" maxlength="8" required aria-describedby="vouch-hint" value=${code} onInput=${(/** @type {any} */ e) => setCode(e.target.value.replace(/\D/g, ""))} />
    <//>
  `;
  return html`
    <${Card} title=${t("vouch.title")} aside=${html`<${Opener} open=${open} turn=${() => setOpen(!open)}>${t("vouch.begin")}<//>`}>
      <p class="saved" role="status">${vouched && t("vouch.done", { name: vouched })}</p>
      ${open && !found && html`<${Opened} label=${t("vouch.title")}><${Form} act=${look} say=${t("vouch.look")} ready=${code.length === 8}>${field}<//><//>`}
      ${open && found && html`
        <${Opened} label=${t("vouch.title")}>
          <p>${t("vouch.sure", { name: found.name })}</p>
          <div class="row send">
            <${Act} look="main" act=${vouch}>${t("vouch.yes", { name: found.name })}<//>
            <button class="plain" type="button" onClick=${() => setFound(null)}>${t("leave")}</button>
          </div>
        <//>
      `}
    <//>
  `;
}

/** A day and a time. @param {string} instant */
const when = (instant) => `${nearDay(instant)}, ${clock(instant)}`;
