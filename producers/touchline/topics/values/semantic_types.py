"""Semantic types: what Debezium and Kafka Connect write as numbers and bytes, as times and numbers again.

A type is named beside the column, in the schema. A time without a zone stays without one: the database does
not say which it is, so the mapping does.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from touchline.imports.readers.rows import SpoiledRow, Unreadable, Values

Converter = Callable[[Any], Any]

UNAVAILABLE: Final = "__debezium_unavailable_value"
"""What stands for a long value that an update did not change, and that the database did not send."""

_EPOCH: Final = datetime(1970, 1, 1)
_DAY: Final = timedelta(days=1)
_SCALE: Final = "scale"


def converter(name: str | None, parameters: Mapping[str, Any]) -> Converter | None:
    """What converts the values of a type; None for types whose values are plain already."""
    if name == "org.apache.kafka.connect.data.Decimal":
        return partial(_decimal, int(parameters.get(_SCALE, 0)))
    return _CONVERTERS.get(name or "")


def converted(row: Values, converters: Mapping[str, Converter]) -> Values:
    """A row with its values converted. A cell that cannot be converted spoils only those who read it."""
    made = {name: value for name, value in row.items() if value != UNAVAILABLE}
    spoiled = False
    for name, convert in converters.items():
        value = made.get(name)
        if value is None:
            continue
        try:
            made[name] = convert(value)
        except (ValueError, OverflowError, ArithmeticError, TypeError, KeyError) as error:
            spoiled = True
            made[name] = Unreadable(
                f"column {name}: cannot read {str(value)[:60]!r} as its type says ({error})"
            )
    return SpoiledRow(made) if spoiled else made


def _date(value: Any) -> date:
    return value if isinstance(value, date) else (_EPOCH + timedelta(days=value)).date()


def _moment(per_second: int, value: Any) -> datetime:
    if isinstance(value, datetime):
        # Avro says UTC of all times, also of those whose zone the database does not know.
        return value.replace(tzinfo=None)
    return _EPOCH + _span(per_second, value)


def _time_of_day(per_second: int, value: Any) -> time | timedelta:
    if isinstance(value, time):
        return value
    span = _span(per_second, value)
    # MySQL's TIME is also a duration.
    return (_EPOCH + span).time() if timedelta() <= span < _DAY else span


def _span(per_second: int, value: int) -> timedelta:
    return timedelta(microseconds=value * 1_000_000 // per_second)


def _decimal(scale: int, value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    raw = b64decode(value, validate=True) if isinstance(value, str) else bytes(value)
    return Decimal(int.from_bytes(raw, "big", signed=True)).scaleb(-scale)


def _scaled(value: Any) -> Decimal:
    return _decimal(int(value[_SCALE]), value["value"])


_CONVERTERS: Final[dict[str, Converter]] = {
    "io.debezium.data.VariableScaleDecimal": _scaled,
    "io.debezium.time.Date": _date,
    "io.debezium.time.MicroTime": partial(_time_of_day, 1_000_000),
    "io.debezium.time.MicroTimestamp": partial(_moment, 1_000_000),
    "io.debezium.time.NanoTime": partial(_time_of_day, 1_000_000_000),
    "io.debezium.time.NanoTimestamp": partial(_moment, 1_000_000_000),
    "io.debezium.time.Time": partial(_time_of_day, 1_000),
    "io.debezium.time.Timestamp": partial(_moment, 1_000),
    "org.apache.kafka.connect.data.Date": _date,
    "org.apache.kafka.connect.data.Time": partial(_time_of_day, 1_000),
    "org.apache.kafka.connect.data.Timestamp": partial(_moment, 1_000),
}
