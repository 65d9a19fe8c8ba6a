/** Who may what, as the server holds it. Made by `python3 -m app access --page` from its declaration. */

/** @type {Record<string, string[]>} */
export const MAY = {
  "add coverage": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "add own-authenticator": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "add own-contacts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "add own-duty": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "supervisor",
    "program-lead"
  ],
  "add own-hours": [
    "peer",
    "counselor",
    "prescriber"
  ],
  "add own-passkeys": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "add own-provider": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "add rotations": [
    "coordinator",
    "supervisor"
  ],
  "add staff": [
    "operator"
  ],
  "add thresholds": [
    "supervisor",
    "program-lead"
  ],
  "approve own-approvals": [],
  "arrange care-team": [
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "ask closure": [],
  "ask exports": [],
  "ask own-approvals": [],
  "ask own-vouches": [],
  "begin own-authenticator": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "begin own-passkeys": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "begin own-provider": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "block threads": [],
  "book appointments": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "break-glass emergency": [
    "prescriber",
    "primary-care"
  ],
  "bring-in identity": [
    "counselor",
    "prescriber",
    "coordinator"
  ],
  "cancel appointments": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "change check-in-questions": [
    "program-lead",
    "operator"
  ],
  "change own-account": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "change own-contacts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "change own-passkeys": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "change staff": [
    "operator"
  ],
  "claim alerts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "supervisor",
    "program-lead"
  ],
  "close alerts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "supervisor",
    "program-lead"
  ],
  "close own-devices": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "close own-feed": [
    "peer",
    "counselor",
    "prescriber"
  ],
  "complete appointments": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber"
  ],
  "contact alerts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "supervisor",
    "program-lead"
  ],
  "download exports": [],
  "end coverage": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "end legal-holds": [
    "supervisor"
  ],
  "end own-account": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "end own-duty": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "supervisor",
    "program-lead"
  ],
  "end rotations": [
    "coordinator",
    "supervisor"
  ],
  "enter visits": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber"
  ],
  "find newcomers": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "find recoveries": [
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor",
    "program-lead",
    "operator"
  ],
  "flag threads": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber"
  ],
  "list appointments": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber"
  ],
  "list closures": [
    "supervisor"
  ],
  "list coverage": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "list identity": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "operator"
  ],
  "list legal-parameters": [
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "list recipients": [],
  "list staff": [
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor",
    "operator"
  ],
  "list threads": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber"
  ],
  "list visits": [],
  "listen own-events": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "make invitations": [
    "counselor",
    "prescriber",
    "coordinator"
  ],
  "make own-recovery-codes": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "make sign-in-links": [
    "operator"
  ],
  "mark marks": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber"
  ],
  "no-show appointments": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber"
  ],
  "open alerts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "supervisor"
  ],
  "open own-feed": [
    "peer",
    "counselor",
    "prescriber"
  ],
  "open threads": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber"
  ],
  "prove own-authenticator": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "prove own-contacts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "prove own-passkeys": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "prove own-provider": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "prove own-session": [],
  "raise alerts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "supervisor",
    "program-lead"
  ],
  "read alerts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "supervisor",
    "program-lead"
  ],
  "read appointments": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "read audit-events": [
    "supervisor"
  ],
  "read care-team": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "read check-in-levels": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "supervisor",
    "program-lead"
  ],
  "read check-in-questions": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "read check-ins": [
    "counselor",
    "prescriber",
    "primary-care",
    "supervisor"
  ],
  "read closure": [],
  "read consent-forms": [],
  "read consents": [
    "supervisor",
    "privacy-officer"
  ],
  "read contact-preferences": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "read disclosures": [
    "supervisor",
    "privacy-officer"
  ],
  "read dose-log": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "supervisor"
  ],
  "read doses": [],
  "read emergency": [
    "prescriber",
    "primary-care",
    "supervisor",
    "privacy-officer"
  ],
  "read exports": [],
  "read identity": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "read legal-holds": [
    "supervisor"
  ],
  "read own-account": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "read own-approvals": [],
  "read own-authenticator": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "read own-contacts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "read own-devices": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "read own-duty": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "supervisor",
    "program-lead"
  ],
  "read own-hours": [
    "peer",
    "counselor",
    "prescriber"
  ],
  "read own-passkeys": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "read own-provider": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "read own-recovery-codes": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "read own-vouches": [],
  "read record": [
    "counselor",
    "prescriber",
    "primary-care",
    "supervisor"
  ],
  "read regimens": [
    "counselor",
    "prescriber",
    "primary-care",
    "supervisor"
  ],
  "read rotations": [
    "coordinator",
    "supervisor"
  ],
  "read security-events": [
    "supervisor"
  ],
  "read slots": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "read threads": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber"
  ],
  "read thresholds": [
    "counselor",
    "prescriber",
    "supervisor",
    "program-lead",
    "operator"
  ],
  "receive own-devices": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "record check-ins": [],
  "redeem own-vouches": [],
  "refuse own-account": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "refuse own-approvals": [],
  "register own-devices": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "release alerts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "supervisor",
    "program-lead"
  ],
  "remove own-authenticator": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "remove own-contacts": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "remove own-hours": [
    "peer",
    "counselor",
    "prescriber"
  ],
  "remove own-passkeys": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "remove own-provider": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "replace own-hours": [
    "peer",
    "counselor",
    "prescriber"
  ],
  "reschedule appointments": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "review alerts": [
    "supervisor"
  ],
  "review emergency": [
    "supervisor",
    "privacy-officer"
  ],
  "revoke consents": [
    "privacy-officer"
  ],
  "set legal-holds": [
    "supervisor"
  ],
  "sign consents": [],
  "sign-out own-account": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "skipped doses": [],
  "start regimens": [
    "prescriber"
  ],
  "stop regimens": [
    "prescriber"
  ],
  "take-back closure": [],
  "taken doses": [],
  "test own-devices": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "unblock threads": [],
  "use own-recovery-codes": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "primary-care",
    "coordinator",
    "supervisor",
    "program-lead",
    "privacy-officer",
    "operator"
  ],
  "vouch newcomers": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor"
  ],
  "vouch recoveries": [
    "counselor",
    "prescriber",
    "coordinator",
    "supervisor",
    "program-lead",
    "operator"
  ],
  "write threads": [
    "peer",
    "peer-lead",
    "counselor",
    "prescriber"
  ]
};
/** @type {string[]} */
export const ANSWER_CRISES = [
  "counselor",
  "prescriber",
  "supervisor",
  "program-lead"
];
/** @type {string[]} */
export const LEADERS = [
  "counselor",
  "prescriber",
  "supervisor"
];
/** @type {string[]} */
export const BESIDE = [
  "peer",
  "peer-lead",
  "counselor",
  "prescriber",
  "primary-care",
  "supervisor"
];

/** Whether they hold one of these. @param {{roles: string[]}} one @param {string[]} roles */
export const has = (one, roles) => one.roles.some((role) => roles.includes(role));

/** Whether a role of theirs may do that at all. @param {{roles: string[]}} one @param {string} what */
export const may = (one, what) => has(one, MAY[what] ?? []);
