"""Providers of webhooks: a module each, with its signature, its table of mapping, and nothing else."""
