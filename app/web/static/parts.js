/** Small pieces that every view is made of. */
import { html, useEffect, useRef, useState } from "./ui.js";
import { t } from "./words.js";

/** Three stones, one on the other. */
export const Mark = () => html`
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <ellipse cx="16" cy="25.5" rx="12" ry="4.5" class="stone-low" />
    <ellipse cx="15.4" cy="16.8" rx="8.6" ry="3.9" class="stone-middle" />
    <ellipse cx="16.6" cy="9.2" rx="5.2" ry="3.2" class="stone-top" />
  </svg>
`;

/** A person's initials on a colour that is always the same for them. @param {{name: string, duty?: boolean}} props */
export function Avatar({ name, duty = false }) {
  const words = name.replace(/^Dr\.\s+/, "").split(/\s+/);
  const letters = `${words[0]?.[0] ?? ""}${words.length > 1 ? words.at(-1)?.[0] : ""}`;
  const tone = [...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % 5;
  return html`<span class="avatar tone-${tone}" aria-hidden="true">${letters}${duty && html`<i class="duty-dot"></i>`}</span>`;
}

/** A titled part of a page. @param {{title: string, name?: string, aside?: any, children?: any}} props */
export function Card({ title, name = "", aside = null, children }) {
  return html`
    <section class="card ${name}" aria-label=${title}>
      <header class="card-head"><h2>${title}</h2>${aside}</header>
      ${children}
    </section>
  `;
}

/** What went wrong, and a way on. @param {{problem: Error | null, again?: () => void}} props */
export function Trouble({ problem, again }) {
  if (!problem) return null;
  return html`
    <div class="trouble" role="alert">
      <p>${problem.message}</p>
      ${again && html`<button class="quiet" type="button" onClick=${again}>${t("tryAgain")}</button>`}
    </div>
  `;
}

/**
 * What is loaded, or why it is not. Whatever was shown stays when the next answer fails.
 * @param {{of: import("./loaded.js").Loaded<any>, children: (value: any) => any}} props
 */
export function Shown({ of, children }) {
  if (of.value === null && !of.problem) return html`<p class="waiting">${t("loading")}</p>`;
  return html`<${Trouble} problem=${of.problem} again=${of.again} />${of.value !== null && children(of.value)}`;
}

/**
 * A button that does something once at a time and says what went wrong.
 * @param {{act: () => Promise<unknown>, look?: string, label?: string, children?: any}} props
 */
export function Act({ act, look = "", label, children }) {
  const { busy, problem, run } = useAct(act);
  return html`
    <button class=${look} type="button" aria-label=${label} aria-busy=${busy} disabled=${busy} onClick=${run}>${children}</button>
    ${problem && html`<span class="trouble small" role="alert">${problem.message}</span>`}
  `;
}

/** Run something once at a time; what went wrong stays until the next try. @param {() => Promise<unknown>} act */
export function useAct(act) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {Error | null} */ (null));
  const run = async () => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    await act().catch(setProblem);
    setBusy(false);
  };
  return { busy, problem, run };
}

/** A labelled field, and what is wrong with it. @param {{label: string, hint?: string, fault?: string, id: string, children?: any}} props */
export const Field = ({ label, hint, fault, id, children }) => html`
  <div class="field">
    <label for=${id}>${label}</label>
    ${children}
    ${fault && html`<p class="fault" id="${id}-fault" role="alert">${fault}</p>`}
    ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
  </div>
`;

/** On or off. @param {{on: boolean, turn: (on: boolean) => void, danger?: boolean, describedBy?: string, children?: any}} props */
export const Switch = ({ on, turn, danger = false, describedBy, children }) => html`
  <label class="switch ${danger ? "danger" : ""}">
    <input type="checkbox" role="switch" checked=${on} aria-describedby=${describedBy} onChange=${(/** @type {any} */ e) => turn(e.target.checked)} />
    <i aria-hidden="true"></i><span>${children}</span>
  </label>
`;

/**
 * A button that opens and closes something; where several people have the same one, it says whose it is.
 * @param {{open: boolean, turn: () => void, whose?: string, look?: string, children?: any}} props
 */
export const Opener = ({ open, turn, whose, look = "quiet", children }) => html`
  <button class=${look} type="button" aria-expanded=${open} aria-label=${whose && `${children}, ${whose}`} onClick=${turn}>${children}</button>
`;

/** What a button has opened. The focus goes there, and back to where it was when that is closed. @param {{label: string, children?: any}} props */
export function Opened({ label, children }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const here = place.current;
    const before = document.activeElement;
    here?.focus({ preventScroll: true });
    here?.scrollIntoView({ block: "nearest" });
    return () => {
      if (here?.contains(document.activeElement) && before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return html`<div class="opened" role="group" aria-label=${label} tabindex="-1" ref=${place}>${children}</div>`;
}

/** The way to the rest of a long list. @param {{list: {more: (() => void) | null}}} props */
export const More = ({ list }) =>
  list.more && html`<p class="center more"><button class="quiet" type="button" onClick=${list.more}>${t("more")}</button></p>`;
