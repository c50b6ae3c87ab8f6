"""Microsoft Teams, by a workflow that takes webhooks: an Adaptive Card for each message.

Incident text stands in text runs, which have no markup. A workflow changes no card, so each message is a new
one.
"""

import orjson

from touchline.alerts.addresses import Teams
from touchline.alerts.channels.delivery import post, secret
from touchline.alerts.channels.limits import LIMITS, MARK
from touchline.alerts.messages.bulletin import Bulletin
from touchline.alerts.messages.message import Link, Message

_COLOURS = {"critical": "attention", "warning": "warning", "resolved": "good", "taken back": "good"}


def send_teams(address: Teams, message: Message) -> None:
    """Post a card with the text, buttons for actions and the live page, and links to journeys."""
    buttons = (*message.actions, *message.page)[: LIMITS["teams"]["actions"]]
    title = _paragraph(message.subject, weight="bolder", color=_COLOURS.get(message.state, "default"))
    _post(address, title, message.details.splitlines(), message.links, buttons)


def send_bulletin_teams(address: Teams, bulletin: Bulletin) -> None:
    """Post the summary of a bulletin, with a link to all of it."""
    buttons = (Link("All of it", bulletin.link),) if bulletin.link else ()
    _post(address, _paragraph(bulletin.subject, weight="bolder"), bulletin.summary.splitlines(), (), buttons)


def _post(
    address: Teams,
    title: dict[str, object],
    lines: list[str],
    links: tuple[Link, ...],
    buttons: tuple[Link, ...],
) -> None:
    def written(shown: list[str]) -> bytes:
        return orjson.dumps(_card([title, *map(_paragraph, shown), *_linked(links)], buttons))

    body = written(lines)
    while _utf16_bytes(body) > LIMITS["teams"]["message_bytes"] and lines:
        lines = lines[: len(lines) * 9 // 10]
        body = written([*lines, MARK])
    post(secret(address.url), body, address.timeout)


def _utf16_bytes(body: bytes) -> int:
    return len(body.decode().encode("utf-16-le"))


def _card(body: list[dict[str, object]], buttons: tuple[Link, ...]) -> dict[str, object]:
    content: dict[str, object] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    if buttons:
        content["actions"] = [_opening(button) | {"title": button.label} for button in buttons]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None}
    return {"type": "message", "attachments": [attachment | {"content": content}]}


def _paragraph(text: str, **look: str) -> dict[str, object]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}


def _linked(links: tuple[Link, ...]) -> list[dict[str, object]]:
    """One paragraph with the links side by side; none without links."""
    runs: list[dict[str, object]] = []
    for link in links:
        runs.append({"type": "TextRun", "text": link.label, "selectAction": _opening(link)})
        runs.append({"type": "TextRun", "text": " · "})
    return [{"type": "RichTextBlock", "inlines": runs[:-1]}] if runs else []


def _opening(link: Link) -> dict[str, object]:
    return {"type": "Action.OpenUrl", "url": link.url}
