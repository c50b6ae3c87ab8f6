"""What tests of the life of incidents share: acts as stored, situations, and outbox rows."""

from typing import Any

from msgspec.structs import replace

from touchline.alerts import AlertsFile, parse_alerts
from touchline.alerts.life.acts import (
    act_row,
)
from touchline.alerts.life.situation import Situation
from touchline.alerts.policy import (
    Cadence,
    Notification,
    after_delivery,
    first_row,
    next_notification,
)
from touchline.config.alerts_files import load_alerts
from touchline.tables import AlertActRow, AlertRow, OutboxRow
from touchline.vocabulary.durations import HOUR, MINUTE
from touchline.vocabulary.ids import derived_id

T = 1_795_000_000_000
"""2026-11-18 11:06:40 UTC, a Wednesday."""

ELEVEN = T - 400_000

PACE = Cadence(wait=30_000, interval=5 * MINUTE, repeat=4 * HOUR)


def acted(fields: dict[str, Any], at: int, author: str = "Kim", id_: str = "") -> AlertActRow:
    """An act as it is stored."""
    return act_row(fields, author, id_ or str(derived_id(f"{fields}:{at}:{author}")), at)


def situation(
    *acts: AlertActRow, alerts: list[AlertRow], file: AlertsFile | None = None, now: int = T + HOUR
) -> Situation:
    """What applies to incidents."""
    file = load_alerts() if file is None else file
    return Situation({rule.id: rule for rule in file.rules}, file.routes, file.plan, alerts, acts, now)


def told(row: AlertRow, at: int = T + 30_000) -> OutboxRow:
    """The outbox row of a channel that was notified of an incident."""
    found = first_row(row, None, "chat")
    assert found is not None
    return after_delivery(found, row, "firing", at)


def following(
    row: AlertRow, box: OutboxRow, what: Situation, channel: str = "chat", pace: Cadence = PACE
) -> Notification | None:
    """The next notification of a channel."""
    return next_notification(row, box, pace, what.terms(row, channel, pace.wait))


def over(row: AlertRow, at: int) -> AlertRow:
    """The incident after its end."""
    return replace(row, status="resolved", resolved_at=at, version=row.version + 1)


FILE = """
extends: default
channels:
  chat: {kind: webhook, url: "https://chat.example"}
  boss: {kind: webhook, url: "https://boss.example"}
"""

WINDOWS = """
calendars: {office: {zone: Europe/Berlin, hours: {mon-fri: "09:00-17:00"}, holidays: [2026-11-19]}}
windows:
  - {name: release, from: 2026-11-18T11:00:00Z, to: 2026-11-18T12:00:00Z, rules: payment_outage}
  - {name: meeting, during: office, labels: {source: app}}
  - {name: quiet, outside: office, severity: critical, channels: [chat]}
"""

INHIBIT = "inhibit: [{when: payment_outage, mute: orders_fail, equal: source}]"


def file_of(text: str) -> AlertsFile:
    """An alerts file with two channels and what else the text says."""
    from importlib.resources import files

    pack = files("touchline.alerts").joinpath("packs", "default.yaml").read_text(encoding="utf-8")
    return parse_alerts(FILE + text, packs={"default": pack})
