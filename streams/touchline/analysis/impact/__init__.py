"""The associated loss of a friction: customers who met it, against customers who did not, at the same step.

| Module | What |
|---|---|
| `trials` | who reached a step, when they met the friction, and what became of them |
| `matching` | exposed trials, and controls at risk at the same time after the step |
| `risk_difference` | Mantel and Haenszel's risk difference and ratio, over strata |
| `estimate` | the loss of one rule: conversions, money, contacts, and how sure they are |

A loss is *associated* with the friction, never proved to be caused by it: what else distinguishes those who
met it is known only as far as the strata go.
"""
