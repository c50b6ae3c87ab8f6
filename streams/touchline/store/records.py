"""Decoders of the records that the worker's queries answer with, as JSON."""

from typing import Final
from uuid import UUID

import msgspec

from touchline.engine.ports import Announced
from touchline.identity import Entry
from touchline.tables import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event


class _Identifiers(msgspec.Struct):
    identifiers: tuple[str, ...]


class _Entity(msgspec.Struct):
    entity: str


class _Owner(msgspec.Struct):
    entity: str
    customer: UUID


EVENTS: Final = msgspec.json.Decoder(Event)
FRICTIONS: Final = msgspec.json.Decoder(FrictionRow)
ANNOUNCED: Final = msgspec.json.Decoder(Announced)
JOURNEYS: Final = msgspec.json.Decoder(JourneyRow)
IDENTIFIERS: Final = msgspec.json.Decoder(_Identifiers)
ENTITIES: Final = msgspec.json.Decoder(_Entity)
OWNERS: Final = msgspec.json.Decoder(_Owner)
ENTRIES: Final = msgspec.json.Decoder(Entry)
