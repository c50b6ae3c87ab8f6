"""What people do about incidents: rows of `alert_acts`.

An act is about an incident by its fingerprint and its time, not by its id: a late event may move the
beginning of an incident, and so its id. Acts are never changed: the next act of a kind replaces the last.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from touchline.tables import AlertActRow, AlertRow
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.wording import plain, word_list

ACTS = ("acknowledge", "verdict", "snooze", "mute", "expect")

VERDICTS = ("real", "noise", "known")
"""`real`: a problem that someone had to know; `noise`: none; `known`: a problem that was known already."""

MAX_COMMENT = 500
MAX_AUTHOR = 80
MAX_CHANGE = 128
MOST_TIMES = 1_000.0
LEAST_TIMES = 1.1


class NotAnAct(TouchlineError):
    """What somebody wants to do about an incident makes no sense; the message says what to write instead."""


class Period(NamedTuple):
    """An act, and until when (ms) it holds from `written_at` on; None without an end."""

    act: AlertActRow
    end: int | None


def acknowledgement(row: AlertRow, now: int, comment: str = "", *, undo: bool = False) -> dict[str, Any]:
    """The columns of an act that acknowledges an incident, or takes an acknowledgement back.

    Raises:
        NotAnAct: the comment is too long.
    """
    return _about(row, "acknowledge", now, comment) | {"ends_at": now if undo else None}


def verdict(row: AlertRow, now: int, given: str, comment: str = "") -> dict[str, Any]:
    """The columns of a verdict on an incident.

    Raises:
        NotAnAct: there is no such verdict, or the comment is too long.
    """
    if given not in VERDICTS:
        raise NotAnAct(f"'{given}' is no verdict: write {word_list(VERDICTS)}")
    return _about(row, "verdict", now, comment) | {"verdict": given}


def snooze(
    row: AlertRow, now: int, ends_at: int | None, times: float = 0.0, comment: str = ""
) -> dict[str, Any]:
    """The columns of a snooze until a time (ms), or until the incident has `times` the customers.

    With `ends_at` of `now`, it ends an earlier snooze.

    Raises:
        NotAnAct: it would never end, ended already, or the comment is too long.
    """
    if ends_at is None and not times:
        raise NotAnAct("a snooze needs an end: a time, how long, or how many times the customers")
    if times and not LEAST_TIMES <= times <= MOST_TIMES:
        raise NotAnAct(f"{times:g} times the customers: write {LEAST_TIMES:g} to {MOST_TIMES:g}")
    if ends_at is not None and ends_at < now:
        raise NotAnAct("the end is in the past: write a later one")
    return _about(row, "snooze", now, comment) | {"ends_at": ends_at, "times": times}


def mute(
    rule: str, labels: Iterable[str], now: int, ends_at: int | None, comment: str = ""
) -> dict[str, Any]:
    """The columns of a mute of a rule, or of its incidents with these labels, until a time (ms) if any.

    With `ends_at` of `now`, it ends an earlier mute of the same.

    Raises:
        NotAnAct: a label is not `name=value`, the end is in the past, or the comment is too long.
    """
    given = tuple(sorted(labels))
    for label in given:
        if "=" not in label:
            raise NotAnAct(f"label '{plain(label)}': write name=value, such as source=webshop")
    if ends_at is not None and ends_at < now:
        raise NotAnAct("the end is in the past: write a later one")
    about = {"act": "mute", "rule": rule, "labels": given, "ends_at": ends_at}
    return about | {"opened_at": now, "last_at": now, "comment": _comment(comment)}


def expectation(row: AlertRow, now: int, change: str, comment: str = "") -> dict[str, Any]:
    """The columns of an act that names the change that should end an incident; '' for none any more.

    Raises:
        NotAnAct: the change or the comment is too long.
    """
    name = plain(change, MAX_CHANGE + 1)
    if len(name) > MAX_CHANGE:
        raise NotAnAct(f"the change has more than {MAX_CHANGE} characters: write its change_id")
    return _about(row, "expect", now, comment) | {"change": name}


def act_row(fields: dict[str, Any], author: str, id_: str, now: int) -> AlertActRow:
    """A new act with these columns, written by `author` at a time (ms).

    Raises:
        NotAnAct: nobody is named.
    """
    name = plain(author, MAX_AUTHOR)
    if not name:
        raise NotAnAct("nobody is named: write who does it")
    return AlertActRow(**fields, id=id_, author=name, written_at=now, version=now)


def periods(acts: Iterable[AlertActRow]) -> list[Period]:
    """The acts that hold for some time, and until when. The order of the acts does not matter."""
    groups: dict[tuple[object, ...], list[AlertActRow]] = defaultdict(list)
    for act in acts:
        groups[act.act, act.fingerprint, act.rule, tuple(sorted(act.labels))].append(act)
    found = []
    for group in groups.values():
        in_order = sorted(group, key=lambda act: (act.written_at, act.id))
        replaced_at = [*(act.written_at for act in in_order[1:]), None]
        for act, replaced in zip(in_order, replaced_at, strict=True):
            end = min((at for at in (act.ends_at, replaced) if at is not None), default=None)
            if end is None or end > act.written_at:
                found.append(Period(act, end))
    return sorted(found, key=lambda period: (period.act.written_at, period.act.id))


def mutes_of(alert: AlertRow, acts: Iterable[AlertActRow], now: int) -> list[AlertActRow]:
    """The mutes that hold an incident at a time (ms)."""
    found = periods(act for act in acts if act.act == "mute" and concerns(act, alert))
    return [period.act for period in found if period.end is None or period.end > now]


def concerns(act: AlertActRow, alert: AlertRow) -> bool:
    """Whether an act is about an incident."""
    if act.act == "mute":
        return act.rule == alert.rule and set(act.labels) <= set(alert.labels)
    return (
        act.fingerprint == str(alert.fingerprint)
        and act.last_at >= alert.opened_at
        and (alert.resolved_at is None or act.opened_at <= alert.resolved_at)
    )


def _about(row: AlertRow, act: str, now: int, comment: str) -> dict[str, Any]:
    return {
        "act": act,
        "alert": str(row.id),
        "fingerprint": str(row.fingerprint),
        "rule": row.rule,
        "labels": row.labels,
        "opened_at": row.opened_at,
        "last_at": max(row.opened_at, now if row.resolved_at is None else row.resolved_at),
        "customers": row.customers,
        "comment": _comment(comment),
    }


def _comment(text: str) -> str:
    line = plain(text, MAX_COMMENT + 1)
    if len(line) > MAX_COMMENT:
        raise NotAnAct(f"the comment has more than {MAX_COMMENT} characters: write less")
    return line
