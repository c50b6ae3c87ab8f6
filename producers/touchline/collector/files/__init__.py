"""Files as sources of events: readers of NDJSON, CSV and Parquet, and mappings from rows to events."""

from touchline.collector.files.events import ImportItem, check_file, read_events
from touchline.collector.files.mapping import Mapping, load_mapping, shipped
from touchline.collector.files.parts import MappingError
from touchline.collector.files.reader import open_rows
from touchline.collector.files.rows import START, BadRow, FileError, Position, Row

__all__ = [
    "START",
    "BadRow",
    "FileError",
    "ImportItem",
    "Mapping",
    "MappingError",
    "Position",
    "Row",
    "check_file",
    "load_mapping",
    "open_rows",
    "read_events",
    "shipped",
]
