"""Which column of a file is the time, the key, the channel, an identifier, or a field of the data."""

from collections.abc import Iterator, Sequence
from typing import Final

from touchline.imports.suggestion import stories
from touchline.imports.suggestion.columns import Column
from touchline.imports.suggestion.stories import STORIES, Story
from touchline.vocabulary.registry import EVENT_TYPES

_FEW: Final = 12
"""The most words that a column of channels or outcomes has."""


class Roles:
    """The columns by what they are used for.

    Attributes:
        all: Every column.
        known: Whether words of the columns or of the file speak for the story.
        story: The story, or the first one.
        type: The column that names types of events.
        time: The column of times, or of dates.
        clock: The column of times of day that belongs to the dates.
        channel: The column of channels.
        wait: The column of waits.
        outcome: The column that says what became of a contact.
        key: The column that differs in each row.
        case: The column that names the case of a row: the key, or one whose name says so.
        identifiers: Columns of identifiers by kind, each with the reason.
        data: Columns of the other fields of the data, by field.
    """

    def __init__(self, file: str, columns: Sequence[Column]) -> None:
        self.all = columns
        filled = [column for column in columns if column.kind != "empty"]
        story = stories.story_of(file, filled)
        self.known = story is not None
        self.story: Story = story or STORIES[0]
        self.type = next((one for one in filled if one.mostly(EVENT_TYPES.__contains__, 1.0)), None)
        self.time, self.clock = _times(filled)
        rest = [one for one in filled if one not in (self.type, self.time, self.clock)]
        self.channel = next((one for one in rest if _is_channel(one)), None)
        self.wait = next((one for one in rest if one.named("wait", "warte") and one.durations), None)
        self.outcome = next((one for one in rest if _is_outcome(one)), None)
        rest = [one for one in rest if one not in (self.channel, self.wait, self.outcome)]
        self.key = _key(rest, self.story)
        self.identifiers = dict(_identifiers([one for one in rest if one is not self.key]))
        rest = [one for one in rest if one not in [column for column, _ in self.identifiers.values()]]
        self.case = self.key or first(rest, self.story.key.removesuffix("_id"), *stories.KEYS)
        free = [one for one in rest if one is not self.case]
        self.data = {} if self.type else dict(_data(free, self.story.type, self.story.key))
        if self.wait is not None and "wait_seconds" in stories.fields_of(self.story.type):
            self.data["wait_seconds"] = self.wait

    @property
    def is_contact(self) -> bool:
        """Whether a row is a contact that waited, which gives several events."""
        return self.story.key == "contact_id" and self.type is None and self.wait is not None

    @property
    def unused(self) -> list[Column]:
        """The columns that have no role."""
        used: list[Column | None] = [self.type, self.time, self.clock, self.channel, self.key, self.case]
        used += [*self.data.values(), *(column for column, _ in self.identifiers.values())]
        used += [self.outcome] if self.is_contact else []
        return [one for one in self.all if one not in used]


def first(columns: Sequence[Column], *words: str) -> Column | None:
    """The column that the earliest of the words names: as a word of its own, else as a part of one."""
    whole = (one for word in words for one in columns if word in one.words)
    return next(whole, None) or next((one for word in words for one in columns if one.named(word)), None)


def _times(columns: Sequence[Column]) -> tuple[Column | None, Column | None]:
    times = [one for one in columns if one.kind == "time"] or [one for one in columns if one.kind == "date"]
    time = first(times, *stories.BEGINS) or next(iter(times), None)
    if time is None or time.kind != "date":
        return time, None
    clocks = [one for one in columns if one.kind == "clock"]
    return time, first(clocks, *stories.BEGINS) or next(iter(clocks), None)


def _key(columns: Sequence[Column], story: Story) -> Column | None:
    # Braces stand around a column's name in an id.
    unique = [
        one
        for one in columns
        if one.unique and not {"{", "}"}.intersection(one.name) and not one.emails and not _is_phone(one)
    ]
    named = [one for one in unique if one.named(*stories.KEYS)]
    return first(named, *story.words, *stories.KEYS) or next((one for one in unique if one.uuids), None)


def _is_phone(column: Column) -> bool:
    """Whether the name says that these are phone numbers: they are no keys, even where each occurs once."""
    is_key = not set(stories.KEYS).isdisjoint(column.words)
    return column.named(*stories.PHONES) and (column.phones or (column.digits and not is_key))


def _identifiers(columns: Sequence[Column]) -> Iterator[tuple[str, tuple[Column, str]]]:
    taken: set[str] = set()
    for kind, words in stories.IDENTIFIERS.items():
        for column in columns:
            why = "" if column.name in taken else _identifies(column, kind, words)
            if why:
                taken.add(column.name)
                yield kind, (column, why)
                break


def _identifies(column: Column, kind: str, words: tuple[str, ...]) -> str:
    """Why a column holds identifiers of a kind; empty if it does not."""
    if kind == "email":
        return "its values are e-mail addresses" if column.emails else ""
    if column.emails or column.decimal_comma or column.kind in ("time", "date", "clock"):
        return ""
    named = column.named(*words)
    if kind == "phone":
        if column.phones and (named or not column.digits):
            return "its values look like phone numbers"
        return "its name and values suggest phone numbers" if named and column.digits else ""
    if kind == "account" and column.names_people:
        return ""
    return f"its name suggests {kind}; TODO: does it identify one customer?" if named else ""


def _data(columns: Sequence[Column], event_type: str, key: str) -> Iterator[tuple[str, Column]]:
    free, known = list(columns), stories.fields_of(event_type)
    for field, words in stories.FIELDS.items():
        if field in known and field not in (key, "wait_seconds"):
            column = first([one for one in free if _fits(one, field)], *words)
            if column is not None:
                free.remove(column)
                yield field, column


def _fits(column: Column, field: str) -> bool:
    if field in ("value", "items", "score"):
        return column.kind == "number"
    return column.kind in ("text", "number")


def _is_channel(column: Column) -> bool:
    known = column.mostly(lambda value: value.lower() in stories.CHANNELS, 1.0)
    return known and len(column.values) <= _FEW


def _is_outcome(column: Column) -> bool:
    known = frozenset().union(*stories.RESULTS.values())
    return len(column.values) <= _FEW and any(value.lower() in known for value in column.values)
