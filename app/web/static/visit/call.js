/**
 * A visit from entering to leaving: one line to the room, and one RTCPeerConnection at a time, numbered by `gen`.
 *
 * The patient makes the offers, and so does whoever stands before the mirror; a description that crosses another is
 * settled by perfect negotiation, where whoever does not offer gives way. A connection that carries nothing is replaced by a new
 * generation. Losing the line does not touch the connection.
 */
import { Line } from "./line.js";
import { received } from "./stats.js";

/** @typedef {import("../types.js").Entry} Entry */
/** @typedef {import("./line.js").Message} Message */
/** @typedef {{id: string, role: "patient" | "staff" | "mirror", gen: number}} Person */
/** @typedef {"connecting" | "waiting" | "linking" | "together" | "lost" | "away" | "stuck" | "over"} Phase */
/** @typedef {{phase: Phase, why: string, remote: MediaStream | null, theirs: {audio: boolean, video: boolean}, relayed: boolean}} Shown */

const BATCH = 50;
const LOOK = 1000;
const STALLED_LOOKS = 4;
const SLOWEST_LINK = 12;
const RENEWALS = 3;
/** Closings after which there is nothing to come back to, and the word that says why. */
const FINAL = new Map([[1000, "left"], [4403, "full"], [4409, "elsewhere"], [4410, "ended"]]);
const LONGEST_WAIT = 8000;

export class Call {
  /** @type {Line | null} */ #line = null;
  /** @type {RTCPeerConnection | null} */ #connection = null;
  /** @type {Person | null} */ #me = null;
  /** @type {Person | null} */ #other = null;
  /** @type {RTCConfiguration} */ #ice = {};
  /** @type {RTCIceCandidate[]} */ #found = [];
  #gen = 0;
  #said = 0;
  #offering = false;
  #ignoring = false;
  #arrived = 0;
  #stalled = 0;
  #renewals = 0;
  #failures = 0;
  #why = "";
  #over = false;
  /** @type {Shown} */
  shown = { phase: "connecting", why: "", remote: null, theirs: { audio: true, video: true }, relayed: false };

  /** @param {() => Promise<Entry>} enter @param {MediaStream} media @param {(shown: Shown) => void} show */
  constructor(enter, media, show) {
    this.enter = enter;
    this.media = media;
    this.show = show;
    this.looking = setInterval(() => void this.#look(), LOOK);
    void this.#dial();
  }

  /** Leave; the other person may stay. */
  leave() {
    this.#line?.say({ t: "leave" });
    this.#finish("left");
  }

  /** Turn microphone or camera on or off, and say so. @param {"audio" | "video"} kind @param {boolean} on */
  turn(kind, on) {
    for (const track of this.media.getTracks()) if (track.kind === kind) track.enabled = on;
    this.#sayMedia();
  }

  /** Begin again after the person has asked for it. */
  retry() {
    this.#renewals = 0;
    void this.#renew("asked");
  }

  async #dial() {
    try {
      const entry = await this.enter();
      if (!this.#over) this.#line = new Line(entry, this.#ears());
    } catch (problem) {
      const { message, status } = /** @type {import("../api.js").Problem} */ (problem);
      if (status) this.#finish(message);
      else this.#redial();
    }
  }

  /** @returns {import("./line.js").Ears} */
  #ears() {
    return {
      hear: (message) => this.#hear(message),
      // A description that does not fit our connection is answered by a new connection.
      stumbled: (problem) => (console.warn("A message of the visit did not fit.", problem.name), void this.#renew("stumbled")),
      closed: (code) => this.#hungUp(code),
    };
  }

  #redial() {
    const wait = Math.min(500 * 2 ** this.#failures++, LONGEST_WAIT);
    setTimeout(() => this.#over || void this.#dial(), wait);
  }

  /** @param {number} code */
  #hungUp(code) {
    this.#line = null;
    const final = this.#why || FINAL.get(code);
    if (final) this.#finish(final);
    else this.#redial();
  }

  /** @param {string} why */
  #finish(why) {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.looking);
    this.#line?.close();
    this.#connection?.close();
    this.#tell({ phase: "over", why, remote: null });
  }

