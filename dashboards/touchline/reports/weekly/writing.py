"""A digest as a report."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from touchline.panels.colours import OTHERS, colour_of
from touchline.reports.audit.writing import NOTE, money
from touchline.reports.labels import percent, touchpoint
from touchline.reports.report import (
    Block,
    Bullets,
    Chart,
    Column,
    Figure,
    Figures,
    Line,
    Quote,
    Report,
    Section,
    Series,
    Table,
    Text,
    line,
    muted,
    paragraph,
)
from touchline.reports.weekly.digest import Costly, Digest, Goal, Loop, MeasureMover, Mover
from touchline.vocabulary.moments import in_words
from touchline.vocabulary.names import plain_name
from touchline.vocabulary.wording import counted, word_list

CHANGED: Final = "What changed"
"""The title of the section that says it."""

SHOWN: Final = 6
"""Changes that are said."""


def digest_report(digest: Digest) -> Report:
    """The digest as a report: what changed, why, whose it is, what it costs, and what to look at next."""
    first, last = (
        datetime.fromtimestamp(ms / 1000, ZoneInfo(digest.zone)) for ms in (digest.since, digest.until - 1)
    )
    return Report(
        title=f"Week {digest.week.partition('-W')[2].lstrip('0')}: {_headline(digest)}",
        subtitle=f"{first.day} {first:%B} to {last.day} {last:%B %Y}, {digest.zone}",
        lead=_lead(digest),
        sections=tuple(_sections(digest)),
        note=NOTE if digest.costly else "",
    )


def _headline(digest: Digest) -> str:
    worse, better = len(digest.worse), len(digest.movers) - len(digest.worse)
    if digest.incomparable:
        return counted(digest.frictions, "friction")
    if not worse and not better:
        return "no clear change"
    parts = [f"{number} {word}" for number, word in ((worse, "worse"), (better, "better")) if number]
    return word_list(parts, "and")


def _lead(digest: Digest) -> Line:
    usual = "" if digest.usual is None else f" (usually {digest.usual:,.0f})"
    pieces: list[Text | str] = [f"{counted(digest.frictions, 'friction')}{usual}. "]
    if digest.affected is not None:
        before = "" if digest.affected_before is None else f", after {_share(digest.affected_before)}"
        pieces.append(f"{_share(digest.affected)} of active customers met one{before}. ")
    if digest.worse:
        top = digest.worse[0]
        pieces += [
            "Look first at ",
            Text(f"“{top.title}”", level="bad"),
            f" ({touchpoint(top.channel, top.source)}).",
        ]
    elif digest.costly:
        top_cost = digest.costly[0]
        pieces.append(
            f"The costliest friction is “{top_cost.title}”: {money(top_cost.cost, digest.currency)}."
        )
    return line(*pieces)


def _sections(digest: Digest) -> Iterator[Section]:
    if digest.caveats:
        yield Section("Before you read", (Bullets(tuple(line(one) for one in digest.caveats)),))
    yield Section(
        "What changed", tuple(_changed(digest)), "What is clearly worse or better than the week before?"
    )
    yield Section(
        "What it costs, and whose it is", tuple(_costs(digest)), "Which frictions go with a loss of orders?"
    )
    yield Section(
        "Loops closed within 48 hours",
        tuple(_loops(digest.loops)),
        "Did customers who complained get an answer?",
    )
    yield Section("Goals", tuple(_goals(digest.goals)), "Which goals are met, and which are missed?")
    if digest.voices:
        quotes = tuple(
            Quote(voice.text, f"{voice.about}, {in_words(voice.at, digest.zone)}") for voice in digest.voices
        )
        yield Section("In customers' words", quotes)
    yield Section("What to look at next", (Bullets(tuple(_next(digest))),))


def _changed(digest: Digest) -> Iterator[Block]:
    if digest.incomparable:
        yield paragraph(f"The week before cannot be compared: {digest.incomparable}.")
    else:
        items = [_mover(one) for one in digest.movers[:SHOWN]]
        items += [_measure(one) for one in digest.measures[:SHOWN]]
        if items:
            yield Bullets(tuple(items))
        left = digest.compared - len(digest.movers)
        more = len(digest.movers) - SHOWN
        notes = [f"{more} more changed."] if more > 0 else []
        if left > 0:
            notes.append(
                f"{counted(left, 'other pair')} of friction and touchpoint changed by no more than chance."
            )
        if not items:
            pairs = counted(digest.compared, "pair")
            notes = [f"None of {pairs} of friction and touchpoint changed clearly."]
        if notes:
            yield muted(" ".join(notes)) if items else paragraph(" ".join(notes))
    for mover in digest.worse[:SHOWN]:
        if mover.why:
            yield paragraph(f"Why “{mover.title}”? Those affected differ from others at the same step:")
            yield Bullets(tuple(line(one) for one in mover.why))
    if digest.days:
        yield _chart(digest)


def _mover(one: Mover) -> Line:
    moved = Text("fell", level="good") if one.is_better else Text("rose", level="bad")
    return line(
        _rule(one),
        f" at {touchpoint(one.channel, one.source)} ",
        moved,
        f" from {one.before:.1f} to {one.after:.1f} per 1,000 journeys ({_times(one)}). "
        f"Who should fix it: {one.owner} ({plain_name('factor', one.factor)}).",
    )


def _times(one: Mover) -> str:
    if one.high is None:
        return f"at least {one.low:.1f} times"
    return f"{one.low:.1f} to {one.high:.1f} times, 95 % confidence"


def _measure(one: MeasureMover) -> Line:
    return line(
        f"{one.title} ",
        Text("improved" if one.is_better else "worsened", level="good" if one.is_better else "bad"),
        f" from {one.before} to {one.after}.",
    )


def _chart(digest: Digest) -> Chart:
    times = sorted({day.at for day in digest.days})
    names = {day.rule: day.title for day in digest.days}
    counts = {(day.at, day.rule): day.number for day in digest.days}
    totals = {rule: sum(counts.get((at, rule), 0) for at in times) for rule in names}
    order = sorted(names, key=lambda rule: (not rule, -totals[rule], rule))
    known = sorted(filter(None, names))
    return Chart(
        title="Frictions by day, four weeks",
        times=tuple(times),
        series=tuple(
            Series(
                names[rule],
                tuple(counts.get((at, rule), 0) for at in times),
                colour_of(rule or OTHERS, known),
            )
            for rule in order
        ),
        unit="count",
        zone=digest.zone,
        stacked=True,
    )


def _costs(digest: Digest) -> Iterator[Block]:
    if not digest.costly:
        yield paragraph(
            "No friction goes with a clear loss." if digest.currency else "No order with a value is recorded."
        )
        return
    yield Table(
        (
            Column("Friction"),
            Column(f"Associated loss{f' ({digest.currency})' if digest.currency else ''}", numeric=True),
            Column("At most", numeric=True),
            Column("Who should fix it"),
        ),
        tuple(_costly(one) for one in digest.costly),
    )
    for one in digest.costly:
        if one.why:
            yield paragraph(f"Who is hit by “{one.title}”?")
            yield Bullets(tuple(line(sentence) for sentence in one.why))
    since, until = (in_words(ms, digest.zone)[:10] for ms in (digest.costs_since, digest.until - 1))
    together = digest.together
    every = f"All frictions together: {money(together, digest.currency)}. " if together.is_clear else ""
    yield muted(
        f"{every}Losses are of frictions from {since} to {until}, as far as it is known what followed."
    )


def _costly(one: Costly) -> Line:
    at_most = "-" if one.cost.at_risk is None else f"{one.cost.at_risk:,.0f}"
    return (
        Text(one.title, path=_journeys(one.rule)),
        Text(money(one.cost, ""), level="bad"),
        Text(at_most),
        Text(f"{one.owner} ({plain_name('factor', one.factor)})"),
    )


def _loops(loops: tuple[Loop, ...]) -> Iterator[Block]:
    if not loops:
        yield paragraph("No complaint, detractor, public mention or follow-up in this week.")
        return
    yield Figures(
        tuple(
            Figure(
                loop.title,
                f"{loop.closed:,} of {loop.opened:,}",
                f"{percent(loop.closed / loop.opened)}"
                + (f"; {loop.early:,} may still be" if loop.early else ""),
            )
            for loop in loops
        )
    )


def _goals(goals: tuple[Goal, ...]) -> Iterator[Block]:
    if not goals:
        yield paragraph("No goals are set: set them on the page Measures, or in touchline.toml.")
        return
    missed = sum(goal.met is False for goal in goals)
    met = sum(goal.met is True for goal in goals)
    yield paragraph(f"{counted(met, 'goal')} met, {missed} missed.")
    yield Table(
        (
            Column("Measure"),
            Column("This week", numeric=True),
            Column("Week before", numeric=True),
            Column("Goal", numeric=True),
            Column("Result"),
        ),
        tuple(
            (
                Text(goal.title, path="/measures?span=7d"),
                Text(goal.value),
                Text(goal.before),
                Text(goal.goal),
                _result(goal),
            )
            for goal in goals
        ),
    )
    if any(goal.value.endswith("*") for goal in goals):
        yield muted("* may still change.")


def _result(goal: Goal) -> Text:
    if goal.met is None:
        return Text("no data", level="muted")
    return Text(f"{'met' if goal.met else 'missed'}: {goal.distance}", level="good" if goal.met else "bad")


def _next(digest: Digest) -> Iterator[Line]:
    for one in digest.worse[:2]:
        place = touchpoint(one.channel, one.source)
        yield line("Journeys that met ", _rule(one), f" at {place}: why more than before?")
    for costly in digest.costly[:1]:
        yield line("The costliest friction: ", _rule(costly), ".")
    for goal in [goal for goal in digest.goals if goal.met is False][:1]:
        yield line("The missed goal: ", Text(goal.title, path="/measures?span=7d"), f", {goal.distance}.")
    if digest.unresolved:
        count = f": {digest.unresolved:,} of this week are not resolved."
        yield line(Text("Open frictions", path="/?span=7d"), count)
    if digest.caveats:
        yield line("The gaps in the data: ", Text("data health", path="/health?span=7d"), ".")
    yield line("The weakest touchpoints, with evidence: ", Text("the audit", path="/audit"), ".")


def _rule(one: Mover | Costly) -> Text:
    """The title of a rule, as a link to the journeys that met it."""
    return Text(f"“{one.title}”", path=_journeys(one.rule))


def _journeys(rule: str) -> str:
    return f"/journeys?span=7d&rule={quote(rule, safe='')}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
