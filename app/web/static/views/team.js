/** Who stands beside a patient, and who of those who oversee or lead may arrange that. */
import { put } from "../api.js";
import { faultAt, Form } from "../form.js";
import { announce } from "../live.js";
import { useLoaded, useWhole } from "../loaded.js";
import { Avatar, Card, Opened, Opener, Shown } from "../parts.js";
import { BESIDE, has, LEADERS, may } from "../roles.js";
import { go } from "../routing.js";
import { html, useRef, useState } from "../ui.js";
import { t, tCode } from "../words.js";

/** @typedef {import("../types.js").Me} Me */
/** @typedef {import("../types.js").TeamMember} TeamMember */
/** @typedef {import("../types.js").StaffMember} StaffMember */
/** @typedef {{id: string, name: string, roles: string[], lead: boolean}} Place */

const OVERSEERS = ["coordinator", "supervisor"];

/** @param {TeamMember | StaffMember | Place} one */
const rolesOf = (one) => one.roles.map((role) => tCode("role", role));

/** One's own team; or a patient's, which whoever oversees or leads may arrange; for who leads it, what else they do. @param {{patientId?: string, me?: Me, leading?: unknown}} props */
export function Team({ patientId, me, leading }) {
  const team = useLoaded(patientId ? `/v1/patients/${patientId}/care-team` : "/v1/care-team", ["care-team"]);
  const [arranging, setArranging] = useState(false);
  const open = me && patientId && mayArrange(me, team.value?.members ?? []);
  const aside = open && html`<${Opener} open=${arranging} turn=${() => setArranging(!arranging)}>${t("team.arrange")}<//>`;
  return html`
    <${Card} title=${t(patientId ? "team.of" : "team.title")} aside=${aside}>
      ${open && arranging
        ? html`<${Opened} label=${t("team.arrange")}><${ArrangedTeam} patientId=${patientId} leave=${() => setArranging(false)} /><//>`
        : html`<${Shown} of=${team}>${(/** @type {{members: TeamMember[]}} */ found) => html`<${Members} members=${found.members} />`}<//>`}
    <//>
    ${me && leads(me, team.value?.members ?? []) && leading}
  `;
}

/** @param {Me} me @param {TeamMember[]} members */
const leads = (me, members) => members.some((one) => one.id === me.id && one.lead);

/** @param {Me} me @param {TeamMember[]} members */
const mayArrange = (me, members) => has(me, OVERSEERS) || (may(me, "arrange care-team") && leads(me, members));

/** @param {{members: TeamMember[]}} props */
const Members = ({ members }) =>
  members.length ? html`<ul class="people">${members.map(member)}</ul>` : html`<p class="soft">${t("team.none")}</p>`;

/** @param {TeamMember} one */
const member = (one) => html`
  <li>
    <${Avatar} name=${one.name} duty=${one.onDuty} />
    <span>
      <strong>${one.name}</strong>
      <small>${[...rolesOf(one), ...(one.onDuty ? [t("team.duty")] : [])].join(" · ")}</small>
    </span>
  </li>
