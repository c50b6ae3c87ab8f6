"""What distinguishes those affected: a dialog over a rule, an alert or a point of a chart."""
