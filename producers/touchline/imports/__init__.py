"""File import: readers for NDJSON, CSV and Parquet, and mappings from their rows to events."""

from touchline.imports.errors import FileError, MappingError, Unmapped
from touchline.imports.events import ImportItem, check_file, mapped, read_events
from touchline.imports.mapping import Mapping, load_mapping, shipped
from touchline.imports.readers.formats import open_rows
from touchline.imports.readers.options import Choice, FileOptions, given_options
from touchline.imports.readers.rows import START, BadRow, Position, Row, Values
from touchline.imports.yaml_mapping.zones import Clock

__all__ = [
    "START",
    "BadRow",
    "Choice",
    "Clock",
    "FileError",
    "FileOptions",
    "ImportItem",
    "Mapping",
    "MappingError",
    "Position",
    "Row",
    "Unmapped",
    "Values",
    "check_file",
    "given_options",
    "load_mapping",
    "mapped",
    "open_rows",
    "read_events",
    "shipped",
]
