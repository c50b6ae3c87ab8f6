"""The messages that a page's browser sends over its WebSocket, as NiceGUI expects them.

Text frames of Engine.IO 4 with packets of Socket.IO 5: `3` answers a ping, `40` connects, `41` disconnects,
and `42["event",{…}]` brings an event, with a number before the `[` if the browser wants an answer.
"""

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

import msgspec

_PONG, _CONNECT, _DISCONNECT = "3", "40", "41"
_EVENT = re.compile(r"42[0-9]{0,9}(?=\[)")


class Verdict(Enum):
    """What to do with a message."""

    PASS = auto()
    CONNECT = auto()
    """Pass it on, once per WebSocket."""
    IGNORE = auto()
    """A page may send it, and it concerns nobody: a line for the log, or an event that no element expects."""
    REFUSE = auto()


class Handshake(msgspec.Struct):
    """What a browser says of itself as it connects, in its first message or in the query of its address."""

    client_id: str
    tab_id: str
    document_id: str
    next_message_id: int
    old_tab_id: str | None = None


class _Event(msgspec.Struct):
    client_id: str
    id: int
    listener_id: str
    args: list[str | None] = []


class _Ack(msgspec.Struct):
    client_id: str
    next_message_id: int


_BODIES: dict[str, type[msgspec.Struct]] = {"handshake": Handshake, "event": _Event, "ack": _Ack}
_IGNORED = ("log", "javascript_response")


Expected = Callable[[str, int, str], bool]
"""Whether an element of a page listens, by the ids of the page, the element and the listener."""


def judge(text: str, expected: Expected = lambda client, element, listener: True) -> Verdict:
    """Return what to do with a text message. An event that no element expects is ignored: it may be late."""
    if text in (_PONG, _DISCONNECT):
        return Verdict.PASS
    try:
        if text.startswith(_CONNECT):
            if len(text) > len(_CONNECT):
                msgspec.json.decode(text[len(_CONNECT) :], type=dict[str, Any])
            return Verdict.CONNECT
        if (found := _EVENT.match(text)) is None:
            return Verdict.REFUSE
        name, body = msgspec.json.decode(text[found.end() :], type=tuple[str, msgspec.Raw])
        if name in _IGNORED:
            return Verdict.IGNORE
        if (known := _BODIES.get(name)) is None:
            return Verdict.REFUSE
        message = msgspec.json.decode(body, type=known)
        if isinstance(message, _Event):
            for argument in message.args:
                if argument is not None:
                    msgspec.json.decode(argument)
            if not expected(message.client_id, message.id, message.listener_id):
                return Verdict.IGNORE
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Verdict.REFUSE
    return Verdict.PASS
