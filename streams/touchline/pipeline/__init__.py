"""The shells around the pure core: log, store, worker."""
