"""`touchline customer`: one customer's story, and what an operator decides about it."""

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import fail
from touchline.cli.options import Data, Rules
from touchline.cli.output import say, write_raw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from touchline.analysis.reading.customer_history import Customer
    from touchline.config.settings import Settings
    from touchline.identity import Entry
    from touchline.store.reader import Reader

app = typer.Typer(
    help="One customer: its story; splitting, sharing, forgetting and exporting it.", no_args_is_help=True
)

Who = Annotated[
    str, typer.Argument(metavar="WHO", help="An identifier, such as account:u-17, or a customer's id.")
]
Identifier = Annotated[
    str, typer.Argument(metavar="IDENTIFIER", help="An identifier of the customer, such as device:c0ffee.")
]
Anyones = Annotated[
    str, typer.Argument(metavar="IDENTIFIER", help="An identifier of anybody, such as phone:+4930123400.")
]
Reason = Annotated[str, typer.Option(help="Why; kept in the ledger. Write nobody's data into it.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of the text.")]


@app.command()
def show(
    who: Who,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="As it was then, such as 2026-11-21 or 2026-11-21T10:00:00Z."),
    ] = None,
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Show who a customer is, its journeys, frictions and events.

    With --as-of, the customer follows from the events received and the splits and shares decided up to that
    time; its journeys and frictions are folded from those events by today's rules. A shared identifier, which
    links no customers, is shown with the reason.

    Example: touchline customer show account:u-17

    Example: touchline customer show email:a@b.example --as-of 2026-11-01 --json
    """
    from touchline.cli.data import customer_story as story
    from touchline.cli.spans import moment
    from touchline.config.rule_packs import load_rules

    with _reading(data, rules) as (settings, reader):
        until = None if as_of is None else moment(as_of, "--as-of", settings.zone)
        if until is None:
            shown = story.now(reader, _customer(reader, settings, who), settings.limits)
        else:
            ready = load_rules(settings.rules)
            then = _customer(reader, settings, who, until)
            shown = story.then(reader, then, until, story.Law(ready, settings.journey_gap, settings.limits))
    if as_json:
        _print_json(shown)
    else:
        story.show(shown, settings.zone)


@app.command()
def split(
    who: Who,
    identifier: Identifier,
    reason: Reason,
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Separate an identifier from a customer that it does not belong to.

    The pairs that link it to the customer's account (or else its strongest identifier) are banned, in the
    ledger; no event changes. Identifiers that are linked through it alone go with it.

    Example: touchline customer split account:u-17 device:c0ffee --reason "the tablet of the reception"
    """
    from touchline.analysis.reading.customer_history import ledger, links
    from touchline.identity import parting, policy_of
    from touchline.services.decisions import entry

    with _reading(data, rules) as (settings, reader):
        customer = _customer(reader, settings, who)
        goes = _normal(identifier, settings)
        stays = next((one for one in customer.identifiers if one != goes), None)
        if goes not in customer.identifiers or stays is None:
            raise fail(f"nothing links {identifier} to {who}: see `touchline customer show {who}`")
        policy = policy_of(ledger(reader), settings.limits)
        cut = parting(links(reader, goes, policy), policy, stays, goes)
    if not cut:
        raise fail(f"nothing links {goes} to {stays} any more")
    entries = [entry("split", pair, reason=reason) for pair in cut]
    how = _decided(settings, entries)
    said = f"{goes} is parted from {stays} ({how}). Banned from linking:\n" + _pairs(entries)
    undo = f"touchline customer unsplit {stays} {goes}"
    _say(as_json, entries, f"{said}\nundo it with: {undo}")


