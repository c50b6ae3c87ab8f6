"""Slack, by a bot's token: one message an incident, changed with the incident, its story in the thread.

The message's `ts` is its name at Slack. It is kept in the outbox. If a crash or a lost answer loses it, the
message is found again by its metadata, so an incident stays one message.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
import structlog

from touchline.alerts.addresses import SlackBot
from touchline.alerts.channels.delivery import Deadline, Undelivered, post, secret
from touchline.alerts.channels.limits import LIMITS, cut
from touchline.alerts.channels.slack import blocks_of, bulletin_blocks, escaped, verbatim
from touchline.alerts.messages.bulletin import Bulletin
from touchline.alerts.messages.message import Message
from touchline.vocabulary.wording import plain

logger = structlog.get_logger(__name__)

_EVENT = "touchline_incident"
_LONGEST_ANSWER = 4_000_000
_PAGES, _PAGE = 3, 100
"""How far back a lost message is looked for: the newest so many."""

_NO_PREVIEW = {"unfurl_links": False, "unfurl_media": False}
_NO_HISTORY = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "no_permission"})
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})


class _Refused(Undelivered):
    """Slack answered with an error; `code` is its name for it."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack refused {method}: {plain(code, 100)}")
        self.code = code


def send_slack_bot(address: SlackBot, message: Message, reference: str) -> str:
    """Post or change the incident's message; return its name and how many replies its thread has."""
    bot = _Bot(address)
    name, _, replies = reference.partition(" ")
    name = name or bot.find(message)
    if not name:
        return f"{bot.post(message)} 0"
    try:
        if message.status != "followup":
            bot.change(name, message)
    except _Refused as error:
        if error.code not in _GONE:
            raise
        # Somebody deleted it.
        return f"{bot.post(message)} 0"
    if not reference and message.status == "firing":
        # An attempt whose answer was lost: the message says it all.
        return f"{name} 0"
    number = int(replies or 0) + 1
    bot.reply(name, number, message)
    return f"{name} {number}"


def send_bulletin_slack_bot(address: SlackBot, bulletin: Bulletin) -> None:
    """Post the summary of a bulletin, with a link to all of it."""
    text = cut(escaped(bulletin.subject), LIMITS["slack"]["text"])
    _Bot(address).call(
        "chat.postMessage",
        {
            "channel": address.channel,
            "text": text,
            "blocks": bulletin_blocks(bulletin),
            **_NO_PREVIEW,
        },
    )


class _Bot:
    """Calls Slack's Web API for one delivery; all calls together have the address's timeout."""

    def __init__(self, address: SlackBot) -> None:
        self._address = address
        self._deadline = Deadline(address.timeout)

    def call(self, method: str, body: Mapping[str, object] | bytes) -> Mapping[str, Any]:
        """Call a method with JSON, or with bytes that are a form."""
        headers = {"Authorization": f"Bearer {secret(self._address.token)}"}
        kind = "application/x-www-form-urlencoded" if isinstance(body, bytes) else "application/json"
        headers["Content-Type"] = f"{kind}; charset=utf-8"
        url = f"{self._address.url.rstrip('/')}/{method}"
        raw = post(url, body, self._deadline.left, headers, longest_answer=_LONGEST_ANSWER)
        try:
            answer = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise Undelivered(f"Slack's answer to {method} is not JSON") from None
        if not isinstance(answer, dict) or answer.get("ok") is not True:
            code = answer.get("error") if isinstance(answer, dict) else None
            raise _Refused(method, str(code or "no reason given"))
        return answer

    def post(self, message: Message) -> str:
        """Post the incident's message; return its name."""
        metadata = _metadata(message, 0)
        answer = self.call("chat.postMessage", self._content(message) | {"metadata": metadata, **_NO_PREVIEW})
        return _name(answer)

    def change(self, name: str, message: Message) -> None:
        """Replace the content of the incident's message."""
        metadata = _metadata(message, 0)
        self.call("chat.update", self._content(message) | {"ts": name, "metadata": metadata})

    def reply(self, name: str, number: int, message: Message) -> None:
        """Add the numbered reply to the thread, unless an earlier attempt did."""
        metadata = _metadata(message, number)
        pages = self._pages("conversations.replies", {"ts": name})
        if any(found.get("metadata") == metadata for found in pages):
            return
        said = "\n".join(filter(None, (message.ended, *message.story, message.summary)))
        limits = LIMITS["slack"]
        self.call(
            "chat.postMessage",
            {
                "channel": self._address.channel,
                "thread_ts": name,
                "text": cut(escaped(said), limits["text"]),
                "blocks": [{"type": "section", "text": verbatim(said, limits["section"])}],
                "metadata": metadata,
            },
        )

    def find(self, message: Message) -> str:
        """The name of the incident's message, if an earlier attempt posted it; empty otherwise."""
        metadata = _metadata(message, 0)
        for found in self._pages("conversations.history", {"oldest": f"{message.since / 1000:.3f}"}):
            if found.get("metadata") == metadata:
                return _name(found)
        return ""

    def _content(self, message: Message) -> dict[str, object]:
        return {
            "channel": self._address.channel,
            "text": cut(escaped(f"[{message.state}] {message.summary}"), LIMITS["slack"]["text"]),
            "blocks": blocks_of(message),
        }

    def _pages(self, method: str, more: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """The newest messages, or none if the bot may not read them."""
        found: list[Mapping[str, Any]] = []
        form = {"channel": self._address.channel, "include_all_metadata": "true", "limit": str(_PAGE), **more}
        for _ in range(_PAGES):
            try:
                answer = self.call(method, urlencode(form).encode())
            except _Refused as error:
                if error.code in _NO_HISTORY:
                    logger.warning("alerts.slack.no_history", why=error.code, add="channels:history")
                if error.code in _NO_HISTORY | _GONE:
                    return found
                raise
            found += [one for one in answer.get("messages", ()) if isinstance(one, dict)]
            following = answer.get("response_metadata")
            cursor = following.get("next_cursor") if isinstance(following, dict) else ""
            if not cursor:
                break
            form["cursor"] = str(cursor)
        return found


def _metadata(message: Message, number: int) -> dict[str, object]:
    """The name by which a message is found again: of an incident (0), or of a reply to it."""
    payload = {"incident": message.incident, "fingerprint": message.fingerprint, "number": number}
    return {"event_type": _EVENT, "event_payload": payload}


def _name(answer: Mapping[str, Any]) -> str:
    if isinstance(name := answer.get("ts"), str) and name:
        return name
    raise Undelivered("Slack's answer has no ts")