  /** @param {Partial<Shown>} part */
  #tell(part) {
    this.shown = { ...this.shown, ...part };
    this.show(this.shown);
  }

  /** @param {Message} message */
  async #hear(message) {
    if (message.t === "welcome") await this.#welcomed(message);
    else if (message.t === "peer") await this.#met(message.presence === "here" ? /** @type {any} */ (message) : null);
    else if (message.t === "desc") await this.#described(message);
    else if (message.t === "cand") await this.#candidates(message);
    else if (message.t === "renew") await this.#renewed(message);
    else if (message.t === "media") this.#tell({ theirs: { audio: message.audio, video: message.video } });
    else if (message.t === "state" && message.phase === "ended") this.#why = message.why || "ended";
    else if (message.t === "error" && message.re === "hello") this.#why = message.code;
  }

  /** @param {Message} welcome */
  async #welcomed(welcome) {
    this.#failures = 0;
    this.#me = welcome.you;
    this.#gen = Math.max(this.#gen, welcome.you.gen);
    this.#ice = { iceServers: welcome.ice.servers, iceTransportPolicy: welcome.ice.policy, bundlePolicy: "max-bundle" };
    await this.#met(welcome.peers[0] ?? null);
  }

  /** The other person has come or gone. Whoever offers begins a new generation with each coming. @param {Person | null} other */
  async #met(other) {
    this.#other = other;
    this.#renewals = 0;
    if (!other) return this.#tell({ phase: this.shown.remote ? "away" : "waiting" });
    this.#gen = Math.max(this.#gen, other.gen);
    this.#sayMedia();
    // Whoever lost the line alone comes back to a connection that still carries; it is kept.
    if (this.#carries()) return this.#tell({ phase: "together" });
    this.#tell({ phase: "linking", theirs: { audio: true, video: true } });
    if (this.#offers()) await this.#begin(this.#gen + 1);
  }

  /** Whether something arrived when we last looked. */
  #carries() {
    return this.#connection?.connectionState === "connected" && this.#stalled === 0;
  }

  /** Whether the offers are ours to make. */
  #offers() {
    return this.#me?.role === "patient" || this.#other?.role === "mirror";
  }

  #sayMedia() {
    const on = (/** @type {string} */ kind) => this.media.getTracks().some((track) => track.kind === kind && track.enabled);
    this.#line?.say({ t: "media", audio: on("audio"), video: on("video") });
  }

  /** A new generation, and its first offer. @param {number} gen */
  async #begin(gen) {
    const connection = this.#connect(gen);
    this.#lend(connection);
    for (const kind of ["audio", "video"]) {
      if (!this.media.getTracks().some((track) => track.kind === kind)) connection.addTransceiver(kind, { direction: "recvonly" });
    }
    await this.#offer(connection);
  }

  /** @param {number} gen */
  #connect(gen) {
    this.#connection?.close();
    this.#gen = gen;
    this.#said = this.#arrived = this.#stalled = 0;
    this.#ignoring = false;
    const connection = new RTCPeerConnection(this.#ice);
    const gathered = new MediaStream();
    connection.ontrack = ({ track, streams }) => {
      // Some peers, the mirror among them, send tracks that belong to no stream.
      if (!streams[0]) gathered.addTrack(track);
      this.#tell({ remote: streams[0] ?? gathered });
    };
    connection.onicecandidate = ({ candidate }) => this.#trickle(candidate, gen);
    connection.onnegotiationneeded = () => connection.remoteDescription && void this.#offer(connection);
    connection.onconnectionstatechange = () => connection.connectionState === "failed" && void this.#renew("failed");
    this.#connection = connection;
    return connection;
  }

  /** @param {RTCPeerConnection} connection */
  #lend(connection) {
    for (const track of this.media.getTracks()) connection.addTrack(track, this.media);
  }

  /** @param {RTCPeerConnection} connection */
  async #offer(connection) {
    try {
      this.#offering = true;
      await connection.setLocalDescription();
      this.#sayDescription(connection);
    } catch (problem) {
      if (connection.signalingState !== "closed") throw problem;
    } finally {
      this.#offering = false;
    }
  }

  /** @param {RTCPeerConnection} connection */
  #sayDescription(connection) {
    const description = connection.localDescription;
    if (connection !== this.#connection || !description) return;
    this.#line?.say({ t: "desc", gen: this.#gen, n: this.#said++, type: description.type, sdp: description.sdp });
  }

  /** @param {Message} message */
  async #described(message) {
    if (message.gen < this.#gen) return;
    const fresh = message.gen > this.#gen || !this.#connection;
    if (fresh && message.type !== "offer") return;
    const connection = fresh ? this.#connect(message.gen) : /** @type {RTCPeerConnection} */ (this.#connection);
    const crossed = message.type === "offer" && (this.#offering || connection.signalingState !== "stable");
    this.#ignoring = crossed && !this.#offers();
    if (this.#ignoring) return;
    await connection.setRemoteDescription({ type: message.type, sdp: message.sdp });
    if (message.type !== "offer") return;
    if (fresh) this.#lend(connection);
    await connection.setLocalDescription();
    this.#sayDescription(connection);
  }

  /** @param {Message} message */
  async #candidates(message) {
    if (message.gen !== this.#gen || !this.#connection) return;
    for (const candidate of message.cands ?? []) {
      try {
        await this.#connection.addIceCandidate(candidate);
      } catch (problem) {
        // A candidate of an offer that was not taken fits nowhere; one that is odd is one path less.
        if (!this.#ignoring) console.warn("A candidate could not be used.", /** @type {Error} */ (problem).name);
      }
    }
  }

  /** Candidates go out together, and not each alone. @param {RTCIceCandidate | null} candidate @param {number} gen */
  #trickle(candidate, gen) {
    if (!candidate || gen !== this.#gen) return;
    if (this.#found.push(candidate) > 1) return;
    setTimeout(() => {
      const cands = this.#found.splice(0).map((one) => one.toJSON());
      if (gen === this.#gen) this.#line?.say({ t: "cand", gen, cands });
    }, BATCH);
  }

  /** The other side asks for a new generation. @param {Message} message */
  async #renewed(message) {
    if (message.gen <= this.#gen) return;
    if (this.#offers()) await this.#begin(message.gen);
    else this.#connect(message.gen);
  }

  /** Replace a connection that carries nothing: by an offer of our own, or by asking for one. @param {string} why */
  async #renew(why) {
    if (!this.#other || !this.#line) return;
    if (this.#renewals++ >= RENEWALS) return this.#tell({ phase: "stuck" });
    this.#stalled = 0;
    if (this.shown.phase !== "linking") this.#tell({ phase: "lost" });
    if (this.#offers()) await this.#begin(this.#gen + 1);
    else {
      this.#gen += 1;
      this.#line.say({ t: "renew", gen: this.#gen, why });
      this.#connect(this.#gen);
    }
  }

  /** Once a second: does anything arrive? That alone decides what is shown, and when to begin again. */
  async #look() {
    const connection = this.#connection;
    if (!connection || this.#over) return;
    const { packets, relayed } = await received(connection);
    if (connection !== this.#connection || this.#over) return;
    const flows = packets > this.#arrived;
    this.#arrived = packets;
    this.#stalled = flows ? 0 : this.#stalled + 1;
    if (!this.#other) return this.#stalled === STALLED_LOOKS ? this.#tell({ phase: "waiting", remote: null }) : undefined;
    if (flows && this.shown.phase !== "together") {
      this.#renewals = 0;
      this.#tell({ phase: "together", relayed });
    }
    if (this.#stalled >= (packets ? STALLED_LOOKS : SLOWEST_LINK)) await this.#renew("stalled");
  }
}
