/** Somebody came in by a code on a device that we do not know: what there is for now, and how to get to the rest. */
import { get, post } from "../api.js";
import { Form } from "../form.js";
import { useLoaded } from "../loaded.js";
import { Act, Card, Opened, Opener, Trouble } from "../parts.js";
import { beSure } from "../session.js";
import { clock } from "../times.js";
import { html, useEffect, useState } from "../ui.js";
import { t } from "../words.js";
import { CodeField, ContactField } from "./code.js";

const LOOK_EVERY = 3000;
const WAYS = /** @type {const} */ (["recovery", "device", "contact", "staff"]);

export function Limited() {
  const [open, setOpen] = useState("");
  return html`
    <div class="narrow-page">
      <h1>${t("limited.title")}</h1>
      <p class="lead">${t("limited.lead")}</p>
      <${Card} title=${t("limited.now")}><p>${t("limited.now.what")}</p><${Today} /><//>
      <${Card} title=${t("limited.rest")}>
        <p class="soft">${t("limited.rest.what")}</p>
        <ul class="people ways-on">
          ${WAYS.map((way) => html`
            <li key=${way}>
              <${Opener} open=${open === way} turn=${() => setOpen(open === way ? "" : way)}>${t(`limited.${way}`)}<//>
              ${open === way && html`<${Opened} label=${t(`limited.${way}`)}><${Way} way=${way} /><//>`}
            </li>
          `)}
        </ul>
      <//>
    </div>
  `;
}

/** The visits of today, of which only the time is told. */
function Today() {
  const visits = useLoaded("/v1/visits", [], 60_000);
  return html`
    <ul class="people">
      ${(visits.value?.items ?? []).map((/** @type {{appointmentId: string, startsAt: string}} */ one) => html`
        <li key=${one.appointmentId}><div class="grow">${clock(one.startsAt)}</div><a class="button main" href="#/visit/${one.appointmentId}">${t("appointments.join")}</a></li>
      `)}
    </ul>
  `;
}

/** @param {{way: typeof WAYS[number]}} props */
function Way({ way }) {
  if (way === "recovery") return html`<${ByRecoveryCode} />`;
  if (way === "contact") return html`<${ByContact} />`;
  if (way === "device") return html`<${ByDevice} />`;
  return html`<${ByStaff} />`;
}

function ByRecoveryCode() {
  const [code, setCode] = useState("");
  const send = () => post("/v1/recovery-codes/use", { code }).then(beSure);
  return html`
    <${Form} act=${send} say=${t("limited.send")}>
      ${() => html`<${CodeField} id="recovery-code" label=${t("limited.recovery.code")} value=${code} set=${setCode} digits=${false} />`}
    <//>
  `;
}

function ByContact() {
  const [contact, setContact] = useState("");
  const [challenge, setChallenge] = useState("");
  const [code, setCode] = useState("");
  const ask = async () => setChallenge((await post("/v1/session/codes", { contact })).id);
  const send = () => post(`/v1/session/codes/${challenge}/redeem`, { code }).then(beSure);
  if (!challenge) {
    return html`
      <${Form} act=${ask} say=${t("code.ask")}>
        ${(/** @type {Error | null} */ problem) => html`<${ContactField} id="second-contact" label=${t("limited.contact.which")} problem=${problem} value=${contact} set=${setContact} />`}
      <//>
    `;
  }
  return html`
    <p role="status">${t("code.sent", { contact })}</p>
    <${Form} act=${send} say=${t("limited.send")}>
      ${() => html`<${CodeField} id="second-code" label=${t("code.code")} value=${code} set=${setCode} />`}
    <//>
  `;
}

/** The other device hears of it at once; this one looks every few seconds. */
function ByDevice() {
  const [asked, setAsked] = useState(/** @type {{id: string, number: string, expiresAt: string} | null} */ (null));
  const [over, setOver] = useState("");
  const ask = async () => {
    setOver("");
    setAsked(await post("/v1/approvals"));
  };
  useEvery(asked !== null, async () => {
    const { state } = await get(`/v1/approvals/${asked?.id}`);
    if (state === "approved") beSure();
    if (state !== "asked") {
      setAsked(null);
      setOver(state);
    }
  });
  if (!asked) {
    return html`
      <p>${t("limited.device.what")}</p>
      ${over && over !== "approved" && html`<p class="fault" role="alert">${t("limited.over")}</p>`}
      <${Act} act=${ask} look="main">${t("limited.device.ask")}<//>
    `;
  }
  return html`
    <p role="status">${t("limited.device.number")}</p>
    <p class="big-number">${asked.number}</p>
    <p class="soft">${t("limited.until", { time: clock(asked.expiresAt) })}</p>
  `;
}

/** Two of the staff, told apart from each other, say that it is them. */
function ByStaff() {
  const [asked, setAsked] = useState(/** @type {{number: string, expiresAt: string} | null} */ (null));
  const [confirmed, setConfirmed] = useState(0);
  const [problem, setProblem] = useState(/** @type {Error | null} */ (null));
  const ask = async () => {
    setProblem(null);
    setAsked(await post("/v1/vouches"));
  };
  useEvery(asked !== null, async () => {
    try {
      const found = await get("/v1/vouches/mine");
      setConfirmed(found.confirmed);
      if (found.confirmed === 2) await post("/v1/vouches/redeem").then(beSure);
    } catch (late) {
      setAsked(null);
      setProblem(/** @type {Error} */ (late));
    }
  });
  if (!asked) {
    return html`
      <p>${t("limited.staff.what")}</p>
      <${Trouble} problem=${problem} />
      <${Act} act=${ask} look="main">${t("limited.staff.ask")}<//>
    `;
  }
  return html`
    <p>${t("limited.staff.number")}</p>
    <p class="big-number">${asked.number.slice(0, 4)} ${asked.number.slice(4)}</p>
    <p role="status">${t(confirmed ? "limited.staff.one" : "limited.staff.nobody")}</p>
    <p class="soft">${t("limited.until", { time: clock(asked.expiresAt) })}</p>
  `;
}

/** Do something every few seconds for as long as it holds; what fails is done again. @param {boolean} holds @param {() => Promise<void>} act */
function useEvery(holds, act) {
  useEffect(() => {
    if (!holds) return undefined;
    const timer = setInterval(() => void act().catch(() => null), LOOK_EVERY);
    return () => clearInterval(timer);
  }, [holds, act]);
}

/** What other devices of one's own ask, with a field for the number that they show. */
export function Approvals() {
  const asked = useLoaded("/v1/approvals", ["approval"]);
  const waiting = asked.value?.items ?? [];
  return html`${waiting.map((/** @type {{id: string}} */ one) => html`<${Approval} key=${one.id} id=${one.id} done=${asked.again} />`)}`;
}

/** @param {{id: string, done: () => void}} props */
function Approval({ id, done }) {
  const [number, setNumber] = useState("");
  const approve = () => post(`/v1/approvals/${id}/approve`, { number }).finally(done);
  const refuse = () => post(`/v1/approvals/${id}/refuse`).finally(done);
  return html`
    <${Card} title=${t("approval.title")} name="approval">
      <p>${t("approval.what")}</p>
      <${Form} act=${approve} say=${t("approval.yes")} ready=${/^\d{2}$/.test(number)}>
        ${() => html`<${CodeField} id="approval-${id}" label=${t("approval.number")} value=${number} set=${setNumber} />`}
      <//>
      <div class="row"><${Act} act=${refuse} look="plain">${t("approval.no")}<//></div>
    <//>
  `;
}
