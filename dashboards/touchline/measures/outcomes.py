"""Measures of journeys, of frictions and of the money they put at risk, with SQL of a row each."""

from touchline.measures.measure import Measure
from touchline.measures.owners import owned

JOURNEYS = """
SELECT last AS at, path[1] AS channel, '' AS source, '' AS queue, '' AS reason, contacts, transfers,
       channel_switches, repeats, wait_seconds, strikes, grade
FROM current_journeys
WHERE last >= {since:DateTime64(3)} AND last < {until:DateTime64(3)}
"""
"""A row a journey whose last touchpoint is in the span, on the channel that it began on."""

FRICTIONS = """
SELECT opened_at AS at, channel, source, '' AS queue, rule AS reason, status, resolved_at
FROM current_frictions
WHERE opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)}
"""
"""A row a friction that opened in the span."""

_MONEY = """type IN ('cart.updated', 'checkout.started', 'checkout.step_completed', 'order.placed',
        'order.cancelled', 'delivery.completed', 'refund.issued')
    AND time >= {since:DateTime64(3)} AND time < {until:DateTime64(3)}"""

_TOLD = f"""
    SELECT entity, type, time, channel, source,
           JSONExtract(data, 'Tuple(cart_id String, order_id String, value Nullable(Float64),
               currency String)') AS said
    FROM events
    WHERE {_MONEY}
"""  # noqa: S608 - made of constants

VALUE_AT_RISK = f"""
SELECT at, channel, source, '' AS queue, '' AS reason, worth.1 AS value, worth.2 AS currency
FROM (
    SELECT at, channel, source, is_cart, placed, open,
           max(if(placed, at, toDateTime64(0, 3, 'UTC'))) OVER own AS bought_at,
           groupArrayIf((key, told_value, told_currency), is_cart) OVER own AS carts,
           arrayFirst(one -> one.1 = cart, carts) AS its_cart,
           (if(is_cart OR told_value > 0, told_value, its_cart.2),
            if(is_cart OR told_currency != '', told_currency, its_cart.3)) AS worth
    FROM (
        SELECT customer, startsWith(type, 'c') AS is_cart, if(is_cart, said.cart_id, said.order_id) AS key,
               if(is_cart, max(time), minIf(time, type = 'order.placed')) AS at,
               if(is_cart, argMax(channel, time), argMinIf(channel, time, type = 'order.placed')) AS channel,
               if(is_cart, argMax(source, time), argMinIf(source, time, type = 'order.placed')) AS source,
               argMaxIf(ifNull(said.value, 0), time,
                        is_cart ? isNotNull(said.value) : type = 'order.placed') AS told_value,
               argMaxIf(said.currency, time,
                        is_cart ? said.currency != '' : type = 'order.placed') AS told_currency,
               argMaxIf(said.cart_id, time, type = 'order.placed') AS cart,
               countIf(type = 'order.placed') > 0 AS placed,
               countIf(type != 'order.placed') = 0 AS open
        FROM ({owned(_TOLD, _MONEY)})
        WHERE customer IN (
            SELECT customer FROM current_frictions
            WHERE opened_at >= {{since:DateTime64(3)}} AND opened_at < {{until:DateTime64(3)}}
        )
        GROUP BY customer, is_cart, key
    )
    WINDOW own AS (PARTITION BY customer)
)
WHERE value > 0 AND (is_cart ? bought_at < at : placed AND open AND channel != 'store')
"""  # noqa: S608 - made of constants
"""A row a cart or an order with a value, open at the end of the span, of customers who met friction in it."""


def _grade(letter: str, share: str) -> Measure:
    return Measure(
        f"grade_{letter.lower()}",
        1,
        f"Journeys graded {letter}",
        f"Which share of journeys has the grade {letter}, {share}?",
        "share",
        letter in "AB",
        f"Journeys graded {letter} ÷ journeys whose last touchpoint is in the span. The score is 100 less "
        "the strikes; A from 90, B from 75, C from 60, D from 40, F below.",
        "our scale",
        JOURNEYS,
        f"grade = '{letter}'",
    )


MEASURES: tuple[Measure, ...] = (
    Measure(
        "effort",
        1,
        "Observed effort",
        "How many steps does a journey take that it need not?",
        "steps",
        False,
        "Contacts, transfers, channel switches and repeats ÷ journeys whose last touchpoint is in the span.",
        "observed, where CES is asked for",
        JOURNEYS,
        "contacts + transfers + channel_switches + repeats",
    ),
    Measure(
        "waiting",
        1,
        "Waiting in a journey",
        "How long does one wait in a journey, over all its contacts?",
        "seconds",
        False,
        "Seconds waited in contacts ÷ journeys whose last touchpoint is in the span.",
        "observed, where CES is asked for",
        JOURNEYS,
        "wait_seconds",
    ),
    Measure(
        "strikes",
        1,
        "Strikes",
        "How much friction weighs on a journey?",
        "strikes",
        False,
        "Strikes (the sum of the frictions' weights) ÷ journeys whose last touchpoint is in the span.",
        "our scale",
        JOURNEYS,
        "strikes",
    ),
    _grade("A", "with next to no friction"),
    _grade("B", "with a little friction"),
    _grade("C", "with some friction"),
    _grade("D", "with much friction"),
    _grade("F", "with most friction"),
    Measure(
        "recovered",
        1,
        "Friction recovered",
        "Which share of frictions came right in the end?",
        "share",
        True,
        "Frictions resolved by now ÷ frictions opened in the span. What cannot come right, such as a caller "
        "who hung up, stays open and counts.",
        "taken back when the purchase comes",
        FRICTIONS,
        "status = 'resolved'",
    ),
    Measure(
        "recovery_time",
        1,
        "Time to recover",
        "How long does it take until a friction comes right?",
        "seconds",
        False,
        "Median seconds from a friction's opening to its resolution, of those opened in the span and "
        "resolved.",
        "our choice",
        FRICTIONS,
        "dateDiff('millisecond', at, assumeNotNull(resolved_at)) / 1000",
        "isNotNull(resolved_at)",
        kind="median",
    ),
    Measure(
        "value_at_risk",
        1,
        "Value at risk",
        "How much money hangs on customers who met friction?",
        "currency",
        False,
        "Sum of the last value of carts and orders that were touched in the span and are open at its end, "
        "of customers with a friction opened in the span; a figure for each currency. A cart is open until "
        "its customer places an order, on any channel; an order until it is delivered, cancelled or "
        "refunded (one in a store is delivered at once) and without a value of its own it has its cart's. "
        "The denominator is how many there are.",
        "carts: 1 h since the last activity, taken back when the purchase comes",
        VALUE_AT_RISK,
        "value",
        kind="sum",
    ),
)
