"""Why a file cannot be imported."""


class FileError(Exception):
    """The file cannot be opened, or it cannot be read past some row."""


class MappingError(Exception):
    """The mapping cannot be used. The message says what is wrong, where, and what to write instead."""
