"""Tests of code that sends events: a recorder that validates them offline, and the pytest fixture for it.

Needs the extra `testing` of touchline.
"""

from touchline.sdk.testing.recorder import Recorder, Violation

__all__ = ["Recorder", "Violation"]
