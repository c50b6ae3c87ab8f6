"""What is observed of journeys, of frictions, and of the money they put at risk: SQL with a row each."""

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
