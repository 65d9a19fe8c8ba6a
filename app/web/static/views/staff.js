/** Who works here, and what an operator does about that: add somebody, change their roles, make them a way in. */
import { post, put } from "../api.js";
import { faultAt, Form, NameField, Where } from "../form.js";
import { newId } from "../ids.js";
import { usePages } from "../loaded.js";
import { Avatar, Card, More, Opened, Opener, Shown } from "../parts.js";
import { html, useMemo, useState } from "../ui.js";
import { t, tCode } from "../words.js";
import { SignInLink } from "./link.js";

/** @typedef {import("../types.js").Me} Me */
/** @typedef {import("../types.js").StaffMember} StaffMember */

const ROLES = ["counselor", "prescriber", "peer", "peer-lead", "coordinator", "supervisor", "program-lead", "primary-care", "privacy-officer", "operator"];

/** @param {{me: Me}} props */
export function Staff({ me }) {
  const staff = usePages("/v1/staff");
  const [adding, setAdding] = useState(false);
  const [added, setAdded] = useState(/** @type {StaffMember | null} */ (null));
  const done = (/** @type {StaffMember} */ one) => {
    setAdded(one);
    setAdding(false);
    staff.again();
  };
  const add = html`<${Opener} open=${adding} turn=${() => setAdding(!adding)}>${t("staff.add")}<//>`;
  return html`
    <${Card} title=${t("staff.title")} aside=${add}>
      ${adding && html`<${Opened} label=${t("staff.add")}><${AddStaff} me=${me} done=${done} leave=${() => setAdding(false)} /><//>`}
      <p role="status">${added && t("staff.added", { name: added.name })}</p>
      <${Shown} of=${staff}>
        ${(/** @type {{items: StaffMember[]}} */ found) => html`
          <ul class="people kept">
            ${firstOf(added, found.items).map((one) => html`<${Member} key=${one.id} one=${one} begin=${one.id === added?.id ? "link" : ""} again=${staff.again} />`)}
          </ul>
        `}
      <//>
      <${More} list=${staff} />
    <//>
  `;
}

/**
 * Whoever has just come stands first, wherever their name would put them.
 * @template {{id: string}} T
 * @param {T | null} added @param {T[]} items @returns {T[]}
 */
export const firstOf = (added, items) =>
  added ? [items.find((one) => one.id === added.id) ?? added, ...items.filter((one) => one.id !== added.id)] : items;

/** @param {{one: StaffMember, begin: string, again: () => void}} props */
function Member({ one, begin, again }) {
  const [open, setOpen] = useState(begin);
  const close = () => setOpen("");
  const turn = (/** @type {string} */ what) => () => setOpen(open === what ? "" : what);
  return html`
    <li>
      <${Avatar} name=${one.name} />
      <div class="grow">
        <strong>${one.name}</strong>
        <small>${one.roles.map((role) => tCode("role", role)).join(" · ") || t("staff.noRole")}</small>
      </div>
      <div class="row ways">
        <${Opener} open=${open === "roles"} turn=${turn("roles")} whose=${one.name} look="plain">${t("staff.roles.change")}<//>
        <${Opener} open=${open === "link"} turn=${turn("link")} whose=${one.name} look="plain">${t("link.title")}<//>
      </div>
      ${open === "roles" && html`<${Opened} key="roles" label="${t("staff.roles.change")}, ${one.name}"><${ChangeRoles} one=${one} again=${again} leave=${close} /><//>`}
      ${open === "link" && html`<${Opened} key="link" label=${t("link.for", { name: one.name })}><${SignInLink} person=${one} leave=${close} /><//>`}
    </li>
  `;
}

/** The id is made once, so that sending again after a lost answer adds them once. @param {{me: Me, done: (one: StaffMember) => void, leave: () => void}} props */
function AddStaff({ me, done, leave }) {
  const id = useMemo(newId, []);
  const [form, setForm] = useState({ name: "", roles: /** @type {string[]} */ ([]), timeZone: me.organisation.timeZone, language: me.language });
  const change = (/** @type {Partial<typeof form>} */ part) => setForm({ ...form, ...part });
  const send = async () => done(await post("/v1/staff", { id, ...form }));
  return html`
    <${Form} act=${send} say=${t("add")} leave=${leave}>
      ${(/** @type {Error | null} */ problem) => html`
        <${NameField} id="staff-name" problem=${problem} value=${form.name} set=${(/** @type {string} */ name) => change({ name })} />
        <${Roles} id="staff" problem=${problem} chosen=${form.roles} choose=${(/** @type {string[]} */ roles) => change({ roles })} />
        <${Where} id="staff" problem=${problem} form=${form} change=${change} />
      `}
    <//>
  `;
}

/** @param {{one: StaffMember, again: () => void, leave: () => void}} props */
function ChangeRoles({ one, again, leave }) {
  const [roles, setRoles] = useState(one.roles);
  const send = async () => {
    await put(`/v1/staff/${one.id}/roles`, { roles }, one);
    again();
    leave();
  };
  return html`
    <${Form} act=${send} say=${t("save")} leave=${leave}>
      ${(/** @type {Error | null} */ problem) => html`<${Roles} id=${one.id} problem=${problem} chosen=${roles} choose=${setRoles} />`}
    <//>
  `;
}

/** Each role with what it may do. @param {{id: string, problem: Error | null, chosen: string[], choose: (roles: string[]) => void}} props */
function Roles({ id, problem, chosen, choose }) {
  const fault = faultAt(problem, "/roles");
  const turn = (/** @type {string} */ role, /** @type {boolean} */ on) => choose(on ? [...chosen, role] : chosen.filter((one) => one !== role));
  return html`
    <fieldset class="roles">
      <legend>${t("staff.roles")}</legend>
      <div class="picks">${ROLES.map((role) => html`<${Pick} id="${id}-${role}" role=${role} on=${chosen.includes(role)} turn=${turn} />`)}</div>
      ${fault && html`<p class="fault" role="alert">${fault}</p>`}
      ${!chosen.length && html`<p class="hint">${t("staff.roles.none")}</p>`}
    </fieldset>
  `;
}

/** @param {{id: string, role: string, on: boolean, turn: (role: string, on: boolean) => void}} props */
const Pick = ({ id, role, on, turn }) => html`
  <label class="pick">
    <input type="checkbox" checked=${on} aria-labelledby="${id}-is" aria-describedby="${id}-may" onChange=${(/** @type {any} */ e) => turn(role, e.target.checked)} />
    <span><strong id="${id}-is">${tCode("role", role)}</strong><small id="${id}-may">${tCode("may", role)}</small></span>
  </label>
`;
