/** Somebody opens the link that they were given: with the key that came apart from it they are in. */
import { Form } from "../form.js";
import { go } from "../routing.js";
import { session } from "../session.js";
import { comeIn } from "../signin.js";
import { html, useState } from "../ui.js";
import { t } from "../words.js";
import { CodeField } from "./code.js";

/** @param {{secret: string}} props */
export function Invited({ secret }) {
  const [key, setKey] = useState("");
  const send = async () => {
    await comeIn("/v1/invitations/redeem", { secret, key });
    go(session()?.assurance === "full" ? "recovery" : "");
  };
  return html`
    <section class="card narrow" aria-label=${t("invited.title")}>
      <h1>${t("invited.title")}</h1>
      <p class="soft">${t("invited.lead")}</p>
      <${Form} act=${send} say=${t("invited.send")}>
        ${() => html`<${CodeField} id="key" label=${t("invited.key")} hint=${t("invited.key.hint")} value=${key} set=${setKey} digits=${false} />`}
      <//>
    </section>
  `;
}
