"""The default pack as users of other stream processors would write it: a stateful step over dictionaries.

It takes a customer's events in order and cannot take one back: what comes late, a merge, a split or an
erasure would need another design. The libraries are the optional group `peers`.
"""
