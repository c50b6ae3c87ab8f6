"""Words that reports use: titles of rules, who should fix what they find, touchpoints, shares."""

from collections.abc import Mapping
from typing import Protocol

from touchline.vocabulary.names import touchpoint_name
from touchline.vocabulary.wording import plain

UNKNOWN_OWNER = "no owner named"


class RuleFacts(Protocol):
    """The fields of a rule that reports show."""

    @property
    def id(self) -> str:
        """The rule's id."""

    @property
    def title(self) -> str:
        """What the rule finds, in a few words."""

    @property
    def owner(self) -> str:
        """Who should fix what it finds."""

    @property
    def factor(self) -> str:
        """People, process, technology or culture."""


Rules = Mapping[str, RuleFacts]


def title_of(rule: str, rules: Rules) -> str:
    """The title of a rule, or the words of its id."""
    known = rules.get(rule)
    return plain(known.title if known and known.title else words_of(rule), 120)


def owner_of(rule: str, rules: Rules) -> str:
    """Who should fix what a rule finds."""
    known = rules.get(rule)
    return plain(known.owner) if known and known.owner else UNKNOWN_OWNER


def words_of(name: str) -> str:
    """The words of a name: `contact.queued` → `Contact queued`."""
    return name.replace(".", " ").replace("_", " ").replace("-", " ").strip().capitalize()


def touchpoint(channel: str, source: str) -> str:
    """Channel and source as text: `Phone · call-centre`."""
    return plain(touchpoint_name(channel, source), 120)


def percent(share: float) -> str:
    """A share in percent, without decimals."""
    return f"{100 * share:.0f} %"
