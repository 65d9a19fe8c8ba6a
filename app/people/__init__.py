"""The people: patients, those who stand beside them, and their organisations."""
