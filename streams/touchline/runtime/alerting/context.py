"""What a message says about an incident's surroundings: changes before it, and what its frictions cost."""

from touchline.alerts import AlertRule
from touchline.alerts.incidents import Labels
from touchline.alerts.messages.deployment import Deployment
from touchline.alerts.messages.incident_text import change_sentence, cost_sentence
from touchline.runtime.alerting.queries import Query
from touchline.vocabulary.durations import DAY, HOUR
from touchline.vocabulary.wording import plain

CHANGED_WITHIN = HOUR
"""How long before its beginning (ms) a change may have been deployed."""

MOST_CHANGES = 3
MOST_DEPLOYMENTS = 50
LONGEST_TITLE = 300

LOOKAHEAD = 2 * DAY
"""How long after a time (ms) deployments are read; a clock that is ahead does not hide one."""

_DEPLOYED = """
SELECT change, toUnixTimestamp64Milli(min(time)) AS at, argMin(title, time), argMin(channel, time),
       argMin(source, time)
FROM (
    SELECT time, channel, source, JSONExtractString(data, 'change_id') AS change,
           if(JSONExtractString(data, 'title') = '', change, JSONExtractString(data, 'title')) AS title
    FROM events WHERE type = 'change.deployed'
      AND time > fromUnixTimestamp64Milli({lo:Int64}) AND time <= fromUnixTimestamp64Milli({hi:Int64})
)
GROUP BY change ORDER BY at DESC, change LIMIT {most:UInt32}
"""
_LOSS = """
SELECT loss / exposed, loss_low / exposed, loss_high / exposed, currency FROM current_impact
WHERE rule = {rule:String} AND verdict = 'loss' AND exposed > 0
  AND isNotNull(loss_low) AND isNotNull(loss_high)
"""


def changes_before(query: Query, opened_at: int, zone: str) -> tuple[str, ...]:
    """Sentences on the changes that were deployed in the hour before a time (ms), the newest first."""
    span = {"lo": str(opened_at - CHANGED_WITHIN), "hi": str(opened_at), "most": str(MOST_CHANGES)}
    rows = query(_DEPLOYED, span)
    return tuple(
        change_sentence(at, title, (channel, source), zone) for _, at, title, channel, source in rows
    )


def deployments_since(query: Query, since: int, url: str) -> list[Deployment]:
    """The changes that were deployed since a time (ms), the oldest first; `url` is that of the live page."""
    span = {"lo": str(since), "hi": str(since + LOOKAHEAD), "most": str(MOST_DEPLOYMENTS)}
    return [
        Deployment(
            change=change,
            title=plain(title, LONGEST_TITLE),
            at=at,
            channel=plain(channel),
            source=plain(source),
            link=f"{url.rstrip('/')}/" if url else "",
        )
        for change, at, title, channel, source in reversed(query(_DEPLOYED, span))
    ]


def cost_of(query: Query, rule: AlertRule, labels: Labels, customers: int) -> str:
    """A sentence on the associated loss of the affected customers; empty where it is not known.

    It is known of a single friction rule whose stored impact is a loss.
    """
    named = [label.removeprefix("rule=") for label in labels if label.startswith("rule=")]
    frictions = named or [name for name in getattr(rule, "frictions", ()) if name != "*"]
    if len(frictions) != 1 or not customers:
        return ""
    rows = query(_LOSS, {"rule": frictions[0]})
    if not rows:
        return ""
    each, low, high, currency = rows[0]
    return cost_sentence(customers, customers * each, customers * low, customers * high, currency)
