"""Receivers as their providers document them: they take what the format allows, and refuse the rest.

Each holds the incidents that it knows, and answers a request with a status, headers and a body.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

Answer = tuple[int, dict[str, str], bytes]
Heads = Mapping[str, str]

LIVE = "https://touchline.shop.example"


class Refused(Exception):
    """The format does not allow it."""


def need(holds: object, why: str) -> None:
    """Refuse a request unless a condition holds."""
    if not holds:
        raise Refused(why)


def text(value: Any, most: int, least: int = 1) -> str:
    """A text of a length in characters as UTF-16 counts them."""
    need(isinstance(value, str), f"{value!r} is no text")
    need(
        least <= len(value.encode("utf-16-le", "surrogatepass")) // 2 <= most,
        f"longer than {most}: {value[:40]}",
    )
    return str(value)


@dataclass
class Simulator:
    """A receiver; `incidents` are its states by key, `said` all that people see."""

    incidents: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def respond(self, path: str, headers: Heads, body: bytes) -> Answer:
        """Answer a request; a refusal is recorded."""
        try:
            return self.take(path, headers, body)
        except Refused as error:
            self.refusals.append(str(error))
            return 400, {}, str(error).encode()

    def take(self, path: str, headers: Heads, body: bytes) -> Answer:
        """Take a request or refuse it."""
        raise NotImplementedError


class Alertmanager(Simulator):
    """API v2, `POST /api/v2/alerts`."""

    def take(self, path: str, headers: Heads, body: bytes) -> Answer:
        """An alert's labels are its identity."""
        need(path.endswith("/api/v2/alerts"), path)
        for alert in orjson.loads(body):
            need(
                alert.keys() <= {"labels", "annotations", "startsAt", "endsAt", "generatorURL"},
                "unknown field",
            )
            names = [*alert["labels"], *alert["annotations"]]
            need(all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for name in names), "invalid name")
            need(alert["startsAt"] < alert["endsAt"], "ends before it starts")
            key = orjson.dumps(alert["labels"], option=orjson.OPT_SORT_KEYS).decode()
            firing = alert["endsAt"] > self.now
            self.incidents[key] = "open" if firing else "closed"
            self.said += alert["annotations"].values()
        return 200, {}, b""

    now = "2026-11-18T11:10:00.000Z"


class PagerDuty(Simulator):
    """Events API v2, `POST /v2/enqueue`."""

    def take(self, path: str, headers: Heads, body: bytes) -> Answer:
        """A trigger opens, or is deduplicated; others need an open incident."""
        need(len(body) <= 512_000, "larger than 512 KB")
        event = orjson.loads(body)
        need(re.fullmatch(r"[A-Za-z0-9]{32}", event["routing_key"]), "invalid routing key")
        if path.endswith("/v2/change/enqueue"):
            self.said.append(text(event["payload"]["summary"], 1024))
            known = {"summary", "timestamp", "source", "custom_details"}
            need(event["payload"].keys() <= known, "unknown field of the payload")
            need(event.keys() <= {"routing_key", "payload", "links"}, "unknown field")
            return 202, {}, b'{"status": "success"}'
        key = text(event["dedup_key"], 255)
        match event["event_action"]:
            case "trigger":
                payload = event["payload"]
                self.said.append(text(payload["summary"], 1024))
                text(payload["source"], 1024)
                need(payload["severity"] in {"critical", "error", "warning", "info"}, "invalid severity")
                need(all(link["href"] and link["text"] for link in event.get("links", ())), "invalid link")
                if self.incidents.get(key) != "acknowledged":
                    self.incidents[key] = "open"
            case "acknowledge" | "resolve" as action:
                if self.incidents.get(key) in ("open", "acknowledged"):
                    self.incidents[key] = "acknowledged" if action == "acknowledge" else "closed"
            case action:
                raise Refused(f"invalid action {action}")
        return 202, {}, b'{"status": "success"}'


