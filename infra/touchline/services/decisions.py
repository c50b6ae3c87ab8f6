"""Decisions of an operator about customers: submitted to the log as ledger entries."""

import getpass
import time
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace
from uuid_utils import uuid7

from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.identity import Entry
from touchline.identity.ledger import What
from touchline.log.contract import Batch
from touchline.services.submitting import Submission, submit
from touchline.store.answers import parse_answer
from touchline.store.reader import Reader

_LAST = "SELECT toUnixTimestamp64Milli(max(at)) FROM ledger"


def entry(
    what: What,
    identifiers: Sequence[str] = (),
    *,
    hashes: Sequence[str] = (),
    salt: str = "",
    events: Sequence[tuple[str, tuple[str, ...]]] = (),
    refused: Sequence[str] = (),
    reason: str = "",
) -> Entry:
    """An entry by this user at the current time."""
    return Entry(
        id=str(uuid7()),
        at=int(time.time() * 1000),
        who=getpass.getuser(),
        what=what,
        identifiers=tuple(identifiers),
        hashes=tuple(hashes),
        salt=salt,
        events=tuple(events),
        refused=tuple(refused),
        reason=reason,
    )


def decide(settings: Settings, rules: RuleSet, entries: Sequence[Entry]) -> str:
    """Append entries to the log and wait until they are applied; return by whom, in words.

    Raises:
        NotApplied: the rules differ from those in force, and nothing was appended; or the entries are in
            the log, and will be applied later.
        StoreError, LogFull, LogUnavailable: the data folder, Kafka or the store cannot be used.
    """
    wanted = {entry.id for entry in entries}
    return submit(
        settings,
        rules,
        Submission(
            lambda reader: _batch(entries, reader),
            lambda store: wanted <= {entry.id for entry in store.ledger()},
            "touchline identity",
        ),
    )


def _batch(entries: Sequence[Entry], reader: Reader) -> Batch:
    """The entries for the log. Each is later than the ledger's last, even if the clock was set back since."""
    answer = parse_answer(reader.reply(_LAST, "JSONCompact").body)
    after = int(answer.result_rows[0][0]) + 1
    ordered = [replace(one, at=max(one.at, after)) for one in entries]
    return Batch([], [], int(time.time() * 1000), [msgspec.json.encode(one) for one in ordered])
