"""Withdraws what a file gave before: events and refused rows leave the store by entries of the ledger."""

import json
from collections.abc import Callable
from typing import Final, NamedTuple

from touchline.services.decisions import entry
from touchline.services.importing.history import History
from touchline.services.importing.judging import MARK
from touchline.store.answers import parse_answer
from touchline.vocabulary.event import IMPORTED

WITHDRAWN_TOGETHER: Final = 8_000
"""Events of one entry. Each entry rewrites parts of the table of events, so few large ones cost least; but a
statement may name no more than about a megabyte of ids and of entities."""

_STATEMENT_BYTES: Final = 900_000

_WITH_MARK: Final = f"""
FROM events WHERE producer = '{IMPORTED}' AND JSONExtractString(context, '{MARK}') = {{mark:String}}
"""
_COUNT: Final = f"SELECT uniqExact(id) {_WITH_MARK}"
# In the order of the table, so that the events of a customer mostly leave together.
_MARKED: Final = f"""
SELECT id, identifiers {_WITH_MARK}
ORDER BY entity, time, id LIMIT 1 BY id LIMIT {{most:UInt32}}
"""
_REFUSED: Final = "SELECT DISTINCT id FROM quarantine WHERE mark = {mark:String} LIMIT {most:UInt32}"


class Gone(NamedTuple):
    """How much was withdrawn."""

    events: int
    refused: int


def withdraw(
    history: History, mark: str, file: str, progress: Callable[[float], None] = lambda share: None
) -> Gone:
    """Withdraw every event and refused row with a mark. `progress` gets the share of events that is gone.

    An entry carries what it withdraws, so it can be applied again after a crash. Withdrawing is repeated
    until nothing has the mark, so it can be interrupted anywhere.

    Raises:
        NotApplied: a running server does not apply an entry in time.
    """
    withdrawn = 0
    # What has the mark may still be in the log.
    history.catch_up()
    answer = history.reader.reply(_COUNT, "JSONCompact", {"mark": mark})
    total = int(parse_answer(answer.body).result_rows[0][0])
    while events := _marked(history, mark):
        reason = f"{file} is imported again: {len(events)} events are replaced"
        history.decide(entry("withdraw", events=events, reason=reason))
        withdrawn += len(events)
        progress(min(1.0, withdrawn / total))
    gone = 0
    while refused := _refused(history, mark):
        reason = f"{file} is imported again: {len(refused)} refused rows are replaced"
        history.decide(entry("withdraw", refused=refused, reason=reason))
        gone += len(refused)
    return Gone(withdrawn, gone)


def _refused(history: History, mark: str) -> list[str]:
    answer = history.reader.reply(_REFUSED, "JSONCompact", {"mark": mark, "most": str(WITHDRAWN_TOGETHER)})
    return [row[0] for row in parse_answer(answer.body).result_rows]


def _marked(history: History, mark: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    answer = history.reader.reply(_MARKED, "JSONCompact", {"mark": mark, "most": str(WITHDRAWN_TOGETHER)})
    marked: list[tuple[str, tuple[str, ...]]] = []
    size = 0
    for event, identifiers in parse_answer(answer.body).result_rows:
        size += len(json.dumps([event, identifiers[0]]))
        if marked and size > _STATEMENT_BYTES:
            break
        marked.append((event, tuple(identifiers)))
    return tuple(marked)
