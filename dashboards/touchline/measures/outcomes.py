"""Measures of journeys, frictions and value at risk, and the SQL that they observe: one row for each."""

from touchline.measures.measure import Measure
from touchline.measures.owners import owned
from touchline.vocabulary.order import order_sql

JOURNEYS = """
SELECT last AS at, id, customer, path[1] AS channel, '' AS source, '' AS queue, '' AS reason, contacts,
       transfers, channel_switches, repeats, wait_seconds, strikes, grade
FROM current_journeys
WHERE last >= {since:DateTime64(3)} AND last < {until:DateTime64(3)}
"""
"""One row for each journey whose last event is in the period, on the channel where it started."""

FRICTIONS = """
SELECT opened_at AS at, channel, source, '' AS queue, rule AS reason, rule, anchor, journey, customer,
       status, resolved_at
FROM current_frictions
WHERE opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)}
"""
"""One row for each friction opened in the period."""

_OF_VALUE = (
    "cart.updated",
    "checkout.started",
    "checkout.step_completed",
    "order.placed",
    "order.cancelled",
    "delivery.completed",
    "refund.issued",
)

_HAVE_VALUE = f"""
    FROM events
    WHERE type IN {_OF_VALUE} AND time >= {{since:DateTime64(3)}} AND time < {{until:DateTime64(3)}}
"""
_MONEY_EVENTS = f"""
    SELECT entity, type, time, {order_sql(_OF_VALUE)} AS place, channel, source,
           JSONExtract(data, 'Tuple(cart_id String, order_id String, value Nullable(Float64),
               currency String)') AS fields
    {_HAVE_VALUE}"""

VALUE_AT_RISK = f"""
SELECT at, channel, source, customer, '' AS queue, '' AS reason, amount.1 AS value, amount.2 AS currency
FROM (
    SELECT at, channel, source, customer, is_cart, placed, open,
           max(if(placed, at, toDateTime64(0, 3, 'UTC'))) OVER own AS bought_at,
           groupArrayIf((key, last_value, last_currency), is_cart) OVER own AS carts,
           arrayFirst(known -> known.1 = cart, carts) AS cart_of_order,
           (if(is_cart OR last_value > 0, last_value, cart_of_order.2),
            if(is_cart OR last_currency != '', last_currency, cart_of_order.3)) AS amount
    FROM (
        SELECT customer, startsWith(type, 'c') AS is_cart,
               if(is_cart, fields.cart_id, fields.order_id) AS key,
               if(is_cart, max(time), minIf(time, type = 'order.placed')) AS at,
               if(is_cart, argMax(channel, place), argMinIf(channel, place, type = 'order.placed'))
                   AS channel,
               if(is_cart, argMax(source, place), argMinIf(source, place, type = 'order.placed')) AS source,
               argMaxIf(ifNull(fields.value, 0), place,
                        is_cart ? isNotNull(fields.value) : type = 'order.placed') AS last_value,
               argMaxIf(fields.currency, place,
                        is_cart ? fields.currency != '' : type = 'order.placed') AS last_currency,
               argMaxIf(fields.cart_id, place, type = 'order.placed') AS cart,
               countIf(type = 'order.placed') > 0 AS placed,
               countIf(type != 'order.placed') = 0 AS open
        FROM ({owned(_MONEY_EVENTS, f"SELECT entity {_HAVE_VALUE}")})
        WHERE customer IN (
            SELECT customer FROM current_frictions
            WHERE opened_at >= {{since:DateTime64(3)}} AND opened_at < {{until:DateTime64(3)}}
        )
        GROUP BY customer, is_cart, key
    )
    WINDOW own AS (PARTITION BY customer)
)
WHERE value > 0 AND (is_cart ? bought_at < at : placed AND open AND channel != 'store')
"""
"""One row for each cart or order open at the end of the period, of customers with friction in the period."""


def _grade(letter: str) -> Measure:
    return Measure(
        name=f"grade_{letter.lower()}",
        title=f"Journeys with grade {letter}",
        question=f"What share of journeys has grade {letter}?",
        unit="share",
        higher_is_better=letter in "AB",
        definition=f"Journeys with grade {letter} ÷ journeys whose last event is in the period. The score is "
        "100 minus the strike points; A from 90, B from 75, C from 60, D from 40, else F.",
        benchmark=_OWN_SCALE,
        base=JOURNEYS,
        observed="journey",
        numerator=f"grade = '{letter}'",
    )


_OWN_SCALE = "No industry figure: the scale is Touchline's own"
_OBSERVED = "No industry figure: observed from events, where the customer effort score asks customers"

MEASURES: tuple[Measure, ...] = (
    Measure(
        name="effort",
        title="Observed effort",
        question="How many avoidable steps does a journey take?",
        unit="steps",
        higher_is_better=False,
        definition="Contacts, transfers, channel switches and repeats ÷ journeys whose last event is in the "
        "period.",
        benchmark=_OBSERVED,
        base=JOURNEYS,
        observed="journey",
        numerator="contacts + transfers + channel_switches + repeats",
    ),
    Measure(
        name="waiting",
        title="Waiting time per journey",
        question="How long does a customer wait during a journey, in all contacts?",
        unit="seconds",
        higher_is_better=False,
        definition="Seconds waited in contacts ÷ journeys whose last event is in the period.",
        benchmark=_OBSERVED,
        base=JOURNEYS,
        observed="journey",
        numerator="wait_seconds",
        inputs=("contact.answered", "contact.abandoned"),
    ),
    Measure(
        name="strikes",
        title="Strike points per journey",
        question="How much friction does a journey meet?",
        unit="strikes",
        higher_is_better=False,
        definition="Strike points (the sum of frictions' weights) ÷ journeys whose last event is in the "
        "period.",
        benchmark=_OWN_SCALE,
        base=JOURNEYS,
        observed="journey",
        numerator="strikes",
    ),
    *(_grade(letter) for letter in "ABCDF"),
    Measure(
        name="recovered",
        title="Resolved frictions",
        question="What share of frictions is resolved?",
        unit="share",
        higher_is_better=True,
        definition="Frictions resolved by now ÷ frictions opened in the period. Frictions that nothing can "
        "resolve, such as a caller who hung up, stay open and count.",
        benchmark="No industry figure",
        base=FRICTIONS,
        observed="friction",
        numerator="status = 'resolved'",
    ),
    Measure(
        name="recovery_time",
        title="Time to resolve",
        question="How long does it take to resolve a friction?",
        unit="seconds",
        higher_is_better=False,
        definition="Median seconds from a friction's opening to its resolution, of frictions opened in the "
        "period and resolved.",
        benchmark="No industry figure",
        base=FRICTIONS,
        observed="friction",
        numerator="dateDiff('millisecond', at, assumeNotNull(resolved_at)) / 1000",
        where="isNotNull(resolved_at)",
        kind="median",
    ),
    Measure(
        name="value_at_risk",
        title="Value at risk",
        question="How much are the open carts and orders of customers with friction worth?",
        unit="currency",
        higher_is_better=False,
        definition="Sum of the last values of carts and orders that changed in the period and are open at "
        "its end, of customers with a friction opened in the period; one value for each currency. A cart is "
        "open until its customer places an order, on any channel. An order is open until it is delivered, "
        "cancelled or refunded; an order in a store is never open. An order without a value has the value of "
        "its cart. The denominator is the number of carts and orders.",
        benchmark="A cart usually counts as abandoned after 1 hour without activity",
        base=VALUE_AT_RISK,
        observed="cart",
        numerator="value",
        kind="sum",
    ),
)
