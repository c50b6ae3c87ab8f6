"""Rules that are named on the command line."""

from collections.abc import Collection, Iterable

from touchline.cli.errors import fail
from touchline.cli.output import say
from touchline.documents import suggestion


def check_rules(names: Iterable[str], found: Collection[str], in_force: Collection[str]) -> None:
    """End the command if a rule has no friction, and say whether there is such a rule at all.

    Args:
        names: The rules that are named.
        found: The rules with a friction in the span.
        in_force: The rules in force.
    """
    for name in names:
        if name in found:
            continue
        if name not in in_force:
            near = suggestion(name, {*found, *in_force}) or f"; rules with friction: {_listed(found)}"
            raise fail(f"unknown rule '{name}'{near}", 2)
        raise fail(f"no friction of {name} in this time; rules with friction: {_listed(found)}")


def note_unknown(names: Iterable[str], in_force: Collection[str]) -> None:
    """Say on standard error which of the rules are not in force, so that their steps are not known."""
    if unknown := [name for name in names if name not in in_force]:
        say(
            f"not in the rules file, so any event counts as the step: {_listed(unknown)}; name the file of "
            "these rules with --rules",
            err=True,
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
