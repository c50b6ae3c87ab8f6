"""The formal limits of receivers. A text that is longer is cut with a mark, so no receiver refuses it."""

from bisect import bisect_right
from itertools import accumulate
from typing import Final

MARK: Final = "…"

LIMITS: Final[dict[str, dict[str, int]]] = {
    # Characters and items: https://docs.slack.dev/reference/block-kit/blocks for header, section, context and
    # actions, https://docs.slack.dev/reference/block-kit/block-elements/button-element for buttons,
    # https://docs.slack.dev/reference/methods/chat.postMessage for `text`. Blocks of more than about 13,000
    # characters together are refused as msg_blocks_too_long (https://github.com/slackapi/bolt-js/issues/2509);
    # header, section, context and buttons stay below that.
    "slack": {
        "header": 150,
        "section": 3_000,
        "context": 3_000,
        "buttons": 25,
        "button": 75,
        "button_url": 3_000,
        "text": 4_000,
    },
    # Bytes of a message: https://learn.microsoft.com/microsoftteams/limits-specifications-teams. Users report
    # that Teams counts them in UTF-16, so that ASCII letters count twice; so do we. Actions of a card:
    # https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference
    "teams": {"message_bytes": 28_000, "actions": 6},
    # Characters: https://developer.pagerduty.com/docs/send-alert-event; other fields have no limits there. An
    # event has at most 512 KB, which messages with their own limits stay below.
    "pagerduty": {"dedup_key": 255, "summary": 1_024},
    # Characters: https://docs.opsgenie.com/docs/alert-api#create-alert; the fields of Jira Service Management
    # (https://operations-help.atlassian.net/wiki/spaces/OPSHELP/pages/8617985/Alert+fields) have the same.
    "opsgenie": {
        "message": 130,
        "alias": 512,
        "description": 15_000,
        "entity": 512,
        "tags": 20,
        "tag": 50,
        "details": 8_000,
        "note": 25_000,
    },
    # No limits are documented (https://docs.incident.io/api-reference/alert-events-v2/createhttp); these are
    # ours.
    "incident_io": {"title": 250, "description": 4_000},
}


def cut(text: str, most: int) -> str:
    """The text with at most `most` characters, counted as UTF-16 does, so that no receiver counts more."""
    if len(text) * 2 <= most:
        return text
    ends = list(accumulate(1 + (character > "\uffff") for character in text))
    if ends[-1] <= most:
        return text
    return text[: bisect_right(ends, most - len(MARK))].rstrip() + MARK
