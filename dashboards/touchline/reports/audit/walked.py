"""Reads what walked audits found in a span: what the panel of that name shows."""

from typing import Final

from touchline.panels import BY_ID, expand
from touchline.reports.audit.audit import Walked
from touchline.reports.queries import Ask

SHOWN: Final = 30
"""Steps that are listed: the failed ones first."""


def read_walked(ask: Ask, since: int, until: int) -> tuple[Walked, ...]:
    """The steps of each walk's last run in a span (ms, the end exclusive)."""
    panel = expand(BY_ID["walked_audits"].sql, since, until - 1, 3_600)
    sql = (
        "SELECT walk, step, result = 'passed', toUnixTimestamp64Milli(since), share, message "  # noqa: S608
        f"FROM ({panel}) LIMIT {SHOWN}"
    )
    return tuple(
        Walked(walk=walk, step=step, passed=bool(passed), since=at, share=share, message=message)
        for walk, step, passed, at, share, message in ask(sql, {})
    )
