"""Computes what became of incidents after the changes that should end them."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from touchline.alerts import AlertRule, sql
from touchline.alerts.life.followup import (
    PERIODS,
    FollowUp,
    Numbers,
    expected_changes,
    sentence_after,
    sentence_without,
)
from touchline.alerts.rules import Absence
from touchline.runtime.alerting.queries import Query, list_parameter
from touchline.tables import AlertActRow, AlertRow
from touchline.vocabulary.durations import MINUTE

LOOKED_EVERY = MINUTE
"""How often (ms) to look whether a change was deployed."""

_DEPLOYED = """
SELECT toUnixTimestamp64Milli(min(time)), count() FROM events
WHERE type = 'change.deployed' AND JSONExtractString(data, 'change_id') = {change:String}
  AND time > fromUnixTimestamp64Milli({since:Int64})
"""


class FollowUps:
    """Finds what is due, and keeps what it found: numbers of a past period do not change.

    Args:
        query: Queries the store.
        rules: The alert rules, by id.
        zone: The time zone of texts.
    """

    def __init__(self, query: Query, rules: Mapping[str, AlertRule], zone: str) -> None:
        self._query, self._rules, self._zone = query, rules, zone
        self._deployed: dict[str, tuple[int | None, int]] = {}
        """When the change of each act was deployed, and when that was looked up."""
        self._texts: dict[tuple[str, int], str] = {}
        self.fingerprints: frozenset[str] = frozenset()
        """The incidents that are followed: their rows are needed however old they are."""

    def due(
        self, acts: Iterable[AlertActRow], alerts: Iterable[AlertRow], now: int
    ) -> Mapping[UUID, tuple[FollowUp, ...]]:
        """What is due by a time (ms), by fingerprint, oldest first.

        Raises:
            StoreError: the store does not answer.
        """
        followed = expected_changes(acts, now)
        self.fingerprints = frozenset(act.fingerprint for act in followed)
        kept = {act.id for act in followed}
        self._deployed = {id_: found for id_, found in self._deployed.items() if id_ in kept}
        self._texts = {key: text for key, text in self._texts.items() if key[0] in kept}
        openings = [
            (str(alert.fingerprint), alert.opened_at) for alert in alerts if alert.status != "retracted"
        ]
        return {
            UUID(act.fingerprint): tuple(
                self._of(act, [at for fingerprint, at in openings if fingerprint == act.fingerprint], now)
            )
            for act in followed
        }

    def _of(self, act: AlertActRow, openings: list[int], now: int) -> list[FollowUp]:
        deployed_at = self._deployed_at(act, now)
        if deployed_at is None:
            give_up_at = act.written_at + PERIODS[-1][0]
            return [FollowUp(give_up_at, sentence_without(act))] if give_up_at <= now else []
        found = []
        for number, (span, _) in enumerate(PERIODS):
            if deployed_at + span > now:
                break
            key = act.id, number
            if key not in self._texts:
                before = self._numbers(act, deployed_at - span, deployed_at, openings)
                after = self._numbers(act, deployed_at, deployed_at + span, openings)
                self._texts[key] = sentence_after(act, deployed_at, number, before, after, self._zone)
            found.append(FollowUp(deployed_at + span, self._texts[key]))
        return found

    def _deployed_at(self, act: AlertActRow, now: int) -> int | None:
        found, looked_at = self._deployed.get(act.id, (None, now - LOOKED_EVERY))
        if found is None and now - looked_at >= LOOKED_EVERY:
            # A change before the incident did not end it.
            parameters = {"change": act.change, "since": str(act.opened_at)}
            ((at, number),) = self._query(_DEPLOYED, parameters)
            found = int(at) if number else None
            self._deployed[act.id] = found, now
        return found

    def _numbers(self, act: AlertActRow, lo: int, hi: int, openings: list[int]) -> Numbers:
        incidents = sum(lo < at <= hi for at in openings)
        rule = self._rules.get(act.rule)
        if rule is None or isinstance(rule, Absence):
            return Numbers(0, 0, incidents)
        parameters = {"lo": str(lo), "hi": str(hi), "labels": list_parameter(act.labels)}
        ((count, customers, _),) = self._query(sql.extent(rule), parameters)
        return Numbers(int(count), int(customers), incidents)
