"""The roles of users, their rights and their passwords."""

import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256

from starlette.requests import HTTPConnection

from touchline.store.clickhouse_http.refusal import refusal


class Role(StrEnum):
    """The rights of a user. Each role includes the rights of those before it.

    A reader reads, within limits. A writer also inserts and deletes rows of the store's tables. An admin also
    creates and changes tables.
    """

    READER = "reader"
    WRITER = "writer"
    ADMIN = "admin"


class Roles:
    """Authenticates users. The name of a user is that of the role.

    With a single role, as in `touchline up`, any name is accepted. Passwords are kept as hashes.
    """

    def __init__(self, passwords: Mapping[Role, str]) -> None:
        self._hashes = {role: _hash(password) for role, password in passwords.items()}

    def of(self, request: HTTPConnection) -> Role:
        """The role of the request's user, also set as its `scope["user"]`.

        Passwords are compared in constant time.

        Raises:
            QueryError: 194 without a password, 516 with a wrong one.
        """
        user, password = _credentials(request)
        if password is None:
            raise refusal(
                194, "A password is required: send the token from the data folder", "REQUIRED_PASSWORD"
            )
        only = next(iter(self._hashes)) if len(self._hashes) == 1 else None
        role = only or next((role for role in self._hashes if role == user), None)
        known = self._hashes.get(role or Role.READER, b"")
        if hmac.compare_digest(_hash(password), known) and role is not None:
            request.scope["user"] = role
            return role
        names = "" if only else f", or the user is none of {', '.join(self._hashes)}"
        raise refusal(516, f"Authentication failed: wrong password{names}", "AUTHENTICATION_FAILED")


def password_of(request: HTTPConnection) -> str | None:
    """The password of a request, sent in any of the four supported ways; None where there is none."""
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
