"""`touchline alerts ack`, `verdict`, `snooze` and `mute`: what people do about incidents."""

import getpass
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import WRONG_USAGE, fail
from touchline.cli.output import print_json, say

if TYPE_CHECKING:
    from touchline.config.settings import Settings
    from touchline.tables import AlertActRow, AlertRow

Incident = Annotated[
    str,
    typer.Argument(
        metavar="INCIDENT",
        help="An id as `alerts list` prints it, or a rule: its newest incident.",
    ),
]
By = Annotated[str, typer.Option(help="Who does it.  [default: this user]", show_default=False)]
Comment = Annotated[str, typer.Option(help="A comment, shown in notifications. Write no personal data.")]
Data = Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Until = Annotated[
    str, typer.Option("--until", metavar="TIME", help="A day or a time, such as 2026-12-01T18:00.")
]
For = Annotated[str, typer.Option("--for", metavar="DURATION", help="How long, such as 2h.")]


def acknowledge(
    incident: Incident,
    undo: Annotated[bool, typer.Option("--undo", help="Take the acknowledgement back.")] = False,
    expect: Annotated[
        str,
        typer.Option(metavar="CHANGE", help="The change_id of the `change.deployed` that should end it."),
    ] = "",
    comment: Comment = "",
    by: By = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Acknowledge an incident: somebody takes care of it.

    Channels are told who does. Until it ends there are no reminders and no escalation, and updates only if
    the numbers change, after the rule's `repeat`. With --expect, channels are told a day and a week after the
    change what became of the incident.

    Example: touchline alerts ack payment_outage --by kim --expect release-481
    """
    from touchline.alerts.life.acts import acknowledgement, expectation

    settings = _settings(data)
    row = _incident(settings, incident)
    now = int(time.time() * 1000)
    written = [_write(settings, acknowledgement(row, now, comment, undo=undo), by)]
    if expect:
        written.append(_write(settings, expectation(row, now, expect, comment), by))
    _show(written, f"{_name(row)}: {'no longer acknowledged' if undo else 'acknowledged'}", as_json)


def judge(
    incident: Incident,
    verdict: Annotated[
        str,
        typer.Argument(
            metavar="VERDICT", help="real (somebody had to know), known (it was known) or noise (no problem)."
        ),
    ],
    comment: Comment = "",
    by: By = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say whether an incident was real. The verdicts of a rule's incidents give the rule's precision.

    Example: touchline alerts verdict payment_outage noise --comment "a load test"
    """
    from touchline.alerts.life.acts import verdict as act_of

    settings = _settings(data)
    row = _incident(settings, incident)
    fields = act_of(row, int(time.time() * 1000), verdict, comment)
    _show([_write(settings, fields, by)], f"{_name(row)}: {verdict}", as_json)


def snooze(
    incident: Incident,
    until: Until = "",
    for_: For = "",
    times: Annotated[
        float,
        typer.Option("--worse", metavar="TIMES", help="Until so many times the customers are affected."),
    ] = 0.0,
    end: Annotated[bool, typer.Option("--end", help="End an earlier snooze.")] = False,
    comment: Comment = "",
    by: By = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Hold the notifications of an incident until a time, or until it is so many times worse.

    Its end is still notified. With both --for and --worse, the first of them ends the snooze.

    Example: touchline alerts snooze payment_outage --for 2h --worse 3
    """
    from touchline.alerts.life.acts import snooze as act_of
    from touchline.alerts.life.notice import snooze_end

    settings = _settings(data)
    row = _incident(settings, incident)
    now = int(time.time() * 1000)
    ends_at = now if end else _end(until, for_, now, settings.zone)
    act = _write(settings, act_of(row, now, ends_at, 0.0 if end else times, comment), by)
    done = "no longer snoozed" if end else f"snoozed {snooze_end(act, settings.zone)}"
    _show([act], f"{_name(row)}: {done}", as_json)


def mute(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="An alert rule.")],
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label", metavar="NAME=VALUE", help="Only incidents with this label; repeat for more."
        ),
    ] = None,
    until: Until = "",
    for_: For = "",
    end: Annotated[bool, typer.Option("--end", help="End an earlier mute with the same labels.")] = False,
    comment: Comment = "",
    by: By = "",
    data: Data = None,
    alerts: Annotated[
        Path | None,
        typer.Option("--alerts", metavar="ALERTS.yaml", help="The settings' alerts file if not given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold the notifications of a rule until a time, or until `mute --end`.

    Incidents are still found and listed; `touchline alerts ledger` shows what was held.

    Example: touchline alerts mute producer_silent --label producer=tills --until 2026-12-01T06:00
    """
    from touchline.alerts.life.acts import mute as act_of
    from touchline.config.alerts_files import load_alerts
    from touchline.config.settings import load_settings
    from touchline.vocabulary.moments import in_words

    settings = load_settings(data=data, alerts=alerts)
    known = {one.id for one in load_alerts(settings.alerts).rules}
    if rule not in known:
        raise fail(f"there is no rule '{rule}'; there are {', '.join(sorted(known))}", WRONG_USAGE)
    now = int(time.time() * 1000)
    ends_at = now if end else _end(until, for_, now, settings.zone)
    act = _write(settings, act_of(rule, label or (), now, ends_at, comment), by)
    when = "until `mute --end`" if act.ends_at is None else f"until {in_words(act.ends_at, settings.zone)}"
    _show([act], f"{rule}: {'no longer muted' if end else 'muted ' + when}", as_json)


def _settings(data: Path | None) -> "Settings":
    from touchline.config.settings import load_settings

    return load_settings(data=data)


def _incident(settings: "Settings", name: str) -> "AlertRow":
    from touchline.config.stores import readable_store
    from touchline.runtime.alerting.queries import query_of
    from touchline.runtime.alerting.rows import named_incident

    with readable_store(settings) as reader:
        row = named_incident(query_of(reader), name)
    if row is None:
        raise fail(f"there is no incident '{name}': `touchline alerts list` shows their ids and rules")
    return row


def _write(settings: "Settings", fields: dict[str, Any], by: str) -> "AlertActRow":
    from touchline.services.alert_acts import write_act

    return write_act(settings, fields, by or getpass.getuser())


def _end(until: str, for_: str, now: int, zone: str) -> int | None:
    """The end (ms) that --until or --for names; None if neither does."""
    from touchline.cli.spans import moment
    from touchline.vocabulary.durations import parse_duration

    if until and for_:
        raise fail("write either --until or --for", WRONG_USAGE)
    if until:
        return moment(until, "--until", zone)
    if not for_:
        return None
    try:
        return now + parse_duration(for_)
    except ValueError as error:
        raise fail(f"--for: {error}", WRONG_USAGE) from None


def _name(row: "AlertRow") -> str:
    from touchline.alerts.messages.incident_text import place

    where = place(row.labels)
    return row.title + (f" ({where})" if where else "")


def _show(written: "list[AlertActRow]", words: str, as_json: bool) -> None:
    import msgspec

    if as_json:
        print_json({"acts": msgspec.to_builtins(written)})
    else:
        say(f"{words}, by {written[0].author}")
