"""`touchline customer share` and `unshare`."""

from touchline.cli.customer.applying import apply, report
from touchline.cli.customer.arguments import AnyIdentifier, Json, Reason, normal, reading
from touchline.cli.errors import fail
from touchline.cli.options import Data, Rules


def share(
    identifier: AnyIdentifier,
    reason: Reason = "",
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Mark an identifier as shared, such as a switchboard's number: it links no customers.

    Recorded in the ledger; no event changes. Touchline shares an identifier by itself if it occurs with more
    identifiers of a stronger kind than a customer may have (`limits` in the settings).

    Example: touchline customer share device:c0ffee --reason "the tablet of the reception"
    """
    from touchline.analysis.reading.customer_history import ledger
    from touchline.identity import Suppression, is_account, kind_of, shares
    from touchline.services.decisions import entry
    from touchline.vocabulary.identifiers import links_nobody

    with reading(data, rules) as (settings, reader):
        name = normal(identifier, settings)
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
    how = apply(settings, entries)
    report(as_json, entries, f"{name} links nobody ({how})\nundo it with: touchline customer unshare {name}")


def unshare(
    identifier: AnyIdentifier,
    reason: Reason = "",
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Undo `share`: the identifier links customers again, unless a limit of the settings shares it.

    Example: touchline customer unshare device:c0ffee
    """
    from touchline.analysis.reading.customer_history import ledger, sharing
    from touchline.cli.customer.story import why_shared
    from touchline.identity import shares
    from touchline.services.decisions import entry

    with reading(data, rules) as (settings, reader):
        name = normal(identifier, settings)
        known = ledger(reader)
        if name not in shares(known):
            raise fail(f"{name} was not shared by an operator, or that was undone already")
        others = [one for one in known if one.identifiers != (name,)]
        still = sharing(reader, name, others, settings.limits)
    entries = [entry("unshare", [name], reason=reason)]
    how = apply(settings, entries)
    links = "it links customers again" if still is None else f"it still links nobody: {why_shared(still)}"
    report(as_json, entries, f"the share of {name} is undone ({how}); {links}")
