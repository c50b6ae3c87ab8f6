"""Whether strikes predict what customers do next, and which weights would.

| Module | What |
|---|---|
| `observations` | journeys or scores as columns: which rules were met, and what came of them |
| `calibration` | a ridge logistic regression on the rules, tested on later observations |
| `weights` | fitted log-odds in the unit of weights, and which weights they suggest |
"""
