"""Settings, and what reads the files that they name: rules, alerts; and the store that they name."""
