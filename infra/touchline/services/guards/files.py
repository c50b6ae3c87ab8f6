"""How many files the process may have open, and how many connections fit beside its other files."""

import resource

FEWEST_FILES = 256
"""The embedded store and the libraries hold about a hundred files open."""

_MOST_FILES = 8_192
_MOST_CONNECTIONS = 1_000


def allow_files() -> int:
    """Raise the soft limit of open files as far as the hard limit and `_MOST_FILES` allow; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST_FILES
    allowed = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(soft, allowed)


def most_connections() -> int:
    """The most connections that leave enough files for the rest of the process."""
    return min(_MOST_CONNECTIONS, allow_files() // 2)
