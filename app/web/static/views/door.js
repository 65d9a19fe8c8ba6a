/** Before anybody has signed in: in demo mode, whom to be; and the way in by a link. */
import { useLoaded } from "../loaded.js";
import { Act, Avatar, Mark, Shown, Trouble, useAct } from "../parts.js";
import { byName, canHavePasskeys, signInWithPasskey } from "../passkeys.js";
import { leaveFor } from "../provider.js";
import { go, route } from "../routing.js";
import { comeInWith } from "../signin.js";
import { html, useEffect } from "../ui.js";
import { t, tCode } from "../words.js";
import { SignInByCode } from "./code.js";

/** @typedef {import("../types.js").DemoPerson} DemoPerson */

export function Door() {
  const cast = useLoaded("/v1/demo/cast");
  return html`
    <${Welcome}>
      <${WaysIn} />
      <${Shown} of=${cast}>${(/** @type {{items: DemoPerson[]}} */ found) => html`<${Cast} people=${found.items} />`}<//>
    <//>
  `;
}

/** A passkey first, and the provider where there is one. */
export function WaysIn() {
  const provider = useLoaded("/v1/sign-in/provider");
  const name = provider.value?.name;
  const here = canHavePasskeys();
  const come = async () => {
    const byLink = route().name === "invite";
    await comeInWith(signInWithPasskey);
    if (byLink) go("");
  };
  return html`
    <div class="ways-in">
      ${here && html`<${Act} look="main" act=${come}>${t("door.passkey")}<//>`}
      ${!here && byName() && html`<a href=${byName()}>${t("passkey.byName")}</a>`}
      ${name && html`<${Act} look="quiet" act=${() => leaveFor("/v1/sign-in/provider")}>${t("door.provider", { name })}<//>`}
    </div>
  `;
}

/** Signs in by a link as soon as it is opened, and says why when that fails. @param {{by: () => Promise<void>}} props */
export function ComeIn({ by }) {
  const { problem, run } = useAct(async () => {
    await by();
    go("");
  });
  useEffect(() => void run(), []);
  return html`<${Welcome}><${Trouble} problem=${problem} again=${run} /><//>`;
}

/** @param {{children?: any}} props */
export const Welcome = ({ children }) => html`
  <div class="door">
    <div class="door-head"><${Mark} /><h1>Cairn</h1><p class="lead">${t("tagline")}</p></div>
    ${children}
  </div>
`;

/** @param {{people: DemoPerson[]}} props */
function Cast({ people }) {
  if (!people.length) return html`<${SignInByCode} /><p class="center soft">${t("door.closed")}</p>`;
  const houses = [...new Set(people.map((one) => one.organisation))];
  return html`
    <h2 class="center">${t("door.title")}</h2>
    <p class="center soft">${t("door.lead")}</p>
    ${houses.map((house) => html`<h3 class="house">${house}</h3><ul class="cast">${people.filter((p) => p.organisation === house).map(person)}</ul>`)}
    <${SignInByCode} />
  `;
}

/** @param {DemoPerson} one */
const person = (one) => html`
  <li>
    <a class="castling" href="#demo=${one.person}">
      <${Avatar} name=${one.name} /><span><strong>${one.name}</strong><small>${tCode("role", one.role)}</small></span>
    </a>
  </li>
`;
