"""Where the page sends what staff say about frictions."""

from typing import Any, Protocol

from touchline.cases.case import Case


class Staff(Protocol):
    """Takes what staff say, as events of the log. Its method may be called from any thread."""

    def say(self, said: dict[str, Any], case: Case, by: str) -> None:
        """Accept the event that `by` says about a case; returns once it is durable.

        `said` is the type and data of the event, as `touchline.cases.writing` makes them.

        Raises:
            TouchlineError: it was not accepted; the message says why.
        """
