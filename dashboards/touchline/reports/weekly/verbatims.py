"""Chooses the words of customers that say most, and takes out what identifies people."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from touchline.reports.labels import Rules, title_of, touchpoint
from touchline.reports.queries import Ask, json_parameter, span_parameters
from touchline.reports.weekly.digest import Digest, Voice
from touchline.vocabulary.wording import plain

CHOSEN: Final = 3

_SHORTEST, _LONGEST = 25, 320
"""Characters of a text that says something and can be read in a digest."""

_BEST: Final = 140
"""Of texts about the same friction, the one whose length is nearest to this is chosen."""

MOST: Final = 2_000
"""Texts that are looked at."""

REMOVED: Final = "[…]"

_WORDS = f"""
SELECT id, toUnixTimestamp64Milli(time), channel, source, identifiers,
       JSONExtractString(data, if(type = 'mention.posted', 'text', 'comment')) AS words,
       arraySort(ifNull(met.rules, []))
FROM (
    SELECT * FROM events
    WHERE type IN ('feedback.given', 'mention.posted')
      AND time >= {{since:DateTime64(3)}} AND time < {{until:DateTime64(3)}}
    LIMIT 1 BY id
) AS said
LEFT JOIN (SELECT entity, customer FROM current_identities) AS owners USING (entity)
LEFT JOIN (
    SELECT customer, groupUniqArray(toString(rule)) AS rules FROM current_frictions
    WHERE opened_at >= {{since:DateTime64(3)}} AND opened_at < {{until:DateTime64(3)}} GROUP BY customer
) AS met ON owners.customer = met.customer
WHERE length(words) >= {_SHORTEST}
ORDER BY time, id
LIMIT {MOST}
"""  # noqa: S608 - made of constants
_BY_ID = """
SELECT id, identifiers, JSONExtractString(data, if(type = 'mention.posted', 'text', 'comment'))
FROM events WHERE id IN JSONExtract({ids:String}, 'Array(String)') ORDER BY id LIMIT 1 BY id
"""

_IDENTIFYING: Final = (
    re.compile(r"\b[^\s@]+@[^\s@]+\.\w+"),  # e-mail
    re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE),
    re.compile(r"(?<!\w)@\w+"),
    re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b"),  # bank account
    re.compile(r"[+(]*\d(?:[\s()./-]{0,3}\d){4,}"),  # phone, card, order
    re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[\w-]{6,}\b"),  # codes of letters and digits
)


class Said(NamedTuple):
    """What a customer wrote, and the rules whose friction the customer met in the week."""

    event: str
    at: int
    channel: str
    source: str
    identifiers: Sequence[str]
    words: str
    rules: Sequence[str]


def read_said(ask: Ask, since: int, until: int) -> list[Said]:
    """What customers wrote in a span (ms, the end exclusive)."""
    return [Said(*row) for row in ask(_WORDS, span_parameters(since, until))]


def read_words(ask: Ask, events: Sequence[str]) -> dict[str, str]:
    """The words of these events that are still stored, without what identifies people."""
    rows = ask(_BY_ID, {"ids": json_parameter(events)}) if events else []
    return {event: redacted(words, identifiers) for event, identifiers, words in rows}


def redacted(text: str, identifiers: Sequence[str] = ()) -> str:
    """The text on one line, with `REMOVED` for addresses, handles, long numbers and known identifiers.

    Names that are no identifiers stay.
    """
    safe = plain(text, 2 * _LONGEST)
    for value in sorted((one.partition(":")[2] for one in identifiers), key=len, reverse=True):
        if len(value) >= 3:
            safe = re.sub(re.escape(value), REMOVED, safe, flags=re.IGNORECASE)
    for pattern in _IDENTIFYING:
        safe = pattern.sub(REMOVED, safe)
    return plain(safe, _LONGEST)


def choose(said: Sequence[Said], affected: Mapping[str, int], rules: Rules) -> tuple[Voice, ...]:
    """The words to show: of customers who met the most frequent frictions, each about another one.

    Args:
        said: What customers wrote.
        affected: How many customers each rule affected.
        rules: The titles of the rules.
    """
    seen_words: set[str] = set()
    seen_rules: set[str] = set()
    ranked = sorted(said, key=lambda one: (-_weight(one, affected), _distance(one.words), one.at, one.event))
    chosen: list[tuple[Said, str]] = []
    for others in (False, True):
        for one in ranked:
            rule = _rule(one, affected)
            words = " ".join(one.words.casefold().split())
            if len(chosen) == CHOSEN or words in seen_words or (rule in seen_rules and not others):
                continue
            seen_words.add(words)
            seen_rules.add(rule)
            chosen.append((one, rule))
    return tuple(
        Voice(
            event=one.event,
            text=redacted(one.words, one.identifiers),
            about=" · ".join(
                filter(None, (touchpoint(one.channel, one.source), title_of(rule, rules) if rule else ""))
            ),
            at=one.at,
        )
        for one, rule in chosen
    )


def _rule(one: Said, affected: Mapping[str, int]) -> str:
    """The most frequent friction that the customer met; empty for none."""
    return max(sorted(one.rules), key=lambda rule: affected.get(rule, 0), default="")


def _weight(one: Said, affected: Mapping[str, int]) -> int:
    return affected.get(_rule(one, affected), 0)


def _distance(words: str) -> int:
    return abs(len(words) - _BEST)


def without_words(digest: Digest) -> Digest:
    """The digest without customers' words. They are read again from their events, so they can be erased."""
    return msgspec.structs.replace(
        digest, voices=tuple(msgspec.structs.replace(voice, text="") for voice in digest.voices)
    )


def with_words(ask: Ask, digest: Digest) -> Digest:
    """A stored digest with customers' words, as far as their events are still stored."""
    words = read_words(ask, [voice.event for voice in digest.voices])
    voices = (
        msgspec.structs.replace(voice, text=words[voice.event])
        for voice in digest.voices
        if voice.event in words
    )
    return msgspec.structs.replace(digest, voices=tuple(voices))
