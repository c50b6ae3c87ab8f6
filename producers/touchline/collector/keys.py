"""The keys of producers: a file of names and hashes, never of the keys themselves."""

import hashlib
import hmac
import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from touchline.vocabulary.errors import ConfigurationError

LOCAL: Final = "local"
"""The producer of whoever sends from this machine while there are no keys."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}\Z")


class KeysUnreadable(ConfigurationError):
    """The keys file is there and cannot be read; nobody is let in until it can."""


class Key(msgspec.Struct, frozen=True):
    """One key: the producer it names, its SHA-256 in hex, when it was made and revoked (RFC 3339)."""

    name: str
    sha256: str
    created_at: str
    revoked_at: str | None = None


class _File(msgspec.Struct):
    keys: list[Key]


class Keys:
    """The keys in one file (`keys.json` in the data folder), read again whenever it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: list[Key] = []

    def all(self) -> list[Key]:
        """Every key there is or was, revoked ones too, in the order of their making.

        Raises:
            KeysUnreadable: the file is damaged or may not be read.
        """
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                self._keys = msgspec.json.decode(self._path.read_bytes(), type=_File).keys
                self._seen = seen
        except FileNotFoundError:
            self._keys, self._seen = [], None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise KeysUnreadable(f"{self._path} cannot be read ({error}): restore or remove it") from error
        return self._keys

    def find(self, secret: str) -> Key | None:
        """The key that this is, revoked or not, or None."""
        digest = _digest(secret)
        found = None
        for key in self.all():
            # Every key is compared, in constant time, so that the time taken says nothing.
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found

    def create(self, name: str) -> str:
        """Make a key for a producer and return it; it cannot be had again.

        Raises:
            ValueError: the name is no name, or has a key already.
            KeysUnreadable: the file is damaged or may not be read.
        """
        if not _NAME.match(name) or name == LOCAL:
            raise ValueError(
                f"{name!r} cannot name a producer: use up to 63 lower-case letters, digits, _ . or -, "
                f"beginning with a letter or a digit, and not {LOCAL!r}"
            )
        if any(key.name == name and key.revoked_at is None for key in self.all()):
            raise ValueError(f"{name!r} has a key already: revoke it first, or choose another name")
        secret = f"tl_{secrets.token_urlsafe(32)}"
        self._write([*self.all(), Key(name, _digest(secret), _now())])
        return secret

    def revoke(self, name: str) -> None:
        """End the key of a producer; collectors that run notice at the next request.

        Raises:
            ValueError: the name has no key that is in use.
            KeysUnreadable: the file is damaged or may not be read.
        """
        before = self.all()
        after = [
            msgspec.structs.replace(key, revoked_at=_now())
            if key.name == name and key.revoked_at is None
            else key
            for key in before
        ]
        if after == before:
            raise ValueError(f"{name!r} has no key in use: see which there are with touchline keys list")
        self._write(after)

    def _write(self, keys: list[Key]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = msgspec.json.format(msgspec.json.encode(_File(keys)), indent=2)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)


def _digest(secret: str) -> str:
    # Plain SHA-256 is right here: the key is 32 random bytes, which no guessing can search, so that a slow
    # hash would only slow every request.
    return hashlib.sha256(secret.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
