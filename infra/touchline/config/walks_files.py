"""Reads walks from their file, and the values that the file only names."""

import os
from collections.abc import Callable
from pathlib import Path

from touchline.config.text_files import text_of
from touchline.documents import Document, Secret
from touchline.vocabulary.errors import ConfigurationError
from touchline.walks import Walk, WalksError, WalksFile, parse_walks, read_walks


class ValueMissing(ConfigurationError):
    """The environment or a file lacks the value of a field; the message names it."""


def load_walks(path: Path) -> tuple[Walk, ...]:
    """The walks of a file.

    Raises:
        WalksError: the file cannot be read, or has faults.
    """
    return parse_walks(text_of(path, WalksError), str(path))


def walks_file(path: Path) -> WalksFile:
    """The walks of a file, with its faults.

    Raises:
        WalksError: the file cannot be read.
    """
    return read_walks(Document(text_of(path, WalksError), str(path)))


def values_beside(path: Path) -> Callable[[Secret], str]:
    """A function that returns the value of a field; files are named relative to the file of walks."""

    def value_of(given: Secret) -> str:
        if given.text is not None:
            return given.text.get_secret_value()
        if given.env is not None:
            if (value := os.environ.get(given.env)) is None:
                raise ValueMissing(f"{path}: the environment has no {given.env}, which a walk needs")
            return value
        try:
            return (path.parent / str(given.file)).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueMissing(f"{path}: {given.file}, which a walk needs, cannot be read: {error}") from None

    return value_of
