"""What Touchline is compared with: the default pack as users of other stream processors would write it.

It is a stateful step over dictionaries that takes a customer's events in order. It cannot correct a result:
late events, merges, splits and erasure would need another design. The libraries are the optional dependency
group `peers`.
"""
