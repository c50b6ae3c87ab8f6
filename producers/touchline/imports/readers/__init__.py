"""Readers of files: CSV, NDJSON and Parquet as rows of plain values, and what a reader detected."""
