"""pyarrow without numpy and pandas: a second, and 80 MB, for nothing here."""

from touchline.store.lean_import import without

with without("numpy", "pandas"):
    import pyarrow

    pyarrow.array([])  # pandas is looked for at the first array

__all__ = ["pyarrow"]
