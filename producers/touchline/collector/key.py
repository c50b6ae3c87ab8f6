"""A key of a producer: what it may be used for, and until when."""

from datetime import datetime
from typing import Final, Literal

import msgspec

from touchline.collector.origins import allows

WEBHOOKS: Final = "/v1/webhooks/"
"""Where a webhook key may be used: at `/v1/webhooks/KIND/NAME`."""

Scope = Literal["write", "browser-write", "webhook"]


class Key(msgspec.Struct, frozen=True, omit_defaults=True):
    """One key.

    Attributes:
        name: The producer's name.
        sha256: The SHA-256 of the secret, in hex.
        created_at: When it was created (RFC 3339).
        revoked_at: When it was revoked.
        expires_at: Until when it may be used beside the key that replaced it.
        origins: The web pages that may use it, by their origins; only a browser key has any. Such a key is
            public: it is in the source of these pages.
        events_per_second: Its rate, up to that of the collector.
        webhook: Whether it is good only for the webhooks of the source that has its name.
    """

    name: str
    sha256: str
    created_at: str
    revoked_at: str | None = None
    expires_at: str | None = None
    origins: tuple[str, ...] = ()
    events_per_second: float | None = None
    webhook: bool = False

    @property
    def scope(self) -> Scope:
        """What it may be used for."""
        if self.webhook:
            return "webhook"
        return "browser-write" if self.origins else "write"

    @property
    def is_public(self) -> bool:
        """Whether it is a browser key."""
        return bool(self.origins)

    def is_active(self, now: datetime) -> bool:
        """Whether it may be used at this time (with a time zone)."""
        if self.revoked_at is not None:
            return False
        return self.expires_at is None or now < datetime.fromisoformat(self.expires_at)

    def may_post(self, path: str) -> bool:
        """Whether its scope includes requests to a path."""
        if not self.webhook:
            return True
        folder, _, source = path.rstrip("/").rpartition("/")
        return source == self.name and folder.startswith(WEBHOOKS) and "/" not in folder[len(WEBHOOKS) :]

    def allows(self, origin: str) -> bool:
        """Whether pages of an origin may use it; never, if it is no browser key."""
        return allows(self.origins, origin)
