"""What applies to incidents at a time: acts, windows, other incidents, and the routes of the alerts file.

Everything follows from these values. So after a restart, and whatever the order in which events arrived, the
same notifications are held, for the same reasons and times.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from touchline.alerts.addresses import Route
from touchline.alerts.life.acts import Period, concerns, periods
from touchline.alerts.life.followup import FollowUp, expected_changes
from touchline.alerts.life.holds import Hold, free_at
from touchline.alerts.life.plan import HoldPlan
from touchline.alerts.rules import AlertRule
from touchline.tables import AlertActRow, AlertRow
from touchline.vocabulary.durations import HOUR

FLAPS = 3
"""So many incidents with the same labels within `FLAP_SPAN` flap: the last one waits for `pause`."""

FLAP_SPAN = HOUR
TOLD = ("acknowledge", "verdict", "snooze", "expect")
"""The acts that channels are told of."""


class Life(NamedTuple):
    """What people have said about an incident by now; None for what nobody has."""

    acknowledged: AlertActRow | None = None
    verdict: AlertActRow | None = None
    snoozed: Period | None = None
    expected: AlertActRow | None = None
    acted_at: int = 0
    """When the newest act was written of which channels are told (ms); 0 for none."""


class Terms(NamedTuple):
    """What applies to an incident on a channel. Times are ms.

    Attributes:
        first_at: When the first notification is due; None if it is held without an end.
        holds: The holds on the channel.
        acknowledged: Whether somebody has acknowledged the incident.
        acted_at: When the newest act was written; 0 for none.
        remind: After how long it is repeated while nobody acknowledges it; None for the rule's `repeat`.
        escalated_after: After how long without acknowledgement the channel is notified; None if at once.
        expected_at: When the change was named that should end it; 0 for none.
        followups: What became of it after that change, as far as it is due.
    """

    first_at: int | None
    holds: tuple[Hold, ...] = ()
    acknowledged: bool = False
    acted_at: int = 0
    remind: int | None = None
    escalated_after: int | None = None
    expected_at: int = 0
    followups: tuple[FollowUp, ...] = ()


class Situation:
    """The incidents of an evaluation, and what applies to them.

    Args:
        rules: The alert rules, by id.
        routes: The routes; None if every channel gets every incident.
        plan: Windows and inhibitions.
        alerts: The incidents, retracted ones among them.
        acts: What people did, in any order.
        now: The time (ms).
        followups: What became of incidents, by fingerprint, as far as it is due.

    Attributes:
        alerts: The incidents that are not retracted.
        newest: The newest incident of each fingerprint; a retracted one if there is no other.
    """

    def __init__(
        self,
        rules: Mapping[str, AlertRule],
        routes: tuple[Route, ...] | None,
        plan: HoldPlan,
        alerts: Iterable[AlertRow],
        acts: Iterable[AlertActRow],
        now: int,
        followups: Mapping[UUID, tuple[FollowUp, ...]] | None = None,
    ) -> None:
        self.followups = followups or {}
        acts = list(acts)
        self._expected = {act.fingerprint: act.written_at for act in expected_changes(acts, now)}
        self._rules, self._routes, self._plan, self.now = rules, routes, plan, now
        in_order = sorted(alerts, key=lambda row: (row.status != "retracted", row.opened_at))
        self.alerts = [alert for alert in in_order if alert.status != "retracted"]
        self.newest: Mapping[UUID, AlertRow] = {alert.fingerprint: alert for alert in in_order}
        self._acts: dict[str, list[AlertActRow]] = defaultdict(list)
        self._mutes: dict[str, list[AlertActRow]] = defaultdict(list)
        for act in acts:
            if act.act == "mute":
                self._mutes[act.rule].append(act)
            else:
                self._acts[act.fingerprint].append(act)
        self._openings: dict[UUID, list[int]] = defaultdict(list)
        of_rule: dict[str, list[AlertRow]] = defaultdict(list)
        for alert in self.alerts:
            self._openings[alert.fingerprint].append(alert.opened_at)
            of_rule[alert.rule].append(alert)
        self._sources: list[dict[tuple[str, ...] | None, list[AlertRow]]] = []
        """The incidents that inhibit others, for each inhibition by the values that must be equal."""
        for inhibition in plan.inhibit:
            by_values: dict[tuple[str, ...] | None, list[AlertRow]] = defaultdict(list)
            for source in of_rule[inhibition.when]:
                by_values[inhibition.values(source)].append(source)
            self._sources.append(by_values)
        self._holds: dict[tuple[UUID, int], tuple[Hold, ...]] = {}

    def life(self, alert: AlertRow) -> Life:
        """What people have said about an incident."""
        own = [act for act in self._acts.get(str(alert.fingerprint), ()) if concerns(act, alert)]
        newest = {period.act.act: period for period in periods(own)}
        acknowledged, snoozed = newest.get("acknowledge"), newest.get("snooze")
        given, expected = newest.get("verdict"), newest.get("expect")
        return Life(
            acknowledged=acknowledged.act if acknowledged and acknowledged.end is None else None,
            verdict=None if given is None else given.act,
            snoozed=snoozed if snoozed and (snoozed.end is None or snoozed.end > self.now) else None,
            expected=None if expected is None or not expected.act.change else expected.act,
            acted_at=max((act.written_at for act in own if act.act in TOLD), default=0),
        )

    def snoozes(self, alert: AlertRow) -> list[Period]:
        """The snoozes of an incident, ended ones included."""
        own = [act for act in self._acts.get(str(alert.fingerprint), ()) if act.act == "snooze"]
        return periods(act for act in own if concerns(act, alert))

    def holds(self, alert: AlertRow) -> tuple[Hold, ...]:
        """When an incident is held, and why; in the order of their beginnings."""
        # A late event may move the beginning and keep the id's row in hand: both are the key.
        key = alert.id, alert.version
        if key not in self._holds:
            self._holds[key] = tuple(sorted(self._all_holds(alert), key=lambda hold: hold.begin))
        return self._holds[key]

    def terms(self, alert: AlertRow, channel: str, wait: int) -> Terms:
        """What applies to an incident on a channel; `wait` (ms) is that before a first notification."""
        life = self.life(alert)
        holds = tuple(hold for hold in self.holds(alert) if not hold.channels or channel in hold.channels)
        routes = [route for route in self._routes or () if route.fits(alert.rule, alert.severity)]
        direct = self._routes is None or any(channel in route.channels for route in routes)
        first_at = free_at(alert.opened_at + wait, holds)
        steps = [step.after for route in routes for step in route.escalate if channel in step.channels]
        after = None if direct or not steps else min(steps)
        if after is not None:
            base = free_at(alert.opened_at + wait, [hold for hold in self.holds(alert) if not hold.channels])
            acknowledged = [
                Hold("acknowledged", period.act.author, period.act.written_at, period.end)
                for period in self._acknowledgements(alert)
            ]
            first_at = None if base is None else free_at(base + after, (*holds, *acknowledged))
        reminders = [route.remind for route in routes if channel in route.channels and route.remind]
        return Terms(
            first_at=first_at,
            holds=holds,
            acknowledged=life.acknowledged is not None,
            acted_at=life.acted_at,
            remind=min(reminders, default=None),
            escalated_after=after,
            expected_at=self._expected.get(str(alert.fingerprint), 0),
            followups=self.followups.get(alert.fingerprint, ()),
        )

    def _acknowledgements(self, alert: AlertRow) -> list[Period]:
        own = [act for act in self._acts.get(str(alert.fingerprint), ()) if act.act == "acknowledge"]
        return periods(act for act in own if concerns(act, alert))

    def _all_holds(self, alert: AlertRow) -> Iterable[Hold]:
        yield from self._plan.holds_of_windows(alert, self.now)
        for period in periods(act for act in self._mutes.get(alert.rule, ()) if concerns(act, alert)):
            yield Hold("mute", period.act.author, period.act.written_at, period.end)
        for period in self.snoozes(alert):
            yield Hold("snooze", period.act.author, period.act.written_at, period.end)
        for inhibition, sources in zip(self._plan.inhibit, self._sources, strict=True):
            if alert.rule in inhibition.mute and (values := inhibition.values(alert)) is not None:
                for source in sources.get(values, ()):
                    yield Hold("inhibit", source.rule, source.opened_at, source.resolved_at)
        rule = self._rules.get(alert.rule)
        if rule is not None and rule.pause:
            earlier = [
                at
                for at in self._openings[alert.fingerprint]
                if alert.opened_at - FLAP_SPAN < at < alert.opened_at
            ]
            if len(earlier) >= FLAPS - 1:
                yield Hold("flapping", alert.rule, alert.opened_at, alert.opened_at + rule.pause)
