"""Tests of code that sends events: a recorder that validates them offline, and the pytest fixture for it.

Needs the extra `testing` of touchline.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from touchline.sdk.testing.recorder import Recorder, Violation

__all__ = ["Recorder", "Violation"]


def __getattr__(name: str) -> object:
    """Import the recorder when it is used: pytest loads the plugin of this package in every run."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from touchline.sdk.testing import recorder

    return getattr(recorder, name)
