"""What several benchmarks share: traffic, processes, filled stores, timing and the report."""
