"""What is observed of journeys, of frictions, and of the money they put at risk: SQL with a row each."""

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

VALUE_AT_RISK = """
WITH met AS (
    SELECT entity, customer FROM current_identities
    WHERE customer IN (
        SELECT customer FROM current_frictions
        WHERE opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)}
    )
), told AS (
    SELECT customer, type, time, channel, source,
           JSONExtract(data, 'Tuple(cart_id String, order_id String, value Nullable(Float64),
               currency String)') AS said
    FROM events INNER JOIN met USING (entity)
    WHERE entity IN (SELECT entity FROM met)
      AND type IN ('cart.updated', 'checkout.started', 'checkout.step_completed', 'order.placed',
                   'order.cancelled', 'delivery.completed', 'refund.issued')
      AND time >= {since:DateTime64(3)} AND time < {until:DateTime64(3)}
), carts AS (
    SELECT customer, said.cart_id AS cart, max(time) AS at,
           argMax(channel, time) AS channel, argMax(source, time) AS source,
           argMaxIf(ifNull(said.value, 0), time, isNotNull(said.value)) AS value,
           argMaxIf(said.currency, time, said.currency != '') AS currency
    FROM told WHERE startsWith(type, 'c') GROUP BY customer, cart
), orders AS (
    SELECT customer, said.order_id AS number, minIf(time, type = 'order.placed') AS at,
           argMinIf(channel, time, type = 'order.placed') AS channel,
           argMinIf(source, time, type = 'order.placed') AS source,
           argMaxIf(said.cart_id, time, type = 'order.placed') AS cart,
           argMaxIf(ifNull(said.value, 0), time, type = 'order.placed') AS value,
           argMaxIf(said.currency, time, type = 'order.placed') AS currency,
           countIf(type = 'order.placed') > 0 AS placed, countIf(type != 'order.placed') = 0 AS open
    FROM told WHERE NOT startsWith(type, 'c') GROUP BY customer, number
)
SELECT at, channel, source, '' AS queue, '' AS reason, value, currency
FROM (
    SELECT at, channel, source, value, currency
    FROM carts
    LEFT JOIN (SELECT customer, max(at) AS bought_at FROM orders WHERE placed GROUP BY customer) AS bought
        USING (customer)
    WHERE bought_at < at
    UNION ALL
    SELECT orders.at, orders.channel, orders.source, if(orders.value > 0, orders.value, carts.value),
           if(orders.currency != '', orders.currency, carts.currency)
    FROM orders LEFT JOIN carts ON carts.customer = orders.customer AND carts.cart = orders.cart
    WHERE placed AND open AND orders.channel != 'store'
)
WHERE value > 0
"""
"""A row a cart or an order with a value, open at the end of the span, of customers who met friction in it."""
