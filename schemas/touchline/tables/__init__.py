"""The store's tables: numbered migrations, and the rows that are written as differences."""

from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from touchline.tables.rows import (
    AccountRow,
    AlertActRow,
    AlertRow,
    ChangeEffectRow,
    FrictionChangeRow,
    FrictionRow,
    HeldAlertRow,
    IdentityRow,
    JourneyRow,
    OccurrenceRow,
    OutboxRow,
    RuleImpactRow,
)

__all__ = [
    "DESK_TABLES",
    "AccountRow",
    "AlertActRow",
    "AlertRow",
    "ChangeEffectRow",
    "FrictionChangeRow",
    "FrictionRow",
    "HeldAlertRow",
    "IdentityRow",
    "JourneyRow",
    "Migration",
    "OccurrenceRow",
    "OutboxRow",
    "RuleImpactRow",
    "migrations",
]

DESK_TABLES = ("notes", "goals", "segments", "funnels", "alert_acts")
"""The tables of what people write on the live page."""


class Migration(NamedTuple):
    """A file `NNNN_name.sql`: statements that may each be run again, and are never edited once released."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return sha256(self.sql.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """All migrations, in the order in which they apply."""
    found = []
    for file in files(__package__).iterdir():
        stem, dot, ending = file.name.partition(".")
        if dot and ending == "sql":
            number, _, name = stem.partition("_")
            found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return tuple(sorted(found))
