/** The first operator comes in, with the one-time link that the server printed. */
import { Form, NameField, ZoneField } from "../form.js";
import { newId } from "../ids.js";
import { Field } from "../parts.js";
import { go } from "../routing.js";
import { comeIn } from "../signin.js";
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
  const begin = async () => {
    await comeIn("/v1/setup", { secret, ...ids, ...form });
    go("");
  };
  const set = (/** @type {keyof form} */ name) => (/** @type {string} */ value) => setForm({ ...form, [name]: value });
  return html`
    <section class="card narrow">
      <h1>${t("setup.title")}</h1>
      <p class="soft">${t("setup.lead")}</p>
      <${Form} act=${begin} say=${t("setup.send")}>
        ${(/** @type {Error | null} */ problem) => html`
          <${NameField} id="organisation" label=${t("setup.organisation")} pointer="/organisationName" problem=${problem} value=${form.organisationName} set=${set("organisationName")} />
          <${Field} id="kind" label=${t("setup.kind")}>
            <select id="kind" value=${form.organisationKind} onChange=${(/** @type {any} */ e) => set("organisationKind")(e.target.value)}>
              <option value="sud-program">${t("setup.kind.sud-program")}</option>
              <option value="primary-care">${t("setup.kind.primary-care")}</option>
            </select>
          <//>
          <${NameField} id="operator" label=${t("setup.operator")} pointer="/operatorName" own problem=${problem} value=${form.operatorName} set=${set("operatorName")} />
          <${ZoneField} id="zone" problem=${problem} value=${form.timeZone} set=${set("timeZone")} />
        `}
      <//>
    </section>
  `;
}