`;

/** The team as it is, to be arranged anew. @param {{patientId: string, leave: () => void}} props */
export function ArrangedTeam({ patientId, leave }) {
  const team = useLoaded(`/v1/patients/${patientId}/care-team`);
  const staff = useWhole("/v1/staff");
  return html`
    <${Shown} of=${team}>
      ${(/** @type {{members: TeamMember[], version: string}} */ found) => html`<${TeamForm} patientId=${patientId} team=${found} staff=${staff} leave=${leave} />`}
    <//>
  `;
}

/**
 * Nothing is changed before the whole team is saved; what others did to it meanwhile does not move it under the hand.
 * @param {{patientId: string, team: {members: TeamMember[], version: string}, staff: import("../loaded.js").Loaded<{items: StaffMember[]}>, leave: () => void}} props
 */
function TeamForm({ patientId, team, staff, leave }) {
  const [seen] = useState(team);
  const [places, setPlaces] = useState(/** @type {Place[]} */ (seen.members));
  const save = async () => {
    const sent = { members: places.map((one) => ({ staffId: one.id, lead: one.lead })) };
    const arranged = await put(`/v1/patients/${patientId}/care-team`, sent, seen);
    leave();
    // Whoever has left the team by this does not see it any more.
    if (arranged.members.length) announce("care-team");
    else go("");
  };
  const come = (/** @type {StaffMember} */ one) => {
    const lead = has(one, LEADERS) && !places.some((other) => other.lead);
    setPlaces([...places, { id: one.id, name: one.name, roles: one.roles, lead }]);
  };
  return html`
    <${Form} name="team" act=${save} say=${t("team.save")} leave=${leave} ready=${places.length > 0}>
      ${(/** @type {Error | null} */ problem) => html`
        <${Places} name="lead-${patientId}" places=${places} setPlaces=${setPlaces} problem=${problem} />
        <${Shown} of=${staff}>${(/** @type {{items: StaffMember[]}} */ found) => html`<${Come} id="come-${patientId}" staff=${found.items.filter((one) => mayCome(one, places))} come=${come} />`}<//>
      `}
    <//>
  `;
}

/** @param {StaffMember} one @param {Place[]} places */
const mayCome = (one, places) => has(one, BESIDE) && !places.some((other) => other.id === one.id);

/** Who is on the team, with one who leads. @param {{name: string, places: Place[], setPlaces: (places: Place[]) => void, problem: Error | null}} props */
function Places({ name, places, setPlaces, problem }) {
  const group = useRef(/** @type {HTMLElement | null} */ (null));
  const lead = (/** @type {Place} */ chosen) => setPlaces(places.map((one) => ({ ...one, lead: one === chosen })));
  const part = (/** @type {Place} */ gone) => {
    setPlaces(places.filter((one) => one !== gone));
    group.current?.focus({ preventScroll: true });
  };
  return html`
    <fieldset class="places" tabindex="-1" ref=${group}>
      <legend>${t("team.lead.hint")}</legend>
      ${!places.length && html`<p class="soft">${t("team.none")}</p>`}
      <ul class="people">
        ${places.map((one, n) => html`<${Seat} key=${one.id} one=${one} group=${name} lead=${() => lead(one)} part=${() => part(one)} fault=${faultAt(problem, `/members/${n}`)} />`)}
      </ul>
      ${problem && !places.some((one) => one.lead) && html`<p class="fault" role="alert">${faultAt(problem, "/members")}</p>`}
    </fieldset>
  `;
}

/** @param {{one: Place, group: string, lead: () => void, part: () => void, fault: string}} props */
const Seat = ({ one, group, lead, part, fault }) => html`
  <li>
    <${Avatar} name=${one.name} />
    <div class="grow">
      <strong>${one.name}</strong><small>${rolesOf(one).join(" · ")}</small>
      ${has(one, LEADERS) && html`<label class="leads"><input type="radio" name=${group} checked=${one.lead} onChange=${lead} aria-label="${t("team.lead")}, ${one.name}" /><span>${t("team.lead")}</span></label>`}
      ${fault && html`<small class="fault" role="alert">${fault}</small>`}
    </div>
    <button class="plain" type="button" aria-label="${t("team.remove")}, ${one.name}" onClick=${part}>${t("team.remove")}</button>
  </li>
`;

/** Somebody who works here comes to the team. @param {{id: string, staff: StaffMember[], come: (one: StaffMember) => void}} props */
function Come({ id, staff, come }) {
  const [chosen, setChosen] = useState("");
  const one = staff.find((other) => other.id === chosen);
  const add = () => {
    if (one) come(one);
    setChosen("");
  };
  return html`
    <div class="field">
      <label for=${id}>${t("team.come")}</label>
      <div class="copied">
        <select id=${id} value=${chosen} onChange=${(/** @type {any} */ e) => setChosen(e.target.value)}>
          <option value="" selected=${!chosen}>${t("team.choose")}</option>
          ${staff.map((other) => html`<option key=${other.id} value=${other.id} selected=${other.id === chosen}>${other.name}, ${rolesOf(other).join(", ")}</option>`)}
        </select>
        <button class="quiet" type="button" disabled=${!one} onClick=${add}>${t("add")}</button>
      </div>
    </div>
  `;
}
