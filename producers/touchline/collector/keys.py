"""The keys of producers: a file of names and hashes. The keys themselves are not stored.

A browser key is bound to the origins of the web pages that use it. Everybody can read it in their source, so
it may be used only to send events, from these pages.
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Final

import msgspec

from touchline.collector.origins import allows, origin_pattern
from touchline.vocabulary.errors import ConfigurationError
from touchline.vocabulary.event import IMPORTED

LOCAL: Final = "local"
"""The producer of requests from this machine while no key exists."""

BROWSER_EVENTS_PER_SECOND: Final = 500.0
"""The rate of a browser key, unless it was created with another."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}\Z")


class KeysUnreadable(ConfigurationError):
    """The keys file exists and cannot be read. Until it can, every request is rejected."""


class Key(msgspec.Struct, frozen=True, omit_defaults=True):
    """One key.

    Attributes:
        name: The producer's name.
        sha256: The SHA-256 of the secret, in hex.
        created_at: When it was created (RFC 3339).
        revoked_at: When it was revoked.
        origins: The web pages that may use it, by their origins; only a browser key has any. Such a key is
            public: it is in the source of these pages.
        events_per_second: The rate of a browser key. Other keys have the collector's rate.
    """

    name: str
    sha256: str
    created_at: str
    revoked_at: str | None = None
    origins: tuple[str, ...] = ()
    events_per_second: float | None = None

    @property
    def is_public(self) -> bool:
        """Whether it is a browser key."""
        return bool(self.origins)

    def allows(self, origin: str) -> bool:
        """Whether pages of an origin may use it; never, if it is no browser key."""
        return allows(self.origins, origin)


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

    def allow(self, origin: str) -> bool:
        """Whether pages of an origin may use any key, revoked ones included."""
        return any(key.allows(origin) for key in self.all())

    def create(self, name: str, origins: Sequence[str] = (), events_per_second: float | None = None) -> str:
        """Create a key for a producer and return its secret, which cannot be shown again.

        Args:
            name: The producer.
            origins: The origins of a browser key, such as `https://shop.example` or `https://*.shop.example`.
            events_per_second: The rate of a browser key; default `BROWSER_EVENTS_PER_SECOND`.

        Raises:
            ValueError: the name is not valid or has a key already, an origin is not valid, or a rate is given
                without origins or is not positive.
            KeysUnreadable: the file is damaged or not readable.
        """
        if not _NAME.match(name) or name in (LOCAL, IMPORTED):
            raise ValueError(
                f"{name!r} is not a valid name of a producer: use up to 63 lower-case letters, digits, _ . "
                f"or -, starting with a letter or a digit, and not {LOCAL!r} or {IMPORTED!r}"
            )
        if any(key.name == name and key.revoked_at is None for key in self.all()):
            raise ValueError(f"{name!r} has a key already: revoke that key first, or choose another name")
        if origins:
            rate = BROWSER_EVENTS_PER_SECOND if events_per_second is None else events_per_second
            if not 0 < rate < inf:
                raise ValueError(f"{rate:g} events per second is no rate: use a number above 0")
            # The prefix tells a person who finds the key that it may be public.
            secret = f"tlb_{secrets.token_urlsafe(32)}"
            key = Key(
                name,
                _digest(secret),
                _now(),
                origins=tuple(dict.fromkeys(map(origin_pattern, origins))),
                events_per_second=rate,
            )
        elif events_per_second is not None:
            raise ValueError("only a browser key has a rate of its own: name its pages with --origin")
        else:
            secret = f"tl_{secrets.token_urlsafe(32)}"
            key = Key(name, _digest(secret), _now())
        self._write([*self.all(), key])
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
