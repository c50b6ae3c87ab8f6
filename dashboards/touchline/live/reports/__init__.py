"""The pages `/audit` and `/digest`: the reports that jobs have made."""
