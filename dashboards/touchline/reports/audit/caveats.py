"""Reads what the data of a span lack: what a reader has to know before the figures."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from touchline.panels import BY_ID, expand
from touchline.reports.labels import Rules, title_of
from touchline.reports.queries import Ask, span_parameters
from touchline.vocabulary.durations import DAY
from touchline.vocabulary.event import IMPORTED
from touchline.vocabulary.internal import IS_TOUCHPOINT
from touchline.vocabulary.moments import in_words
from touchline.vocabulary.wording import counted, plain, word_list

_MUCH: Final = 0.001
"""A larger share of refused events is said."""

_SILENT: Final = 2 * DAY
"""A producer that sent on most days and then not for this long (ms) is said to be missing."""

_MOST: Final = 5
"""Producers and rules that are named."""

_EXTENT = f"""
SELECT toUnixTimestamp64Milli(min(time)), toUnixTimestamp64Milli(max(time)), count() FROM events
WHERE {IS_TOUCHPOINT}
"""  # noqa: S608 - a constant
_DAYS = f"""
SELECT uniqExact(toDate(time, {{zone:String}})) FROM events
WHERE time >= {{since:DateTime64(3)}} AND time < {{until:DateTime64(3)}} AND {IS_TOUCHPOINT}
"""  # noqa: S608 - a constant
_PRODUCERS = f"""
SELECT producer, uniqExact(toDate(time)) AS days, toUnixTimestamp64Milli(max(time)) AS last FROM events
WHERE time >= {{since:DateTime64(3)}} AND time < {{until:DateTime64(3)}}
  AND producer NOT IN ('', '{IMPORTED}') AND {IS_TOUCHPOINT}
GROUP BY producer ORDER BY producer
"""  # noqa: S608 - a constant
_FOUND = """
SELECT DISTINCT rule FROM current_frictions
WHERE opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)} ORDER BY rule
"""


def read_caveats(
    ask: Ask, since: int, until: int, zone: str, reaches: Mapping[str, int], rules: Rules
) -> tuple[str, ...]:
    """Sentences on what the data lack in a span (ms, the end exclusive); none if they lack nothing known.

    `reaches` say how far (ms) each rule looks back, by id; `rules` have their titles.
    """
    [(oldest, newest, events)] = ask(_EXTENT, {})
    if not events:
        return ("There are no events.",)
    parameters = span_parameters(since, until)
    return tuple(
        filter(
            None,
            (
                _covered(ask, max(since, oldest), since, until, zone),
                _old(newest, until, zone),
                _refused(ask, since, until),
                _missing_producers(ask, parameters, since, until, zone),
                _short_histories(ask, parameters, since - oldest, reaches, rules),
            ),
        )
    )


def _covered(ask: Ask, begins: int, since: int, until: int, zone: str) -> str:
    """Which share of the days that lie whole in the span have events."""
    first, last = (datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)) for ms in (since, until))
    begin = first.replace(hour=0, minute=0, second=0, microsecond=0)
    whole = begin if begin == first else begin + timedelta(days=1)
    end = last.replace(hour=0, minute=0, second=0, microsecond=0)
    wanted = (end.date() - whole.date()).days
    if wanted < 1:
        return ""
    bounds = span_parameters(*(int(at.timestamp() * 1000) for at in (whole, end)))
    [(days,)] = ask(_DAYS, {**bounds, "zone": zone})
    if days >= wanted:
        return ""
    late = f"; the data begin on {in_words(begins, zone)[:10]}" if begins > since else ""
    return f"{days} of {counted(wanted, 'day')} have events{late}."


def _old(newest: int, until: int, zone: str) -> str:
    if newest >= until - DAY:
        return ""
    return f"The newest event is of {in_words(newest, zone)}: later frictions are not known."


def _refused(ask: Ask, since: int, until: int) -> str:
    sql = expand(BY_ID["quarantined"].sql, since, until - 1, 3_600)
    [(share, *_)] = ask(sql, {}) or [(None,)]
    if share is None or share < _MUCH:
        return ""
    return f"{100 * share:.1f} % of incoming events were refused and are in quarantine: they count nowhere."


def _missing_producers(ask: Ask, parameters: Mapping[str, str], since: int, until: int, zone: str) -> str:
    silent = [
        f"{plain(producer, 40)} (last on {in_words(last, zone)[:10]})"
        for producer, days, last in ask(_PRODUCERS, parameters)
        if last < until - _SILENT and days >= (last - since) / DAY / 2
    ]
    if not silent:
        return ""
    return f"No longer sending: {_some(silent)}."


def _short_histories(
    ask: Ask, parameters: Mapping[str, str], history: int, reaches: Mapping[str, int], rules: Rules
) -> str:
    found = [rule for (rule,) in ask(_FOUND, parameters)]
    short = [title_of(rule, rules) for rule in found if reaches.get(rule, 0) > max(0, history)]
    if not short:
        return ""
    named = _some([f"“{title}”" for title in short])
    return f"Looking back further than the data, these rules find too little at first: {named}."


def _some(names: Sequence[str]) -> str:
    """The first of several names, and how many more there are."""
    more = [f"{len(names) - _MOST} more"] if len(names) > _MOST else []
    return word_list([*names[:_MOST], *more], "and")
