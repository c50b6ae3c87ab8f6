"""Bounded pools of handles, on which users' queries and writes run."""
