"""Validates the events of rows: what goes into the log, and which rows are refused. Nothing is written."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple
from uuid import uuid5

import msgspec
import orjson

from touchline.collector.acceptance import Acceptance, accept_each
from touchline.collector.accounts import account_row
from touchline.collector.results import Result
from touchline.imports import BadRow, ImportItem, Position
from touchline.imports.refusals import Refusal
from touchline.log.contract import Batch
from touchline.vocabulary.event import IMPORTED
from touchline.vocabulary.ids import NAMESPACE
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import Validator

PORTION = 5_000
"""Events that are made durable together."""

MARK = "import"
"""The field of an imported event's context that names its file and mapping, by their fingerprint."""

# Quick for the events of most files, which need no second look.
_PHONE: Final = re.compile(rb'"phone:(?!\+|hmac-)')


class Portion(msgspec.Struct, frozen=True, array_like=True):
    """The validated events of some rows, as lines of the log.

    Attributes:
        rows: How many rows.
        events: How many events they gave, accepted or not.
        repeated: Events whose id occurred before in this portion.
        conflicting: Those of them whose content differs from the first event with the id.
        ambiguous: Times that fall in an hour that a clock change repeats.
        national: Phone numbers of rows that stay as written, as no region says which country they are of.
        suppressed: Events whose customers refused their purpose.
        refusals: The refused rows.
        position: Where reading resumes after these rows.
        progress: Bytes of the file on the disk that were read so far.
    """

    touchpoints: list[bytes]
    quarantine: list[bytes]
    account: bytes
    received_at: int
    rows: int
    events: int
    repeated: int
    conflicting: int
    ambiguous: int
    national: int
    suppressed: int
    refusals: list[Refusal]
    position: Position
    progress: int

    @property
    def batch(self) -> Batch:
        """What is appended to the log."""
        return Batch(self.touchpoints, self.quarantine, self.received_at, accounts=[self.account])


class Judge(NamedTuple):
    """How events are validated.

    Attributes:
        validator: What the events are validated by.
        mark: The fingerprint of the file and its mapping; empty for events of no file.
    """

    validator: Validator
    mark: str = ""

    def portion(self, items: Sequence[ImportItem], now: int) -> Portion:
        """Validate the events of some rows, at least one, as received at `now` (ms)."""
        sources = [item for item in items for _ in item.events]
        raws = [orjson.dumps(event, default=str) for item in items for event in item.events]
        acceptance = accept_each(
            raws,
            received_at_ms=now,
            producer=IMPORTED,
            validator=self.validator,
            context={MARK: self.mark} if self.mark else None,
        )
        results = acceptance.results
        quarantine: list[bytes] = []
        refusals = [Refusal(item.row, item.rows, item.bad.what) for item in items if item.bad is not None]
        if acceptance.batch.quarantine:
            refused = [at for at, result in enumerate(results) if result.status == "quarantined"]
            for at, line in zip(refused, acceptance.batch.quarantine, strict=True):
                quarantine.append(_refused(orjson.loads(line), sources[at], raws[at], self.mark))
            # A row with several refused events is one refused row, for the first of its reasons.
            first = {id(sources[at]): (sources[at], results[at]) for at in reversed(refused)}
            refusals += (Refusal(item.row, item.rows, why(result)) for item, result in first.values())
            refusals.sort()
        quarantine += (self._bad_row(item, item.bad, now) for item in items if item.bad is not None)
        # A row that is no event is counted as one that could not be used.
        unusable = [Result(None, "quarantined", None)] * (len(quarantine) - len(acceptance.batch.quarantine))
        last = items[-1]
        return Portion(
            touchpoints=list(acceptance.batch.touchpoints),
            quarantine=quarantine,
            account=account_row([*results, *unusable], IMPORTED, now),
            received_at=now,
            rows=sum(item.rows for item in items),
            events=len(raws),
            repeated=sum(result.status == "duplicate" for result in results),
            conflicting=sum(result.conflicting for result in results),
            ambiguous=sum(item.repeated for item in items),
            national=0 if self.validator.normaliser.region else _national(sources, acceptance),
            suppressed=sum(result.status == "suppressed" for result in results),
            refusals=refusals,
            position=last.position,
            progress=last.progress,
        )

    def _bad_row(self, item: ImportItem, bad: BadRow, now: int) -> bytes:
        body, what = bad.body.encode(), bad.what
        if self.validator.privacy is not None:
            # The reason may repeat values of the row.
            body, what = self.validator.privacy.withheld(body), "it cannot be read; the import said why"
        return orjson.dumps(
            {
                "id": _entry_id(item, bad.body.encode()),
                "received_at": now,
                "producer": IMPORTED,
                "reason": Reason.MALFORMED_JSON,
                "message": f"{item.file}, row {bad.row}: {what}",
                "field": "",
                "body": body.decode(),
                "mark": self.mark,
            }
        )


def why(result: Result) -> str:
    """Why an event is refused: the field, and what is wrong with it."""
    return f"{result.field}: {result.message}" if result.field else result.message


def portions(items: Iterable[ImportItem]) -> Iterator[list[ImportItem]]:
    """Items in lists of about `PORTION` events."""
    portion: list[ImportItem] = []
    size = 0
    for item in items:
        portion.append(item)
        size += max(1, len(item.events))
        if size >= PORTION:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _national(sources: Sequence[ImportItem], acceptance: Acceptance) -> int:
    """Count phone numbers without a country code in accepted events, each once a row."""
    stored = (
        source
        for source, result in zip(sources, acceptance.results, strict=True)
        if result.status == "stored"
    )
    found = {
        (source.row, identifier)
        for source, line in zip(stored, acceptance.batch.touchpoints, strict=True)
        if _PHONE.search(line)
        for identifier in orjson.loads(line)["identifiers"]
        if identifier.startswith("phone:") and not identifier.startswith("phone:+")
    }
    return len(found)


def _refused(entry: dict[str, Any], item: ImportItem, raw: bytes, mark: str) -> bytes:
    # The same row of the same file is the same entry, however often it is read.
    message = f"{item.file}, row {item.row}: {entry['message']}"
    return orjson.dumps({**entry, "id": _entry_id(item, raw), "message": message, "mark": mark})


def _entry_id(item: ImportItem, body: bytes) -> str:
    return str(uuid5(NAMESPACE, f"quarantine:{item.file}:{item.row}:{body.decode(errors='replace')}"))
