/** The first operator comes in, with the one-time link that the server printed. */
import { post } from "../api.js";
import { newId } from "../ids.js";
import { Field, Trouble, useAct } from "../parts.js";
import { go } from "../routing.js";
import { enter } from "../session.js";
import { html, useMemo, useState } from "../ui.js";
import { t } from "../words.js";

/** @param {{secret: string}} props */
export function SetUp({ secret }) {
  const ids = useMemo(() => ({ organisationId: newId(), operatorId: newId() }), []);
  const [form, setForm] = useState({
    organisationName: "",
    organisationKind: "sud-program",
    operatorName: "",
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  const { busy, problem, run } = useAct(async () => {
    const signedIn = await post("/v1/setup", { secret, ...ids, ...form });
    go("");
    enter(signedIn);
  });
  const set = (/** @type {keyof form} */ name) => (/** @type {any} */ event) => setForm({ ...form, [name]: event.target.value });
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    void run();
  };
  return html`
    <form class="card narrow" onSubmit=${send}>
      <h1>${t("setup.title")}</h1>
      <p class="soft">${t("setup.lead")}</p>
      <${Field} id="organisation" label=${t("setup.organisation")}>
        <input id="organisation" required maxlength="200" value=${form.organisationName} onInput=${set("organisationName")} />
      <//>
      <${Field} id="kind" label=${t("setup.kind")}>
        <select id="kind" value=${form.organisationKind} onChange=${set("organisationKind")}>
          <option value="sud-program">${t("setup.kind.sud-program")}</option>
          <option value="primary-care">${t("setup.kind.primary-care")}</option>
        </select>
      <//>
      <${Field} id="operator" label=${t("setup.operator")}>
        <input id="operator" required maxlength="200" autocomplete="name" value=${form.operatorName} onInput=${set("operatorName")} />
      <//>
      <${Field} id="zone" label=${t("setup.zone")}>
        <input id="zone" required maxlength="64" list="zones" value=${form.timeZone} onInput=${set("timeZone")} />
        <datalist id="zones">${Intl.supportedValuesOf("timeZone").map((zone) => html`<option value=${zone} />`)}</datalist>
      <//>
      <${Trouble} problem=${problem} />
      <button class="wide" aria-busy=${busy} disabled=${busy}>${t("setup.send")}</button>
    </form>
  `;
}
