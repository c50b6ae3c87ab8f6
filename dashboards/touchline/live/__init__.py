"""The live page: dashboards, alerts, measures, and the history of one customer."""

from touchline.live.labels import RuleText
from touchline.live.pages import PageSettings, mount
from touchline.live.queries import Answer, Store

__all__ = ["Answer", "PageSettings", "RuleText", "Store", "mount"]
