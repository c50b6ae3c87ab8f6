"""What distinguishes the customers that a friction hits: attributes that they had before it.

| Module | What |
|---|---|
| `explanation` | the result as values and in words |
| `attributes` | which trials had which attribute before their landmark |
| `association` | Cochran, Mantel and Haenszel's test over strata, and Benjamini and Hochberg's correction |
| `findings` | attributes that the affected have too often, ranked by customers in excess |
"""
