"""Reports of a store: what commands and jobs compute, write and send."""
