"""An audit as a report."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote

from touchline.reports.audit.audit import Audit, Case, Cost, Hit, Moved, Next, Since, Walked, Weakness
from touchline.reports.labels import percent, touchpoint, words_of
from touchline.reports.report import (
    Bar,
    Bars,
    Block,
    Bullets,
    Column,
    Figure,
    Figures,
    Line,
    Report,
    Section,
    Table,
    Text,
    line,
    muted,
    paragraph,
)
from touchline.vocabulary.durations import DAY
from touchline.vocabulary.moments import in_words
from touchline.vocabulary.names import THEN, channel_name, plain_name
from touchline.vocabulary.wording import counted, word_list

NOTE: Final = (
    "An associated loss compares customers who met a friction with customers at the same step who did not. "
    "It is not proved that the friction caused it. Losses of several frictions overlap: do not add them."
)
ELSEWHERE: Final = "Whether those not seen again bought elsewhere, no event says."
_HITS: Final = 6
_LATE: Final = "Their week is not over"


def audit_report(audit: Audit) -> Report:
    """The audit as a report: what the data lack, the ranking, each touchpoint, and who should fix what."""
    days = round((audit.until - audit.since) / DAY)
    begin, end = (in_words(ms, audit.zone) for ms in (audit.since, audit.until))
    return Report(
        title="Where customers struggle",
        subtitle=f"Audit of {counted(days, 'day')}: {begin} to {end}",
        lead=_lead(audit),
        sections=tuple(_sections(audit)),
        note=NOTE if audit.weak and audit.currency else "",
    )


def _lead(audit: Audit) -> Line:
    if not audit.weak:
        return line("No customer met friction in this time.")
    first = audit.weak[0]
    place = touchpoint(first.channel, first.source)
    cost = first.worst.cost
    because = (
        f"“{first.worst.title}” goes with a loss of about {money(cost, audit.currency)}."
        if cost is not None and cost.is_clear
        else f"{counted(first.affected, 'customer')} met friction there, most of all “{first.worst.title}”."
    )
    share = f" ({percent(audit.affected / audit.customers)})" if audit.customers else ""
    return line(
        Text(place, level="bad"),
        f" is the weakest touchpoint. {because} In all, {audit.affected:,} of "
        f"{counted(audit.customers, 'customer')}{share} met friction"
        f"{together(audit.together, audit.currency)}.",
    )


def _sections(audit: Audit) -> Iterator[Section]:
    yield _caveats(audit)
    if not audit.weak:
        if audit.walked:
            yield _walked(audit.walked, audit.zone)
        return
    yield _ranking(audit)
    for rank, weakness in enumerate(audit.weak, 1):
        yield from _touchpoint(rank, weakness, audit)
    if audit.changes is not None:
        yield _changes(audit, audit.changes)
    if audit.walked:
        yield _walked(audit.walked, audit.zone)
    yield _owners(audit)


def _caveats(audit: Audit) -> Section:
    blocks: tuple[Block, ...] = (
        (Bullets(tuple(line(caveat) for caveat in audit.caveats)),)
        if audit.caveats
        else (paragraph("No gap in the data is known."),)
    )
    return Section("Before you read", blocks, "What do the data lack?")


def _ranking(audit: Audit) -> Section:
    changes = audit.changes
    columns = [
        Column("Touchpoint"),
        Column("Customers affected", numeric=True),
        Column("Strike points", numeric=True),
        Column("Worst friction"),
        *_loss_column(audit.currency),
        Column("Who should fix it"),
    ]
    if changes is not None:
        columns.append(Column("Rank before", numeric=True))
    rows = []
    for rank, one in enumerate(audit.weak, 1):
        share = f" ({percent(one.affected / one.customers)})" if one.customers else ""
        cells = [
            Text(f"{rank}. {touchpoint(one.channel, one.source)}"),
            Text(f"{one.affected:,}{share}"),
            Text(f"{one.strikes:,}"),
            Text(one.worst.title),
            *((_loss_cell(one.worst.cost),) if audit.currency else ()),
            Text(f"{one.worst.owner} ({plain_name('factor', one.worst.factor)})"),
        ]
        if changes is not None:
            before = changes.rank(one.channel, one.source)
            cells.append(Text("new" if before is None else str(before)))
        rows.append(tuple(cells))
    blocks: list[Block] = [Table(tuple(columns), tuple(rows))]
    blocks.append(
        muted(
            "Ranked by the largest clear loss of a friction there, then by strike points times customers."
            + (f" {counted(audit.others, 'more touchpoint')} had friction." if audit.others else "")
        )
    )
    return Section("Weakest touchpoints", tuple(blocks), "Where should we begin?")


def _touchpoint(rank: int, weakness: Weakness, audit: Audit) -> Iterator[Section]:
    share = f"{percent(weakness.affected / weakness.customers)} of those there" if weakness.customers else ""
    unresolved = sum(hit.unresolved for hit in weakness.hits)
    figures = Figures(
        (
            Figure("Customers affected", f"{weakness.affected:,}", share),
            Figure("Frictions", f"{weakness.frictions:,}", f"{unresolved:,} not resolved"),
            *((_cost_figure(weakness.worst, audit.currency),) if audit.currency else ()),
        )
    )
    yield Section(
        f"{rank}. {touchpoint(weakness.channel, weakness.source)}", (figures, _hits(weakness, audit.currency))
    )
    if weakness.next is not None:
        yield Section("What customers did in the week after", tuple(_next(weakness.next)), inner=True)
    if weakness.distinguishes:
        items = tuple(line(sentence) for sentence in weakness.distinguishes)
        yield Section(
            f"Who is hit by “{weakness.worst.title}”",
            (Bullets(items),),
            inner=True,
        )
    if weakness.cases:
        yield Section("Journeys that show it", (_cases(weakness.cases, audit.zone),), inner=True)


def _cost_figure(hit: Hit, currency: str) -> Figure:
    label = f"Loss with “{hit.title}”"
    cost = hit.cost
    if cost is None:
        return Figure(label, "–", "not computed")
    if cost.verdict == "unknown":
        return Figure(label, "–", cost.missing)
    between = f"{_range(cost)}, 95 % confidence; at most {cost.at_risk:,.0f}"
    if cost.doubtful:
        return Figure(label, "doubtful", "those affected had differed before")
    if cost.verdict == "no clear difference":
        return Figure(label, "not clear", between)
    value = f"about {cost.value:,.0f} {currency}".rstrip()
    return Figure(label, value, between, "bad" if cost.is_clear else "good")


def _hits(weakness: Weakness, currency: str) -> Table:
    columns = (
        Column("Friction"),
        Column("Customers", numeric=True),
        Column("Frictions", numeric=True),
        Column("Not resolved", numeric=True),
        *_loss_column(currency),
        Column("Who should fix it"),
    )
    rows = tuple(
        (
            Text(hit.title, path=f"/journeys?rule={_quoted(hit.rule)}"),
            Text(f"{hit.customers:,}"),
            Text(f"{hit.frictions:,}"),
            Text(f"{hit.unresolved:,}"),
            *((_loss_cell(hit.cost),) if currency else ()),
            Text(f"{hit.owner} ({plain_name('factor', hit.factor)})"),
        )
        for hit in weakness.hits[:_HITS]
    )
    return Table(columns, rows)


def _unnamed(following: Next) -> str:
    return f"{counted(following.unnamed, 'customer')} whom no event names, so nobody would know them again."


def _next(following: Next) -> Iterator[Block]:
    total = following.customers
    if not total:
        known = "Too early to say: nobody's week after the friction is over."
        yield paragraph(f"Nobody can say: {_unnamed(following)}" if following.unnamed else known)
        return
    counts = (
        ("Cancelled or closed the account", following.left),
        ("Ordered", following.ordered),
        ("Contacted the company", following.contacted),
        ("Came back otherwise", following.returned),
        ("Not seen again", following.unseen),
    )
    yield Bars(
        tuple(
            Bar(label, f"{count:,} ({percent(count / total)})", count / total)
            for label, count in counts
            if count is not None
        )
    )
    missing = [
        name
        for name, count in (
            ("cancellations", following.left),
            ("orders", following.ordered),
            ("contacts", following.contacted),
        )
        if count is None
    ]
    notes = ["Each customer counts once, in the first line that applies.", ELSEWHERE]
    if missing:
        notes.append(f"No {word_list(missing)} are recorded.")
    if following.early:
        notes.append(f"{_LATE}: {counted(following.early, 'customer')}.")
    if following.unnamed:
        notes.append(f"Left out: {_unnamed(following)}")
    yield muted(" ".join(notes))


def _cases(cases: tuple[Case, ...], zone: str) -> Table:
    columns = (
        Column("Journey"),
        Column("Channels"),
        Column("Touchpoints", numeric=True),
        Column("Frictions here"),
        Column("Strike points", numeric=True),
        Column("Grade"),
        Column("Outcome"),
    )
    rows = tuple(
        (
            Text(in_words(case.start, zone), path=f"/customer/{_quoted(case.customer)}"),
            Text(THEN.join(map(channel_name, case.path))),
            Text(f"{case.events:,}"),
            Text(word_list(case.rules, "and")),
            Text(f"{case.strikes:,}"),
            Text(case.grade, level="bad" if case.grade in ("D", "F") else ""),
            Text(words_of(case.outcome)),
        )
        for case in cases
    )
    return Table(columns, rows)


def _changes(audit: Audit, changes: Since) -> Section:
    now = [[one.channel, one.source] for one in audit.weak]
    gone = [touchpoint(*place) for *place, _ in changes.ranks if place not in now]
    blocks: list[Block] = []
    if changes.missing:
        blocks.append(paragraph(f"Frictions cannot be compared: {changes.missing}."))
    elif changes.moved:
        blocks.append(Bullets(tuple(_moved(one) for one in changes.moved)))
    else:
        blocks.append(paragraph("No rule at any touchpoint changed by more than chance explains."))
    if gone:
        blocks.append(paragraph(f"No longer among the weakest: {word_list(gone, 'and')}."))
    if not changes.missing:
        blocks.append(
            muted(
                f"Compared are the {changes.days:.0f} days since that audit with the same time before it; "
                "the level of 5 % holds for all comparisons together."
            )
        )
    return Section(
        "Since the last audit", tuple(blocks), f"What changed since {in_words(changes.until, audit.zone)}?"
    )


def _moved(one: Moved) -> Line:
    verb = "fell" if one.is_better else "rose"
    return line(
        f"“{one.title}” at {touchpoint(one.channel, one.source)} ",
        Text(verb, level="good" if one.is_better else "bad"),
        f" from {one.before:.1f} to {one.after:.1f} per 1,000 journeys.",
    )


def _walked(steps: Sequence[Walked], zone: str) -> Section:
    table = Table(
        (Column("Step"), Column("Last result"), Column("Since"), Column("Passed", numeric=True)),
        tuple(
            (
                Text(f"{one.walk}: {one.step}"),
                Text("passed", level="good")
                if one.passed
                else Text(f"failed: {one.message}" if one.message else "failed", level="bad"),
                Text(in_words(one.since, zone)),
                Text(percent(one.share)),
            )
            for one in steps
        ),
    )
    return Section("Walked audits", (table,), "What does a program find that walks through the touchpoints?")


def _owners(audit: Audit) -> Section:
    found: dict[tuple[str, str], list[tuple[Hit, str]]] = defaultdict(list)
    for one in audit.weak:
        for hit in one.hits:
            found[hit.owner, hit.factor].append((hit, touchpoint(one.channel, one.source)))
    rows = sorted(
        (-sum(hit.strikes for hit, _ in hits), owner, factor, hits) for (owner, factor), hits in found.items()
    )
    table = Table(
        (
            Column("Who"),
            Column("What it is about"),
            Column("Frictions"),
            Column("Strike points", numeric=True),
        ),
        tuple(
            (
                Text(owner),
                Text(plain_name("factor", factor)),
                Text("; ".join(f"{hit.title} ({place})" for hit, place in hits[:3])),
                Text(f"{-strikes:,}"),
            )
            for strikes, owner, factor, hits in rows
        ),
    )
    return Section("Who should fix it", (table,), "Whose work is each friction, and what is its cause?")


def _loss_column(currency: str) -> tuple[Column, ...]:
    """The column of losses; none without orders of known value."""
    return (Column(f"Associated loss ({currency})", numeric=True),) if currency else ()


def _loss_cell(cost: Cost | None) -> Text:
    if cost is None:
        return Text("-")
    if cost.verdict == "unknown":
        return Text("too few to say" if cost.missing.startswith("too few") else "not known", level="muted")
    if cost.doubtful:
        return Text("doubtful", level="muted")
    if cost.verdict == "no clear difference":
        return Text("not clear", level="muted")
    return Text(f"{cost.value:,.0f} ({_range(cost)})", level="bad" if cost.is_clear else "good")


def _range(cost: Cost) -> str:
    return f"{cost.low:,.0f} to {cost.high:,.0f}"


def together(cost: Cost, currency: str) -> str:
    """What all frictions cost, as the end of a sentence; empty if it is not clear."""
    return f"; together it goes with a loss of about {money(cost, currency)}" if cost.is_clear else ""


def money(cost: Cost, currency: str) -> str:
    """A loss with its interval."""
    return f"{cost.value:,.0f}{f' {currency}' if currency else ''} ({_range(cost)})"


def _quoted(text: str) -> str:
    return quote(text, safe="")
