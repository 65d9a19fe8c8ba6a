/** The shapes that the API answers with, as far as the page reads them. */

/** @typedef {{id: string, name: string, kind: string, part2: boolean, timeZone: string}} Organisation */
/** @typedef {{id: string, name: string, roles: string[], organisation: Organisation, timeZone: string, language: string, assurance: "limited" | "full", wishes: {peerBeside: boolean, sharesDoses: boolean} | null}} Me whole, unless `assurance` is limited */
/** @typedef {{id: string, this: boolean, device: string | null, signedInBy: string, assurance: "limited" | "full", startedAt: string, lastUsedAt: string, expiresAt: string, endedAt: string | null, endedBecause: string | null}} Session */
/** @typedef {{title: string, detail: string, call: string | null, textTo: string | null}} CrisisResource */
/** @typedef {{language: string, resources: CrisisResource[]}} CrisisCard */
/** @typedef {{id: string, date: string, version: number, mood: number, craving: number, wantsToTalk: boolean, inDanger: boolean, sleepHours: number | null, triggers: string[], used: string[] | null, medicationTaken: string | null, note: string, answeredAt: string}} CheckIn */
/** @typedef {CheckIn & {support: string, alertId: string | null, crisis: CrisisCard | null, harmReduction: {language: string, lines: string[]} | null}} RecordedCheckIn */
/** @typedef {{date: string, opensAt: string, closesAt: string, isOpen: boolean, answered: CheckIn | null, streak: {days: number, ofLast7: number, ofLast30: number, longest: number}}} Today */
/** @typedef {{question: "sleep" | "triggers" | "used" | "medication" | "note", required: boolean, choices: string[], english: string, spanish: string}} Question */
/** @typedef {{date: string, mood: number, craving: number}} TrendDay */
/** @typedef {{days: TrendDay[], moodMean7: number | null, moodMean: number | null, cravingMean7: number | null, cravingMean: number | null}} Trend */
/** @typedef {{state: "none" | "nobody" | "told" | "answering", since: string | null, answeredBy: string | null}} Support */
/** @typedef {{id: string, name: string, roles: string[], lead: boolean, onDuty: boolean}} TeamMember */
/** @typedef {{id: string, patientId: string, patientName: string, staffId: string, staffName: string, kind: string, startsAt: string, endsAt: string, status: string}} Appointment */
/** @typedef {{staffId: string, staffName: string, startsAt: string, endsAt: string, onYourTeam: boolean}} Slot */
/** @typedef {{id: string, medicine: string, slot: string, dueAt: string, state: "pending" | "taken" | "skipped" | "superseded", answeredAt: string | null}} Occurrence */
/** @typedef {{id: number, at: string, by: "you" | "staff" | "cairn" | "calendar" | "server" | "somebody", name: string | null, roles: string[], organisation: string | null, action: string, category: string, purposes: string[]}} Look */
/** @typedef {{id: string, name: string}} AlertPatient */
/** @typedef {{id: string, alertClass: "p0" | "p1" | "p2" | "p3", late: boolean, openedAt: string, claimedBy: string | null, claimedByName: string | null, claimedAt: string | null, contactedAt: string | null, closedAt: string | null, outcome: string | null, version: number, kind: "signal" | "person" | "worry" | "matter", person: {patient: AlertPatient} | null, worry: {reasons: string[], why: string} | null, matter: {patient: AlertPatient, reasons: string[], why: string, level: {mood: number, craving: number, wantsToTalk: boolean} | null} | null}} Alert */
/** @typedef {{id: string, startsAt: string, endsAt: string}} DutyShift */
/** @typedef {{person: string, name: string, role: string, organisation: string}} DemoPerson */
/** @typedef {{id: string, name: string, timeZone: string, language: string, disclosure?: Notice}} Patient */
/** @typedef {{id: string, name: string, roles: string[], timeZone: string, language: string, version: string}} StaffMember */
/** @typedef {{urls: string[], username: string, credential: string}} IceServer */
/** @typedef {{socket: string, ticket: string, expiresAt: string, ice: {servers: IceServer[], ttl: number, policy: "all" | "relay"}}} Entry */
/** @typedef {{statement: string, version: number, language: string, scope: string[], purpose: string, consentId: string | null, breakGlassId: string | null, expiresAt: string | null, expiresWith: string | null}} Notice */
/** @typedef {{id: string, kind: string, patient: string, recipient: string, categories: string[], purpose: string, signedAt: string, expiresAt: string | null, expiresWith: string | null, revokedAt: string | null, how: string | null, state: "live" | "expired" | "revoked"}} ConsentSummary */
/** @typedef {ConsentSummary & {formText: string, formSha256: string, language: string, signature: string, signaturePath: string | null}} Consent */
/** @typedef {{value: string, words: string}} Choice */
/** @typedef {{kind: string, language: string, version: number, title: string, categories: Choice[], purposes: Choice[], recipients: Choice[], expiries: Choice[], rightToRevoke: string, statements: string[], expiresOn: string, notice: string}} ConsentForm */
/** @typedef {{id: string, name: string, roles: string[]}} Receiver */
/** @typedef {{id: string, name: string, kind: string, people: Receiver[]}} ReceivingOrganisation */
/** @typedef {{id: string, disclosedAt: string, discloser: string, recipient: string, recipientOrganisation: string, category: string, purpose: string}} Disclosure */
/** @typedef {{id: string, patientId: string, patient: string, recipientId: string, recipient: string, affiliation: string, discloser: string, brokenAt: string, endsAt: string, nature: string, reviewedAt: string | null, finding: string | null, note: string | null}} BreakGlass */

export {};
