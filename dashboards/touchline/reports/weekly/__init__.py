"""The weekly digest: what changed, why, whose it is, what it costs, and what to look at next.

| Module | What |
|---|---|
| `digest` | what a digest says, as values |
| `weeks` | weeks of the team's time zone |
| `reading` | reads what counts and panels say about a week |
| `loops` | reads which loops with customers were closed within 48 hours |
| `verbatims` | chooses customers' words, without identifiers |
| `changes` | which measures changed by more than chance |
| `writing` | a digest as a report |
"""
