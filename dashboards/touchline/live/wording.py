"""How values from the data become words on the page: always text, never longer than a line or two."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from touchline.vocabulary.identifiers import rank

LONGEST = 120


class RuleText(Protocol):
    """What the page says of a rule."""

    @property
    def id(self) -> str:
        """The rule's id."""

    @property
    def title(self) -> str:
        """What it finds, in a few words."""

    @property
    def why(self) -> str:
        """Why that matters."""


def clip(text: str, longest: int = LONGEST) -> str:
    """Text of at most `longest` characters, on one line; an ellipsis says that there was more."""
    line = " ".join(text[: 4 * longest].split())
    return line if len(line) <= longest and len(text) <= 4 * longest else line[: longest - 1] + "…"


def sentence(name: str) -> str:
    """Words of a name: `contact.queued` → `Contact queued`."""
    return clip(name.replace(".", " ").replace("_", " ").replace("-", " ").strip()).capitalize()


def label(identifier: str) -> str:
    """An identifier in words: `account:u-17` → `account u-17`."""
    kind, _, value = identifier.partition(":")
    return clip(f"{kind} {value}", 64)


def known_as(entities: Iterable[str]) -> str:
    """The strongest of a customer's identifiers, in words."""
    return label(min(entities, key=rank))


def title_of(rule: str, rules: Mapping[str, RuleText]) -> str:
    """A rule's title, or words made of its id."""
    known = rules.get(rule)
    return clip(known.title if known and known.title else sentence(rule))


def place(row: Mapping[str, Any]) -> str:
    """A touchpoint in words: the channel, and the source on it."""
    return clip(" · ".join(filter(None, (row["channel"], row["source"]))))
