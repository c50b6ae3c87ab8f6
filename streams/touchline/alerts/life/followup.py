"""What became of an incident after the change that should end it: said after a day and after a week."""

from collections.abc import Iterable
from typing import NamedTuple

from touchline.tables import AlertActRow
from touchline.vocabulary.durations import DAY, WEEK
from touchline.vocabulary.moments import in_words
from touchline.vocabulary.wording import counted, plain

EXPECTED_FOR = 30 * DAY
"""So long after it was named (ms), a change is followed."""

PERIODS = ((DAY, "day"), (WEEK, "week"))


class FollowUp(NamedTuple):
    """What became of an incident, and when it is due (ms)."""

    at: int
    text: str


class Numbers(NamedTuple):
    """What an incident's rule found in a period, with its labels: how often, for whom, how many incidents."""

    times: int
    customers: int
    incidents: int


def expected_changes(acts: Iterable[AlertActRow], now: int) -> list[AlertActRow]:
    """The newest act about each fingerprint that names a change, unless it is older than a month."""
    newest: dict[str, AlertActRow] = {}
    for act in sorted(acts, key=lambda act: (act.written_at, act.id)):
        if act.act == "expect":
            newest[act.fingerprint] = act
    return [act for act in newest.values() if act.change and now - act.written_at < EXPECTED_FOR]


def sentence_after(
    act: AlertActRow, deployed_at: int, number: int, before: Numbers, after: Numbers, zone: str
) -> str:
    """What became of the incident in the period `number` after the change, against as long before it."""
    _, name = PERIODS[number]
    change = f"One {name} after the change {plain(act.change)} ({in_words(deployed_at, zone)})"
    if not after.incidents and not after.times:
        return f"{change}: it has not come again; {_met(before)} in the {name} before"
    again = f", {counted(after.incidents, 'new incident')}" if after.incidents else ", no new incident"
    return f"{change}: {_met(after)}{again}; {_met(before)} in the {name} before"


def sentence_without(act: AlertActRow) -> str:
    """That the change was not deployed."""
    return f"The change {plain(act.change)} should have ended it; no `change.deployed` names it after a week"


def _met(numbers: Numbers) -> str:
    return f"{counted(numbers.times, 'time')}, {counted(numbers.customers, 'customer')}"
