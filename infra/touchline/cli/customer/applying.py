"""Applies an operator's decisions about customers, and reports them."""

from typing import TYPE_CHECKING

from touchline.cli.output import print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from touchline.config.settings import Settings
    from touchline.identity import Entry


def apply(settings: "Settings", entries: "Sequence[Entry]") -> str:
    """Have the entries applied; returns who applied them, in words. An error ends the command."""
    from touchline.config.rule_packs import rules_in_force
    from touchline.services.decisions import decide

    return decide(settings, rules_in_force(settings), entries)


def listed_pairs(entries: "Sequence[Entry]") -> str:
    """A line for each pair."""
    return "\n".join(f"  {' | '.join(one.pair)}" for one in entries)


def report(as_json: bool, entries: "Sequence[Entry]", text: str) -> None:
    """Print the text, or with --json the entries that were applied."""
    if as_json:
        made = [{"id": one.id, "what": one.what, "identifiers": one.identifiers} for one in entries]
        print_json({"applied": True, "entries": made})
    else:
        say(text)
