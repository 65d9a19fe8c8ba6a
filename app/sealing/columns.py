"""Every column that holds sealed text: its table, the name that its text is bound to, and whose key closes it."""

from msgspec import Struct


class Column(Struct, frozen=True):
    """`place` is the column's name in what the text is bound to; `name` the column itself."""

    table: str
    place: str
    owner: str

    @property
    def name(self) -> str:
        """As it is called in the database."""
        return self.place if self.place == "sealed" else f"{self.place}_sealed"


COLUMNS = (
    Column("address", "value", "person_id"),
    Column("alert_review", "note", "patient_id"),
    Column("break_glass", "nature", "patient_id"),
    Column("break_glass_review", "note", "patient_id"),
    Column("check_in", "note", "patient_id"),
    Column("contact", "value", "person_id"),
    Column("export", "archive", "patient_id"),
    Column("legal_hold", "reason", "patient_id"),
    Column("message", "text", "patient_id"),
    Column("totp", "sealed", "person_id"),
)