def _blocks(blocks: Any) -> Iterator[str]:
    """The texts of Block Kit's blocks; each is checked."""
    need(isinstance(blocks, list) and 0 < len(blocks) <= 50, "1 to 50 blocks")
    need(len(orjson.dumps(blocks).decode()) <= 13_000, "msg_blocks_too_long")
    for block in blocks:
        match block["type"]:
            case "header":
                need(block["text"]["type"] == "plain_text", "a header is plain text")
                yield text(block["text"]["text"], 150)
            case "section":
                need(block["text"]["type"] in ("plain_text", "mrkdwn"), "invalid section")
                yield text(block["text"]["text"], 3_000)
            case "context":
                need(0 < len(block["elements"]) <= 10, "1 to 10 elements")
                yield from (text(element["text"], 3_000) for element in block["elements"])
            case "actions":
                need(0 < len(block["elements"]) <= 25, "1 to 25 elements")
                for button in block["elements"]:
                    need(
                        button["type"] == "button" and button["text"]["type"] == "plain_text",
                        "invalid button",
                    )
                    text(button["url"], 3_000)
                    yield text(button["text"]["text"], 75)
            case kind:
                raise Refused(f"invalid block {kind}")


class Slack(Simulator):
    """An incoming webhook: it posts, and names nothing."""

    def take(self, path: str, headers: Heads, body: bytes) -> Answer:
        """A text for notifications, and blocks."""
        message = orjson.loads(body)
        text(message["text"], 40_000)
        self.said += _blocks(message["blocks"])
        return 200, {}, b"ok"


class SlackApi(Simulator):
    """Slack's Web API for one channel. Errors are answers of 200 with `ok: false`."""

    TOKEN, CHANNEL = "xoxb-hush-hush", "C0123456789"

    def __init__(self, history: bool = True) -> None:
        super().__init__()
        self.history = history
        self.messages: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []

    def take(self, path: str, headers: Heads, body: bytes) -> Answer:
        """Call a method by its path."""
        try:
            answer = {"ok": True, **self._call(path.rpartition("/")[2], headers, body)}
        except Refused as error:
            self.refusals.append(str(error))
            answer = {"ok": False, "error": str(error)}
        return 200, {"Content-Type": "application/json"}, orjson.dumps(answer)

    def _call(self, method: str, headers: Heads, body: bytes) -> dict[str, Any]:
        self.calls.append(method)
        need(headers["Authorization"] == f"Bearer {self.TOKEN}", "invalid_auth")
        form = headers["Content-Type"].startswith("application/x-www-form-urlencoded")
        given = (
            {name: one for name, (one,) in parse_qs(body.decode()).items()} if form else orjson.loads(body)
        )
        need(given["channel"] == self.CHANNEL, "channel_not_found")
        if method in ("conversations.history", "conversations.replies"):
            need(form, "invalid_form_data")
            if not self.history:
                raise Refused("missing_scope")
            thread = given.get("ts")
            found = [
                {"ts": ts, "text": one["text"], "metadata": one.get("metadata")}
                for ts, one in sorted(self.messages.items(), reverse=True)
                if (one.get("thread_ts") == thread if thread else "thread_ts" not in one)
                and float(ts) >= float(given.get("oldest", 0))
            ]
            start, most = int(given.get("cursor") or 0), int(given["limit"])
            cursor = str(start + most) if start + most < len(found) else ""
            return {"messages": found[start : start + most], "response_metadata": {"next_cursor": cursor}}
        text(given["text"], 4_000)
        self.said += _blocks(given["blocks"])
        if method == "chat.postMessage":
            need("thread_ts" not in given or given["thread_ts"] in self.messages, "thread_not_found")
            ts = f"1795000{100 + len(self.messages)}.000100"
            self.messages[ts] = given
        else:
            need(method == "chat.update", "unknown_method")
            ts = given["ts"]
            need(ts in self.messages, "message_not_found")
            self.messages[ts] = given
        if "thread_ts" not in given:
            state = "closed" if given["text"].startswith(("[resolved]", "[taken back]")) else "open"
            self.incidents[ts] = state
        return {"ts": ts, "channel": self.CHANNEL}

    @property
    def thread(self) -> list[str]:
        """The replies of all threads."""
        return [one["text"] for one in self.messages.values() if "thread_ts" in one]


