"""Loads a report that a job has made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from touchline.live.queries import Store
from touchline.reports.audit.audit import Audit
from touchline.reports.audit.writing import audit_report
from touchline.reports.queries import Ask
from touchline.reports.renderers.html import html_fragment
from touchline.reports.report import Report
from touchline.reports.saved import AUDIT, WEEKLY, kept, last_report
from touchline.reports.weekly.digest import Digest
from touchline.reports.weekly.verbatims import with_words
from touchline.reports.weekly.weeks import week_at, week_named
from touchline.reports.weekly.writing import digest_report

ALWAYS = 2**52
"""Later than every report (ms)."""

Kind = Literal["audit", "weekly"]


@dataclass(frozen=True)
class Which:
    """The report that a reader asks for: of a digest, the week's ISO name, or '' for the newest."""

    kind: Kind
    week: str = ""


@dataclass(frozen=True)
class ReportView:
    """A report as HTML, or '' if there is none; `weeks` are those with a digest, the newest first."""

    html: str = ""
    weeks: list[str] = field(default_factory=list)


def load(store: Store, which: Which, zone: str) -> ReportView:
    """The report; its HTML has no text of others that is not escaped. Raises what the store raises."""

    def ask(sql: str, parameters: Mapping[str, str]) -> Sequence[Sequence[Any]]:
        return store.query(sql, dict(parameters)).result_rows

    weeks = [week_at(until - 1, zone).name for until in kept(ask, WEEKLY)]
    report = _audit(ask) if which.kind == "audit" else _digest(ask, which.week, zone)
    return ReportView(html_fragment(report) if report else "", weeks)


def _audit(ask: Ask) -> Report | None:
    found = last_report(ask, AUDIT, ALWAYS, Audit)
    return None if found is None else audit_report(found)


def _digest(ask: Ask, name: str, zone: str) -> Report | None:
    try:
        until = week_named(name, zone).until if name else ALWAYS
    except ValueError:
        return None
    found = last_report(ask, WEEKLY, until, Digest)
    if found is None or (name and found.week != name):
        return None
    return digest_report(with_words(ask, found))
