"""Queries over a scope: who took its step, and who of them is read."""

import re
from collections.abc import Sequence
from typing import Any, Final

from touchline.analysis.reading.explaining.scopes import Scope
from touchline.analysis.reading.steps import NAMED, OWNERS, Ask, listed, seconds, selects
from touchline.vocabulary.personal import is_personal

MOST_OTHERS: Final = 20_000
"""About how many customers who are not affected are read; of more, a part that their ids decide."""

LONGEST: Final = 80
"""The longest value of an attribute, in bytes of JSON; longer ones are text that nobody groups by."""

_FRACTION = re.compile(r"-?\d+\.\d+([eE][-+]?\d+)?")
_DURATION = re.compile(r"(.*[._])?(seconds|ms|milliseconds|minutes|duration)")

SAMPLED = """(cityHash64(customer) % {of:UInt32} = 0
          OR customer IN (SELECT toUUID(toString(customer)) FROM ($AFFECTED)))"""
"""SQL condition: the customer is affected, or in the sample."""

AT_TOUCHPOINTS = f"""time >= {{began:DateTime64(3)}} AND time < {{ended:DateTime64(3)}} AND {NAMED}
      AND (channel, source) IN (SELECT channel, source FROM ($AFFECTED))"""  # noqa: S608 - made of constants
"""SQL condition: a customer's event at one of the touchpoints of the affected, at the time of the scope."""

NAMEABLE = f"length(one.2) <= {LONGEST} AND NOT startsWith(one.2, '{{{{') AND NOT startsWith(one.2, '[')"
"""SQL condition: `one`, a field and its JSON, may be an attribute."""

_STEPPED = f"""
SELECT customer, channel, source, time FROM (
    SELECT entity, channel, source, time FROM events
    WHERE {AT_TOUCHPOINTS}
      AND (empty(JSONExtract({{step:String}}, 'Array(String)')) OR {selects("step")})
      AND ({{place:String}} = '' OR JSONExtractRaw(data, {{place:String}}) = unhex({{placed:String}}))
) AS seen {OWNERS}
"""  # noqa: S608 - made of constants
_MET = f"""
SELECT customer, channel, source, opened_at AS time FROM current_frictions
WHERE opened_at >= {{began:DateTime64(3)}} AND opened_at < {{ended:DateTime64(3)}}
  AND NOT has(JSONExtract({{rules:String}}, 'Array(String)'), rule)
  AND {selects("met", "concat('friction.', rule)")}
  AND (channel, source) IN (SELECT channel, source FROM ($AFFECTED))
"""  # noqa: S608 - made of constants
_COUNT = "SELECT uniqExact(customer) FROM ($STEPPED)"


class ScopeRows:
    """Answers queries in which `$STEPPED` stands for those who took the step, `$AFFECTED` for the affected.

    Of the others, one in `of` customers is read. It raises StoreError if the store does not answer.
    """

    def __init__(self, ask: Ask, scope: Scope) -> None:
        self._ask = ask
        self._scope = scope
        self._parameters = {
            **scope.parameters,
            "began": seconds(scope.since),
            "ended": seconds(scope.until),
            "step": listed(scope.step),
            "place": scope.place[0],
            "placed": scope.place[1].encode().hex(),
            "own": listed(scope.own),
            "met": listed(scope.met),
            "rules": listed(scope.rules),
        }
        [[customers]] = self.rows(_COUNT)
        self._parameters["of"] = str(-(-customers // MOST_OTHERS) or 1)

    def rows(self, query: str, **parameters: str) -> Sequence[Sequence[Any]]:
        """The rows of a query, with parameters of its own."""
        stepped = _MET if self._scope.met else _STEPPED
        query = query.replace("$STEPPED", stepped).replace("$AFFECTED", self._scope.affected)
        return self._ask(query, self._parameters | parameters)


def may_be_named(name: str, raw: str, value: str) -> bool:
    """Whether a field and its value, as JSON and as text, may be said: nothing personal, nothing measured.

    Amounts and durations are measured, and hardly any two are equal.
    """
    is_duration = raw.isdecimal() and _DURATION.fullmatch(name) is not None
    return not (is_personal(name, value) or _FRACTION.fullmatch(raw) or is_duration)
