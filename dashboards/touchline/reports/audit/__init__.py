"""The audit: the weakest touchpoints of a span, with what they cost, evidence, and who should fix them.

| Module | What |
|---|---|
| `audit` | what an audit found, as values, and how touchpoints are ranked |
| `reading` | reads an audit from the store |
| `caveats` | reads what the data lack |
| `walked` | reads what walked audits found |
| `writing` | an audit as a report |
"""
