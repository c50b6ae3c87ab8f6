"""Benchmarks: each measures in one run what Touchline costs and what it is compared with.

Run one with `uv run python -m benchmarks NAME [--json]`; docs/benchmarks.md says what each measures.
"""
