/** The page: who is signed in, where they are, and what is always there. */
import { get, remove } from "./api.js";
import { beCardOf, beCardOfEverybody, HelpNow } from "./crisis.js";
import { listen } from "./live.js";
import { stayThere } from "./offline.js";
import { Avatar, Mark, Trouble } from "./parts.js";
import { may } from "./roles.js";
import { go, route, useRoute } from "./routing.js";
import { isBack } from "./provider.js";
import { goOut, onSession, restore, session } from "./session.js";
import { comeIn } from "./signin.js";
import { useZone } from "./times.js";
import { html, render, useEffect, useState } from "./ui.js";
import { Account } from "./views/account.js";
import { Leaving } from "./views/leaving.js";
import { Booking } from "./views/booking.js";
import { Day } from "./views/day.js";
import { ComeIn, Door } from "./views/door.js";
import { Emergencies } from "./views/emergency.js";
import { Arrival, FirstFactor, Invited } from "./views/firsts.js";
import { Looked } from "./views/looked.js";
import { Invited as InvitedPatient } from "./views/invited.js";
import { Limited } from "./views/limited.js";
import { Office } from "./views/office.js";
import { PatientView } from "./views/patient.js";
import { Proving } from "./views/proving.js";
import { Recovery } from "./views/recovery.js";
import { SetUp } from "./views/setup.js";
import { Sharing } from "./views/sharing.js";
import { Support } from "./views/support.js";
import { VisitView } from "./views/visit.js";
import { speak, t } from "./words.js";

/** @typedef {import("./types.js").Me} Me */

/**
 * Links that sign somebody in at once: the demo's.
 * @type {Map<string, (told: string) => Promise<void>>}
 */
const WAYS_IN = new Map([
  ["demo", (person) => comeIn("/v1/demo/sign-ins", { person }, person)],
]);

function Page() {
  const [signedIn, setSignedIn] = useState(session());
  const at = useRoute();
  useEffect(() => onSession(() => setSignedIn(session())), []);
  const [back, setBack] = useState(isBack());
  const way = WAYS_IN.get(at.name);
  if (back) return html`<${Frame}><${Arrival} done=${() => setBack(false)} /><//>`;
  if (at.name === "invite") return html`<${Frame}><${Invited} key=${at.id} secret=${at.id} /><//>`;
  if (way) return html`<${Frame}><${ComeIn} key=${at.id} by=${() => way(at.id)} /><//>`;
  if (at.name === "invitation") return html`<${Frame}><${InvitedPatient} key=${at.id} secret=${at.id} /><//>`;
  if (at.name === "setup") return html`<${Frame}><${SetUp} secret=${at.id} /><//>`;
  if (!signedIn) return html`<${Frame}><${Door} /><//>`;
  return html`<${SignedIn} key=${`${signedIn.id} ${signedIn.assurance}`} limited=${signedIn.assurance === "limited"} />`;
}

/** Everything that belongs to somebody, once we know who they are; in a limited session only the way to the rest. @param {{limited: boolean}} props */
function SignedIn({ limited }) {
  const [me, setMe] = useState(/** @type {Me | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Error | null} */ (null));
  const at = useRoute();
  const load = () => {
    setProblem(null);
    get("/v1/me").then(known, setProblem);
  };
  const known = (/** @type {Me} */ found) => {
    speak(found.language);
    useZone(found.timeZone);
    if (found.assurance === "full") beCardOf(found);
    setMe(found);
  };
  useEffect(load, []);
  useEffect(() => (me && !limited ? listen() : undefined), [me?.id]);
  if (!me) return html`<${Frame}><${Trouble} problem=${problem} again=${load} /><//>`;
  if (limited) return html`<${Frame} me=${me} wide=${at.name === "visit"}>${at.name === "visit" ? html`<${VisitView} key=${at.id} appointmentId=${at.id} />` : html`<${Limited} />`}<//>`;
  return html`<${Frame} me=${me} wide=${at.name === "visit" || at.name === "mirror"}>${view(at, me, known)}<${Proving} me=${me} /><//>`;
}

/** The view for a place. @param {import("./routing.js").Route} at @param {Me} me @param {(me: Me) => void} changed */
function view(at, me, changed) {
  if (at.name === "visit") return html`<${VisitView} key=${at.id} appointmentId=${at.id} />`;
  if (at.name === "mirror") return html`<${VisitView} key="mirror" />`;
  if (at.name === "patient") return html`<${PatientView} key=${at.id} id=${at.id} me=${me} />`;
  if (at.name === "recovery") return html`<${Recovery} />`;
  if (at.name === "account") return html`<${Account} me=${me} changed=${changed} />`;
  if (at.name === "leaving") return html`<${Leaving} />`;
  if (at.name === "sharing") return html`<${Sharing} me=${me} />`;
  if (at.name === "emergencies") return html`<${Emergencies} me=${me} />`;
  if (at.name === "first") return html`<${FirstFactor} me=${me} />`;
  if (at.name === "looked") return html`<${Looked} />`;
  if (at.name === "book") return html`<${Booking} moving=${at.id} />`;
  if (me.roles.includes("patient")) return html`<${Day} me=${me} />`;
  if (may(me, "read alerts")) return html`<${Support} me=${me} />`;
  return html`<${Office} me=${me} />`;
}

/** What surrounds every view. @param {{me?: Me, wide?: boolean, children?: any}} props */
function Frame({ me, wide = false, children }) {
  return html`
    <a class="skip" href="#content" onClick=${toContent}>${t("skip")}</a>
    <header class="top">
      <a class="brand" href="#/"><${Mark} />Cairn</a>
      <div class="top-end">
        ${me?.assurance === "full" && html`<${WhoAmI} me=${me} />`}
        ${me && html`<button class="plain" type="button" onClick=${leave}>${t("signOut")}</button>`}
        <${HelpNow} />
      </div>
    </header>
    <main id="content" class=${wide ? "stage-main" : ""} tabindex="-1">${children}</main>
  `;
}

/** One's name, and the way to one's account. @param {{me: Me}} props */
const WhoAmI = ({ me }) => html`
  <a class="whoami" href="#/account"><${Avatar} name=${me.name} /><span class="name">${me.name}</span><span class="unseen">, ${t("account.title")}</span></a>
`;

/** The skip link moves the focus and leaves the address alone. @param {Event} event */
function toContent(event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

/** The session ends on the server too; when that cannot be reached, at least this tab forgets it. */
async function leave() {
  await remove("/v1/session").catch(() => null);
  beCardOfEverybody();
  goOut();
  if (route().name) go("");
}

const root = document.getElementById("cairn");
await restore();
if (root) render(html`<${Page} />`, root);
addEventListener("load", () => void stayThere());
