"""`touchline customer split` and `unsplit`."""

from touchline.cli.customer.applying import apply, listed_pairs, report
from touchline.cli.customer.arguments import Identifier, Json, Reason, Who, find_customer, normal, reading
from touchline.cli.errors import fail
from touchline.cli.options import Data, Rules


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
    ledger; no event changes. Identifiers that are linked only through it move with it.

    Example: touchline customer split account:u-17 device:c0ffee --reason "the tablet of the reception"
    """
    from touchline.analysis.reading.customer_history import ledger, links
    from touchline.identity import parting, policy_of
    from touchline.services.decisions import entry

    with reading(data, rules) as (settings, reader):
        customer = find_customer(reader, settings, who)
        goes = normal(identifier, settings)
        stays = next((one for one in customer.identifiers if one != goes), None)
        if goes not in customer.identifiers or stays is None:
            raise fail(f"nothing links {identifier} to {who}: see `touchline customer show {who}`")
        policy = policy_of(ledger(reader), settings.limits)
        cut = parting(links(reader, goes, policy), policy, stays, goes)
    if not cut:
        raise fail(f"nothing links {goes} to {stays} any more")
    entries = [entry("split", pair, reason=reason) for pair in cut]
    how = apply(settings, entries)
    said = f"{goes} is separated from {stays} ({how}). Banned from linking:\n" + listed_pairs(entries)
    undo = f"touchline customer unsplit {stays} {goes}"
    report(as_json, entries, f"{said}\nundo it with: {undo}")


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

    with reading(data, rules) as (settings, reader):
        customer = find_customer(reader, settings, who)
        other = normal(identifier, settings)
        banned = sorted(
            pair
            for pair in bans(ledger(reader))
            if other in pair and not set(customer.identifiers).isdisjoint(set(pair) - {other})
        )
    if not banned:
        raise fail(f"{identifier} was not split from {who}, or that was undone already")
    entries = [entry("unsplit", pair, reason=reason) for pair in banned]
    how = apply(settings, entries)
    report(as_json, entries, f"the split is undone ({how}). Links again:\n" + listed_pairs(entries))
