"""Commands for rules, alerts, keys, dashboards and development."""
