"""What staff say about frictions: events that are accepted like those of any producer."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from uuid_utils import uuid7

from touchline.cases.case import Case
from touchline.cases.writing import SOURCE, native
from touchline.collector.acceptance import accept_each
from touchline.collector.accounts import with_account
from touchline.config.settings import Settings
from touchline.config.validator_in_force import load_validator
from touchline.friction import RuleSet
from touchline.log.contract import Batch, Log
from touchline.services.submitting import Submission, submit
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.validation import Validator


class NotAccepted(TouchlineError):
    """What staff said is no valid event; the message says what to write instead."""


class Said(NamedTuple):
    """What somebody said about a friction.

    Attributes:
        said: The type and data of the event, as `touchline.cases.writing` makes them.
        case: The friction.
    """

    said: dict[str, Any]
    case: Case


def say_by_command(settings: Settings, rules: RuleSet, said: Sequence[Said], by: str) -> str:
    """Append what was said to the log and wait until it is stored; return by whom, in words.

    Raises:
        NotAccepted: it is not valid, and nothing was appended.
        NotApplied, StoreError, LogFull, LogUnavailable: as from `submit`.
    """
    batch, ids = _batch(said, by, load_validator(settings))
    return submit(
        settings,
        rules,
        Submission(
            lambda reader: batch, lambda store: len(store.stored_ids(ids)) == len(ids), "touchline worker"
        ),
    )


class StaffLog:
    """Takes what staff say on the page.

    Args:
        log: Where the events go.
        validator: Returns what they are validated by.
    """

    def __init__(self, log: Log, validator: Callable[[], Validator]) -> None:
        self._log, self._validator = log, validator

    def say(self, said: dict[str, Any], case: Case, by: str) -> None:
        """Append what `by` says about a case; it is stored as soon as the log is read.

        Raises:
            NotAccepted: it is not valid, and nothing was appended.
            LogFull, LogUnavailable: the log cannot be written.
        """
        self._log.append(_batch([Said(said, case)], by, self._validator())[0])


def _batch(said: Sequence[Said], by: str, validator: Validator) -> tuple[Batch, list[str]]:
    now = int(time.time() * 1000)
    ids = [str(uuid7()) for _ in said]
    raws = [
        native(one.said, one.case, by=by, at=now, event_id=event_id)
        for one, event_id in zip(said, ids, strict=True)
    ]
    acceptance = accept_each(raws, received_at_ms=now, producer=SOURCE, validator=validator)
    for result in acceptance.results:
        if result.status != "stored":
            raise NotAccepted(result.message or f"the event was {result.status}")
    return with_account(acceptance, SOURCE), ids
