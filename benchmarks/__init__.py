"""Benchmarks: each measures in one run what Touchline costs and what it is compared with.

Run them with `uv run python -m benchmarks NAME [--json]`; docs/benchmarks.md describes each. A module of this
folder is a benchmark; `support` holds what several share, `peers` what Touchline is compared with.
"""
