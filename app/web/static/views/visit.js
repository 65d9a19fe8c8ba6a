/** A visit, or the test of camera and microphone: first to oneself, then the two together. */
import { post } from "../api.js";
import { useLoaded } from "../loaded.js";
import { Mark } from "../parts.js";
import { session, stayAwake } from "../session.js";
import { html, useEffect, useRef, useState } from "../ui.js";
import { Call } from "../visit/call.js";
import { borrow, giveBack } from "../visit/devices.js";
import { t } from "../words.js";

/** @typedef {import("../visit/call.js").Shown} Shown */
/** @typedef {import("../words.js").Key} Key */

const ENDINGS = ["left", "ended", "elsewhere", "full", "mirrorBusy", "timeIsUp"];

/** Without an appointment it is the mirror. @param {{appointmentId?: string}} props */
export function VisitView({ appointmentId }) {
  const [media, setMedia] = useState(/** @type {MediaStream | null} */ (null));
  const [shown, setShown] = useState(/** @type {Shown | null} */ (null));
  const [round, setRound] = useState(0);
  useEffect(stayAwake, []);
  const call = useRef(/** @type {Call | null} */ (null));
  const over = shown?.phase === "over";
  useEffect(() => {
    let gone = false;
    void borrow().then((stream) => (gone ? giveBack(stream) : setMedia(stream)));
    return () => {
      gone = true;
    };
  }, [round]);
  useEffect(() => () => (call.current?.leave(), giveBack(media)), [media]);
  useEffect(() => {
    // What was given back is not shown again to whoever joins again.
    if (over) setMedia(null);
  }, [over]);
  const again = () => {
    call.current = null;
    setShown(null);
    setRound(round + 1);
  };
  const other = useOther(appointmentId);
  const enter = () => post(appointmentId ? `/v1/appointments/${appointmentId}/visit` : "/v1/mirror");
  const see = (/** @type {Shown} */ now) => {
    // Before the page says that one has left, one is not looked at any more: the camera's light is out.
    if (now.phase === "over") giveBack(media);
    setShown(now);
  };
  const join = () => {
    if (media) call.current = new Call(enter, media, see);
  };
  if (over) return html`<${Over} why=${shown.why} again=${again} />`;
  if (shown && call.current) return html`<${Stage} call=${call.current} shown=${shown} media=${media} other=${other} />`;
  return html`<${Lobby} media=${media} mirror=${!appointmentId} join=${join} other=${other} />`;
}

/** Whom the visit is with. @param {string | undefined} appointmentId */
function useOther(appointmentId) {
  const booked = useLoaded(appointmentId ? `/v1/appointments/${appointmentId}` : null);
  /** @type {import("../types.js").Appointment | null} */
  const one = booked.value;
  const name = one && (one.patientId === session()?.personId ? one.staffName : one.patientName);
  return name ?? t(appointmentId ? "visit.other" : "visit.mirror");
}

/** Before: one sees oneself. @param {{media: MediaStream | null, mirror: boolean, join: () => void, other: string}} props */
const Lobby = ({ media, mirror, join, other }) => html`
  <div class="lobby">
    <${Picture} stream=${media} muted mirrored label=${t("visit.you")} />
    <div class="lobby-words">
      <h1>${mirror ? t("mirror.title") : t("visit.title", { name: other })}</h1>
      <p>${t(mirror ? "mirror.lead" : "visit.lead")}</p>
      <p class="soft" role="status">${lacking(media)}</p>
      <button class="main large" type="button" disabled=${!media} onClick=${join}>${t(mirror ? "visit.start" : "visit.join")}</button>
      <p><a href="#/">${t("visit.home")}</a></p>
    </div>
  </div>
`;

/** After. @param {{why: string, again: () => void}} props */
const Over = ({ why, again }) => html`
  <div class="over">
    <${Mark} />
    <div role="status"><h1>${ending(why)}</h1></div>
    <div class="row">
      <a class="button" href="#/">${t("visit.home")}</a>
      <button class="quiet" type="button" onClick=${again}>${t("visit.again")}</button>
    </div>
  </div>
`;

/** How it ended: one of our own words, or the sentence with which the server refused. @param {string} why */
const ending = (why) => (ENDINGS.includes(why) ? t(/** @type {Key} */ (`visit.${why}`)) : why);

/** What is missing of camera and microphone. @param {MediaStream | null} media */
function lacking(media) {
  if (!media) return t("visit.asking");
  if (!media.getTracks().length) return t("visit.noMedia");
  return media.getVideoTracks().length ? "" : t("visit.noCamera");
}

/** @param {{call: Call, shown: Shown, media: MediaStream | null, other: string}} props */
function Stage({ call, shown, media, other }) {
  const { phase, remote, theirs, relayed } = shown;
  const line = t(/** @type {Key} */ (`visit.${phase}`), { name: other });
  return html`
    <div class="stage ${phase}">
      <${Picture} stream=${remote} label=${line} big />
      ${phase === "together" && !theirs.video && html`<p class="veil">${t("visit.theirsDark")}</p>`}
      <div class="status" role="status">
        <i class="pulse" aria-hidden="true"></i><span>${line}</span>
        ${phase === "together" && relayed && html`<small>${t("visit.relayed")}</small>`}
        ${phase === "together" && !theirs.audio && html`<small>${t("visit.theirsMuted")}</small>`}
        ${phase === "stuck" && html`<button class="quiet" type="button" onClick=${() => call.retry()}>${t("tryAgain")}</button>`}
      </div>
      <div class="self"><${Picture} stream=${media} muted mirrored label=${t("visit.you")} /></div>
      <${Controls} call=${call} media=${media} />
    </div>
  `;
}

/** @param {{call: Call, media: MediaStream | null}} props */
function Controls({ call, media }) {
  const [on, setOn] = useState({ audio: enabled(media, "audio"), video: enabled(media, "video") });
  const turn = (/** @type {"audio" | "video"} */ kind) => () => {
    call.turn(kind, !on[kind]);
    setOn({ ...on, [kind]: !on[kind] });
  };
  const has = (/** @type {string} */ kind) => media?.getTracks().some((track) => track.kind === kind);
  return html`
    <div class="controls">
      ${has("audio") && html`<button type="button" class=${on.audio ? "" : "off"} onClick=${turn("audio")}>${t(on.audio ? "visit.mute" : "visit.unmute")}</button>`}
      ${has("video") && html`<button type="button" class=${on.video ? "" : "off"} onClick=${turn("video")}>${t(on.video ? "visit.cameraOff" : "visit.cameraOn")}</button>`}
      <button type="button" class="hang-up" onClick=${() => call.leave()}>${t("visit.leave")}</button>
    </div>
  `;
}

/** @param {MediaStream | null} media @param {string} kind */
const enabled = (media, kind) => !!media?.getTracks().some((track) => track.kind === kind && track.enabled);

/** A moving picture. One's own is mirrored, as in a mirror, and makes no sound. @param {{stream: MediaStream | null, label: string, muted?: boolean, mirrored?: boolean, big?: boolean}} props */
function Picture({ stream, label, muted = false, mirrored = false, big = false }) {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  useEffect(() => {
    if (video.current && video.current.srcObject !== stream) video.current.srcObject = stream;
  }, [stream]);
  return html`<video ref=${video} class="${mirrored ? "mirrored" : ""} ${big ? "big" : ""}" aria-label=${label} autoplay playsinline muted=${muted}></video>`;
}
