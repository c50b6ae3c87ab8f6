"""Slack, by an incoming webhook. What others wrote goes in as plain text; nothing of it is markup."""

from touchline.alerts.addresses import Slack
from touchline.alerts.channels.delivery import post, secret
from touchline.alerts.message import Message

_LONGEST_HEADER = 150


def send_slack(address: Slack, message: Message) -> None:
    """Post one message with blocks, and a text for notifications."""
    blocks: list[dict[str, object]] = [
        {"type": "header", "text": _verbatim(message.subject[:_LONGEST_HEADER])},
    ]
    if message.link:
        text = message.text.partition("\nJourney ")[0].partition("\nLive page: ")[0]
        links = [f"<{escaped(message.link)}|Live page>"]
        links += (
            f"<{escaped(journey.link)}|Journey {number}>"
            for number, journey in enumerate(message.evidence, 1)
        )
        blocks += [
            {"type": "section", "text": _verbatim(text)},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": " · ".join(links)}]},
        ]
    else:
        blocks.append({"type": "section", "text": _verbatim(message.text)})
    body = {"text": escaped(f"[{message.state}] {message.summary}"), "blocks": blocks}
    post(secret(address.url), body, address.timeout)


def escaped(text: str) -> str:
    """A text in which Slack finds no link and no mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _verbatim(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text, "emoji": False}
