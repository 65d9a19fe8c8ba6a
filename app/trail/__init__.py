"""The audit as it is read: by a patient, by who oversees a program, and by whoever checks that nobody changed it."""
