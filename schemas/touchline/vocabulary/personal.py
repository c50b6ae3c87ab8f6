"""Which fields and values of events may identify a person: no explanation and no incident names these."""

import re
from typing import Final

PERSONAL_FIELDS: Final = frozenset(
    {
        *("id", "uuid", "guid", "token", "session", "cookie", "fingerprint", "account", "loyalty", "ip"),
        *("email", "mail", "phone", "mobile", "social", "handle", "username", "user", "customer", "member"),
        *("name", "surname", "address", "street", "birthday", "birthdate", "iban", "agent", "employee"),
        *("comment", "text", "note", "query", "url", "referrer", "referer", "user_agent"),
        *("latitude", "longitude", "lat", "lon"),
    }
)
"""Last parts of fields that hold identifiers, names of persons (staff as well), or what somebody wrote."""

_ENDINGS = ("_uuid", "_token", "_email", "_phone", "_address", "_number", "_ip")
_OF_PERSONS = re.compile(
    r"(account|agent|anonymous|client|customer|device|employee|member|person|session|user|visitor)_ids?"
    r"|(first|full|last|given|family|user|display|nick)_?name"
)
PERSONAL_VALUE: Final = "|".join(
    [
        r".*\S@\S.*",  # an e-mail address
        r"@\w.*",  # a handle
        r"\d{1,3}(\.\d{1,3}){3}",  # an address of IPv4
        r"[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*",  # an address of IPv6 or of a network card
        r"\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-.*",  # a UUID
        r"[0-9a-f]{16,}",  # a hash, a token
        r"\+?[\d\s()/-]{7,}",  # a phone number, a card, an account
    ]
)
"""A regular expression, also of RE2, for whole values in any case without spaces around them."""

_LOOKS_PERSONAL = re.compile(PERSONAL_VALUE, re.IGNORECASE | re.DOTALL)


def is_personal(field: str, value: str) -> bool:
    """Whether a field of events, such as `data.email`, or its value may identify a person."""
    return is_personal_field(field) or _LOOKS_PERSONAL.fullmatch(value.strip()) is not None


def is_personal_field(field: str) -> bool:
    """Whether the values of a field of events, such as `data.email`, may identify a person."""
    last = field.rpartition(".")[2].lower().replace("-", "_")
    return last in PERSONAL_FIELDS or last.endswith(_ENDINGS) or _OF_PERSONS.fullmatch(last) is not None
