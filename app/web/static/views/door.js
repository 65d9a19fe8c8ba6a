/** Before anybody has signed in: in demo mode, whom to be; and the way in by a link. */
import { useLoaded } from "../loaded.js";
import { Avatar, Mark, Shown, Trouble, useAct } from "../parts.js";
import { go } from "../routing.js";
import { enter } from "../session.js";
import { html, useEffect } from "../ui.js";
import { t, tCode } from "../words.js";

/** @typedef {import("../types.js").DemoPerson} DemoPerson */

export function Door() {
  const cast = useLoaded("/v1/demo/cast");
  return html`
    <${Welcome}>
      <${Shown} of=${cast}>${(/** @type {{items: DemoPerson[]}} */ found) => html`<${Cast} people=${found.items} />`}<//>
    <//>
  `;
}

/** Signs in by a link as soon as it is opened, and says why when that fails. @param {{by: () => Promise<import("../session.js").Session>}} props */
export function ComeIn({ by }) {
  const { problem, run } = useAct(async () => {
    enter(await by());
    go("");
  });
  useEffect(() => void run(), []);
  return html`<${Welcome}><${Trouble} problem=${problem} again=${run} /><//>`;
}

/** @param {{children?: any}} props */
const Welcome = ({ children }) => html`
  <div class="door">
    <div class="door-head"><${Mark} /><h1>Cairn</h1><p class="lead">${t("tagline")}</p></div>
    ${children}
  </div>
`;

/** @param {{people: DemoPerson[]}} props */
function Cast({ people }) {
  if (!people.length) return html`<p class="center">${t("door.closed")}</p>`;
  const houses = [...new Set(people.map((one) => one.organisation))];
  return html`
    <h2 class="center">${t("door.title")}</h2>
    <p class="center soft">${t("door.lead")}</p>
    ${houses.map((house) => html`<h3 class="house">${house}</h3><ul class="cast">${people.filter((p) => p.organisation === house).map(person)}</ul>`)}
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
