/** What changes for the person, as it happens: Server-Sent Events read from a fetch, because EventSource sends no token. */
import { asked } from "./api.js";
import { goOut } from "./session.js";
import { useEffect } from "./ui.js";

const SILENCE = 40_000;
const LONGEST_WAIT = 20_000;
const PATIENCE = 1000;

/** @type {EventTarget} */
const changes = new EventTarget();

addEventListener("online", () => announce("resumed"));

/** Tell the views on this page that something changed. @param {string} topic */
export function announce(topic) {
  changes.dispatchEvent(new Event(topic));
}

/** Do something whenever one of these changes, and after a time without connection. @param {string[]} topics @param {() => void} act */
export function useChanges(topics, act) {
  useEffect(() => {
    const all = [...topics, "resumed"];
    for (const topic of all) changes.addEventListener(topic, act);
    return () => {
      for (const topic of all) changes.removeEventListener(topic, act);
    };
  }, [topics.join(), act]);
}

/** @type {Promise<unknown>} */
let listening = Promise.resolve();

/** Until whatever changes from now on is heard of: who reads first and listens then misses what lies between. */
export const heard = () => Promise.resolve().then(() => listening);

/** Listen until told to stop; returns how. A lost stream is resumed where it broke off. */
export function listen() {
  const stop = new AbortController();
  let late = false;
  /** @type {(value?: unknown) => void} */
  let open = () => {};
  listening = new Promise((opened) => (open = opened));
  // Nobody looks at an empty page for long: what was read without waiting is read anew once the stream is there.
  const patience = setTimeout(() => ((late = true), open()), PATIENCE);
  void keepListening(stop.signal, (again) => {
    clearTimeout(patience);
    open();
    if (late || again) announce("resumed");
  });
  return () => (clearTimeout(patience), open(), stop.abort());
}

/** @param {AbortSignal} stopped @param {(again: boolean) => void} opened */
async function keepListening(stopped, opened) {
  const place = { last: "" };
  for (let failures = 0; !stopped.aborted; failures++) {
    const anything = await once(place, stopped, () => opened(failures > 0)).catch(() => false);
    if (anything) failures = 0;
    await pause(Math.min(500 * 2 ** failures, LONGEST_WAIT) * (0.5 + Math.random() / 2), stopped);
  }
}

/** One stream to its end; whether anything was heard. @param {{last: string}} place @param {AbortSignal} stopped @param {() => void} opened */
async function once(place, stopped, opened) {
  const silence = new AbortController();
  /** @type {Record<string, string>} */
  const from = place.last ? { "Last-Event-ID": place.last } : {};
  const signal = AbortSignal.any([stopped, silence.signal]);
  let alarm = 0;
  const response = await asked((who) => {
    alarm = setTimeout(() => silence.abort(), SILENCE);
    return fetch("/v1/events", { headers: { ...who, ...from }, signal });
  });
  if (response.status === 401) goOut();
  if (!response.ok || !response.body) return false;
  opened();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(alarm);
      alarm = setTimeout(() => silence.abort(), SILENCE);
      rest = dispatched(rest + part.value, place);
    }
  } catch (gone) {
    if (stopped.aborted) throw gone;
  } finally {
    clearTimeout(alarm);
  }
  return true;
}

/** Dispatch every complete event in the text; what is left over. After a reset everything is read anew. @param {string} text @param {{last: string}} place */
function dispatched(text, place) {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  for (const block of blocks) {
    const { id, event } = fields(block);
    if (id) place.last = id;
    if (event) announce(event === "reset" ? "resumed" : event);
  }
  return rest;
}

/** The fields of one event; comments have none. @param {string} block @returns {Record<string, string>} */
function fields(block) {
  const pairs = block.split("\n").filter((line) => line && !line.startsWith(":"));
  return Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]));
}

/** @param {number} milliseconds @param {AbortSignal} stopped @returns {Promise<void>} */
function pause(milliseconds, stopped) {
  return new Promise((resume) => {
    const timer = setTimeout(resume, milliseconds);
    const now = () => (clearTimeout(timer), resume());
    stopped.addEventListener("abort", now, { once: true });
    addEventListener("online", now, { once: true });
  });
}
