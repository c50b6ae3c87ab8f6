"""Labels for values from the data: always plain text, clipped to a length that fits the page."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from touchline.vocabulary.identifiers import rank
from touchline.vocabulary.names import plain_name, touchpoint_name

MAX_LENGTH = 120
MAX_FULL = 2_000


class RuleText(Protocol):
    """The texts of a rule that the page shows."""

    @property
    def id(self) -> str:
        """The rule's id."""

    @property
    def title(self) -> str:
        """What the rule finds, in a few words."""

    @property
    def why(self) -> str:
        """Why it matters."""


def clip(text: str, length: int = MAX_LENGTH) -> str:
    """The text on one line, of at most `length` characters; an ellipsis marks what is left out."""
    line = " ".join(text[: 4 * length].split())
    return line if len(line) <= length and len(text) <= 4 * length else line[: length - 1] + "…"


def full_text(text: str, length: int = MAX_LENGTH) -> str:
    """The tooltip of a text that is clipped to `length`: more of it; '' if all of it is shown."""
    full = clip(text, MAX_FULL)
    return full if full != clip(text, length) else ""


def sentence(name: str) -> str:
    """The words of a name: `contact.queued` → `Contact queued`."""
    return clip(name.replace(".", " ").replace("_", " ").replace("-", " ").strip()).capitalize()


def identifier_label(identifier: str) -> str:
    """`account:u-17` → `account u-17`."""
    kind, _, value = identifier.partition(":")
    return clip(f"{kind} {value}")


def customer_label(identifiers: Iterable[str]) -> str:
    """The label of a customer's strongest identifier."""
    return identifier_label(min(identifiers, key=rank))


def rule_title(rule: str, rules: Mapping[str, RuleText]) -> str:
    """The title of a rule, or the words of its id."""
    known = rules.get(rule)
    return clip(known.title if known and known.title else sentence(rule))


def place_words(labels: Iterable[str], rules: Mapping[str, RuleText]) -> str:
    """The labels of an alert in words: `source=webshop` → `source webshop`, a rule by its title."""
    parts = (label.partition("=") for label in labels)
    return clip(
        " · ".join(
            rule_title(value, rules) if name == "rule" else f"{name} {plain_name(name, value) or '(none)'}"
            for name, _, value in parts
        )
    )


def touchpoint(row: Mapping[str, Any]) -> str:
    """Channel and source of a row: `Phone · call-centre`."""
    return clip(touchpoint_name(row["channel"], row["source"]))
