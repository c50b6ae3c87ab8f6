"""Appends what a command says to the log, and waits until it is in the store.

A server on the data folder processes it, as the only writer of its store. Without a server it is processed
here, with everything that waits in the log. With Kafka, the workers do.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import NamedTuple

from touchline.config.settings import Settings
from touchline.config.stores import folding_store, writable_store
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.log.contract import Batch
from touchline.log.sqlite import SqliteLog
from touchline.store import Store
from touchline.store.reader import Reader, running_server, store_reader
from touchline.vocabulary.errors import TouchlineError

APPLIED_SECONDS = 60.0
"""How long a server may take to process a submission."""


class NotApplied(TouchlineError):
    """A submission was not processed; the message says why, and what to do."""


class Submission(NamedTuple):
    """What a command says.

    Attributes:
        batch: Makes the lines for the log; called once, with the store as it is.
        is_stored: Whether the store has it; asked where workers elsewhere process it.
        by: Who processes it then, such as `touchline identity`.
    """

    batch: Callable[[Reader], Batch]
    is_stored: Callable[[Store], bool]
    by: str


def submit(settings: Settings, rules: RuleSet, submission: Submission) -> str:
    """Append a submission to the log and wait until it is processed; return by whom, in words.

    Raises:
        NotApplied: the rules differ from those in force, and nothing was appended; or it is in the log, and
            will be processed later.
        StoreError, LogFull, LogUnavailable: the data folder, Kafka or the store cannot be used.
    """
    if settings.kafka:
        return _send(settings, submission)
    data = settings.data
    with ExitStack() as parts:
        server = running_server(data)
        if server is not None:
            reader = parts.enter_context(store_reader(data))
            log = parts.enter_context(closing(SqliteLog(data / "log.sqlite")))
            log.append(submission.batch(reader))
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
        log.append(submission.batch(store))
        while records := worker.read():
            worker.flush(records)
        return "applied"


def _send(settings: Settings, submission: Submission) -> str:
    """Append to Kafka and wait until it is in the store."""
    from touchline.log.kafka.log import KafkaLog
    from touchline.log.kafka.records import Topics

    with (
        writable_store(settings) as store,
        closing(KafkaLog(settings.brokers, Topics(settings.topic_prefix))) as log,
    ):
        log.append(submission.batch(store))
        give_up_at = time.monotonic() + APPLIED_SECONDS
        while not submission.is_stored(store):
            if time.monotonic() > give_up_at:
                raise NotApplied(
                    f"it was not applied within {APPLIED_SECONDS:.0f} s. It is in Kafka and will be applied"
                    f" later: check that `{submission.by}` runs"
                )
            time.sleep(0.1)
    return f"applied by `{submission.by}`"


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
