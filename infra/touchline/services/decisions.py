"""Decisions of an operator about customers: appended to the log as ledger entries, then awaited.

A server on the data folder applies them, as the only writer of its store. Without a server they are applied
here, with everything that waits in the log.
"""

import getpass
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing

import msgspec
from msgspec.structs import replace
from uuid_utils import uuid7

from touchline.config.settings import Settings
from touchline.config.stores import folding_store, writable_store
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.identity import Entry
from touchline.identity.ledger import What
from touchline.log.contract import Batch
from touchline.log.sqlite import SqliteLog
from touchline.store.answers import parse_answer
from touchline.store.reader import Reader, running_server, store_reader
from touchline.vocabulary.errors import TouchlineError

APPLIED_SECONDS = 60.0
"""How long a server may take to apply an entry."""


_LAST = "SELECT toUnixTimestamp64Milli(max(at)) FROM ledger"


class NotApplied(TouchlineError):
    """An entry was not applied; the message says why, and what to do."""


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
    """Append entries to the log and wait until they are applied; return who applied them.

    Raises:
        NotApplied: the rules differ from those in force, and nothing was appended; or the entries are in
            the log, and a server will apply them later.
        StoreError, LogFull, LogUnavailable: the data folder, Kafka or the store cannot be used.
    """
    if settings.kafka:
        return _send_to_stage(settings, entries)
    data = settings.data
    with ExitStack() as parts:
        server = running_server(data)
        if server is not None:
            reader = parts.enter_context(store_reader(data))
            log = parts.enter_context(closing(SqliteLog(data / "log.sqlite")))
            log.append(_batch(entries, reader))
            _wait(log, log.end())
            return f"applied by the server at {server.url}"
        store = parts.enter_context(folding_store(settings))
        log = parts.enter_context(closing(SqliteLog(data / "log.sqlite")))
        worker = Worker(log, store, rules, settings.journey_gap, limits=settings.limits)
        if not worker.rules_in_force:
            raise NotApplied(
                "nothing was done: the customers in the store are folded by other rules or limits than"
                " these, or by an earlier version of Touchline. Name the rules in force with --rules, or"
                f" refold every customer with `touchline up --data {data}`"
            )
        log.append(_batch(entries, store))
        while records := worker.read():
            worker.flush(records)
        return "applied"


def _batch(entries: Sequence[Entry], reader: Reader) -> Batch:
    """The entries for the log. Each is later than the ledger's last, even if the clock was set back since."""
    answer = parse_answer(reader.reply(_LAST, "JSONCompact").body)
    after = int(answer.result_rows[0][0]) + 1
    ordered = [replace(one, at=max(one.at, after)) for one in entries]
    return Batch([], [], int(time.time() * 1000), [msgspec.json.encode(one) for one in ordered])


def _send_to_stage(settings: Settings, entries: Sequence[Entry]) -> str:
    """Append entries to Kafka and wait until the identity stage has applied them."""
    from touchline.log.kafka.log import KafkaLog
    from touchline.log.kafka.records import Topics

    with (
        writable_store(settings) as store,
        closing(KafkaLog(settings.brokers, Topics(settings.topic_prefix))) as log,
    ):
        log.append(_batch(entries, store))
        wanted = {entry.id for entry in entries}
        give_up_at = time.monotonic() + APPLIED_SECONDS
        while not wanted <= {entry.id for entry in store.ledger()}:
            if time.monotonic() > give_up_at:
                raise NotApplied(
                    f"the identity stage did not apply it within {APPLIED_SECONDS:.0f} s. It is in Kafka and "
                    "will be applied later: check that `touchline identity` runs"
                )
            time.sleep(0.1)
    return "applied by the identity stage; the workers follow"


def _wait(log: SqliteLog, offset: int) -> None:
    """Wait until the log's reader has committed a record."""
    give_up_at = time.monotonic() + APPLIED_SECONDS
    while log.committed() < offset:
        if time.monotonic() > give_up_at:
            raise NotApplied(
                f"the server did not apply it within {APPLIED_SECONDS:.0f} s. It is in the log and will be"
                " applied later: /readyz says what the server waits for"
            )
        time.sleep(0.05)
