/** What a connection has carried so far. */

/** Packets that arrived, and whether they came through a relay. @param {RTCPeerConnection} connection @returns {Promise<{packets: number, relayed: boolean}>} */
export async function received(connection) {
  let packets = 0;
  let relayed = false;
  /** @type {Map<string, any>} */
  const found = new Map();
  (await connection.getStats()).forEach((/** @type {any} */ one) => found.set(one.id, one));
  for (const one of found.values()) {
    if (one.type === "inbound-rtp") packets += one.packetsReceived ?? 0;
    if (one.type === "transport") relayed = found.get(found.get(one.selectedCandidatePairId)?.localCandidateId)?.candidateType === "relay";
  }
  return { packets, relayed };
}
