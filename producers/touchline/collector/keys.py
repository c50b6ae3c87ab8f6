"""The keys of producers: a file of names and hashes. The keys themselves are not stored."""

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
from touchline.vocabulary.event import IMPORTED

LOCAL: Final = "local"
"""The producer of requests from this machine while no key exists."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}\Z")


class KeysUnreadable(ConfigurationError):
    """The keys file exists and cannot be read. Until it can, every request is rejected."""


class Key(msgspec.Struct, frozen=True):
    """One key: the producer's name, the SHA-256 in hex, and when it was created and revoked (RFC 3339)."""

    name: str
    sha256: str
    created_at: str
    revoked_at: str | None = None


class _File(msgspec.Struct):
    keys: list[Key]


class Keys:
    """The keys in one file (`keys.json` in the data folder), read again whenever the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: list[Key] = []

    def all(self) -> list[Key]:
        """All keys, including revoked ones, oldest first.

        Raises:
            KeysUnreadable: the file is damaged or not readable.
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
            raise KeysUnreadable(f"cannot read {self._path} ({error}): restore or remove the file") from error
        return self._keys

    def find(self, secret: str) -> Key | None:
        """The key with this secret, revoked or not, or None."""
        digest = _digest(secret)
        found = None
        for key in self.all():
            # Every key is compared, in constant time, so that the time reveals nothing.
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found

    def create(self, name: str) -> str:
        """Create a key for a producer and return its secret, which cannot be shown again.

        Raises:
            ValueError: the name is not valid, or has a key already.
            KeysUnreadable: the file is damaged or not readable.
        """
        if not _NAME.match(name) or name in (LOCAL, IMPORTED):
            raise ValueError(
                f"{name!r} is not a valid name of a producer: use up to 63 lower-case letters, digits, _ . "
                f"or -, starting with a letter or a digit, and not {LOCAL!r} or {IMPORTED!r}"
            )
        if any(key.name == name and key.revoked_at is None for key in self.all()):
            raise ValueError(f"{name!r} has a key already: revoke that key first, or choose another name")
        secret = f"tl_{secrets.token_urlsafe(32)}"
        self._write([*self.all(), Key(name, _digest(secret), _now())])
        return secret

    def revoke(self, name: str) -> None:
        """Revoke the key of a producer. Running collectors apply it to the next request.

        Raises:
            ValueError: the name has no active key.
            KeysUnreadable: the file is damaged or not readable.
        """
        before = self.all()
        after = [
            msgspec.structs.replace(key, revoked_at=_now())
            if key.name == name and key.revoked_at is None
            else key
            for key in before
        ]
        if after == before:
            raise ValueError(f"{name!r} has no active key: run `touchline keys list` to see all keys")
        self._write(after)

    def _write(self, keys: list[Key]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = msgspec.json.format(msgspec.json.encode(_File(keys)), indent=2)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)


def _digest(secret: str) -> str:
    # Plain SHA-256 is enough: nobody can guess 32 random bytes, and a slow hash would slow every request.
    return hashlib.sha256(secret.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
