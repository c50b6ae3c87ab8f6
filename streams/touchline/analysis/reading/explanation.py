"""Reads what an explanation needs: who met a friction, who could have, and attributes of their events."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import orjson

from touchline.analysis.explain.attributes import Attribute, Sightings
from touchline.analysis.explain.findings import FEWEST
from touchline.analysis.impact.trials import NEVER, Trials
from touchline.analysis.reading.steps import NAMED, OWNERS, Ask, StepReader, Steps, listed, seconds, selects
from touchline.vocabulary.durations import DAY, WEEK

LOOK_BACK: Final = 30 * DAY
"""How long (ms) before the first step events count as known before the friction."""

LONGEST: Final = 80
"""The longest value of an attribute, in bytes of JSON; longer ones are text that nobody groups by."""

_SEEN = f"""
SELECT entity, time, arrayJoin(arrayConcat(
    [('channel', toJSONString(channel)), ('source', toJSONString(source))],
    arrayMap(one -> (concat('data.', one.1), one.2), JSONExtractKeysAndValuesRaw(data)),
    arrayMap(one -> (concat('context.', one.1), one.2), JSONExtractKeysAndValuesRaw(context))
)) AS one, one.1 AS field, one.2 AS value
FROM events
WHERE time >= {{from:DateTime64(3)}} AND time < {{until:DateTime64(3)}} AND {NAMED}
  AND NOT {selects("friction")}
  AND length(value) <= {LONGEST} AND NOT startsWith(value, '{{{{') AND NOT startsWith(value, '[')
"""  # noqa: S608 - made of constants
_SIGHTINGS = f"""
SELECT toString(customer), field, value, toUnixTimestamp64Milli(min(time))
FROM ({_SEEN}) AS seen {OWNERS}
WHERE (field, value) IN (
    SELECT field, value FROM ({_SEEN}) GROUP BY field, value HAVING uniqExact(entity) >= {FEWEST}
)
GROUP BY customer, field, value
"""  # noqa: S608 - made of constants


class ExplanationReader:
    """Reads trials and sightings for one rule after the other, between two times (ms since 1970)."""

    def __init__(self, ask: Ask, since: int, until: int) -> None:
        self._ask = ask
        self._steps = StepReader(ask, since, until, base=since - LOOK_BACK)
        self._end = until
        self._parameters = {"from": seconds(max(0, since - LOOK_BACK)), "until": seconds(until)}

    def rules(self) -> list[str]:
        """The rules with a friction in the span, the most frequent first."""
        return self._steps.rules()

    def read(
        self, rule: str, types: Sequence[str] = (), friction: Sequence[str] = ()
    ) -> tuple[Trials, Sightings]:
        """Who reached the step in each week, when they met the friction, and what they had before.

        Args:
            rule: The rule's id.
            types: The types of events that are the step; any if none.
            friction: The types of events that are the friction itself, of which no attribute is read.
        """
        steps = self._steps.steps(rule, types)
        count = len(steps.customer)
        trials = Trials(
            customer=steps.customer,
            stratum=steps.began // WEEK,
            friction=steps.friction(),
            outcome=np.full(count, NEVER),
            value=np.zeros(count),
            followed=(self._end - self._steps.base - steps.began).astype(np.float64),
            later_friction=np.full(count, NEVER),
            contact_trial=np.zeros(0, dtype=np.int64),
            contact=np.zeros(0),
        )
        return trials, self._sightings(steps, listed(friction))

    def _sightings(self, steps: Steps, friction: str) -> Sightings:
        trials_of: dict[int, list[int]] = {}
        for trial, customer in enumerate(steps.customer.tolist()):
            trials_of.setdefault(customer, []).append(trial)
        attributes: dict[Attribute, int] = {}
        seen: list[tuple[int, int, int]] = []
        for who, field, value, at in self._ask(_SIGHTINGS, self._parameters | {"friction": friction}):
            trials = trials_of.get(self._steps.number(who))
            if trials is None:
                continue
            index = attributes.setdefault(Attribute(field, _text(value)), len(attributes))
            seen += [(trial, index, at - self._steps.base) for trial in trials]
        columns = np.array(seen, dtype=np.int64).reshape(-1, 3)
        began = steps.began[columns[:, 0]]
        after = (columns[:, 2] - began).astype(np.float64)
        return Sightings(list(attributes), columns[:, 0], columns[:, 1], after)


def _text(value: str) -> str:
    """A value of JSON as people read it."""
    parsed = orjson.loads(value)
    return parsed if isinstance(parsed, str) else value