class Teams(Simulator):
    """A workflow with the trigger for webhooks; it posts a card, and names nothing."""

    def take(self, path: str, headers: Heads, body: bytes) -> Answer:
        """One Adaptive Card of at most 28 KB in UTF-16."""
        need(len(body.decode().encode("utf-16-le")) <= 28 * 1024, "larger than 28 KB")
        message = orjson.loads(body)
        need(message["type"] == "message", "invalid type")
        (attachment,) = message["attachments"]
        need(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "invalid content type")
        card = attachment["content"]
        need(card["type"] == "AdaptiveCard" and card["version"] == "1.4", "invalid card")
        for block in card["body"]:
            need(block["type"] == "RichTextBlock", "text outside runs is Markdown")
            for run in block["inlines"]:
                need(run["type"] == "TextRun", "invalid run")
                self.said.append(text(run["text"], 28_000))
        need(len(card.get("actions", ())) <= 6, "more than six actions")
        need(all(one["type"] == "Action.OpenUrl" and one["url"] for one in card.get("actions", ())), "action")
        return 202, {}, b""


class Genie(Simulator):
    """The alert API of Opsgenie and of Jira Service Management."""

    def take(self, path: str, headers: Heads, body: bytes) -> Answer:
        """Create, or act on an alias."""
        need(headers["Authorization"] == "GenieKey hush-hush", "Key format is not valid")
        given, place = orjson.loads(body), urlsplit(path)
        steps = place.path.partition("/alerts")[2].strip("/").split("/")
        text(given["source"], 100)
        if steps == [""]:
            self.said += [text(given["message"], 130), text(given["description"], 15_000)]
            text(given["entity"], 512)
            need(given["priority"] in {"P1", "P2", "P3", "P4", "P5"}, "invalid priority")
            need(len(given["tags"]) <= 20 and all(text(tag, 50) for tag in given["tags"]), "invalid tags")
            need(all(isinstance(one, str) for one in given["details"].values()), "details are texts")
            need(sum(len(a) + len(b) for a, b in given["details"].items()) <= 8_000, "details too long")
            key = text(given["alias"], 512)
            if self.incidents.get(key) != "acknowledged":
                self.incidents[key] = "open"
        else:
            key, action = steps
            need(place.query == "identifierType=alias", "invalid identifier type")
            self.said.append(text(given["note"], 25_000))
            states = {"close": "closed", "acknowledge": "acknowledged", "notes": self.incidents.get(key, "")}
            need(action in states, f"invalid action {action}")
            if key in self.incidents:
                self.incidents[key] = states[action]
        return 202, {}, b'{"result": "Request will be processed"}'


class IncidentIo(Simulator):
    """Alert Events V2, an HTTP source. A description is Markdown, a title is not."""

    def __init__(self) -> None:
        super().__init__()
        self.descriptions: list[str] = []

    def take(self, path: str, headers: Heads, body: bytes) -> Answer:
        """An event fires or resolves the alert of its key."""
        need(headers["Authorization"] == "Bearer hush-hush", "invalid token")
        event = orjson.loads(body)
        known = {"title", "status", "deduplication_key", "description", "metadata", "source_url"}
        need(event.keys() <= known, "unknown field")
        need(event["status"] in ("firing", "resolved"), "invalid status")
        self.said.append(text(event["title"], 250))
        self.descriptions.append(text(event["description"], 4_000))
        self.incidents[event["deduplication_key"]] = "open" if event["status"] == "firing" else "closed"
        return 202, {}, b'{"status": "success"}'


class Webhook(Simulator):
    """A program that knows incidents by their fingerprint."""

    def take(self, path: str, headers: Heads, body: bytes) -> Answer:
        """One JSON object."""
        message = orjson.loads(body)
        self.said += [message["subject"], message["body"]]
        self.incidents[message["fingerprint"]] = "open" if message["status"] == "firing" else "closed"
        return 200, {}, b""


RECEIVERS: Mapping[str, tuple[Callable[[], Simulator], dict[str, str]]] = {
    "alertmanager": (Alertmanager, {}),
    "pagerduty": (PagerDuty, {"routing_key": "R" * 32}),
    "slack": (Slack, {}),
    "slack_bot": (SlackApi, {"token": SlackApi.TOKEN, "channel": SlackApi.CHANNEL}),
    "teams": (Teams, {}),
    "jira": (Genie, {"key": "hush-hush"}),
    "opsgenie": (Genie, {"key": "hush-hush"}),
    "incident_io": (IncidentIo, {"token": "hush-hush"}),
    "webhook": (Webhook, {"secret": "hush-hush"}),
}
"""The receiver of each kind of channel that sends over HTTP, and the settings of a channel for it."""

ACKNOWLEDGING = frozenset({"pagerduty", "jira", "opsgenie"})
NAMELESS = frozenset({"slack", "teams"})
"""Receivers that name no incident: each message is a new one."""
