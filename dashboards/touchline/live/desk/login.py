"""The user name with which a browser signed in."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping


def login_name(headers: Mapping[str, str]) -> str:
    """The user name of a Basic login; empty without one."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(rest, validate=True).decode().partition(":")[0]
    except (NotBase64, UnicodeDecodeError):
        return ""
