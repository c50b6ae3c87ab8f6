"""Cases: what staff did about frictions, read from the store and written as events (docs/cases.md).

| Where | What |
|---|---|
| `case` | a friction with its case, and one step of a case |
| `reading` | finds frictions and cases |
| `writing` | the events that staff's actions become |
"""
