"""File import: readers for NDJSON, CSV and Parquet, and mappings from their rows to events."""

from touchline.imports.errors import FileError, MappingError
from touchline.imports.events import ImportItem, check_file, read_events
from touchline.imports.mapping import Mapping, load_mapping, shipped
from touchline.imports.readers.formats import open_rows
from touchline.imports.readers.options import Choice, FileOptions, given_options
from touchline.imports.readers.rows import START, BadRow, Position, Row

__all__ = [
    "START",
    "BadRow",
    "Choice",
    "FileError",
    "FileOptions",
    "ImportItem",
    "Mapping",
    "MappingError",
    "Position",
    "Row",
    "check_file",
    "given_options",
    "load_mapping",
    "open_rows",
    "read_events",
    "shipped",
]
