"""Loads frictions with their cases: a list, or one with what staff did about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from touchline.cases.case import Case
from touchline.cases.reading import Which, cases_of, find_case, open_cases, steps_of
from touchline.live.boards.spans import Period, window
from touchline.live.labels import RuleText, clip, identifier_label, rule_title, touchpoint
from touchline.live.queries import Store
from touchline.measures import Ask

WHICH: tuple[Which, ...] = ("open", "unassigned", "mine", "closed")
_MAX_COMMENT = 4_000


class CasesView(NamedTuple):
    """What a reader selects: which frictions, of which period, and whose are `mine`."""

    which: Which
    period: Period
    assignee: str = ""


@dataclass(frozen=True)
class CaseRow:
    """A friction with its case; times in ms since 1970, `ordered` by the customer so far, as text."""

    friction: str
    title: str
    touchpoint: str
    opened_at: int
    points: int
    customer: str
    name: str
    ordered: str
    state: str
    assignee: str
    verdict: str
    closed_at: int | None
    closed_by: str
    comments: int


@dataclass(frozen=True)
class CaseList:
    """The frictions of a view, the heaviest first; times in ms, as those of a board.

    `more`: not all are shown. `empty`: the store has no event.
    """

    span: str
    rows: list[CaseRow] = field(default_factory=list)
    more: bool = False
    empty: bool = False
    start: int = 0
    end: int = 0
    first: int = 0
    newest: int = 0
    old: bool = False


@dataclass(frozen=True)
class StepRow:
    """One thing that staff did."""

    what: str
    at: int
    by: str
    comment: str


@dataclass(frozen=True)
class CasePage:
    """A friction with its case; `case` is None if there is no such friction."""

    case: CaseRow | None
    why: str = ""
    steps: list[StepRow] = field(default_factory=list)


def load_list(store: Store, view: CasesView, now: int, rules: Mapping[str, RuleText]) -> CaseList:
    """The frictions of a view at the time `now` (ms). Raises what the store raises."""
    shown = window(store, view.period, now)
    if shown is None:
        return CaseList(view.period.span, empty=True)
    cases, more = open_cases(asks(store), view.which, shown.start, shown.end, assignee=view.assignee)
    return CaseList(
        view.period.span,
        [_row(case, rules) for case in cases],
        more,
        start=shown.start,
        end=shown.end,
        first=shown.first,
        newest=shown.newest,
        old=shown.old,
    )


def load_case(store: Store, friction: str, rules: Mapping[str, RuleText]) -> CasePage:
    """A friction, and what staff did about it. Raises what the store raises."""
    case = find_case(asks(store), friction)
    if case is None:
        return CasePage(None)
    rule = rules.get(case.rule)
    steps = [
        StepRow(_done(step.type, step.assignee, step.verdict), step.at, clip(step.by), _comment(step.comment))
        for step in steps_of(asks(store), case.friction)
    ]
    return CasePage(_row(case, rules), clip(rule.why, 600) if rule else "", steps)


def states_of(store: Store, customer: str) -> dict[str, str]:
    """What staff did about the frictions of a customer, in a few words, by the friction's id."""
    return {case.friction: _state(case) for case in cases_of(asks(store), customer)}


def asks(store: Store) -> Ask:
    """What asks a store of the page."""
    return lambda sql, parameters: store.query(sql, dict(parameters)).result_rows


def _row(case: Case, rules: Mapping[str, RuleText]) -> CaseRow:
    place = {"channel": case.channel, "source": case.source}
    return CaseRow(
        friction=case.friction,
        title=rule_title(case.rule, rules),
        touchpoint=touchpoint(place),
        opened_at=case.opened_at,
        points=case.weight,
        customer=case.customer,
        name=identifier_label(case.name),
        ordered=", ".join(
            f"{amount:,.0f} {clip(currency, 3)}" for currency, amount in sorted(case.value.items())
        ),
        state=case.state,
        assignee=clip(case.assignee),
        verdict=clip(case.verdict.replace("_", " ")),
        closed_at=case.closed_at,
        closed_by=clip(case.closed_by),
        comments=case.comments,
    )


def _state(case: Case) -> str:
    if case.closed_at is not None:
        by = f" by {clip(case.closed_by)}" if case.closed_by else ""
        return f"closed as {clip(case.verdict.replace('_', ' '))}{by}"
    return f"assigned to {clip(case.assignee)}" if case.assignee else "not assigned"


def _done(type_: str, assignee: str, verdict: str) -> str:
    match type_:
        case "case.assigned":
            return f"assigned to {clip(assignee)}" if assignee else "assigned to nobody"
        case "case.closed":
            return f"closed as {clip(verdict.replace('_', ' '))}"
        case "case.reopened":
            return "opened again"
    return "commented"


def _comment(text: str) -> str:
    """A comment with its line ends; other white space is one space."""
    return "\n".join(" ".join(line.split()) for line in text[:_MAX_COMMENT].splitlines())