@app.command()
def unsplit(
    who: Who,
    identifier: Identifier,
    reason: Reason = "",
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Undo a split: the banned pairs between the customer and the identifier link again.

    Example: touchline customer unsplit account:u-17 device:c0ffee
    """
    from touchline.analysis.reading.customer_history import ledger
    from touchline.identity import bans
    from touchline.services.decisions import entry

    with _reading(data, rules) as (settings, reader):
        customer = _customer(reader, settings, who)
        other = _normal(identifier, settings)
        banned = sorted(
            pair
            for pair in bans(ledger(reader))
            if other in pair and not set(customer.identifiers).isdisjoint(set(pair) - {other})
        )
    if not banned:
        raise fail(f"{identifier} was not split from {who}, or that was undone already")
    entries = [entry("unsplit", pair, reason=reason) for pair in banned]
    how = _decided(settings, entries)
    _say(as_json, entries, f"the split is undone ({how}). Links again:\n" + _pairs(entries))


@app.command()
def share(
    identifier: Anyones,
    reason: Reason = "",
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Say that an identifier belongs to nobody, such as a switchboard's number: it links no customers.

    Recorded in the ledger; no event changes. Touchline shares an identifier by itself if it occurs with more
    identifiers of a stronger kind than a customer may have (`limits` in the settings).

    Example: touchline customer share device:c0ffee --reason "the tablet of the reception"
    """
    from touchline.analysis.reading.customer_history import ledger
    from touchline.identity import Suppression, is_account, kind_of, shares
    from touchline.services.decisions import entry
    from touchline.vocabulary.identifiers import links_nobody

    with _reading(data, rules) as (settings, reader):
        name = _normal(identifier, settings)
        known = ledger(reader)
    kind = kind_of(name)
    if kind == name:
        raise fail(f"{name}: write an identifier as kind:value, such as device:{name}")
    if is_account(name):
        raise fail(f"{name}: an account is never shared; `touchline customer split` separates others from it")
    if links_nobody(kind):
        raise fail(f"{name}: identifiers of the kind {kind} link nobody; there is nothing to share")
    if name in shares(known):
        raise fail(f"{name} is shared already: see `touchline customer show {name}`")
    if Suppression(known).suppresses((name,)):
        raise fail(f"{name} is forgotten; accept its events first with `touchline customer readmit {name}`")
    entries = [entry("share", [name], reason=reason)]
    how = _decided(settings, entries)
    _say(as_json, entries, f"{name} links nobody ({how})\nundo it with: touchline customer unshare {name}")


@app.command()
def unshare(
    identifier: Anyones,
    reason: Reason = "",
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Undo `share`: the identifier links customers again, unless a limit of the settings shares it.

    Example: touchline customer unshare device:c0ffee
    """
    from touchline.analysis.reading.customer_history import ledger, sharing
    from touchline.cli.data.customer_story import why_shared
    from touchline.identity import shares
    from touchline.services.decisions import entry

    with _reading(data, rules) as (settings, reader):
        name = _normal(identifier, settings)
        known = ledger(reader)
        if name not in shares(known):
            raise fail(f"{name} was not shared by an operator, or that was undone already")
        others = [one for one in known if one.identifiers != (name,)]
        still = sharing(reader, name, others, settings.limits)
    entries = [entry("unshare", [name], reason=reason)]
    how = _decided(settings, entries)
    links = "it links customers again" if still is None else f"it still links nobody: {why_shared(still)}"
    _say(as_json, entries, f"the share of {name} is undone ({how}); {links}")


@app.command()
def forget(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, say what would be deleted.")] = False,
    reason: Reason = "",
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Delete a customer for good: every event that names one of its identifiers, and everything derived.

    Later events that name them are not stored, until `touchline customer readmit`. The ledger keeps salted
    hashes of the identifiers, and nothing else. This cannot be undone.

    Example: touchline customer forget account:u-17 --yes
    """
    from secrets import token_hex

    from touchline.analysis.reading.customer_history import events, ledger, sharing
    from touchline.services.decisions import entry
    from touchline.vocabulary.wording import counted

    with _reading(data, rules) as (settings, reader):
        customer = _customer(reader, settings, who)
        names = customer.identifiers
        known = ledger(reader)
        if sharing(reader, names[0], known, settings.limits) is not None:
            raise fail(f"{names[0]} is shared, so it is nobody's: forget the customers that it occurs with")
        stored = counted(sum(1 for _ in events(reader, customer)), "event")
        salt = next((one.salt for one in known if one.what == "erase"), token_hex(16))
    if not yes:
        listed = "".join(f"  {one}\n" for one in names)
        raise fail(f"this would delete {stored} and forget, for good:\n{listed}do it with --yes", 2)
    one = entry("erase", names, salt=salt, reason=reason)
    how = _decided(settings, [one])
    _say(
        as_json,
        [one],
        f"{stored} deleted, {counted(len(names), 'identifier')} forgotten ({how}); later events that name"
        " them are suppressed.\nRefused events in quarantine are kept as they came and belong to nobody:"
        " search them with `touchline query`. Backups are yours to clean.",
    )


@app.command()
def readmit(
    identifier: Identifier,
    reason: Reason = "",
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Accept events of a forgotten customer again: all identifiers that were forgotten with this one.

    Deleted events stay deleted.

    Example: touchline customer readmit account:u-17 --reason "came back"
    """
    from touchline.analysis.reading.customer_history import ledger
    from touchline.identity import Suppression
    from touchline.identity.ledger import hashed
    from touchline.services.decisions import entry

    with _reading(data, rules) as (settings, reader):
        name = _normal(identifier, settings)
        known = ledger(reader)
    if not Suppression(known).suppresses((name,)):
        raise fail(f"{identifier} is not forgotten: its events are stored")
    entries = [
        entry("readmit", hashes=one.hashes, salt=one.salt, reason=reason)
        for one in known
        if one.what == "erase" and hashed(name, one.salt) in one.hashes
    ]
    how = _decided(settings, entries)
    _say(as_json, entries, f"events of {name}, and of what was forgotten with it, are stored again ({how})")


@app.command()
def export(who: Who, data: Data = None) -> None:
    """Print all events of a customer, one JSON object a line, as producers send them.

    Example: touchline customer export account:u-17 > u-17.jsonl
    """
    from touchline.analysis.reading.customer_history import events
    from touchline.cli.data.customer_story import native

    with _reading(data) as (settings, reader):
        for event in events(reader, _customer(reader, settings, who)):
            write_raw(native(event) + b"\n")


@contextmanager
def _reading(data: Path | None, rules: Path | None = None) -> "Iterator[tuple[Settings, Reader]]":
    """The settings and the store, whether a server runs or not; what can go wrong ends the command."""
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store

    settings = load_settings(data=data, rules=rules)
    with readable_store(settings) as reader:
        yield settings, reader


def _customer(reader: "Reader", settings: "Settings", who: str, until: int | None = None) -> "Customer":
    """Whom WHO names, now or by a time (ms); ends the command where it names nobody."""
    from touchline.analysis.reading.customer_history import customer_now, customer_then

    name = _normal(who, settings)
    found = customer_now(reader, name)
    if until is not None:
        found = customer_then(
            reader,
            name if found is None or ":" in name else found.identifiers[0],
            until,
            settings.limits,
        )
    if found is None:
        if until is not None and customer_now(reader, name) is not None:
            raise fail(f"no event of {who} was received by then: imported events count from their import on")
        raise fail(f"no customer {who}: name an identifier, such as account:u-17, or a customer's id")
    return found


def _normal(who: str, settings: "Settings") -> str:
    """An identifier as the store has it; a customer's id as it is."""
    kind, colon, value = who.partition(":")
    return (settings.normaliser.identifier(kind, value) or who) if colon else who


def _decided(settings: "Settings", entries: "Sequence[Entry]") -> str:
    """See the entries applied; ends the command where they are not."""
    from touchline.config.rule_packs import load_rules
    from touchline.services.decisions import decide

    return decide(settings, load_rules(settings.rules), entries)


def _pairs(entries: "Sequence[Entry]") -> str:
    return "\n".join(f"  {' | '.join(one.pair)}" for one in entries)


def _say(as_json: bool, entries: "Sequence[Entry]", text: str) -> None:
    if as_json:
        made = [{"id": one.id, "what": one.what, "identifiers": one.identifiers} for one in entries]
        _print_json({"applied": True, "entries": made})
    else:
        say(text)


def _print_json(content: Any) -> None:
    import orjson

    sys.stdout.write(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n")
