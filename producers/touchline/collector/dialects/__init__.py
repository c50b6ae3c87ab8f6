"""Dialects: the request formats that the collector accepts, each at its own paths.

A dialect turns a request into native events; everything after that is the same for all. To add one, write
its room in this folder and add a line to `DIALECTS`.
"""

from typing import Final

from touchline.collector.dialects.cloudevents import CLOUDEVENTS
from touchline.collector.dialects.dialect import Dialect
from touchline.collector.dialects.native import NATIVE
from touchline.collector.dialects.otlp import OTLP
from touchline.collector.dialects.posthog import POSTHOG
from touchline.collector.dialects.segment import SEGMENT
from touchline.collector.dialects.snowplow import PIXEL, TRACKER

DIALECTS: Final[tuple[Dialect, ...]] = (NATIVE, CLOUDEVENTS, OTLP, SEGMENT, POSTHOG, TRACKER, PIXEL)
"""Every dialect that the collector accepts."""
