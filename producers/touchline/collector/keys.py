"""The keys of producers: a file of names and hashes. The keys themselves are not stored.

A browser key is bound to the origins of the web pages that use it. Everybody can read it in their source, so
it may be used only to send events, from these pages.
"""

import fcntl
import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from touchline.collector.key import Key, Scope
from touchline.collector.origins import origin_pattern
from touchline.vocabulary.errors import ConfigurationError
from touchline.vocabulary.event import IMPORTED

LOCAL: Final = "local"
"""The producer of requests from this machine while no key exists."""

BROWSER_EVENTS_PER_SECOND: Final = 500.0
"""The rate of a browser key, unless it was created with another."""

KEEP_OLD: Final = timedelta(hours=24)
"""How long a rotated key may be used beside the new one."""

_LOCK_SECONDS: Final = 5.0

# The prefix tells a person who finds a key what it is, and that one of a browser may be public.
_PREFIXES: Final[dict[Scope, str]] = {"write": "tl", "browser-write": "tlb", "webhook": "tlw"}
PREFIXES: Final = tuple(f"{prefix}_" for prefix in _PREFIXES.values())
"""What keys begin with."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}\Z")


class KeysUnreadable(ConfigurationError):
    """The keys file exists and cannot be read. Until it can, every request is rejected."""


class _File(msgspec.Struct):
    keys: list[Key]


class Keys:
    """The keys in one file (`keys.json` in the data folder), read again whenever the file changes.

    Args:
        path: The file.
        required: Whether every request needs a key, even while there is none.
        clock: Returns the time in UTC.
    """

    def __init__(
        self,
        path: Path,
        *,
        required: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.required = required
        self._path, self._file = path, str(path)
        self._clock = clock
        self._seen: tuple[int, int, int] | None = None
        self._keys: list[Key] = []

    def all(self) -> list[Key]:
        """All keys, including revoked ones, oldest first.

        Raises:
            KeysUnreadable: the file is damaged or not readable.
        """
        try:
            # For every request: a Path takes twice as long.
            stat = os.stat(self._file)
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

    def is_active(self, key: Key) -> bool:
        """Whether a key may be used now."""
        return key.is_active(self._clock())

    def allow(self, origin: str) -> bool:
        """Whether pages of an origin may use any key, or might use one before it was revoked."""
        return any(key.allows(origin) for key in self.all())

    def create(
        self,
        name: str,
        origins: Sequence[str] = (),
        events_per_second: float | None = None,
        scope: Scope | None = None,
    ) -> str:
        """Create a key for a producer and return its secret, which cannot be shown again.

        Args:
            name: The producer.
            origins: The origins of a browser key, such as `https://shop.example` or `https://*.shop.example`.
            events_per_second: The rate of the key; default `BROWSER_EVENTS_PER_SECOND` for a browser key, and
                that of the collector for any other.
            scope: What the key may be used for; default `browser-write` with origins, otherwise `write`.

        Raises:
            ValueError: the name is not valid or has a key already, an origin is not valid, the scope does not
                fit the origins, or the rate is not positive.
            KeysUnreadable: the file is damaged or not readable.
        """
        if not _NAME.match(name) or name in (LOCAL, IMPORTED):
            raise ValueError(
                f"{name!r} is not a valid name of a producer: use up to 63 lower-case letters, digits, _ . "
                f"or -, starting with a letter or a digit, and not {LOCAL!r} or {IMPORTED!r}"
            )
        if (scope == "browser-write") > bool(origins):
            raise ValueError("a key for web pages needs their origins: name them with --origin")
        if origins and scope not in (None, "browser-write"):
            raise ValueError(f"only web pages have origins: leave --origin out, or --scope {scope}")
        if events_per_second is not None and not 0 < events_per_second < inf:
            raise ValueError(f"{events_per_second:g} events per second is no rate: use a number above 0")
        if origins and events_per_second is None:
            events_per_second = BROWSER_EVENTS_PER_SECOND
        patterns = tuple(dict.fromkeys(map(origin_pattern, origins)))
        key = Key(
            name,
            "",
            self._now(),
            origins=patterns,
            events_per_second=events_per_second,
            webhook=scope == "webhook",
        )
        with self._alone():
            if self._active(name):
                raise ValueError(
                    f"{name!r} has a key already: replace it with `touchline keys rotate {name}`, or choose "
                    "another name"
                )
            return self._add(key, self.all())

    def rotate(self, name: str, keep_old: timedelta = KEEP_OLD) -> tuple[str, str]:
        """Replace the key of a producer; return the new secret, and when the old one ends (RFC 3339).

        The new key has the scope, origins and rate of the old one. A key that was rotated before keeps its
        earlier end.

        Raises:
            ValueError: the name has no active key.
            KeysUnreadable: the file is damaged or not readable.
        """
        try:
            end = _moment(self._clock() + keep_old)
        except OverflowError:
            raise ValueError("the old key would be good for too long: keep it for some days") from None
        with self._alone():
            active = self._active(name)
            if not active:
                raise _no_key(name)
            keys = [
                replace(key, expires_at=min(key.expires_at or end, end)) if key in active else key
                for key in self.all()
            ]
            return self._add(replace(active[-1], created_at=self._now(), expires_at=None), keys), end

    def revoke(self, name: str, *, old: bool = False) -> None:
        """Revoke the keys of a producer. Running collectors apply it to the next request.

        Args:
            name: The producer.
            old: Revoke only keys that were rotated and may still be used.

        Raises:
            ValueError: the name has no such key.
            KeysUnreadable: the file is damaged or not readable.
        """
        with self._alone():
            ending = [key for key in self._active(name) if key.expires_at is not None or not old]
            if not ending:
                raise _no_key(name)
            self._write(
                [replace(key, revoked_at=self._now()) if key in ending else key for key in self.all()]
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Change the file alone: of two changes at once, one would undo the other.

        Raises:
            ValueError: another process has been changing it for some seconds.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._path.with_suffix(".lock")
        with open(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600), "rb") as file:
            give_up_at = time.monotonic() + _LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > give_up_at:
                        raise ValueError(f"another process changes {self._path}: try again") from None
                    # flock has no time limit of its own, so this polls until `_LOCK_SECONDS` have passed.
                    time.sleep(0.02)
            yield

    def _now(self) -> str:
        return _moment(self._clock())

    def _active(self, name: str) -> list[Key]:
        """The keys of a producer that may be used, oldest first."""
        return [key for key in self.all() if key.name == name and self.is_active(key)]

    def _add(self, key: Key, before: list[Key]) -> str:
        """Add a key with a new secret, which is returned."""
        secret = f"{_PREFIXES[key.scope]}_{secrets.token_urlsafe(32)}"
        self._write([*before, replace(key, sha256=_digest(secret))])
        return secret

    def _write(self, keys: list[Key]) -> None:
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


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _no_key(name: str) -> ValueError:
    return ValueError(f"{name!r} has no active key: run `touchline keys list` to see all keys")
