"""Reads privacy rules from their file."""

from pathlib import Path

from touchline.config.text_files import text_of
from touchline.documents import Document, Fault
from touchline.privacy import (
    PrivacyError,
    PrivacyFile,
    PrivacyRules,
    missing_key,
    parse_privacy,
    read_privacy,
)


def load_privacy(path: Path | None, key: str) -> PrivacyRules | None:
    """The privacy rules in a file; None without one.

    Args:
        path: The file.
        key: The key of the hashes of identifiers.

    Raises:
        PrivacyError: the file cannot be read, has faults, or needs a key that is missing.
    """
    return None if path is None else parse_privacy(text_of(path, PrivacyError), key, str(path))


def privacy_file(path: Path, key: str) -> tuple[PrivacyFile, tuple[Fault, ...]]:
    """A file of privacy rules with its faults; and the warning that it needs a key, if `key` is none.

    Raises:
        PrivacyError: the file cannot be read.
    """
    document = Document(text_of(path, PrivacyError), str(path))
    file = read_privacy(document)
    missing = missing_key(document, file.declared, key)
    return file, () if missing is None else (missing,)
