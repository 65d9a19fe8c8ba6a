"""Sessions: where somebody is signed in, how that goes on, and how it ends.

How long a session lives is a row of `session_lifetime`. The defaults lean on NIST SP 800-63B-4 (2025), sections 2.1.3,
2.2.3 and 2.3.3: at AAL1 somebody authenticates anew at least every 30 days; at AAL2 at least every 24 hours, and after
an hour without activity; at AAL3 at least every 12 hours, and after 15 minutes. Activity is a refresh here: a page
refreshes only while somebody is at it.

- Clinicians, coordinators, supervisors and program leads sit at workstations that others pass by: 15 minutes idle, 30
  where the browser keeps a device key, and one working day (12 hours) at most. That is within AAL3's absolute and
  AAL2's idle limit.
- Operators decide who may do what, and nobody calls for them in the night: 15 minutes, and 8 hours.
- Peer supporters are on their own phone, which locks by itself and has to be one tap away when it rings: a day idle and
  a week in all with a device key; without one they are at somebody else's machine, and have half an hour and 12 hours.
  What rings does not depend on it: time that runs out ends no pushes.
- Patients are on their own phone, see only what is theirs, and whoever has to sign in anew does not check in that day:
  with a device key 30 days idle and 180 days in all, which is longer than AAL1 asks for, on purpose. What could hurt
  them in a stranger's hands asks for a fresh factor (`step_up`). Without a key it is a borrowed machine: 12 hours idle
  and a day in all. So it is in limited assurance, with a key or without.
"""
