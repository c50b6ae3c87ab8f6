"""The formats of topics, by the words of `--format`."""

from collections.abc import Callable
from typing import Final, Literal

from touchline.imports import Values
from touchline.topics.registry import Registry
from touchline.topics.values.json_values import read_json

FormatName = Literal["json", "avro", "debezium"]

ReadValue = Callable[[bytes], Values | None]
"""Gives the row in a value; None if it has none. Raises UnreadableRecord, RegistryUnavailable."""

NEEDS_REGISTRY: Final[FormatName] = "avro"


def reader_of(name: FormatName, registry: Registry | None, *, deletions: bool) -> ReadValue:
    """What reads the values of a format.

    Args:
        name: The format.
        registry: Where schemas come from; `avro` needs one, `debezium` only if its values are Avro.
        deletions: Whether a deletion from a table gives a row.
    """
    if name == "json":
        return read_json
    # Imported here: a topic of JSON needs no Avro.
    from touchline.topics.values.avro import AvroValues
    from touchline.topics.values.debezium import DebeziumValues

    avro = None if registry is None else AvroValues(registry)
    if name == "debezium":
        return DebeziumValues(avro, deletions=deletions)
    if avro is None:
        raise ValueError("avro needs a registry")
    return avro
