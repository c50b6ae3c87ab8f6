"""Plans a flush: what came in becomes writes and messages. Pure: nothing is written here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from touchline.engine.batch import Batch
from touchline.engine.customers.changes import Refold
from touchline.engine.flush import Deletions, Flush, identity_rows
from touchline.engine.identity.ownership import Ownership
from touchline.engine.messages import Message
from touchline.identity import Entry, Reload, Routed, Suppression
from touchline.tables.rows import IdentityRow
from touchline.vocabulary.errors import TouchlineError

UNREADABLE_LINES = 1_000
"""Unreadable lines of one flush that are quarantined; with more, a person must see what is wrong."""


class TooMuchPoison(TouchlineError):
    """So much of the log cannot be read that going on would hide why."""


class Moment(NamedTuple):
    """When a flush is evaluated and when its findings are known (both ms), and the version of its rows.

    `history` says that its events are imported: when they happened says nothing about when they are known.
    """

    now: int
    detected_at: int
    version: int
    history: bool = False


class Verdict(NamedTuple):
    """What the identity stage of this process decided, as writes; a worker of partitions has none."""

    identities: Sequence[IdentityRow] = ()
    sets: Sequence[tuple[str, ...]] = ()
    link_entries: Sequence[Entry] = ()
    suppressions: Sequence[Entry] = ()
    deletions: Deletions = Deletions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What one flush takes in.

    Attributes:
        token: Names the flush, beside its version.
        offset: The last record's, where this process commits its log by itself.
        batch: The events and the other rows that came.
        unreadable: Rows of the quarantine for lines of other records.
        routed: Which customers are folded here, with which events.
        reloads: Customers of whom rows may have been deleted; whether no event names them any more.
        due: Customers with an obligation that may be missed.
        identifiers: All that the events name.
        suppression: What is forgotten.
        verdict: What was decided about identity in this flush.
        messages: To other processes.
    """

    token: str
    offset: int | None = None
    batch: Batch
    unreadable: Sequence[dict[str, Any]] = ()
    routed: Routed
    reloads: Mapping[str, bool] = field(default_factory=dict)
    due: Collection[str] = ()
    identifiers: Collection[str] = ()
    suppression: Suppression
    verdict: Verdict = field(default_factory=Verdict)
    messages: Sequence[Message] = ()


def plan(intake: Intake, ownership: Ownership, moment: Moment, unnamed: Collection[str]) -> Flush:
    """The flush of an intake.

    Args:
        intake: What came in.
        ownership: Loads the events of the customers, when the flush is written.
        moment: When that is.
        unnamed: Identifiers that may have no row in the identities table.

    Raises:
        TooMuchPoison: too many lines cannot be read.
    """
    _check_poison(intake)
    batch, routed, verdict = intake.batch, intake.routed, intake.verdict
    decided = {row.entity for row in verdict.identities} | verdict.deletions.identities
    forgotten = {customer for customer in intake.reloads if intake.suppression.suppresses((customer,))}
    refold = Refold(
        touched=sorted(routed.refolds.union(routed.fresh, intake.due)),
        fresh=routed.fresh,
        moved=routed.refolds,
        reloads=intake.reloads.keys(),
        forgotten=forgotten,
        unnamed={customer for customer, unnamed in intake.reloads.items() if unnamed} - forgotten,
        ownership=ownership,
        now=moment.now,
        detected_at=moment.detected_at,
        history=moment.history,
    )
    return Flush(
        version=moment.version,
        token=intake.token,
        offset=intake.offset,
        suppressions=verdict.suppressions,
        identities=[*verdict.identities, *identity_rows(set(unnamed) - decided, 0)],
        deletions=verdict.deletions,
        refold=refold,
        quarantine=[*batch.quarantined, *intake.unreadable],
        accounts=batch.accounts,
        events=batch.rows,
        messages=[intake.messages],
        link_entries=verdict.link_entries,
        sets=verdict.sets,
    )


def reloads_of(reloads: Sequence[Reload]) -> dict[str, bool]:
    """The customers to reload, each once; whether no event names them any more."""
    found: dict[str, bool] = {}
    for reload in reloads:
        found[reload.customer] = found.get(reload.customer, False) or reload.unnamed
    return found


def _check_poison(intake: Intake) -> None:
    lines = len(intake.unreadable) + intake.batch.unreadable
    if lines > UNREADABLE_LINES:
        raise TooMuchPoison(
            f"{lines} lines of the log cannot be read, more than {UNREADABLE_LINES} in one flush: check what "
            "writes to it; only Touchline may"
        )
