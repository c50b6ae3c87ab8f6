"""Slack, by an incoming webhook. What others wrote goes in as plain text; nothing of it is markup."""

from touchline.alerts.addresses import Slack
from touchline.alerts.channels.delivery import post, secret
from touchline.alerts.channels.limits import LIMITS, cut
from touchline.alerts.messages.bulletin import Bulletin
from touchline.alerts.messages.message import Link, Message

_LIMITS = LIMITS["slack"]


def send_slack(address: Slack, message: Message) -> None:
    """Post one message with blocks, and a text for notifications."""
    text = cut(escaped(f"[{message.state}] {message.summary}"), _LIMITS["text"])
    post(secret(address.url), {"text": text, "blocks": blocks_of(message)}, address.timeout)


def send_bulletin_slack(address: Slack, bulletin: Bulletin) -> None:
    """Post the summary of a bulletin, with a link to all of it."""
    body = {"text": cut(escaped(bulletin.subject), _LIMITS["text"]), "blocks": bulletin_blocks(bulletin)}
    post(secret(address.url), body, address.timeout)


def blocks_of(message: Message) -> list[dict[str, object]]:
    """A header, the text, buttons and links."""
    blocks = [_header(message.subject), _section(message.details)]
    fitting = [link for link in message.actions if len(link.url) <= _LIMITS["button_url"]]
    if fitting := fitting[: _LIMITS["buttons"]]:
        buttons = [_button(link, number) for number, link in enumerate(fitting)]
        blocks.append({"type": "actions", "elements": buttons})
    if links := (*message.page, *message.links):
        blocks.append(_context(links))
    return blocks


def bulletin_blocks(bulletin: Bulletin) -> list[dict[str, object]]:
    """A header, the summary, and a link to all of it."""
    blocks = [_header(bulletin.subject), _section(bulletin.summary)]
    if bulletin.link:
        blocks.append(_context((Link("All of it", bulletin.link),)))
    return blocks


def escaped(text: str) -> str:
    """A text in which Slack finds no link and no mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def verbatim(text: str, most: int) -> dict[str, object]:
    """A text in which nothing is markup."""
    return {"type": "plain_text", "text": cut(text, most), "emoji": False}


def _header(text: str) -> dict[str, object]:
    return {"type": "header", "text": verbatim(text, _LIMITS["header"])}


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": verbatim(text, _LIMITS["section"])}


def _context(links: tuple[Link, ...]) -> dict[str, object]:
    """The links that fit: part of a link would be a wrong link."""
    text = ""
    for link in links:
        following = text + (" · " if text else "") + f"<{escaped(link.url)}|{escaped(link.label)}>"
        if len(following) <= _LIMITS["context"]:
            text = following
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def _button(link: Link, number: int) -> dict[str, object]:
    return {
        "type": "button",
        "text": verbatim(link.label, _LIMITS["button"]),
        "url": link.url,
        "action_id": f"touchline_{number}",
    }
