"""Why a file cannot be imported."""

from touchline.vocabulary.errors import ConfigurationError, TouchlineError


class FileError(TouchlineError):
    """The file cannot be opened, or it cannot be read past some row."""


class MappingError(ConfigurationError):
    """The mapping cannot be used. The message says what is wrong, where, and what to write instead."""


class Unmapped(TouchlineError, ValueError):
    """A mapping fails at a row. The message says why."""
