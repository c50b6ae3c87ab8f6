"""Why a topic, or a record of it, cannot be read."""

from touchline.vocabulary.errors import ConfigurationError, LogError, TouchlineError


class WrongAddress(ConfigurationError):
    """The URL of a topic or of a schema registry cannot be used. The message says what to write instead."""


class TopicUnavailable(LogError):
    """The topic cannot be read now, or does not exist. The message says what to do."""


class RegistryUnavailable(TouchlineError):
    """The schema registry gives no answer, or refuses us: no record can be read until it does."""


class MostlyRefused(ConfigurationError):
    """Most of the first records of a topic are refused: the format or the mapping is wrong."""


class UnreadableRecord(TouchlineError, ValueError):
    """A record does not hold what its format says. The message says why."""
