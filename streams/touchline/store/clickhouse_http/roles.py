"""Who asks, by which password, and what they may do."""

import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256

from starlette.requests import HTTPConnection

from touchline.store.clickhouse_http.refusal import refusal


class Role(StrEnum):
    """What one may do; each may do what those before it may.

    A reader reads, within bounds. A writer also inserts and deletes rows of our tables. An admin also makes
    and changes tables.
    """

    READER = "reader"
    WRITER = "writer"
    ADMIN = "admin"


class Roles:
    """The passwords of the roles; the user's name is the role's.

    Where there is but one role, as behind `touchline up`, any name will do. Passwords are kept as hashes.
    """

    def __init__(self, passwords: Mapping[Role, str]) -> None:
        self._hashes = {role: _hash(password) for role, password in passwords.items()}

    def of(self, request: HTTPConnection) -> Role:
        """The role of whoever asks, found in a time that does not depend on how much of a password is right.

        Raises:
            QueryError: 194 without a password, 516 with a wrong one.
        """
        user, password = _credentials(request)
        if password is None:
            raise refusal(
                194, "Send the token as the password: it is in the data folder", "REQUIRED_PASSWORD"
            )
        only = next(iter(self._hashes)) if len(self._hashes) == 1 else None
        role = only or next((one for one in self._hashes if one == user), None)
        known = self._hashes.get(role or Role.READER, b"")
        if hmac.compare_digest(_hash(password), known) and role is not None:
            return role
        others = "" if only else f", or the user is none of {', '.join(self._hashes)}"
        raise refusal(
            516,
            f"Authentication failed: not this store's token{others}",
            "AUTHENTICATION_FAILED",
        )


def password_of(request: HTTPConnection) -> str | None:
    """The password that a request brings, by any of four ways; None where it brings none."""
    return _credentials(request)[1]


def _credentials(request: HTTPConnection) -> tuple[str, str | None]:
    headers = request.headers
    user = headers.get("x-clickhouse-user") or request.query_params.get("user", "")
    if (key := headers.get("x-clickhouse-key")) is not None:
        return user, key
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return user, rest.strip()
    if scheme.lower() == "basic":
        try:
            user, _, password = b64decode(rest, validate=True).decode().partition(":")
        except (NotBase64, UnicodeDecodeError):
            return user, ""
        return user, password
    return user, request.query_params.get("password")


def _hash(password: str) -> bytes:
    return sha256(password.encode()).digest()
