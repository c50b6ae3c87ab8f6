"""`touchline customer forget` and `readmit`."""

from typing import Annotated

import typer

from touchline.cli.customer.applying import apply, report
from touchline.cli.customer.arguments import Identifier, Json, Reason, Who, find_customer, normal, reading
from touchline.cli.errors import fail
from touchline.cli.options import Data, Rules


def forget(
    who: Who,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete; without it, print what would be deleted.")
    ] = False,
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

    with reading(data, rules) as (settings, reader):
        customer = find_customer(reader, settings, who)
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
    how = apply(settings, [one])
    report(
        as_json,
        [one],
        f"{stored} deleted, {counted(len(names), 'identifier')} forgotten ({how}); later events that name"
        " them are suppressed.\nRefused events in quarantine stay, because they belong to no customer:"
        " search them with `touchline query`. You must clean backups yourself.",
    )


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

    with reading(data, rules) as (settings, reader):
        name = normal(identifier, settings)
        known = ledger(reader)
    if not Suppression(known).suppresses((name,)):
        raise fail(f"{identifier} is not forgotten: its events are stored")
    entries = [
        entry("readmit", hashes=one.hashes, salt=one.salt, reason=reason)
        for one in known
        if one.what == "erase" and hashed(name, one.salt) in one.hashes
    ]
    how = apply(settings, entries)
    report(as_json, entries, f"events of {name}, and of what was forgotten with it, are stored again ({how})")
