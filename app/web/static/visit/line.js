/**
 * The socket of a visit, protocol visit.v1: says hello, counts what is said and heard, and hands over one message after
 * the other, so that a candidate is never handled before the description that it belongs to.
 */

const PROTOCOL = "visit.v1";
const IDLE = 15_000;

/** @typedef {{t: string, [field: string]: any}} Message */
/** @typedef {{hear: (message: Message) => Promise<void>, stumbled: (problem: Error) => void, closed: (code: number) => void}} Ears */

export class Line {
  #said = 0;
  #taken = 0;
  /** @type {Promise<void>} */
  #turn = Promise.resolve();
  #quiet = true;

  /** @param {import("../types.js").Entry} entry @param {Ears} ears */
  constructor(entry, ears) {
    this.#quiet = false;
    this.socket = new WebSocket(address(entry.socket), PROTOCOL);
    this.socket.onopen = () => this.#send({ t: "hello", v: 1, ticket: entry.ticket });
    this.socket.onmessage = (event) => this.#take(JSON.parse(event.data), ears);
    this.socket.onclose = (event) => this.#closed(event.code, ears);
    this.pinging = setInterval(() => this.#send({ t: "ping", ack: this.#taken }), IDLE);
  }

  /** Say something, as the next in our count. @param {Message} message */
  say(message) {
    this.#send({ ...message, id: ++this.#said, ack: this.#taken });
  }

  /** Hang up; nothing is heard from this line any more. */
  close() {
    this.#quiet = true;
    clearInterval(this.pinging);
    this.socket.close(1000);
  }

  /** @param {Message} message */
  #send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** @param {Message} message @param {Ears} ears */
  #take(message, ears) {
    if (typeof message.seq === "number") this.#taken = Math.max(this.#taken, message.seq);
    this.#turn = this.#turn.then(() => (this.#quiet ? undefined : ears.hear(message))).catch(ears.stumbled);
  }

  /** What was said last is heard before the end. @param {number} code @param {Ears} ears */
  #closed(code, ears) {
    clearInterval(this.pinging);
    void this.#turn.then(() => this.#quiet || ears.closed(code));
  }
}

/** A page that was opened as localhost stays with that name: a socket is let in from its own host only. @param {string} given */
function address(given) {
  const wanted = new URL(given);
  const loopback = ["localhost", "127.0.0.1", "[::1]"];
  if (wanted.port === location.port && [wanted.hostname, location.hostname].every((name) => loopback.includes(name))) {
    wanted.hostname = location.hostname;
  }
  return wanted.href;
}
